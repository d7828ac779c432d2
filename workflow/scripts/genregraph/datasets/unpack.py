"""Unpack the clips of a sheet that an audio folder lacks from an archive."""

import gzip
import logging
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, cast

import soundfile
import typer
from tqdm import tqdm

from genregraph.common.errors import UserError, first_few
from genregraph.datasets.fetch import OTHER_COPIES, has_checksum, named
from genregraph.datasets.sheet import AUDIO_SUFFIXES, Row, is_file, read_sheet

logger = logging.getLogger(__name__)

# What the standard library raises where an archive is damaged, locked or packed in another way.
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, RuntimeError),  # A password is needed.
)
BY_HAND = "unpack it by hand, and name the folder with --config audio=FOLDER"


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[dict[str, int], Callable[[str], IO[bytes]]]]:
    """Sizes of the files in a tar or zip archive, and a function that opens one of them."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield {info.filename: info.file_size for info in archive.infolist()}, archive.open
    else:
        with tarfile.open(path) as tar:
            members = {member.name: member for member in tar.getmembers() if member.isfile()}
            sizes = {name: member.size for name, member in members.items()}
            yield sizes, lambda name: cast(IO[bytes], tar.extractfile(members[name]))


def match(rows: Sequence[Row], names: Iterable[str]) -> dict[Row, str]:
    """Which file of an archive is which clip: that whose path ends in the sheet's.

    Archives differ in the folders above, and in ``.au`` or ``.wav``; the sheet's extension is
    preferred. A `UserError` if two files fit a clip.
    """
    by_path = defaultdict(list)
    for name in filter(lambda name: name.lower().endswith(AUDIO_SUFFIXES), names):
        parts = PurePosixPath(name).with_suffix("").parts
        for start in range(len(parts)):
            by_path[parts[start:]].append(name)
    files = {}
    for row in rows:
        path = PurePosixPath(row.path)
        fitting = by_path[path.with_suffix("").parts]
        fitting = [name for name in fitting if name.endswith(path.suffix)] or fitting
        if len(fitting) > 1:
            alike = ", ".join(map(repr, fitting))
            raise UserError(f"files would be one clip, {row.clip}: {alike}; {BY_HAND}")
        if fitting:
            files[row] = fitting[0]
    return files


def unpack(archive: Path, checksum: str, rows: Sequence[Row], folder: Path) -> int:
    """Write the clips that a folder lacks to their paths in it; what is there stays as it is.

    Files with the sheet's extension are copied byte for byte; others are rewritten in its format,
    with the same (16-bit) samples. One for which that fails is copied: the audit looks inside.
    Nothing is written, but a `UserError` raised, if the archive is another one, lacks clips, or
    needs more than the disk has free. Returns how many clips were written.
    """
    lacking = [row for row in rows if not is_file(folder / row.path)]
    if not lacking:
        return 0
    if not has_checksum(archive, checksum):
        wrong = f"{archive} does not have the {named(checksum)}"
        raise UserError(f"{wrong}; remove it to have it fetched anew. {OTHER_COPIES}")
    try:
        with open_archive(archive) as (sizes, opened):
            files = match(lacking, sizes)
            _check(lacking, files, sizes, folder)
            # In the archive's order: to go back in a tar.gz is to decompress it anew.
            position = {name: number for number, name in enumerate(sizes)}
            lacking.sort(key=lambda row: position[files[row]])
            for row in tqdm(lacking, desc=f"unpack {archive.name}", unit="clip"):
                with opened(files[row]) as source:
                    _write(source, PurePosixPath(files[row]).suffix, folder / row.path)
    except (UserError, *DAMAGED) as error:
        again = "" if isinstance(error, UserError) else f"; fetch it anew, or {BY_HAND}"
        raise UserError(f"{archive}: {str(error) or 'it breaks off'}{again}") from None
    return len(lacking)


def _check(
    lacking: Sequence[Row], files: Mapping[Row, str], sizes: Mapping[str, int], folder: Path
) -> None:
    """Reject an archive without clips, paths that lead out of the folder, and too full a disk."""
    for path in (PurePosixPath(row.path) for row in lacking):
        if path.is_absolute() or ".." in path.parts:
            raise UserError(f"the sheet's path {str(path)!r} leads out of {folder}; correct it")
    if missing := sorted(row.clip for row in lacking if row not in files):
        few = f"it lacks {len(missing)} of the {len(lacking)} clips that {folder} lacks"
        way = "check its urls and md5 or sha1 in config/config.yaml"
        raise UserError(f"{few} ({first_few(missing)}); {way}")
    needed = sum(sizes[files[row]] for row in lacking)
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if needed > (free := shutil.disk_usage(there).free):
        raise UserError(f"its clips are {needed:,} bytes, and {folder} has {free:,}; free more")


def _write(source: IO[bytes], suffix: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".part{target.suffix}")
    if suffix.lower() == target.suffix.lower() or not _rewritten(source, part):
        with part.open("wb") as file:
            shutil.copyfileobj(source, file)
    part.replace(target)


def _rewritten(source: IO[bytes], target: Path) -> bool:
    """Write audio in the format of another file extension, if that can be done."""
    try:
        samples, rate = soundfile.read(source, dtype="int16")
        soundfile.write(target, samples, rate, subtype="PCM_16")
    except (soundfile.LibsndfileError, TypeError, ValueError):  # Or no such format in 16 bits.
        source.seek(0)
        return False
    return True


def main(
    archive: Annotated[Path, typer.Option(help="The archive.")],
    checksum: Annotated[str, typer.Option(help="Its MD5 or SHA-1.")],
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    folder: Annotated[Path, typer.Option(help="Folder that the sheet's paths are relative to.")],
    output: Annotated[Path, typer.Option(help="List of the clips' files, to be written.")],
) -> None:
    """Unpack the clips of a sheet that a folder lacks from an archive."""
    rows = read_sheet(sheet)
    written = unpack(archive, checksum, rows, folder)
    logger.info("%s: %d of %d clips unpacked to %s", archive, written, len(rows), folder)
    sizes = (f"{row.path}\t{(folder / row.path).stat().st_size}\n" for row in rows)
    output.write_text("".join(sizes), encoding="utf-8")
