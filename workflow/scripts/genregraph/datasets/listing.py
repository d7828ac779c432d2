"""Audio files in folders, those that are to be predicted, and what is passed over."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import AUDIO_SUFFIXES, Row, is_file, rows_by_shard, shards_for

NOT_PREDICTED = "rejected: no genre is predicted"
IN_A_SHARD = 16  # Files; on average between half of it and all, where there are few.
MOST_NAMED = 100  # Files whose names are not UTF-8; others are counted.
# Of systems and programs, as is all whose name begins with a dot.
OF_SYSTEMS = frozenset(
    "@eadir|@recycle|@recently-snapshot|#recycle|#snapshot|$recycle.bin|recycler|lost+found|"
    "system volume information|__macosx|__pycache__|thumbs.db|desktop.ini".split("|")
)


class Listing(NamedTuple):
    """Files of new music."""

    files: list[str]
    unnameable: list[str]  # In ASCII: their names are not UTF-8.
    passed_over: list[str]  # Others, counted by reason.


def listed(named: Sequence[str]) -> Listing:
    """Files that are named, whatever their extension, and the audio files in folders that are."""
    files, passed_over = set[str](), defaultdict[str, list[str]](list)
    for name in named:
        path = Path(name)
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where none may look.
            audio, inside = audio_files(path)
            files.update(str(path / file) for file in audio)
            for reason, paths in inside.items():
                passed_over[reason] += [str(path / other) for other in paths]
        elif is_file(path):
            files.add(str(path))
        else:
            meant = " (each KEY=VALUE needs a --config of its own)" if "=" in name else ""
            raise UserError(f"predict: there is no file or folder {name!r}; correct it{meant}")
    nameable = sorted(filter(is_unicode, files))
    others = [ascii(file)[1:-1] for file in sorted(files.difference(nameable))]
    if not nameable:
        why = f"{others[0]!r} is not UTF-8; rename it" if others else "name files, or folders"
        raise UserError(f"predict: no audio in {', '.join(named)}: {why}")
    if more := len(others[MOST_NAMED:]):
        others[MOST_NAMED:] = [f"and {more:,} other files"]
    return Listing(nameable, others, counted(passed_over))


def shards_of(files: Sequence[str]) -> dict[str, list[str]]:
    """Files of each shard, by its number and of how many it is, such as ``03-of-16``.

    A file's shard depends on its name, and on how many files there are only where that doubles:
    one file more is not all shards anew.
    """
    count = shards_for(len(files), IN_A_SHARD, fewest=1)
    shards = rows_by_shard((Row(file, file, "") for file in files), count)
    return {f"{n}-of-{count:02d}": [row.path for row in rows] for n, rows in shards.items()}


def audio_files(folder: Path) -> tuple[list[PurePosixPath], dict[str, list[str]]]:
    """Audio files in a folder, relative to it and ordered; and what is passed over, by reason.

    Links to folders are followed, each folder once. A `UserError` if one cannot be read.
    """
    by_reason = defaultdict[str, list[str]](list)
    for path in _walk(folder):
        by_reason[_why_no_audio(folder, path)].append(str(path))
    audio = by_reason.pop("", [])
    return sorted(map(PurePosixPath, audio)), by_reason


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
    if _is_of_a_system(path.name):
        return "hidden, or of a system"
    if not is_file(folder / path):
        return "no file, or a link to nowhere"
    extension = path.suffix.lower()
    return "" if extension in AUDIO_SUFFIXES else f"with extension {extension or '(none)'}"
