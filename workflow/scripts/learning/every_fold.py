"""Models that learn every fold of a protocol in one job, several folds side by side if asked.

To start a process and to import what it learns with takes some seconds, often more than to learn a
fold of a few hundred clips; and what folds share is found once.
"""

import tarfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from io import BytesIO
from pathlib import Path
from typing import ParamSpec, TypeVar

import joblib
from joblib import Parallel, delayed
from tqdm import tqdm

from settings.logs import start_logging

Learnt = TypeVar("Learnt")
Given = ParamSpec("Given")


def every_fold(
    learn: Callable[[Path, int], Learnt],
    inputs: Sequence[Path],
    jobs: int = 1,
    device: str = "cpu",
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
    device : str
        What they learn on. A card is not shared: there is no process but this one.

    Returns
    -------
    list
        In the order of the folds.

    Raises
    ------
    Exception
        What ``learn`` raises of any fold.
    """
    jobs = jobs if device == "cpu" else 1
    one = learn if jobs == 1 else partial(_logged, learn)
    found = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(one)(path, number) for number, path in enumerate(inputs)
    )
    return list(tqdm(found, total=len(inputs), unit="fold"))


def _logged(learn: Callable[[Path, int], Learnt], path: Path, number: int) -> Learnt:
    start_logging()  # In a process of its own nothing is told yet.
    return learn(path, number)


def remembered(function: Callable[Given, Learnt]) -> Callable[Given, Learnt]:
    """A function that remembers its last result, for folds that share what it is made of.

    Parameters
    ----------
    function : callable
        Its arguments and result must not be changed afterwards; arguments are known by their
        contents, so that arrays which were read anew may be the same.

    Returns
    -------
    callable
        Takes and gives the same.
    """
    last: dict[str | None, Learnt] = {}

    @wraps(function)
    def called(*args: Given.args, **kwargs: Given.kwargs) -> Learnt:
        key = joblib.hash((args, kwargs))
        if key not in last:
            last.clear()  # Before another is made: memory may not hold both.
            last[key] = function(*args, **kwargs)
        return last[key]

    return called


def write_archive(folds: Sequence[Mapping[str, bytes]], path: Path) -> None:
    """Write files of every fold into one, out of which `learning.unpack` takes those of each.

    Parameters
    ----------
    folds : sequence of mapping of str to bytes
        Contents by name, in the order of the folds' numbers.
    path : Path
        A tar archive, to be written: ``fold-<nn>/<name>``, all of the same time.
    """
    with tarfile.open(path, "w") as archive:
        for number, files in enumerate(folds):
            for name, content in files.items():
                entry = tarfile.TarInfo(f"fold-{number:02d}/{name}")
                entry.size = len(content)
                archive.addfile(entry, BytesIO(content))
