import sys
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from graph.adjacency import adjacency
from learning.graphsage import Settings, train
from learning.tune import COLUMNS, main, points, tune
from settings.errors import UserError
from settings.seeds import fold_seed

SETTINGS = Settings(
    layers=1,
    hidden=6,
    learning_rate=0.01,
    epochs=8,
    messages=True,
    weights="distance",
    aggregator="mean",
    normalise=False,
    adjacency_as_features=False,
    seed=3,
)
HIDDEN = [1, 4, 16]
RATES = [0.001, 0.03, 0.5]
CURVES = [
    *(("hidden", value, replace(SETTINGS, hidden=value)) for value in HIDDEN),
    *(("learning_rate", rate, replace(SETTINGS, learning_rate=rate)) for rate in RATES),
]


@pytest.fixture
def hard(inputs):
    """The fold with more noise than genre, so that settings matter."""
    noise = np.random.default_rng(5).normal(size=inputs.x.shape)
    return replace(inputs, x=(0.2 * inputs.x + noise).astype(np.float32))


def test_one_setting_varies_while_the_other_stays():
    assert list(points(SETTINGS, HIDDEN, RATES)) == CURVES


def trained(inputs, graph, settings):
    """Train and test accuracy of one network alone."""
    right = train(inputs, graph, settings)[2].argmax(axis=1) == inputs.y
    return [right[inputs.train].mean(), right[~inputs.train].mean()]


def test_each_point_is_a_network_trained_with_its_settings(hard, graph):
    table = tune(hard, graph, SETTINGS, HIDDEN, RATES)
    assert table.columns.tolist() == COLUMNS
    assert table["parameter"].tolist() == [parameter for parameter, _, _ in CURVES]
    assert table["value"].tolist() == [value for _, value, _ in CURVES]
    expected = [trained(hard, graph, settings) for _, _, settings in CURVES]
    assert table[["train_accuracy", "test_accuracy"]].to_numpy().tolist() == expected
    assert table["train_accuracy"].nunique() > 2


def test_all_points_share_one_graph_and_leave_it_as_it_was(hard, graph):
    before = graph.copy()
    table = tune(hard, graph, SETTINGS, HIDDEN, RATES)
    assert (graph != before).nnz == 0
    assert graph.nnz == before.nnz
    alone = tune(hard, graph, SETTINGS, [], RATES[-1:])
    pd.testing.assert_frame_equal(alone, table[-1:].reset_index(drop=True))


def test_the_graph_matters(hard, graph):
    without = sparse.csr_array(graph.shape)
    tables = [tune(hard, each, SETTINGS, HIDDEN, RATES) for each in (graph, without)]
    assert not tables[0].equals(tables[1])


@pytest.mark.parametrize(
    "asked",
    [
        {"weights": "equal", "normalise": True},
        {"aggregator": "dgl_mean", "layers": 2},
        {"messages": False, "adjacency_as_features": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("fold", [0, 7])
def test_main_tunes_the_network_that_its_options_describe(hard, graph, tmp_path, asked, fold):
    hard.save(tmp_path / "inputs.npz")
    sparse.save_npz(tmp_path / "graph.npz", graph)
    settings = replace(SETTINGS, **asked)
    main(
        tmp_path / "inputs.npz",
        tmp_path / "graph.npz",
        "all",
        **asdict(settings),
        fold=fold,
        backend="torch",
        device="cpu",
        at_once=10_000,
        output=tmp_path / "tuning.csv",
        try_hidden=HIDDEN,
        try_learning_rate=RATES,
    )
    seeded = replace(settings, seed=fold_seed(settings.seed, fold))
    expected = tune(hard, graph, seeded, HIDDEN, RATES)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "tuning.csv"), expected)


def test_tuning_may_let_test_clips_join_one_by_one(hard, graph):
    joined = adjacency(hard.x, "euclidean", 5, hard.train)
    found = tune(hard, joined, SETTINGS, HIDDEN, [], one_by_one=True)
    right = train(hard, joined, replace(SETTINGS, hidden=16), one_by_one=True)[2].argmax(axis=1)
    assert found["test_accuracy"].iloc[-1] == (right == hard.y)[~hard.train].mean()
    with pytest.raises(UserError, match="test clips for neighbours"):
        tune(hard, graph, SETTINGS, HIDDEN, [], one_by_one=True)


def test_main_takes_the_backend_that_it_is_told(hard, graph, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dgl", None)
    hard.save(tmp_path / "inputs.npz")
    sparse.save_npz(tmp_path / "graph.npz", graph)
    files = (tmp_path / "inputs.npz", tmp_path / "graph.npz", "all")
    output = {"output": tmp_path / "tuning.csv", "try_hidden": [], "try_learning_rate": []}
    with pytest.raises(UserError, match="backend: dgl"):
        how = {"fold": 0, "backend": "dgl", "device": "cpu", "at_once": 10_000}
        main(*files, **asdict(SETTINGS), **how, **output)
