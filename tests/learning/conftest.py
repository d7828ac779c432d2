"""A fold small enough to check by hand."""

from importlib.util import find_spec

import numpy as np
import pytest
from scipy import sparse

from graph.adjacency import adjacency
from inputs.inputs import Inputs
from learning import baselines, best

# Those that are installed.
BACKENDS = ["torch", "dgl"] if find_spec("dgl") else ["torch"]


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forests of 50 trees take a tenth of the time, and what must hold of these holds of more."""
    monkeypatch.setattr(baselines, "TREES", 50)
    monkeypatch.setattr(best, "TREES", 50)


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
    )


@pytest.fixture
def graph(inputs: Inputs) -> sparse.csr_array:
    """Five neighbours each, one of them at distance 0."""
    found = adjacency(inputs.x, "euclidean", 5)
    found.data[::5] = 0
    return found
