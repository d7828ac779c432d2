"""Make the sheet of a folder of one's own: ``genre/clip.wav``, ``genre/artist/album/clip.wav``."""

import logging
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from settings.errors import UserError
from settings.sheet import AUDIO_SUFFIXES, Row, is_file, new_sheet

logger = logging.getLogger(__name__)

# What systems and programs put beside music; so is all whose name begins with a dot.
OF_SYSTEMS = frozenset(
    "@eadir|@recycle|@recently-snapshot|#recycle|#snapshot|$recycle.bin|recycler|lost+found|"
    "system volume information|__macosx|__pycache__|thumbs.db|desktop.ini".split("|")
)


def rows_of(folder: Path) -> list[Row]:
    """A row for each audio file in the folder's subfolders, which name the genres.

    The folders in a genre's folder name artists, whatever lies deeper. A clip is named by its file
    less the ending, with the genre before it where others have that name, or its whole path where
    even that is not enough.

    Returns
    -------
    list of Row
        Ordered by path. What is passed over is counted and logged, with its reason.

    Raises
    ------
    UserError
        If there is no audio file, a name is not UTF-8, the folders are numbers of tracks as in FMA,
        or two files of one folder differ only in their ending.
    """
    files, passed_over = audio_files(folder)
    for line in counted(passed_over):
        logger.warning("passed over: %s", line)
    if not files:
        raise UserError(
            f"{folder}: no audio; it must hold a folder a genre, "
            f"each with files that end in {' '.join(AUDIO_SUFFIXES)}"
        )
    _check(folder, files)
    rows = [
        Row(
            clip=clip,
            path=str(path),
            genre=path.parts[0],
            artist=path.parts[1] if len(path.parts) > 2 else "",
        )
        for path, clip in zip(files, names(files), strict=True)
    ]
    twice = [clip for clip, count in Counter(row.clip for row in rows).items() if count > 1]
    if twice:
        raise UserError(f"{folder}: more than one file of {', '.join(twice)}; remove or rename one")
    return rows


def audio_files(
    folder: Path, anywhere: bool = False
) -> tuple[list[PurePosixPath], dict[str, list[str]]]:
    """Audio files in a folder, and what is passed over.

    Parameters
    ----------
    folder : Path
    anywhere : bool
        Whether files count that lie in no subfolder.

    Returns
    -------
    files : list of PurePosixPath
        Relative to the folder, ordered.
    passed_over : dict of str to list of str
        The others, by reason.
    """
    files = []
    passed_over: dict[str, list[str]] = {}
    for path in walk(folder):
        reason = _not_taken(folder, path)
        if reason or not (anywhere or len(path.parts) > 1):
            passed_over.setdefault(reason or "in no folder of a genre", []).append(str(path))
        else:
            files.append(path)
    return sorted(files), passed_over


def counted(passed_over: Mapping[str, list[str]]) -> list[str]:
    """What is passed over, by reason: how many, and the first of them."""
    return [
        f"{len(paths)} {reason}: {paths[0]!a}{', ...' if len(paths) > 1 else ''}"
        for reason, paths in sorted(passed_over.items())
    ]


def walk(folder: Path) -> Iterator[PurePosixPath]:
    """What lies in a folder, relative to it and ordered: files, and folders that are not entered.

    Links to folders are followed, each folder once.
    """
    seen = set()
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        here = PurePosixPath(os.path.relpath(root, folder))
        skipped = [name for name in folders if _is_of_a_system(name)]
        folders[:] = sorted(set(folders) - set(skipped))
        yield from sorted(here / name for name in [*files, *skipped])


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename}: {error.strerror}; make it readable, or move it elsewhere")


def _is_of_a_system(name: str) -> bool:
    return name.startswith(".") or name.casefold() in OF_SYSTEMS


def _not_taken(folder: Path, path: PurePosixPath) -> str:
    """Why a path is no clip; empty if it is one."""
    if _is_of_a_system(path.name):
        return "hidden, or of a system"
    if not is_file(folder / path):
        return "no file, or a link to nowhere"
    if path.suffix.lower() not in AUDIO_SUFFIXES:
        return f"ending in {path.suffix.lower()}" if path.suffix else "without an ending"
    return ""


def _check(folder: Path, files: list[PurePosixPath]) -> None:
    for path in files:
        if not is_unicode(str(path)):
            raise UserError(f"{folder}: the name {str(path)!a} is not UTF-8; rename the file")
        if re.fullmatch(r"\d{6}", path.stem) and path.parent.name == path.stem[:3]:
            raise UserError(
                f"{folder}: {path} is a track of FMA, whose folders are no genres; its metadata "
                "make the sheet: python workflow/scripts audio.fma --subset small"
            )


def is_unicode(name: str) -> bool:
    """Whether a sheet can hold a name; undecodable bytes are lone surrogates in Python."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def names(files: list[PurePosixPath]) -> list[str]:
    """Names of clips, no longer than needed."""
    forms = [
        (path.stem, f"{path.parts[0]}.{path.stem}", ".".join([*path.parts[:-1], path.stem]))
        for path in files
    ]
    counts = Counter(name for form in forms for name in dict.fromkeys(form[:2]))
    return [next((name for name in form[:2] if counts[name] == 1), form[2]) for form in forms]


def main(
    folder: Annotated[
        Path, typer.Argument(help="Folder with a subfolder of audio for each genre.")
    ],
    output: Annotated[Path, typer.Option(help="Sheet to write, such as config/datasets/mine.tsv.")],
) -> None:
    """Make the sheet of a folder of one's own."""
    rows = new_sheet(rows_of(folder), output, folder)
    genres, artists = ({getattr(row, name) for row in rows} - {""} for name in ("genre", "artist"))
    of_artists = f" and {len(artists)} artists" if artists else ""
    print(f"{output}: {len(rows)} clips of {len(genres)} genres{of_artists}.")
    print(f"Next:\n  {shlex.join(_next_command(folder, output))}")


def dataset_name(stem: str) -> str:
    """Name that a dataset can have, as near as can be to that of a folder or sheet."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem).lstrip("_-") or "mine"


def _next_command(folder: Path, output: Path) -> list[str]:
    name = dataset_name(output.stem)
    found = output == Path("config/datasets", f"{name}.tsv")
    return [
        *("snakemake", "--cores", "8", "results/multiclass_compare.csv", "--config"),
        f"dataset={name}",
        *([] if found else [f"sheet={output}"]),
        f"audio={folder}",
    ]
