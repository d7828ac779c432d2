"""All folds of a protocol in one job: for a small one, a job takes longer to start than to fit."""

from collections.abc import Callable
from typing import TypeVar

from joblib import Parallel, delayed
from tqdm import tqdm

from genregraph.common.logs import start_logging

Result = TypeVar("Result")


def every_fold(
    fit: Callable[[int], Result], count: int, jobs: int = 1, device: str = "cpu"
) -> list[Result]:
    """Results of all folds, in their order.

    ``fit`` takes the number of a fold, from 0, and depends on no other fold. It is pickled if there
    are more ``jobs`` (processes) than one; what it raises, this raises.
    """
    jobs = jobs if device == "cpu" else 1  # Folds do not share a card.
    # Large arrays are shared; what a process changes in them, it changes for itself. A new process
    # logs nothing by itself.
    parallel = Parallel(jobs, return_as="generator", mmap_mode="c", initializer=start_logging)
    results = parallel(delayed(fit)(number) for number in range(count))
    return list(tqdm(results, total=count, unit="fold"))
