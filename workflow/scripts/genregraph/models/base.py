"""What each model is given of a fold, and what it returns: ``fit_predict(fold) -> Fit``."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import sparse

from genregraph.models.messages import Backend
from genregraph.preprocessing.inputs import Inputs

Matrix = NDArray[np.float64]
Split = tuple[NDArray[np.int64], NDArray[np.int64]]


class Fold(NamedTuple):
    """A fold as every model is given it.

    Attributes
    ----------
    graph : scipy.sparse.csr_array, shape (n, n)
        Distances to each clip's neighbours, as `graph.adjacency` makes it.
    splits : sequence of (NDArray[np.int64], NDArray[np.int64])
        As `models.search.inner_splits` makes them; without any, nothing is chosen or held out.
    inductive : bool
        Models learn from the training clips and the graph among them alone, and each test clip
        joins it by itself: its prediction does not depend on other test clips. Else all clips are
        in the graph during training (transductive).
    search : bool
        Networks choose weight decay and dropout; classifiers always search their grids.
    calibrate : bool
        Training clips are held out even where nothing is chosen, for a temperature.
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

    Attributes
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
        Rows add up to 1.
    epochs : int
        Iterations; 0 where the model does not iterate.
    parameters : dict
        Those chosen inside the training clips.
    inner_log_loss : float
        In nats, of training clips held out inside, at these parameters; NaN where there are none.
    history, weights : optional
        Of a network: ``epoch loss train_accuracy test_accuracy seconds``, and tensors by name.
    """

    probabilities: Matrix
    epochs: int = 0
    seconds: float = 0.0
    parameters: Mapping[str, float | int | str | None] = {}
    inner_log_loss: float = np.nan
    held_out: HeldOut | None = None
    history: pd.DataFrame | None = None
    weights: Mapping[str, torch.Tensor] | None = None
