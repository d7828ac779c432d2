import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.models.conftest import train

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.config.parts import Network
from genregraph.graph.adjacency import adjacency
from genregraph.graph.store import save_graphs
from genregraph.models.base import Fold
from genregraph.models.tune import COLUMNS, describe, main, tune
from genregraph.preprocessing.inputs import save_inputs

SETTINGS = Network(hidden=6, learning_rate=0.01, epochs=8, weights="distance")
HIDDEN = [1, 4, 16]
RATES = [0.001, 0.03, 0.5]
CURVES = [("hidden", n) for n in HIDDEN] + [("learning_rate", rate) for rate in RATES]
ACCURACIES = ["train_accuracy", "test_accuracy"]


@pytest.fixture
def hard(inputs):
    """The fold with more noise than genre, so that settings matter."""
    noise = np.random.default_rng(5).normal(size=inputs.x.shape)
    return replace(inputs, x=(0.2 * inputs.x + noise).astype(np.float32))


def trained(inputs, graph, settings, **how):
    """Train and test accuracy of one network alone."""
    fit = train(inputs, graph, "graphsage", settings, **how)
    right = fit.probabilities.argmax(axis=1) == inputs.y
    return [right[inputs.train].mean(), right[~inputs.train].mean()]


def test_each_point_varies_one_setting(hard, graph):
    table = tune(Fold(hard, graph), SETTINGS, HIDDEN, RATES)
    assert [*table[["parameter", "value"]].itertuples(index=False, name=None)] == CURVES
    settings = [SETTINGS.model_copy(update={name: value}) for name, value in CURVES]
    expected = [trained(hard, graph, each) for each in settings]
    assert table[ACCURACIES].to_numpy().tolist() == expected
    assert table["train_accuracy"].nunique() > 2


def test_text_has_a_line_a_point_with_the_means_over_folds():
    points = {"parameter": "hidden", "value": [50.0, 100.0], "train_accuracy": [0.9, 0.8]}
    folds = [pd.DataFrame({**points, "test_accuracy": [0.5 + i / 10, 0.25]}) for i in range(3)]
    lines = [line.split() for line in describe(pd.concat(folds)).splitlines()]
    assert ["hidden", "50.0", "0.9", "0.60"] in lines
    assert ["100.0", "0.8", "0.25"] in lines


@pytest.fixture
def step(hard, graph, tmp_path):
    """Run the step on three folds that share inputs and graph; its table and text."""

    def run(neighbours="all", folds=2, backend="torch", graph=graph, **asked):
        save_inputs(tmp_path / "inputs.npz", [hard] * 3, [(0, 0), (0, 1), (1, 0)])
        save_graphs(tmp_path / "graph.npz", [graph] * 3)
        settings = SETTINGS.model_dump(exclude_defaults=True) | asked
        outputs = tmp_path / "tuning.csv", tmp_path / "tuning.txt"
        experiment = json.dumps({"graphsage": settings})
        given = (tmp_path / "inputs.npz", tmp_path / "graph.npz", "gtzan", "multiclass_x")
        how = (folds, HIDDEN, RATES, neighbours, 3, backend, "cpu", 10_000)
        main(*given, experiment, *how, *outputs)
        return pd.read_csv(outputs[0]), outputs[1].read_text()

    return run


def test_step_tunes_the_experiments_network_on_the_first_folds(step, hard, graph):
    asked = {"weights": "equal", "normalise": True}
    table, text = step(**asked)
    assert table.columns.tolist() == COLUMNS
    assert table["fold"].tolist() == [0] * 6 + [1] * 6
    assert set(table["dataset"]) == {"gtzan"}
    assert set(table["experiment"]) == {"multiclass_x"}
    settings = SETTINGS.model_copy(update=asked)
    for number, rows in table.groupby("fold"):
        fold = Fold(hard, graph, fold_seed(3, number))
        expected = tune(fold, settings, HIDDEN, RATES)
        pd.testing.assert_frame_equal(rows[expected.columns].reset_index(drop=True), expected)
    assert "tuning of multiclass_x on gtzan" in text
    assert describe(table) in text
    assert "tuning.csv" in text
    assert step(folds=9)[0]["fold"].unique().tolist() == [0, 1, 2]


def test_step_may_be_inductive(step, hard):
    joined = adjacency(hard.x, "euclidean", 5, hard.train)
    table, _ = step("train", 1, graph=joined)
    settings = SETTINGS.model_copy(update={"hidden": 16})
    expected = trained(hard, joined, settings, inductive=True, seed=fold_seed(3, 0))
    assert table.query("value == 16")[ACCURACIES].to_numpy().tolist() == [expected]
    with pytest.raises(UserError, match="test clips for neighbours"):
        step("train")


def test_step_takes_the_backend_that_is_asked_for(step, monkeypatch):
    monkeypatch.setitem(sys.modules, "dgl", None)
    with pytest.raises(UserError, match="backend: dgl"):
        step(backend="dgl")
