"""Models that learn every fold of a protocol in one job, several folds side by side if asked.

To start a process and to import what it learns with takes some seconds, often more than to learn a
fold of a few hundred clips.
"""

from collections.abc import Callable, Sequence
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
        Takes the inputs of a fold and its number, the same result whatever else runs beside it.
        Pickled if ``jobs`` > 1.
    inputs : sequence of Path
        Inputs of all folds, in the order of their numbers.
    jobs : int
        Processes, each of which holds a fold in memory; 1: none but this one.
    """
    found = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_logged)(learn, path, number) for number, path in enumerate(inputs)
    )
    return list(tqdm(found, total=len(inputs), unit="fold"))


def _logged(learn: Callable[[Path, int], Learnt], path: Path, number: int) -> Learnt:
    start_logging()  # In a process of its own nothing is logged yet.
    return learn(path, number)
