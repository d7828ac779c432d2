"""The model that predicts new clips: that with the lowest log loss on test clips.

Log loss counts the probabilities of all test clips of the strictest protocol that the experiment is
evaluated by; by accuracy, models that differ greatly in confidence are often equal. The log loss of
the chosen one is a little lower than on new clips, since the same clips choose and evaluate it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from genregraph.common.errors import UserError
from genregraph.config.experiment import Experiment
from genregraph.config.registry import CLASSIFIERS, COMBINED, NAMED, NETWORKS, ablation_name
from genregraph.models.temperature import log_loss

UNEVALUATED = "no protocol without leaks"


class Choice(NamedTuple):
    """A model, and its accuracy (of 1) and log loss (nats) on the test clips of a protocol."""

    model: str
    protocol: str = UNEVALUATED
    accuracy: float = np.nan
    log_loss: float = np.nan


def candidates(experiment: Experiment) -> list[str]:
    """Models of an experiment that can predict a new clip: no label propagation, no variants."""
    networks = [NETWORKS[0], *(name for name in experiment.models if name in NETWORKS)]
    both = [name for network in networks for name in (network, ablation_name(network))]
    return both + [name for name in experiment.models if name in (*CLASSIFIERS, *COMBINED)]


def evaluated(folder: Path, models: Sequence[str]) -> pd.DataFrame:
    """Accuracy and log loss of models on the test clips of a protocol; each test counts once.

    Parameters
    ----------
    folder : Path
        What `models.fit` wrote for the protocol: ``<model>.parquet`` and ``<model>.csv``.
    models : sequence of str

    Returns
    -------
    pd.DataFrame
        ``model accuracy log_loss``. Probabilities of a fold are those at its temperature, where one
        was fitted inside its training clips.
    """
    rows = []
    for model in models:
        table = pd.read_parquet(folder / f"{model}.parquet", filters=[("part", "==", "test")])
        if table.empty:
            raise UserError(f"{folder / model}.parquet has no test clips; remove it")
        genres = table.columns.drop(NAMED)
        y = pd.Categorical(table["true"], genres).codes.astype(np.int64)
        folds = pd.read_csv(folder / f"{model}.csv")[["repeat", "fold", "temperature"]]
        losses = 0.0
        for repeat, fold, temperature in folds.fillna(1.0).to_numpy():
            own = ((table["repeat"] == repeat) & (table["fold"] == fold)).to_numpy()
            probabilities = table.loc[own, genres].to_numpy(np.float64)
            losses += own.sum() * log_loss(probabilities, y[own], temperature)
        right = (table["true"] == table["predicted"]).mean()
        rows.append([model, right, losses / len(table)])
    return pd.DataFrame(rows, columns=["model", "accuracy", "log_loss"])


def best(table: pd.DataFrame, protocol: str) -> Choice:
    """The first model with the lowest log loss of what `evaluated` returns."""
    model, accuracy, lowest = table.iloc[table["log_loss"].argmin()]
    return Choice(str(model), protocol, float(accuracy), float(lowest))
