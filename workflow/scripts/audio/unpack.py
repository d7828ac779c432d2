"""Unpack the clips of a sheet from an archive."""

import logging
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

import soundfile
import typer
from tqdm import tqdm

from audio.fetch import has_checksum, named
from settings.errors import UserError
from settings.sheet import AUDIO_SUFFIXES, Row, read_sheet

logger = logging.getLogger(__name__)

Opener = Callable[[str], IO[bytes]]


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[list[str], Opener]]:
    """Names of the files in a tar or zip archive, and a function that opens one of them."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield [i.filename for i in archive.infolist() if not i.is_dir()], archive.open
    else:
        with tarfile.open(path) as tar:
            members = {member.name: member for member in tar.getmembers() if member.isfile()}
            yield list(members), lambda name: _opened(tar, members[name])


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    assert file is not None  # Only regular files are listed.
    return file


def match(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Row]:
    """Which file of the archive is which clip, in the archive's order.

    A file belongs to a clip if its last folder and its name less the ending are those of the
    sheet's path: archives differ in what lies above, and in ``.au`` or ``.wav``.

    Raises
    ------
    UserError
        If the archive lacks a clip of the sheet.
    """
    wanted = {_key(row.path): row for row in rows}
    found = {
        name: wanted[_key(name)]
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
    return found


def _key(path: str) -> tuple[str, str]:
    pure = PurePosixPath(path)
    return pure.parent.name, pure.stem


def unpack(archive: Path, rows: Sequence[Row], folder: Path) -> None:
    """Write each clip of the sheet to its path below ``folder``.

    Files that have the sheet's ending are copied byte for byte; others are rewritten in the format
    of the sheet's ending, with the same (16-bit) samples. One that cannot be decoded is copied as
    it is: the audit refuses it.
    """
    with open_archive(archive) as (names, opened):
        files = match(rows, names)
        for name in tqdm(files, desc=f"unpack {archive.name}", unit="clip"):
            target = folder / files[name].path
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened(name) as source:
                _write(source, PurePosixPath(name).suffix, target)


def _write(source: IO[bytes], suffix: str, target: Path) -> None:
    if suffix.lower() != target.suffix.lower():
        try:
            samples, rate = soundfile.read(source, dtype="int16")
        except soundfile.LibsndfileError:
            source.seek(0)
        else:
            soundfile.write(target, samples, rate, subtype="PCM_16")
            return
    with target.open("wb") as file:
        shutil.copyfileobj(source, file)


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
