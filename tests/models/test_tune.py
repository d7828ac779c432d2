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


ASKED = Experiment.model_validate(
    {"graphsage": {"hidden": 6, "learning_rate": 0.01, "epochs": 8, "weights": "distance"}}
)


@pytest.fixture
def step(tmp_path):
    """Run the step on three folds that share inputs and graph."""

    def run(inputs, graph, neighbours="all", folds=2, backend="torch"):
        save_inputs(tmp_path / "inputs.npz", [inputs] * 3, [(0, 0), (0, 1), (1, 0)], alike=True)
        save_graphs(tmp_path / "graph.npz", [graph] * 3)
        given = (tmp_path / "inputs.npz", tmp_path / "graph.npz", "gtzan", "multiclass_x")
        values = (ASKED.model_dump_json(), folds, HIDDEN, RATES)
        main(*given, *values, neighbours, 3, backend, "cpu", tmp_path / "tuning.csv")
        return pd.read_csv(tmp_path / "tuning.csv")

    return run


@pytest.mark.parametrize("inductive", [False, True])
def test_each_point_is_the_network_with_one_setting_changed(step, inputs, inductive):
    """With more noise than genre, so that settings matter."""
    noise = np.random.default_rng(5).normal(size=inputs.x.shape)
    hard = replace(inputs, x=(0.2 * inputs.x + noise).astype(np.float32))
    graph = adjacency(hard.x, "euclidean", 5, hard.train if inductive else None)
    table = step(hard, graph, "train" if inductive else "all")
    assert table.columns.tolist() == COLUMNS
    assert table["fold"].tolist() == [0] * 6 + [1] * 6
    assert [*table[["parameter", "value"]].itertuples(index=False, name=None)] == CURVES * 2
    assert (table[["dataset", "experiment"]] == ["gtzan", "multiclass_x"]).all(axis=None)
    expected = []
    for seed in (fold_seed(3, 0), fold_seed(3, 1)):
        for name, value in CURVES:
            settings = ASKED.graphsage.model_copy(update={name: value})
            fit = train(hard, graph, "graphsage", settings, inductive=inductive, seed=seed)
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
