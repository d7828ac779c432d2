import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.models.conftest import train

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment
from genregraph.graph.adjacency import adjacency
from genregraph.graph.store import save_graphs
from genregraph.models.tune import COLUMNS, main
from genregraph.preprocessing.inputs import save_inputs

HIDDEN, RATES = [1, 6, 16], [0.001, 0.01, 0.5]
CURVES = [*(("hidden", n) for n in HIDDEN), *(("learning_rate", rate) for rate in RATES)]


def asked(**settings):
    given = {"hidden": 6, "learning_rate": 0.01, "epochs": 8, "weights": "distance", **settings}
    return Experiment.model_validate({"graphsage": given})


@pytest.fixture
def step(tmp_path):
    """Run the step on three folds that share inputs and graph."""

    def run(inputs, graph, folds=2, backend="torch"):
        folder = tmp_path / "gtzan/experiments/multiclass_x/paper"
        folder.mkdir(parents=True, exist_ok=True)
        save_inputs(folder / "inputs.npz", [inputs] * 3, [(0, 0), (0, 1), (1, 0)], alike=True)
        save_graphs(tmp_path / "graph.npz", [graph] * 3)
        given = (folder / "inputs.npz", tmp_path / "graph.npz")
        values = (asked().model_dump_json(), folds, HIDDEN, RATES)
        main(*given, *values, 3, backend, "cpu", tmp_path / "gtzan/tuning.csv")
        return pd.read_csv(tmp_path / "gtzan/tuning.csv")

    return run


def test_each_point_is_the_network_with_one_setting_changed(step, inputs):
    """With more noise than genre, so that settings matter."""
    noise = np.random.default_rng(5).normal(size=inputs.x.shape)
    hard = replace(inputs, x=(0.2 * inputs.x + noise).astype(np.float32))
    graph = adjacency(hard.x, "euclidean", 5)
    table = step(hard, graph)
    assert table.columns.tolist() == COLUMNS
    assert table["fold"].tolist() == [0] * 6 + [1] * 6
    assert [*table[["parameter", "value"]].itertuples(index=False, name=None)] == CURVES * 2
    assert set(table["dataset"]) == {"gtzan"} and set(table["experiment"]) == {"multiclass_x"}
    expected = []
    for seed in (fold_seed(3, 0), fold_seed(3, 1)):
        for name, value in CURVES:
            settings = asked(**{name: value}).graphsage
            fit = train(hard, graph, "graphsage", settings, seed=seed)
            expected.append(list(fit.accuracies(hard)))
    assert table[COLUMNS[-2:]].to_numpy().tolist() == expected
    assert table["train_accuracy"].nunique() > 2


def test_as_many_folds_as_there_are_and_the_backend_that_is_asked_for(
    step, inputs, graph, monkeypatch
):
    assert step(inputs, graph, folds=9)["fold"].unique().tolist() == [0, 1, 2]
    monkeypatch.setitem(sys.modules, "dgl", None)
    with pytest.raises(UserError, match="backend: dgl"):
        step(inputs, graph, backend="dgl")
