"""All folds of a protocol in one job, several side by side if asked.

A process takes some seconds to start and to import its libraries: often longer than a fold of a few
hundred clips takes.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from joblib import Parallel, delayed
from tqdm import tqdm

from genregraph.common.logs import start_logging

Result = TypeVar("Result")


def every_fold(
    fit: Callable[[int], Result], count: int, jobs: int = 1, device: str = "cpu"
) -> list[Result]:
    """Results of all folds, in their order.

    Parameters
    ----------
    fit : callable
        Takes the number of a fold, from 0. Its result must not depend on other folds. It is pickled
        if ``jobs`` > 1; what it raises, this raises.
    count : int
        Folds.
    jobs : int
        Processes, each with one fold in memory; 1: only this one.
    device : str
        Where they compute. Folds do not share a card: this process computes them one by one.
    """
    jobs = jobs if device == "cpu" else 1
    one = fit if jobs == 1 else partial(_logged, fit)
    # Large arrays are shared; what a process changes in them, it changes for itself.
    parallel = Parallel(n_jobs=jobs, return_as="generator", mmap_mode="c")
    results = parallel(delayed(one)(number) for number in range(count))
    return list(tqdm(results, total=count, unit="fold"))


def _logged(fit: Callable[[int], Result], number: int) -> Result:
    start_logging()  # A new process logs nothing by itself.
    return fit(number)
