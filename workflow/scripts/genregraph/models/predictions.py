"""Files of a model's predictions for all folds of a protocol."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from genregraph.config.registry import NAMED
from genregraph.models.base import Fit, Matrix
from genregraph.preprocessing.inputs import Inputs


class Fitted(NamedTuple):
    """A model's fit of a fold, with its repeat and number in it; temperature NaN where none is."""

    key: tuple[int, int]
    fit: Fit
    table: pd.DataFrame
    temperature: float = np.nan


def predictions(inputs: Inputs, probabilities: Matrix, key: tuple[int, int]) -> pd.DataFrame:
    """``clip repeat fold part true predicted`` (part: train or test), and a probability a genre."""
    values = [
        inputs.clips,
        *key,
        np.where(inputs.train, "train", "test"),
        inputs.genres[inputs.y],
        inputs.genres[probabilities.argmax(axis=1)],
    ]
    table = pd.DataFrame(dict(zip(NAMED, values, strict=True)))
    return table.join(pd.DataFrame(probabilities, columns=inputs.genres))


def write(folder: Path, model: str, folds: Sequence[Fitted], settings: Mapping[str, Any]) -> None:
    """Write predictions and fits of a model for all folds of a protocol, in order.

    ``<model>.parquet`` gets the predictions, ``<model>.csv`` a row a fold; of a network
    ``<model>.history.csv`` a row an epoch and ``<model>.pt`` settings (plain types) and weights,
    which ``torch.load(weights_only=True)`` reads.
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
