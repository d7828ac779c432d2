"""A fold small enough to check by hand."""

from importlib.util import find_spec

import numpy as np
import pytest
from scipy import sparse

from genregraph.graph.adjacency import adjacency
from genregraph.models import classifiers
from genregraph.models.base import Fit, Fold
from genregraph.models.messages import Backend
from genregraph.models.networks import GraphModel
from genregraph.preprocessing.inputs import Inputs

# Those that are installed.
BACKENDS = ["torch", "dgl"] if find_spec("dgl") else ["torch"]
needs_dgl = pytest.mark.skipif("dgl" not in BACKENDS, reason="DGL is not installed")


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forests of 20 trees take a tenth of the time."""
    monkeypatch.setattr(classifiers, "TREES", 20)


def noisy(n: int = 90, seed: int = 0) -> Inputs:
    """Three genres that overlap, three clips a group; every third group is a test part."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) // 3
    y = rng.permutation(np.arange(n // 3) % 3)[group]
    x = 2 * np.eye(3, 6)[y] + rng.normal(size=(n, 6))
    return Inputs(
        x=x.astype(np.float32),
        y=y,
        train=group % 3 != 0,
        clips=np.array([f"clip{i:03d}" for i in range(n)]),
        genres=np.array(["blues", "jazz", "rock"]),
        features=np.array(list("abcdef")),
        groups=np.array([f"artist {i:03d}" for i in group]),
        artists=np.array([f"artist {i:03d}" for i in group]),
    )


def train(inputs, graph, kind, settings, backend=Backend(), inductive=False, seed=0, **how) -> Fit:  # noqa: B008
    """Fit a network."""
    fold = Fold(inputs, graph, seed, inductive=inductive, backend=backend, **how)
    return GraphModel(kind, settings).fit_predict(fold)


@pytest.fixture
def inputs() -> Inputs:
    """Three genres, 12 clips each, well apart; every third clip is a test clip."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 12)
    x = 4 * np.eye(3, 5)[y] + 0.3 * rng.normal(size=(36, 5))
    return Inputs(
        x=x.astype(np.float32),
        y=y,
        train=np.arange(36) % 3 != 0,
        clips=np.array([f"clip{i:02d}" for i in range(36)]),
        genres=np.array(["blues", "jazz", "rock"]),
        features=np.array(list("abcde")),
        groups=np.array([f"song{i:02d}" for i in range(36)]),
        artists=np.array([f"artist{i // 2:02d}" for i in range(36)]),
    )


@pytest.fixture
def graph(inputs: Inputs) -> sparse.csr_array:
    """Five neighbours each, one of them at distance 0."""
    found = adjacency(inputs.x, "euclidean", 5)
    found.data[::5] = 0
    return found
