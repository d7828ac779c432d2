"""Folds small enough to check by hand."""

from importlib.util import find_spec

import numpy as np
import pytest
from scipy import sparse

from genregraph.config.experiment import Network
from genregraph.config.registry import NETWORKS
from genregraph.graph.adjacency import adjacency
from genregraph.models import classifiers
from genregraph.models.base import Fit, Fold
from genregraph.models.networks import CPU, GraphModel
from genregraph.preprocessing.inputs import Inputs

BACKENDS = ["torch", "dgl"] if find_spec("dgl") else ["torch"]
needs_dgl = pytest.mark.skipif("dgl" not in BACKENDS, reason="DGL is not installed")
by_each_backend = pytest.mark.parametrize("backend", BACKENDS)
by_kind = pytest.mark.parametrize("kind", NETWORKS)
SETTINGS = Network(hidden=8, learning_rate=0.01, epochs=20, weights="distance")
SCORES = ["loss", "train_accuracy", "test_accuracy"]


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forests of 20 trees take a tenth of the time."""
    monkeypatch.setattr(classifiers, "TREES", 20)


def fold_inputs(x, y, train, groups=None, genres=("blues", "jazz", "rock")) -> Inputs:
    """Clips of such features and genres; a group, and an artist, each, or those given."""
    clips = np.array([f"clip{i:03d}" for i in range(len(y))])
    groups = clips if groups is None else np.array([f"artist {i:03d}" for i in groups])
    x = np.asarray(x, dtype=np.float32)
    features = np.arange(x.shape[1]).astype(str)
    return Inputs(x, np.asarray(y), train, clips, np.array(genres), features, groups, groups)


def noisy(n: int = 90, seed: int = 0) -> Inputs:
    """Three genres that overlap, three clips a group; every third group is a test part."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) // 3
    y = rng.permutation(np.arange(n // 3) % 3)[group]
    return fold_inputs(2 * np.eye(3, 6)[y] + rng.normal(size=(n, 6)), y, group % 3 != 0, group)


def crowd(n, d=5, k=8, noise=2.0):
    """Noisy clips of three genres, two of each song, each with k neighbours."""
    y = np.arange(n) // 2 % 3
    x = np.random.default_rng(0).normal(scale=noise, size=(n, d)) + 4 * np.eye(3, d)[y]
    inputs = fold_inputs(x, y, np.arange(n) % 5 != 0, np.arange(n) // 2)
    return inputs, adjacency(inputs.x, "euclidean", k)


def asked(**settings) -> Network:
    return SETTINGS.model_copy(update=settings)


def near(one, other, precision) -> None:
    """Equal to a part of the largest."""
    one, other = (np.asarray(each) for each in (one, other))
    assert np.isfinite(other).all()
    assert np.abs(one - other).max() <= precision * np.abs(other).max()


def train(inputs, graph, kind, settings, backend=CPU, inductive=False, seed=0, **how) -> Fit:
    fold = Fold(inputs, graph, seed, inductive=inductive, backend=backend, **how)
    return GraphModel(kind, settings).fit_predict(fold)


@pytest.fixture
def inputs() -> Inputs:
    """Three genres, 12 clips each, well apart; every third clip is a test clip."""
    y = np.repeat([0, 1, 2], 12)
    x = 4 * np.eye(3, 5)[y] + 0.3 * np.random.default_rng(0).normal(size=(36, 5))
    return fold_inputs(x, y, np.arange(36) % 3 != 0)


@pytest.fixture
def graph(inputs: Inputs) -> sparse.csr_array:
    """Five neighbours each, one of them at distance 0."""
    neighbours = adjacency(inputs.x, "euclidean", 5)
    neighbours.data[::5] = 0
    return neighbours
