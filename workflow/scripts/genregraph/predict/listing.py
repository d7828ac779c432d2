"""Which files are to be predicted, and what is passed over: known before any job runs."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from genregraph.common.errors import UserError
from genregraph.datasets.folder import audio_files, counted, is_unicode
from genregraph.datasets.sheet import is_file, shard_of

NOT_PREDICTED = "rejected: no genre is predicted"
IN_A_SHARD = 16  # Files, at most twice as many on average.


class Listing(NamedTuple):
    """Files that are to be predicted.

    Attributes
    ----------
    files : list of str
        Paths, ordered, each once.
    unnameable : list of str
        Those whose names are not UTF-8, which no table can hold, in ASCII.
    passed_over : list of str
        What else lies in the folders, counted by reason.
    """

    files: list[str]
    unnameable: list[str]
    passed_over: list[str]


def listed(named: Sequence[str]) -> Listing:
    """Files that are named, and the audio files in folders that are.

    A file that is named is taken whatever its ending. What lies in folders is taken or passed over
    as `datasets.folder` says.

    Parameters
    ----------
    named : sequence of str

    Raises
    ------
    UserError
        If one of them is not there, or there is no file in the end that a table can name.
    """
    found: list[str] = []
    passed_over: dict[str, list[str]] = {}
    for name in named:
        path, is_folder = Path(name), False
        with suppress(OSError):  # Where none may look, there is none.
            is_folder = path.is_dir()
        if is_folder:
            inside, others = audio_files(path)
            found += [str(path / file) for file in inside]
            for reason, paths in others.items():
                passed_over.setdefault(reason, []).extend(str(path / other) for other in paths)
        elif is_file(path):
            found.append(str(path))
        else:
            meant = " (each KEY=VALUE needs a --config of its own)" if "=" in name else ""
            raise UserError(
                f"predict: there is no file or folder {name!r}; correct its path{meant}"
            )
    files = [file for file in sorted(set(found)) if is_unicode(file)]
    unnameable = [ascii(file)[1:-1] for file in sorted(set(found)) if not is_unicode(file)]
    if not files:
        why = (
            f"{unnameable[0]!r} is not UTF-8; rename it" if unnameable else "name files, or folders"
        )
        raise UserError(f"predict: no audio in {', '.join(named)}: {why}")
    return Listing(files, unnameable, counted(passed_over))


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
    while count * IN_A_SHARD < len(files):
        count *= 2
    shards: dict[str, list[str]] = {}
    for file in files:
        shards.setdefault(f"{shard_of(file, count):02d}-of-{count:02d}", []).append(file)
    return dict(sorted(shards.items()))
