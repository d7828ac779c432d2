"""The model that predicts new clips: that with the lowest log loss on clips that it did not learn.

Log loss counts every test clip of the strictest protocol that the experiment is evaluated by, and
the whole of its probabilities, which is what new clips get: by accuracy, models whose confidence
differs greatly are often equal. A choice among a few models by the clips that evaluate them makes
the log loss of the chosen one look a little lower than it is on new clips.
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
    """A model, and what is known of its predictions of new clips.

    Attributes
    ----------
    model : str
    protocol : str
        Under which the model was evaluated; `UNEVALUATED` if the experiment has none without leaks.
    accuracy : float
        Of test clips, as a fraction of 1; NaN where it was not evaluated.
    log_loss : float
        Of test clips, in nats; NaN likewise.
    """

    model: str
    protocol: str = UNEVALUATED
    accuracy: float = np.nan
    log_loss: float = np.nan


def candidates(experiment: Experiment) -> list[str]:
    """Models of an experiment that can place a new clip, by name.

    Label propagation cannot. Variants are there to be compared with what they vary.
    """
    networks = [NETWORKS[0], *(name for name in experiment.models if name in NETWORKS)]
    both = [name for network in networks for name in (network, ablation_name(network))]
    return both + [name for name in experiment.models if name in (*CLASSIFIERS, *COMBINED)]


def evaluated(folder: Path, models: Sequence[str]) -> pd.DataFrame:
    """Accuracy and log loss of models on the test clips of a protocol.

    Parameters
    ----------
    folder : Path
        What `models.fit` wrote for the protocol: ``<model>.parquet`` and ``<model>.csv``.
    models : sequence of str

    Returns
    -------
    pd.DataFrame
        ``model accuracy log_loss``. Probabilities of a fold are those at its temperature, where one
        was fitted inside its training clips. Each test of a clip counts once.

    Raises
    ------
    UserError
        If a model has no predictions of test clips.
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
    """The first model with the lowest log loss.

    Parameters
    ----------
    table : pd.DataFrame
        As `evaluated` returns it.
    protocol : str
    """
    model, accuracy, lowest = table.iloc[table["log_loss"].argmin()]
    return Choice(str(model), protocol, float(accuracy), float(lowest))
