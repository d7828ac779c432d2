"""Under protocol inductive, a test clip gets the same alone as among others: by every model."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from graph.adjacency import adjacency
from inputs.inputs import Inputs
from learning import best, graph_network
from learning.baselines import ONE_BY_ONE
from learning.graphsage import Settings, train, train_edgeless
from settings.model import Compared

TRAINING, TEST = 80, 51
ALONE = best.Hearing(one_by_one=True)
SETTINGS = Settings(
    layers=2,
    hidden=16,
    learning_rate=0.01,
    epochs=60,
    messages=True,
    weights="distance",
    aggregator="mean",
    normalise=False,
    adjacency_as_features=False,
    seed=0,
)


@pytest.fixture(scope="module")
def clips():
    """Noisy clips of two genres and 20 artists, the test clips last, and far more than one."""
    rng = np.random.default_rng(3)
    n = TRAINING + TEST
    artists = np.arange(n) // 4
    y = artists % 2
    x = rng.normal(size=(n, 6)) + np.column_stack(
        [2 * y, *rng.normal(size=(5, n // 4 + 1))[:, artists]]
    )
    inputs = Inputs(
        x=x.astype(np.float32),
        y=y,
        train=np.arange(n) < TRAINING,
        clips=np.array([f"clip{i:03d}" for i in range(n)]),
        genres=np.array(["blues", "jazz"]),
        features=np.array(list("abcdef")),
    )
    return inputs, artists.astype(str)


def some(inputs, chosen):
    rows = {name: getattr(inputs, name)[chosen] for name in ("x", "y", "train", "clips")}
    return Inputs(**rows, genres=inputs.genres, features=inputs.features)


def of_network(fit, **asked):
    def probabilities(inputs, artists, folder):
        graph = adjacency(inputs.x, "euclidean", 10, inputs.train)
        settings = Settings(**{**vars(SETTINGS), **asked})
        return fit(inputs, graph, settings, one_by_one=True)

    return probabilities


def of_baseline(name):
    return lambda inputs, artists, folder: ONE_BY_ONE[name](inputs, 0).probabilities


def of_candidate(name):
    return lambda inputs, artists, folder: best.all_probabilities(
        inputs, artists, best.all_of(best.MODELS), ALONE
    )[name]


def of_best(inputs, artists, folder):
    inputs.save(folder / "inputs.npz")
    folds = pd.DataFrame({"clip": inputs.clips, "group": artists, "artist": artists})
    folds.to_parquet(folder / "folds.parquet")
    files = [folder / name for name in ("choice.csv", "times.csv", "best.parquet")]
    best.main([folder / "inputs.npz"], folder / "folds.parquet", "train", True, 99, 0, *files)
    return pd.read_parquet(files[-1])[inputs.genres].to_numpy()


def of_graph_network(design):
    return lambda inputs, artists, folder: (
        graph_network.fit(inputs, artists, design, ALONE).probabilities
    )


MODELS = {
    **{
        f"graphsage {weights} {aggregator}": of_network(
            lambda *fold, **how: train(*fold, **how)[2], weights=weights, aggregator=aggregator
        )
        for weights in ("distance", "similarity", "equal")
        for aggregator in ("mean", "dgl_mean")
    },
    "edgeless": of_network(lambda *fold, **how: train_edgeless(*fold, **how).probabilities),
    **{name: of_baseline(name) for name in ONE_BY_ONE},
    "best": of_best,
    "graph_network": of_graph_network(graph_network.DESIGN),
    "graph_network_edgeless": of_graph_network(graph_network.EDGELESS),
    **{f"best: {each.name}": of_candidate(each.name) for each in best.all_of(best.MODELS)},
}


def test_every_model_is_asked():
    assert {*get_args(Compared), "edgeless", "graphsage distance mean"} <= set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_alone_a_test_clip_gets_what_it_gets_among_others(clips, name, tmp_path):
    inputs, artists = clips
    alone = np.arange(len(artists)) <= TRAINING
    found, expected = (
        MODELS[name](some(inputs, chosen), artists[chosen], tmp_path)
        for chosen in (alone, np.ones_like(alone))
    )
    # Networks compute in single precision.
    precision = 1e-5 if "graphsage" in name or name == "edgeless" else 1e-6
    assert_allclose(found, expected[: TRAINING + 1], atol=precision, rtol=0)
