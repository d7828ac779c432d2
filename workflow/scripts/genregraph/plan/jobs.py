"""What Snakemake should know of its jobs: what they need, and which paths it can handle."""

from collections.abc import Callable
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
    return lambda wildcards, input, attempt: int(attempt * (base + per_mb * input.size_mb))


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


minutes = memory  # They grow alike.


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
