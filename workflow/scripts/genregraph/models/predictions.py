"""What models made of the folds of a protocol, and the files that hold it; the same for all."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from genregraph.config.registry import NAMED
from genregraph.preprocessing.inputs import Inputs

Matrix = NDArray[np.float64]


class HeldOut(NamedTuple):
    """Predictions of training clips by models that have not learnt from them.

    Attributes
    ----------
    probabilities : NDArray[np.float64], shape (m, c)
    y : NDArray[np.int64], shape (m,)
        Genres of the clips, in ``[0, c)``.
    """

    probabilities: Matrix
    y: NDArray[np.int64]


class Fit(NamedTuple):
    """What a model made of a fold with n clips and c genres.

    Attributes
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
        Rows add up to 1.
    epochs : int
        Iterations of what was trained by iterations, else 0.
    seconds : float
        What it took, its search included.
    parameters : dict
        What was chosen inside the training clips.
    inner_log_loss : float
        In nats, of training clips held out inside, at these parameters; NaN where none were.
    held_out : HeldOut, optional
        These clips, to which a temperature is fitted.
    history : pd.DataFrame, optional
        Of a network: ``epoch loss train_accuracy test_accuracy seconds``.
    weights : dict of str to torch.Tensor, optional
        Of a network.
    """

    probabilities: Matrix
    epochs: int = 0
    seconds: float = 0.0
    parameters: Mapping[str, float | int | str | None] = {}
    inner_log_loss: float = np.nan
    held_out: HeldOut | None = None
    history: pd.DataFrame | None = None
    weights: Mapping[str, torch.Tensor] | None = None


def predictions(inputs: Inputs, probabilities: Matrix, key: tuple[int, int]) -> pd.DataFrame:
    """Predictions of every clip of a fold.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres.
    probabilities : NDArray[np.float64], shape (n, c)
    key : (int, int)
        Repeat, and number of the fold in it.

    Returns
    -------
    pd.DataFrame, shape (n, 6 + c)
        ``clip repeat fold part true predicted`` (part: train or test), and a probability a genre.
    """
    values = [
        inputs.clips,
        *key,
        np.where(inputs.train, "train", "test"),
        inputs.genres[inputs.y],
        inputs.genres[probabilities.argmax(axis=1)],
    ]
    table = pd.DataFrame(dict(zip(NAMED, values, strict=True)))
    return table.join(pd.DataFrame(probabilities, columns=inputs.genres))


class Fitted(NamedTuple):
    """A model's fit of a fold as it is written.

    Attributes
    ----------
    key : (int, int)
        Repeat and fold.
    fit : Fit
    table : pd.DataFrame
        As `predictions` makes it.
    temperature : float
        NaN where none was fitted.
    """

    key: tuple[int, int]
    fit: Fit
    table: pd.DataFrame
    temperature: float = np.nan


def write(folder: Path, model: str, folds: Sequence[Fitted], settings: Mapping[str, Any]) -> None:
    """Write what a model made of all folds of a protocol.

    Parameters
    ----------
    folder : Path
        ``<model>.parquet`` gets the predictions, ``<model>.csv`` a row a fold; of a network
        ``<model>.history.csv`` a row an epoch and ``<model>.pt`` settings and weights, which
        ``torch.load(weights_only=True)`` reads.
    model : str
    folds : sequence of Fitted
        In order.
    settings : mapping
        Of a network, in plain types.
    """
    table = pd.concat([fold.table for fold in folds], ignore_index=True)
    table.to_parquet(folder / f"{model}.parquet", index=False)
    pd.DataFrame([_row(fold) for fold in folds]).to_csv(folder / f"{model}.csv", index=False)
    histories = {fold.key: fold.fit.history for fold in folds if fold.fit.history is not None}
    if histories:
        stacked = pd.concat(histories, names=["repeat", "fold", None]).reset_index([0, 1])
        stacked.to_csv(folder / f"{model}.history.csv", index=False)
    weights = [dict(fold.fit.weights) for fold in folds if fold.fit.weights is not None]
    if weights:
        saved = {"settings": dict(settings), "weights": weights}
        torch.save(saved, folder / f"{model}.pt")


def _row(fold: Fitted) -> dict[str, Any]:
    fit, (repeat, number) = fold.fit, fold.key
    return {
        "repeat": repeat,
        "fold": number,
        "epochs": fit.epochs,
        "seconds": round(fit.seconds, 3),
        "inner_log_loss": fit.inner_log_loss,
        "temperature": fold.temperature,
        "parameters": json.dumps(dict(fit.parameters)),
    }
