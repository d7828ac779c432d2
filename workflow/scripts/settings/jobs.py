"""What Snakemake is told of its jobs: what they need and read, and not to hold them back."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def memory(base: float, per_mb: float = 0) -> Callable[..., int]:
    """Resource function: MB of memory, growing with each try where the profile allows several.

    Parameters
    ----------
    base : float
        MB that a job takes whatever its input.
    per_mb : float
        MB more for each MB of input.
    """
    if not per_mb:
        return lambda wildcards, attempt: int(attempt * base)
    return lambda wildcards, input, attempt: int(attempt * (base + per_mb * size_mb(input)))


def memory_by_fold(base: float, per_mb: float) -> Callable[..., int]:
    """The same for a job that learns folds side by side, and holds the inputs of these alone.

    Parameters
    ----------
    base, per_mb : float
        Of a fold, as `memory` has them of a job. The job's inputs are named ``inputs``, one a fold,
        and it learns a fold at once for each thread.
    """

    def resource(wildcards: Any, input: Any, threads: int, attempt: int) -> int:
        folds = len(input.inputs)
        return int(attempt * min(threads, folds) * (base + per_mb * size_mb(input) / folds))

    return resource


def size_mb(files: Iterable[str]) -> float:
    """Megabytes (2 ** 20 bytes) of files.

    Snakemake's own ``input.size_mb`` asks for each in a loop of events, which takes long where a
    plan has thousands.

    Raises
    ------
    FileNotFoundError
        If one is not there yet: for Snakemake, to be determined.
    """
    return sum(Path(file).stat().st_size for file in files) / 2**20


def minutes(base: float, per_mb: float = 0) -> Callable[..., int]:
    """Resource function: minutes, as `memory` has megabytes."""
    return memory(base, per_mb)


def survives_shells(path: str) -> bool:
    """Whether a path may be an input of a job on a cluster.

    Snakemake puts its ``repr`` on a command line, which a shell may read within double quotes:
    names with quotes, backslashes, ``$`` or characters that are not printed would become others
    there, or commands.

    Examples
    --------
    >>> survives_shells("blues/a b; c.wav"), survives_shells("blues/$(id).wav")
    (True, False)
    """
    return repr(path) == f"'{path}'" and not set('"$`').intersection(path)


def unlimited(scheduler: Any) -> None:
    """Switch off Snakemake's limit of jobs per second, which is of use on clusters alone.

    For each job that has finished it looks for jobs once more a second: hundreds of times a second
    in the end. No option does it, and the attribute is Snakemake's own: one that has none is left
    as it is.
    """
    if getattr(scheduler, "job_rate_limiter", None) is not None:
        scheduler.job_rate_limiter = None
