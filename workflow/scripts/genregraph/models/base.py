"""What each model is given of a fold, and what it returns: ``fit_predict(fold) -> Fit``.

References
----------
.. [1] S. Varma, R. Simon, "Bias in error estimation when using cross-validation for model
   selection", BMC Bioinformatics 7:91, 2006: why no test clip takes part.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from genregraph.models.messages import Backend
from genregraph.preprocessing.inputs import Inputs

Matrix = NDArray[np.float64]
Split = tuple[NDArray[np.int64], NDArray[np.int64]]


class Fold(NamedTuple):
    """A fold as every model is given it.

    ``graph``, shape (n, n), has the distances to each clip's neighbours (`graph.adjacency`). Where
    there are no ``splits`` (`inner_splits`) nothing is chosen or held out. Where it is
    ``inductive`` models learn from the training clips and the graph among them alone, and each test
    clip joins it by itself: its prediction does not depend on other test clips. Else all clips are
    in the graph during training (transductive). By ``search`` networks choose weight decay and
    dropout; classifiers always search their grids. By ``calibrate`` training clips are held out
    even where nothing is chosen, for a temperature.
    """

    inputs: Inputs
    graph: sparse.csr_array
    seed: int = 0
    splits: Sequence[Split] = ()
    inductive: bool = False
    search: bool = False
    calibrate: bool = False
    backend: Backend = Backend()


class HeldOut(NamedTuple):
    """Predictions, shape (m, c), of training clips by models that have not learnt from them."""

    probabilities: Matrix
    y: NDArray[np.int64]


class Fit(NamedTuple):
    """Predictions of a model for a fold with n clips and c genres, and what it learnt.

    Rows of ``probabilities``, shape (n, c), add up to 1. A model that does not iterate has 0
    ``epochs``. ``parameters`` are those chosen inside the training clips; ``inner_log_loss``, in
    nats, and ``temperature`` are of training clips held out inside, at these parameters, else NaN.
    A network has a ``history``, ``epoch loss train_accuracy test_accuracy seconds``, and
    ``weights``, tensors by name.
    """

    probabilities: Matrix
    epochs: int = 0
    seconds: float = 0.0
    parameters: Mapping[str, float | int | str | None] = {}
    inner_log_loss: float = np.nan
    held_out: HeldOut | None = None
    temperature: float = np.nan
    history: pd.DataFrame | None = None
    weights: Mapping[str, torch.Tensor] | None = None

    def accuracies(self, inputs: Inputs) -> tuple[float, float]:
        """Shares of the training clips, and of the test clips, that are predicted rightly."""
        right = self.probabilities.argmax(axis=1) == inputs.y
        return float(right[inputs.train].mean()), float(right[~inputs.train].mean())


def inner_splits(inputs: Inputs, seed: int, n: int = 3) -> list[Split]:
    """Splits of the training clips [1]_ that keep groups together and are stratified by genre.

    Positions are among the training clips: of those to learn from, and of those that are held out,
    each once. There are fewer than n splits where there are fewer groups, or clips of every genre,
    and none where one could train or evaluate nothing.
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
    return 2 <= len(np.unique(y)) < len(y)


def held_out(
    inputs: Inputs, splits: Sequence[Split], predict: Callable[[Inputs], Matrix]
) -> HeldOut:
    """Predict training clips, without any test clip, by models that have not learnt from them.

    ``predict`` fits a model to some inputs and returns probabilities, shape (n, c). Clips of genres
    that are not learnt from, which no model could predict, are left out.
    """
    inner = inputs.of(inputs.train)
    probabilities, y = [], []
    for train, valid in splits:
        evaluated = valid[np.isin(inner.y[valid], inner.y[train])]
        fold = replace(inner, train=np.isin(np.arange(len(inner.y)), train))
        probabilities.append(predict(fold)[evaluated])
        y.append(inner.y[evaluated])
    return HeldOut(np.concatenate(probabilities), np.concatenate(y))
