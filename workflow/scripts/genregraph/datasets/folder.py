"""Audio files in a folder, and what is passed over in it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import AUDIO_SUFFIXES, is_file

# Of systems and programs, as is all whose name begins with a dot.
OF_SYSTEMS = frozenset(
    "@eadir|@recycle|@recently-snapshot|#recycle|#snapshot|$recycle.bin|recycler|lost+found|"
    "system volume information|__macosx|__pycache__|thumbs.db|desktop.ini".split("|")
)


def audio_files(folder: Path) -> tuple[list[PurePosixPath], dict[str, list[str]]]:
    """Audio files in a folder, relative to it and ordered; and what is passed over, by reason.

    Links to folders are followed, each folder once. A `UserError` if one cannot be read.
    """
    files, passed_over = [], dict[str, list[str]]()
    for path in _walk(folder):
        if reason := _why_no_audio(folder, path):
            passed_over.setdefault(reason, []).append(str(path))
        else:
            files.append(path)
    return sorted(files), passed_over


def counted(passed_over: Mapping[str, list[str]]) -> list[str]:
    """What is passed over, by reason: how many, and the first of them."""
    return [
        f"{len(paths)} {reason}: {paths[0]!a}{', ...' if len(paths) > 1 else ''}"
        for reason, paths in sorted(passed_over.items())
        if paths
    ]


def is_unicode(name: str) -> bool:
    """Whether a table can hold a name; undecodable bytes are lone surrogates in Python."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _walk(folder: Path) -> Iterator[PurePosixPath]:
    """Files, and folders that are not entered."""
    seen = set()
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_raise):
        real = os.path.realpath(root)
        skipped = [name for name in folders if real in seen or _is_of_a_system(name)]
        folders[:] = sorted({*folders} - {*skipped})
        if real not in seen:
            here = PurePosixPath(os.path.relpath(root, folder))
            yield from sorted(here / name for name in [*files, *skipped])
        seen.add(real)


def _raise(error: OSError) -> None:
    raise UserError(f"{error.filename}: {error.strerror}; make it readable, or move it elsewhere")


def _is_of_a_system(name: str) -> bool:
    return name.startswith(".") or name.casefold() in OF_SYSTEMS


def _why_no_audio(folder: Path, path: PurePosixPath) -> str:
    """Why a path is no audio file; empty if it is one."""
    extension = path.suffix.lower()
    if _is_of_a_system(path.name):
        return "hidden, or of a system"
    if not is_file(folder / path):
        return "no file, or a link to nowhere"
    return "" if extension in AUDIO_SUFFIXES else f"with extension {extension or '(none)'}"
