"""What jobs need: memory, time and threads."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from genregraph.plan.run import Run

MOST_FOLDS_AT_ONCE = 8
MB = 1_000_000


def growing(
    base: float, per_mb: float = 0, files: Callable[[Any], Sequence[str]] = lambda job: []
) -> Callable[..., int]:
    """Resource function: memory in MB or time in minutes, growing with each try of a job.

    Parameters
    ----------
    base : float
        What a job takes whatever its input, in MB or minutes.
    per_mb : float
        What it takes more for each MB of input, in the same unit.
    files : callable, optional
        Files of a user that a job reads and that are none of its inputs.
    """
    if not per_mb:
        return lambda wildcards, attempt: int(attempt * base)

    def resource(wildcards: Any, input: Any, attempt: int) -> int:
        more = sum(Path(file).stat().st_size for file in files(wildcards) if Path(file).is_file())
        return int(attempt * (base + per_mb * (input.size_mb + more / MB)))

    return resource


memory = minutes = growing


def memory_by_thread(base: float, per_mb: float) -> Callable[..., int]:
    """The same for a job that fits as many folds at once as it has threads.

    Parameters
    ----------
    base, per_mb : float
        MB that each of them takes, and MB more for each MB of the job's input.
    """

    def resource(wildcards: Any, input: Any, threads: int, attempt: int) -> int:
        return int(attempt * (threads * base + per_mb * input.size_mb))

    return resource


def threads_for(run: Run) -> Callable[[Any], int]:
    """Threads of a job that fits folds: half of the cores, so that two protocols run at once."""

    def threads(job: Any) -> int:
        folds = len(run.protocols(job.experiment)[job.protocol].numbers)
        return max(1, min(folds, (os.cpu_count() or 2) // 2, MOST_FOLDS_AT_ONCE))

    return threads
