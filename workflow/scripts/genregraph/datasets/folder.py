"""Audio files in a folder, and what is passed over in it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import AUDIO_SUFFIXES, is_file

# What systems and programs put beside music; so is all whose name begins with a dot.
OF_SYSTEMS = frozenset(
    "@eadir|@recycle|@recently-snapshot|#recycle|#snapshot|$recycle.bin|recycler|lost+found|"
    "system volume information|__macosx|__pycache__|thumbs.db|desktop.ini".split("|")
)


def audio_files(folder: Path) -> tuple[list[PurePosixPath], dict[str, list[str]]]:
    """Audio files in a folder, relative to it and ordered; and what is passed over, by reason.

    Links to folders are followed, each folder once.

    Raises
    ------
    UserError
        If a folder in it cannot be read.
    """
    files, passed_over = [], dict[str, list[str]]()
    for path in _walk(folder):
        reason = _why_no_audio(folder, path)
        if reason:
            passed_over.setdefault(reason, []).append(str(path))
        else:
            files.append(path)
    return sorted(files), passed_over


def counted(passed_over: Mapping[str, list[str]]) -> list[str]:
    """What is passed over, by reason: how many, and the first of them."""
    return [
        f"{len(paths)} {reason}: {paths[0]!a}{', ...' if len(paths) > 1 else ''}"
        for reason, paths in sorted(passed_over.items())
    ]


def is_unicode(name: str) -> bool:
    """Whether a table can hold a name; undecodable bytes are lone surrogates in Python."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _walk(folder: Path) -> Iterator[PurePosixPath]:
    """Files, and folders that are not entered."""
    seen = set()
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        skipped = list(filter(_is_of_a_system, folders))
        folders[:] = sorted(set(folders) - set(skipped))
        here = PurePosixPath(os.path.relpath(root, folder))
        yield from sorted(here / name for name in [*files, *skipped])


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename}: {error.strerror}; make it readable, or move it elsewhere")


def _is_of_a_system(name: str) -> bool:
    return name.startswith(".") or name.casefold() in OF_SYSTEMS


def _why_no_audio(folder: Path, path: PurePosixPath) -> str:
    """Why a path is no audio file; empty if it is one."""
    ending = path.suffix.lower()
    if _is_of_a_system(path.name):
        return "hidden, or of a system"
    if not is_file(folder / path):
        return "no file, or a link to nowhere"
    if ending in AUDIO_SUFFIXES:
        return ""
    return f"ending in {ending}" if ending else "without an ending"
