"""Places that a run writes to: whether it can, whether there is room, and whether clocks agree.

Snakemake tells of a full or read-only disk by what broke first, in its own code or a job's, and of
a clock that was set back by a job's failure after its work. Worse: what was made in the future
counts as newer than all that changes now, and would never be made again.
"""

import contextlib
import errno
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from settings.errors import UserError

logger = logging.getLogger(__name__)

ROOM = 2**20  # Bytes, less than which is none.
APART = 60  # Seconds by which clocks of a network may differ.
FULL = (errno.ENOSPC, errno.EDQUOT)


def places() -> list[Path]:
    """Folders that a run writes to: results, what Snakemake remembers, and what is temporary."""
    found = [Path("results"), Path(".snakemake")]
    with contextlib.suppress(FileNotFoundError):  # None can be written, nor can this folder.
        found.append(Path(tempfile.gettempdir()))
    return found


def check() -> None:
    """Write a file to each place, and remove it.

    From then on, what cannot be written to Snakemake's log is no matter of its own.

    Raises
    ------
    UserError
        If that fails: where, why, and what to do.
    """
    logging.raiseExceptions = False
    for place in places():
        try:
            with tempfile.TemporaryFile(dir=_there(place)) as file:
                file.write(bytes(ROOM))
        except OSError as error:
            if error.errno in FULL:
                raise UserError(f"{full(place)}, and run the same command again") from None
            raise UserError(
                f"{place} cannot be written: {error.strerror}; let it be, or run in a folder that "
                "can be written, with: snakemake -s SNAKEFILE-OF-GENREGRAPH ..."
            ) from None


def full(place: Path) -> str:
    """That there is no room in a place, and what to do."""
    return f"{place} is full: {_free(place) // 1024} kB are free there; make room"


def without_room() -> list[str]:
    """What there is to say of places that are full, once for each disk."""
    disks = {_there(place).stat().st_dev: place for place in reversed(places())}
    return [full(place) for place in disks.values() if _free(place) < ROOM]


def _free(place: Path) -> int:
    return shutil.disk_usage(_there(place)).free


def _there(place: Path) -> Path:
    """The place, or the folder in which it will be made."""
    return next(path for path in (place, *place.absolute().parents) if path.is_dir())


def pull_back(folders: Iterable[Path]) -> int:
    """Let files that were changed in the future have been changed now, in the order they were.

    Parameters
    ----------
    folders : iterable of Path
        Looked through with all that is below them; they may be missing.

    Returns
    -------
    int
        How many files these are; none where they are less than `APART` ahead.
    """
    now = time.time_ns()
    found = [status for folder in folders for status in _changed(folder)]
    if max((changed for changed, _ in found), default=0) <= now + APART * 10**9:
        return 0
    ahead = sorted((changed, path) for changed, path in found if changed > now)
    moments = sorted({changed for changed, _ in ahead})
    earlier = {moment: len(moments) - rank for rank, moment in enumerate(moments)}
    for changed, path in ahead:
        moment = now - 1000 * earlier[changed]
        os.utime(path, ns=(moment, moment), follow_symlinks=False)
    logger.warning("%d files were made in the future; they count as made now", len(ahead))
    return len(ahead)


def is_ahead(path: Path) -> bool:
    """Whether a file is there that was changed in the future."""
    return path.exists() and path.stat().st_mtime > time.time()


def _changed(folder: Path) -> Iterator[tuple[int, str]]:
    """When each file below a folder was changed (ns), and its path."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _changed(Path(entry.path))
            else:
                with contextlib.suppress(FileNotFoundError):
                    yield entry.stat(follow_symlinks=False).st_mtime_ns, entry.path
