"""The files of a fold's predictions, the same for every model."""

from collections.abc import Mapping
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


def write_compared(inputs: Inputs, fits: Mapping[str, Fit], output: Path, times: Path) -> None:
    """Write what GraphSAGE is compared with.

    Parameters
    ----------
    inputs : Inputs
    fits : mapping of str to Fit
        By name of model.
    output : Path
        Predictions of all models, with a first column ``model`` (Parquet).
    times : Path
        ``model epochs seconds``, a row a model (CSV).
    """
    tables = [predictions(inputs, fit.probabilities) for fit in fits.values()]
    stacked = pd.concat(tables, keys=fits, names=["model", None]).reset_index("model")
    stacked.to_parquet(output, index=False)
    rows = [[model, fit.epochs, round(fit.seconds, 3)] for model, fit in fits.items()]
    pd.DataFrame(rows, columns=["model", "epochs", "seconds"]).to_csv(times, index=False)
