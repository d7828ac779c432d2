"""What jobs need: memory, time and threads."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from genregraph.plan.run import Run

MOST_FOLDS_AT_ONCE = 8


def growing(
    base: float,
    per_mb: float = 0,
    files: Callable[[Any], Sequence[str]] = lambda job: [],
    by_thread: bool = False,
) -> Callable[..., int]:
    """Resource function: memory in MB or time in minutes, growing with each try of a job.

    That is ``base`` (of each thread, if ``by_thread``: a job fits as many folds at once), and
    ``per_mb`` more for each MB of input, with ``files`` of a user that are none of its inputs.
    """
    if not per_mb:
        return lambda wildcards, attempt: int(attempt * base)

    def resource(wildcards: Any, input: Any, threads: int, attempt: int) -> int:
        more = sum(Path(file).stat().st_size for file in files(wildcards) if Path(file).is_file())
        whole = base * (threads if by_thread else 1) + per_mb * (input.size_mb + more / 1e6)
        return int(attempt * whole)

    return resource


memory = minutes = growing


def threads_for(run: Run) -> Callable[[Any], int]:
    """Threads of a job that fits folds: half of the cores, so that two protocols run at once."""

    def threads(job: Any) -> int:
        how = run.protocols[job.experiment][job.protocol]
        return max(1, min(how.folds * how.repeats, (os.cpu_count() or 2) // 2, MOST_FOLDS_AT_ONCE))

    return threads
