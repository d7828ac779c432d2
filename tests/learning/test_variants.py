import sys
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from graph.adjacency import adjacency
from learning.graphsage import Settings, train
from learning.predictions import NAMED
from learning.variants import main, named
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
VARIANTS = {
    "equal": '{"weights": "equal"}',
    "rows_alone": '{"messages": false, "adjacency_as_features": true}',
    "deep": '{"layers": 2, "hidden": 4, "normalise": true}',
    "as_it_is": "{}",
}


def test_a_variant_differs_in_what_it_names():
    name, settings = named(SETTINGS, f"rows_alone={VARIANTS['rows_alone']}")
    assert name == "rows_alone"
    assert settings == replace(SETTINGS, messages=False, adjacency_as_features=True)
    assert named(SETTINGS, "as_it_is={}") == ("as_it_is", SETTINGS)


@pytest.mark.parametrize(
    "variant", ["equal", "equal=", "equal={", "equal=7", 'equal={"wieghts": 1}']
)
def test_what_is_no_variant_is_refused(variant):
    with pytest.raises(UserError, match=r"^variant equal.*must be NAME=JSON"):
        named(SETTINGS, variant)


@pytest.fixture
def step(inputs, graph, tmp_path):
    """Run the step; return its predictions and its times."""
    noise = np.random.default_rng(5).normal(size=inputs.x.shape)
    hard = replace(inputs, x=(0.2 * inputs.x + noise).astype(np.float32))
    hard.save(tmp_path / "inputs.npz")

    def run(graph=graph, neighbours="all", variants=VARIANTS, backend="torch"):
        """The second of two folds, which differ in their seeds alone."""
        sparse.save_npz(tmp_path / "graph.npz", graph)
        main(
            [tmp_path / "inputs.npz"] * 2,
            [tmp_path / "graph.npz"] * 2,
            neighbours,
            **asdict(SETTINGS),
            variant=[f"{name}={differing}" for name, differing in variants.items()],
            backend=backend,
            device="cpu",
            at_once=10_000,
            times=tmp_path / "variants.csv",
            output=tmp_path / "variants.parquet",
        )
        return tuple(
            table[table["fold"] == 1].drop(columns="fold").reset_index(drop=True)
            for table in (
                pd.read_parquet(tmp_path / "variants.parquet"),
                pd.read_csv(tmp_path / "variants.csv"),
            )
        )

    run.inputs = hard
    return run


def test_each_variant_is_a_network_trained_with_its_settings(step, graph):
    table, times = step()
    assert table.columns.tolist() == ["model", *NAMED, "blues", "jazz", "rock"]
    assert times[["model", "epochs"]].to_numpy().tolist() == [[name, 8] for name in VARIANTS]
    for name, differing in VARIANTS.items():
        _, settings = named(replace(SETTINGS, seed=fold_seed(3, 1)), f"{name}={differing}")
        expected = train(step.inputs, graph, settings)[2]
        alone = table.loc[table["model"] == name, ["blues", "jazz", "rock"]]
        assert_allclose(alone.to_numpy(), expected, rtol=1e-6)


def test_test_clips_may_join_one_by_one(step):
    one = {"equal": VARIANTS["equal"]}
    with pytest.raises(UserError, match="test clips for neighbours"):
        step(neighbours="train", variants=one)
    joined = adjacency(step.inputs.x, "euclidean", 5, step.inputs.train)
    table, _ = step(joined, "train", variants=one)
    settings = replace(SETTINGS, weights="equal", seed=fold_seed(3, 1))
    expected = train(step.inputs, joined, settings, one_by_one=True)[2]
    assert_allclose(table[["blues", "jazz", "rock"]].to_numpy(), expected, rtol=1e-6)


def test_main_takes_the_backend_that_it_is_told(step, monkeypatch):
    monkeypatch.setitem(sys.modules, "dgl", None)
    with pytest.raises(UserError, match="backend: dgl"):
        step(backend="dgl")
