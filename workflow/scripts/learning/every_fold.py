"""Models that learn every fold of a protocol in one job, several folds side by side if asked.

To start a process and to import what it learns with takes some seconds, often more than to learn a
fold of a few hundred clips.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from joblib import Parallel, delayed
from tqdm import tqdm

from settings.logs import start_logging

Learnt = TypeVar("Learnt")


def every_fold(
    learn: Callable[[Path, int], Learnt], inputs: Sequence[Path], jobs: int = 1
) -> list[Learnt]:
    """What is learnt from each fold.

    Parameters
    ----------
    learn : callable
        Takes the file of a fold's inputs, and the fold's number from 0, by which it finds what else
        there is of the fold, its seed among it. What runs beside it must make no difference.
        Pickled if ``jobs`` > 1.
    inputs : sequence of Path
        Inputs of all folds, in the order of their numbers.
    jobs : int
        Processes, each of which holds a fold in memory; 1: none but this one.

    Returns
    -------
    list
        In the order of the folds.

    Raises
    ------
    Exception
        What ``learn`` raises of any fold.
    """
    one = learn if jobs == 1 else partial(_logged, learn)
    found = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(one)(path, number) for number, path in enumerate(inputs)
    )
    return list(tqdm(found, total=len(inputs), unit="fold"))


def _logged(learn: Callable[[Path, int], Learnt], path: Path, number: int) -> Learnt:
    start_logging()  # In a process of its own nothing is told yet.
    return learn(path, number)
