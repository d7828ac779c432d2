"""Files of new music that are to be predicted, and what is passed over: known before any job."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from genregraph.common.errors import UserError
from genregraph.datasets.folder import audio_files, counted, is_unicode
from genregraph.datasets.sheet import is_file, shard_of

NOT_PREDICTED = "rejected: no genre is predicted"
IN_A_SHARD = 16  # Files; on average between half of it and all, where there are few.
MOST_SHARDS = 1024  # All their names stand in one command.
MOST_NAMED = 100  # Files whose names are not UTF-8; others are counted.


class Listing(NamedTuple):
    """Files to predict, and others: counted by reason, or named in ASCII where not UTF-8."""

    files: list[str]
    unnameable: list[str]
    passed_over: list[str]


def listed(named: Sequence[str]) -> Listing:
    """Files that are named, whatever their extension, and the audio files in folders that are."""
    files: set[str] = set()
    passed_over: dict[str, list[str]] = {}
    for name in named:
        path = Path(name)
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where none may look.
            audio, inside = audio_files(path)
            files.update(str(path / file) for file in audio)
            for reason, paths in inside.items():
                passed_over.setdefault(reason, []).extend(str(path / other) for other in paths)
        elif is_file(path):
            files.add(str(path))
        else:
            meant = " (each KEY=VALUE needs a --config of its own)" if "=" in name else ""
            raise UserError(
                f"predict: there is no file or folder {name!r}; correct its path{meant}"
            )
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

    Examples
    --------
    >>> shards_of(["a.mp3", "b.mp3"])
    {'00-of-01': ['a.mp3', 'b.mp3']}
    """
    count = 1
    while count * IN_A_SHARD < len(files) and count < MOST_SHARDS:
        count *= 2
    shards: dict[str, list[str]] = {}
    for file in files:
        shards.setdefault(f"{shard_of(file, count):02d}-of-{count:02d}", []).append(file)
    return dict(sorted(shards.items()))
