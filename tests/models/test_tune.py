import json
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests.models.conftest import train

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.config.parts import Network
from genregraph.graph.adjacency import adjacency
from genregraph.graph.store import save_graphs
from genregraph.models.base import Fold
from genregraph.models.tune import COLUMNS, describe, main, points, tune
from genregraph.preprocessing.inputs import save_inputs

SETTINGS = Network(hidden=6, learning_rate=0.01, epochs=8, weights="distance")
HIDDEN = [1, 4, 16]
RATES = [0.001, 0.03, 0.5]
CURVES = [
    *(("hidden", value, SETTINGS.model_copy(update={"hidden": value})) for value in HIDDEN),
    *(("learning_rate", r, SETTINGS.model_copy(update={"learning_rate": r})) for r in RATES),
]
ACCURACIES = ["train_accuracy", "test_accuracy"]


@pytest.fixture
def hard(inputs):
    """The fold with more noise than genre, so that settings matter."""
    noise = np.random.default_rng(5).normal(size=inputs.x.shape)
    return type(inputs)(**{**vars(inputs), "x": (0.2 * inputs.x + noise).astype(np.float32)})


def trained(inputs, graph, settings, **how):
    """Train and test accuracy of one network alone."""
    fit = train(inputs, graph, "graphsage", settings, **how)
    right = fit.probabilities.argmax(axis=1) == inputs.y
    return [right[inputs.train].mean(), right[~inputs.train].mean()]


def test_one_setting_varies_while_the_other_stays():
    assert list(points(SETTINGS, HIDDEN, RATES)) == CURVES


def test_each_point_is_a_network_trained_with_its_settings(hard, graph):
    table = tune(Fold(hard, graph), SETTINGS, HIDDEN, RATES)
    assert table["parameter"].tolist() == [parameter for parameter, _, _ in CURVES]
    assert table["value"].tolist() == [value for _, value, _ in CURVES]
    expected = [trained(hard, graph, settings) for _, _, settings in CURVES]
    assert table[ACCURACIES].to_numpy().tolist() == expected
    assert table["train_accuracy"].nunique() > 2


def test_the_graph_matters(hard, graph):
    without = sparse.csr_array(graph.shape)
    tables = [tune(Fold(hard, each), SETTINGS, HIDDEN, RATES) for each in (graph, without)]
    assert not tables[0].equals(tables[1])


def test_a_line_a_point_has_the_means_over_folds():
    folds = [
        pd.DataFrame(
            {
                "parameter": "hidden",
                "value": [50.0, 100.0],
                "train_accuracy": [0.9, 0.8],
                "test_accuracy": [0.5 + fold / 10, 0.25],
            }
        )
        for fold in range(3)
    ]
    lines = [line.split() for line in describe(pd.concat(folds)).splitlines()]
    assert ["hidden", "50.0", "0.9", "0.60"] in lines
    assert ["100.0", "0.8", "0.25"] in lines


@pytest.fixture
def step(hard, graph, tmp_path):
    """Run the step on three folds that share inputs and graph; its table and text."""

    def run(neighbours="all", folds=2, backend="torch", graph=graph, **asked):
        save_inputs(tmp_path / "inputs.npz", [hard] * 3, [(0, 0), (0, 1), (1, 0)])
        save_graphs(tmp_path / "graph.npz", [graph] * 3)
        given = SETTINGS.model_dump(exclude_defaults=True) | asked
        outputs = {"output": tmp_path / "tuning.csv", "text": tmp_path / "tuning.txt"}
        main(
            tmp_path / "inputs.npz",
            tmp_path / "graph.npz",
            dataset="gtzan",
            name="multiclass_x",
            experiment=json.dumps({"graphsage": given}),
            folds=folds,
            try_hidden=HIDDEN,
            try_learning_rate=RATES,
            neighbours=neighbours,
            seed=3,
            backend=backend,
            device="cpu",
            at_once=10_000,
            **outputs,
        )
        return pd.read_csv(outputs["output"]), outputs["text"].read_text()

    return run


@pytest.mark.parametrize(
    "asked", [{"weights": "equal", "normalise": True}, {"messages": False}], ids=str
)
def test_the_step_tunes_the_experiments_network_on_the_first_folds(step, hard, graph, asked):
    table, said = step(**asked)
    assert table.columns.tolist() == COLUMNS
    assert table["fold"].tolist() == [0] * 6 + [1] * 6
    assert set(table["dataset"]) == {"gtzan"}
    assert set(table["experiment"]) == {"multiclass_x"}
    settings = SETTINGS.model_copy(update=asked)
    for fold, found in table.groupby("fold"):
        expected = tune(Fold(hard, graph, fold_seed(3, fold)), settings, HIDDEN, RATES)
        pd.testing.assert_frame_equal(found[expected.columns].reset_index(drop=True), expected)
    assert "tuning of multiclass_x on gtzan" in said
    assert describe(table) in said
    assert "tuning.csv" in said


def test_no_more_folds_are_tuned_than_there_are(step):
    assert step(folds=9)[0]["fold"].unique().tolist() == [0, 1, 2]


def test_tuning_may_let_test_clips_join_one_by_one(step, hard):
    joined = adjacency(hard.x, "euclidean", 5, hard.train)
    table, _ = step("train", 1, graph=joined)
    settings = SETTINGS.model_copy(update={"hidden": 16})
    expected = trained(hard, joined, settings, inductive=True, seed=fold_seed(3, 0))
    assert table.query("value == 16")[ACCURACIES].to_numpy().tolist() == [expected]
    with pytest.raises(UserError, match="test clips for neighbours"):
        step("train")


def test_the_step_takes_the_backend_that_is_asked_for(step, monkeypatch):
    monkeypatch.setitem(sys.modules, "dgl", None)
    with pytest.raises(UserError, match="backend: dgl"):
        step(backend="dgl")
