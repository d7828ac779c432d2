"""Unpack the clips of a sheet from an archive."""

import gzip
import logging
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

import soundfile
import typer
from tqdm import tqdm

from genregraph.common.errors import UserError
from genregraph.datasets.fetch import has_checksum, named
from genregraph.datasets.sheet import AUDIO_SUFFIXES, Row, read_sheet

logger = logging.getLogger(__name__)

Opener = Callable[[str], IO[bytes]]
# How many times an archive's size its clips may be: audio hardly halves, even lossless.
MOST_TIMES = 50
# What the standard library raises where an archive is damaged, locked or packed in another way.
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError),
)
ENCRYPTED = 1  # Bit of a zip's flags.
BLOCK = 2**20  # Frames that are rewritten at a time.
BY_HAND = "unpack it by hand, and name the folder with --config audio=FOLDER"


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[dict[str, int], Opener]]:
    """Files in a tar or zip archive with their sizes, and a function that opens one of them.

    Of files of one name the last counts, as where all are unpacked. Links and devices are no files.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            files = [info for info in archive.infolist() if _is_file(info)]
            if any(info.flag_bits & ENCRYPTED for info in files):
                raise zipfile.BadZipFile("it needs a password")
            yield {info.filename: info.file_size for info in files}, archive.open
    else:
        with tarfile.open(path) as tar:
            members = {member.name: member for member in tar.getmembers() if member.isfile()}
            sizes = {name: member.size for name, member in members.items()}
            yield sizes, lambda name: _opened(tar, members[name])


def _is_file(info: zipfile.ZipInfo) -> bool:
    """Whether it is no folder, link or device, as Unix says it where it packed the file."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    return not info.is_dir() and kind in (0, stat.S_IFREG)


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    assert file is not None  # Only regular files are listed.
    return file


def match(rows: Sequence[Row], names: Iterable[str]) -> dict[str, Row]:
    """Which file of the archive is which clip, in the archive's order.

    A file belongs to a clip if its last folder and its name less the ending are those of the
    sheet's path: archives differ in what lies above, and in ``.au`` or ``.wav``. Of several such
    clips it is the one that shares most of the folders above.

    Raises
    ------
    UserError
        If the archive lacks a clip of the sheet, two of its files would be the same, or one could
        be either of two.
    """
    wanted: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        wanted.setdefault(_key(row.path), []).append(row)
    found = {
        name: _clip_of(name, wanted[_key(name)])
        for name in names
        if name.lower().endswith(AUDIO_SUFFIXES) and _key(name) in wanted
    }
    missing = set(rows) - set(found.values())
    if missing:
        some = ", ".join(sorted(row.clip for row in missing)[:5])
        raise UserError(
            f"the archive lacks {len(missing)} of the sheet's {len(rows)} clips ({some}, ...); "
            "is it the archive of this dataset? Check urls and md5 or sha1 under datasets: in "
            "config/config.yaml"
        )
    named: dict[Row, str] = {}
    for name, row in found.items():
        if row in named:
            raise UserError(
                f"two files of the archive would be clip {row.clip}: {named[row]!r} and {name!r}; "
                + BY_HAND
            )
        named[row] = name
    return found


def _key(path: str) -> tuple[str, str]:
    pure = PurePosixPath(path)
    return pure.parent.name, pure.stem


def _clip_of(name: str, rows: Sequence[Row]) -> Row:
    """Which of the clips of one key a file of the archive is."""
    likeness = [_alike(PurePosixPath(name), PurePosixPath(row.path)) for row in rows]
    nearest = [row for row, each in zip(rows, likeness, strict=True) if each == max(likeness)]
    if len(nearest) > 1:
        clips = " or ".join(row.clip for row in nearest)
        raise UserError(f"{name!r} in the archive could be clip {clips}; {BY_HAND}")
    return nearest[0]


def _alike(one: PurePosixPath, other: PurePosixPath) -> tuple[int, bool]:
    """How many folders, from the last one up, two paths share, and whether their endings."""
    above = zip(reversed(one.parts[:-1]), reversed(other.parts[:-1]), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], above))), one.suffix == other.suffix


def unpack(archive: Path, rows: Sequence[Row], folder: Path) -> None:
    """Write each clip of the sheet to its path below ``folder``, and nothing else.

    Files that have the sheet's ending are copied byte for byte; others are rewritten in the format
    of the sheet's ending, with the same (16-bit) samples. One that cannot be decoded is copied as
    it is: the audit refuses it.

    Raises
    ------
    UserError
        If the archive is damaged, does not hold the clips, or holds more than there can or may be:
        nothing is written of that.
    """
    try:
        with open_archive(archive) as (sizes, opened):
            files = match(rows, sizes)
            _check_paths(rows)
            _check_sizes(archive, sum(sizes[name] for name in files), folder)
            for name in tqdm(files, desc=f"unpack {archive.name}", unit="clip"):
                target = folder / files[name].path
                target.parent.mkdir(parents=True, exist_ok=True)
                part = target.with_name(f".part{target.suffix}")
                with opened(name) as source:
                    _write(source, PurePosixPath(name).suffix, part)
                part.replace(target)
    except DAMAGED as error:
        raise UserError(
            f"{archive}: {error or 'it breaks off'}; fetch it anew, or {BY_HAND}"
        ) from None


def _check_paths(rows: Iterable[Row]) -> None:
    """Refuse a sheet whose clips would be written elsewhere."""
    for path in (PurePosixPath(row.path) for row in rows):
        if path.is_absolute() or ".." in path.parts:
            raise UserError(
                f"the sheet's path {str(path)!r} leads out of the audio's folder; mend it"
            )


def _check_sizes(archive: Path, stated: int, folder: Path) -> None:
    """Refuse clips that are more than an archive can hold, or than there is room for."""
    packed = archive.stat().st_size
    if stated > MOST_TIMES * packed:
        raise UserError(
            f"{archive}: its clips would be {stated:,} bytes, {stated // packed} times what the "
            f"archive has; no audio packs so well. If it is yours, {BY_HAND}"
        )
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if stated > free:
        raise UserError(
            f"{archive}: its clips are {stated:,} bytes, and {free:,} are free at {folder}; make "
            "room, or link that folder to where there is some"
        )


def _write(source: IO[bytes], suffix: str, target: Path) -> None:
    if suffix.lower() != target.suffix.lower():
        try:
            return _rewrite(source, target)
        except soundfile.LibsndfileError:
            source.seek(0)
    with target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _rewrite(source: IO[bytes], target: Path) -> None:
    """Write audio in the format of another ending, block by block: a header may lie."""
    with soundfile.SoundFile(source) as old:
        form = {"samplerate": old.samplerate, "channels": old.channels}
        with soundfile.SoundFile(target, "w", **form, subtype="PCM_16") as new:
            while len(frames := old.read(BLOCK, dtype="int16")):
                new.write(frames)


def main(
    archive: Annotated[Path, typer.Option(help="The archive.")],
    checksum: Annotated[str, typer.Option(help="Its MD5 or SHA-1.")],
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    folder: Annotated[Path, typer.Option(help="Folder that the sheet's paths are relative to.")],
) -> None:
    """Unpack the clips of a sheet from an archive."""
    if not has_checksum(archive, checksum):
        raise UserError(
            f"{archive} does not have the {named(checksum)}; remove it to have it fetched anew"
        )
    rows = read_sheet(sheet)
    unpack(archive, rows, folder)
    logger.info("%s: %d clips unpacked to %s", archive, len(rows), folder)
