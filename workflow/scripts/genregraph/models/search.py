"""Clips held out inside the training clips of a fold, by which models choose their parameters.

References
----------
.. [1] S. Varma, R. Simon, "Bias in error estimation when using cross-validation for model
   selection", BMC Bioinformatics 7:91, 2006: why no test clip takes part.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from genregraph.models.base import HeldOut, Matrix, Split
from genregraph.models.temperature import fitted_temperature, log_loss
from genregraph.preprocessing.inputs import Inputs


def inner_splits(inputs: Inputs, seed: int, n: int = 3) -> list[Split]:
    """Splits of the training clips that keep groups together and are stratified by genre.

    Returns
    -------
    list of (NDArray[np.int64], NDArray[np.int64])
        Positions among the training clips, ``np.flatnonzero(inputs.train)``: of those to learn
        from, and of those that are held out, each once. Fewer than n where there are fewer groups,
        or clips of every genre; empty where one could train or evaluate nothing.
    """
    y, groups = inputs.y[inputs.train], inputs.groups[inputs.train]
    _, counts = np.unique(y, return_counts=True)
    n_groups = len(np.unique(groups))
    n = min(n, n_groups, counts.max(initial=0))
    if n < 2:
        return []
    kind = StratifiedKFold if n_groups == len(y) else StratifiedGroupKFold
    splitter = kind(n, shuffle=True, random_state=seed % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Of genres of fewer clips than splits.
        splits = list(splitter.split(np.zeros(len(y)), y, groups))
    usable = [learnable(y[train]) and np.isin(y[valid], y[train]).any() for train, valid in splits]
    return splits if all(usable) else []


def learnable(y: NDArray[np.int64]) -> bool:
    """Whether there is something to learn: two genres, and more clips than genres."""
    genres = len(np.unique(y))
    return 2 <= genres < len(y)


def held_out(
    inputs: Inputs, splits: Sequence[Split], predict: Callable[[Inputs], Matrix]
) -> HeldOut:
    """Predict training clips, without any test clip, by models that have not learnt from them.

    ``predict`` fits a model to some inputs and returns probabilities, shape (n, c). Clips of genres
    that are not learnt from, which no model could predict, are left out.
    """
    known = np.flatnonzero(inputs.train)
    inner = replace(inputs.of(known), train=np.zeros(len(known), dtype=bool))
    probabilities, y = [], []
    for train, valid in splits:
        evaluated = valid[np.isin(inner.y[valid], inner.y[train])]
        fold = replace(inner, train=np.isin(np.arange(len(known)), train))
        probabilities.append(predict(fold)[evaluated])
        y.append(inner.y[evaluated])
    return HeldOut(np.concatenate(probabilities), np.concatenate(y))


def score(model: Any, x: Matrix, y: NDArray[np.int64], at_best_temperature: bool = False) -> float:
    """Minus the log loss in nats, over clips whose genre the model has learnt."""
    learnt = np.isin(y, model.classes_)
    known = np.searchsorted(model.classes_, y[learnt])
    probabilities = model.predict_proba(x)[learnt]
    temperature = fitted_temperature(probabilities, known) if at_best_temperature else np.nan
    return -log_loss(probabilities, known, 1.0 if np.isnan(temperature) else temperature)
