from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.models.conftest import train

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


@pytest.mark.parametrize(("asked", "done"), [(2, 2), (9, 3)])
def test_each_point_is_the_network_with_one_setting_changed(inputs, tmp_path, asked, done):
    """With more noise than genre, so that settings matter; on as many folds as there are."""
    noise = np.random.default_rng(5).normal(size=inputs.x.shape)
    hard = replace(inputs, x=(0.2 * inputs.x + noise).astype(np.float32))
    graph = adjacency(hard.x, "euclidean", 5)
    folder, table = tmp_path / "gtzan/experiments/multiclass_x/paper", tmp_path / "gtzan/tuning.csv"
    folder.mkdir(parents=True)
    save_inputs(folder / "inputs.npz", [hard] * 3, [(0, 0), (0, 1), (1, 0)], alike=True)
    save_graphs(folder / "graph.npz", [graph] * 3)
    given = (folder / "inputs.npz", folder / "graph.npz", ASKED.model_dump_json(), asked)
    main(*given, HIDDEN, RATES, 3, "torch", "cpu", table)
    table = pd.read_csv(table)
    assert table.columns.tolist() == COLUMNS
    assert table["fold"].tolist() == np.repeat(np.arange(done), 6).tolist()
    assert [*table[["parameter", "value"]].itertuples(index=False, name=None)] == CURVES * done
    assert (table[["dataset", "experiment"]] == ["gtzan", "multiclass_x"]).all(axis=None)
    expected = []
    for fold in range(done):
        for name, value in CURVES:
            settings = ASKED.graphsage.model_copy(update={name: value})
            fit = train(hard, graph, "graphsage", settings, seed=fold_seed(3, fold))
            expected.append(list(fit.accuracies(hard)))
    assert table[COLUMNS[-2:]].to_numpy().tolist() == expected
    assert table["train_accuracy"].nunique() > 2
