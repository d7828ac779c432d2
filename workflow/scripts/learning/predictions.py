"""Tables of predictions, the same for every model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inputs.inputs import Inputs

NAMED = ["clip", "true", "predicted", "part"]


class Fit(NamedTuple):
    """What a model made of a fold with n clips and c genres.

    Attributes
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
        Rows add up to 1.
    epochs : int
        Iterations of what was trained by iterations, else 0.
    seconds : float
        What it took.
    """

    probabilities: NDArray[np.float64]
    epochs: int
    seconds: float = 0.0


def predictions(inputs: Inputs, probabilities: NDArray[np.float64]) -> pd.DataFrame:
    """Every clip's prediction.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres.
    probabilities : NDArray[np.float64], shape (n, c)

    Returns
    -------
    pd.DataFrame, shape (n, 4 + c)
        ``clip true predicted part`` (train or test), and one probability a genre.
    """
    table = pd.DataFrame(
        {
            "clip": inputs.clips,
            "true": inputs.genres[inputs.y],
            "predicted": inputs.genres[probabilities.argmax(axis=1)],
            "part": np.where(inputs.train, "train", "test"),
        }
    )
    return table.join(pd.DataFrame(probabilities, columns=inputs.genres))


class Compared(NamedTuple):
    """What GraphSAGE is compared with.

    Attributes
    ----------
    predictions : pd.DataFrame
        Those of all models, as `predictions` makes them, with a first column ``model``.
    times : pd.DataFrame
        ``model epochs seconds``, a row a model.
    """

    predictions: pd.DataFrame
    times: pd.DataFrame


def compared(inputs: Inputs, fits: Mapping[str, Fit]) -> Compared:
    """What models made of a fold, one below the other.

    Parameters
    ----------
    inputs : Inputs
    fits : mapping of str to Fit
        By name of model.
    """
    tables = [predictions(inputs, fit.probabilities) for fit in fits.values()]
    stacked = pd.concat(tables, keys=fits, names=["model", None]).reset_index("model")
    rows = [[model, fit.epochs, round(fit.seconds, 3)] for model, fit in fits.items()]
    return Compared(stacked, pd.DataFrame(rows, columns=["model", "epochs", "seconds"]))


def by_fold(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of all folds one below the other, with a first column ``fold``: its number from 0."""
    return pd.concat(tables, keys=range(len(tables)), names=["fold", None]).reset_index("fold")


def write_compared(folds: Sequence[Compared], output: Path, times: Path) -> None:
    """Write what models made of all folds of a protocol.

    Parameters
    ----------
    folds : sequence of Compared
        In the order of their numbers.
    output : Path
        Predictions, as `by_fold` stacks them (Parquet).
    times : Path
        What they took, likewise (CSV).
    """
    by_fold([fold.predictions for fold in folds]).to_parquet(output, index=False)
    by_fold([fold.times for fold in folds]).to_csv(times, index=False)
