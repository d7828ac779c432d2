"""The step: all models of an experiment, every fold of a protocol, one folder."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from tests.models.conftest import noisy, train

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment
from genregraph.config.registry import NAMED
from genregraph.graph.adjacency import adjacency
from genregraph.graph.store import save_graphs
from genregraph.models import label_spreading
from genregraph.models.base import Fit, Fold, inner_splits
from genregraph.models.fit import fit_fold, main, predictions, write
from genregraph.models.temperature import fitted_temperature
from genregraph.preprocessing.inputs import save_inputs

NETWORK = {"hidden": 4, "epochs": 20, "learning_rate": 0.05}
KEYS = [(0, 0), (0, 1), (1, 0)]
GENRES = ["blues", "jazz", "rock"]
KEPT = {"models", "graphsage", "search", "variants", "calibrate"}


def experiment(**settings):
    given = {"models": [], "graphsage": NETWORK, "search": False, **settings}
    return Experiment.model_validate(given)


def test_files_have_a_row_a_clip_fold_or_epoch_and_the_weights(inputs, tmp_path):
    history = pd.DataFrame({"epoch": [1, 2], "loss": [0.9, 0.5]})
    parameters = {"C": 0.1, "weights": "distance"}
    p = np.random.default_rng(0).dirichlet(np.ones(3), 36)
    first = Fit(p, 7, 0.12345, parameters, 0.5, None, 1.25, history, {"w": torch.ones(2)})
    second = Fit(p, history=2 * history, weights={"w": torch.full((2,), 2.0)})
    fits, settings = {(0, 0): first, (1, 0): second}, {"hidden": 8, "k": None}
    tables = [predictions(inputs, p, key) for key in fits]
    write(tmp_path, "gcn", tables, fits, settings)
    table = pd.read_parquet(tmp_path / "gcn.parquet")
    assert table.columns.tolist() == [*NAMED, *GENRES]
    parts, true = ["test", "train", "train"] * 12, np.repeat(GENRES, 12)
    rows = [*zip(inputs.clips, parts, true, np.array(GENRES)[p.argmax(axis=1)], strict=True)]
    expected = [[clip, *key, *rest] for key in fits for clip, *rest in rows]
    assert table[NAMED].to_numpy().tolist() == expected
    assert_array_equal(table[GENRES], np.vstack([p, p]))
    assert (tmp_path / "gcn.csv").read_text().splitlines() == [
        "repeat,fold,epochs,seconds,inner_log_loss,temperature,parameters",
        '0,0,7,0.123,0.5,1.25,"{""C"": 0.1, ""weights"": ""distance""}"',
        "1,0,0,0.0,,,{}",
    ]
    history = "repeat,fold,epoch,loss 0,0,1,0.9 0,0,2,0.5 1,0,2,1.8 1,0,4,1.0"
    assert (tmp_path / "gcn.history.csv").read_text().split() == history.split()
    saved = torch.load(tmp_path / "gcn.pt", weights_only=True)
    assert saved["settings"] == settings
    assert [weights["w"].tolist() for weights in saved["weights"]] == [[1, 1], [2, 2]]


@pytest.fixture
def folder(tmp_path):
    inputs = noisy()
    groups = np.arange(90) // 3 % 3
    folds = [replace(inputs, train=groups != fold) for fold in range(3)]
    save_inputs(tmp_path / "inputs.npz", folds, KEYS)
    save_graphs(tmp_path / "graph.npz", [adjacency(inputs.x, "euclidean", 5)] * 3)
    return tmp_path


def run(folder, asked, seed=0, jobs=1, output="models"):
    given = (folder / "inputs.npz", folder / "graph.npz", asked.model_dump_json(include=KEPT))
    main(*given, "all", seed, "torch", "cpu", folder / output, jobs)
    return folder / output


def fits_of(folder, model):
    return pd.read_csv(folder / f"{model}.csv")


def test_every_model_has_files_with_all_clips_of_all_folds(folder):
    others = ["lda", "knn", "label_spreading", "blend", "selected"]
    asked = experiment(models=["gcn", *others], variants={"narrow": {"hidden": 2}})
    written = run(folder, asked)
    networks = "graphsage edgeless gcn gcn_edgeless narrow narrow_edgeless".split()
    files = {name: ["csv", "history.csv", "parquet", "pt"] for name in networks}
    files |= {name: ["csv", "parquet"] for name in others}
    expected = {f"{name}.{kind}" for name, own in files.items() for kind in own}
    assert {path.name for path in written.iterdir()} == expected
    tables = {name: pd.read_parquet(written / f"{name}.parquet") for name in files}
    for name, table in tables.items():
        counts = table.groupby(["repeat", "fold", "part"]).size().to_dict()
        assert counts == {(*key, p): n for key in KEYS for p, n in (("train", 60), ("test", 30))}
        assert_allclose(table[GENRES].sum(axis=1), 1)
        assert (fits_of(written, name)["seconds"] > 0).all()
    lda, knn, blend = (tables[name][GENRES] for name in ("lda", "knn", "blend"))
    pd.testing.assert_frame_equal(blend, (lda + knn) / 2)
    losses = pd.DataFrame({n: fits_of(written, n)["inner_log_loss"] for n in ("lda", "knn")})
    chosen = fits_of(written, "selected")["parameters"].map(json.loads)
    assert chosen.tolist() == [{"model": name} for name in losses.idxmin(axis=1)]


def test_variant_takes_the_parameters_that_its_network_chose(monkeypatch):
    monkeypatch.setattr("genregraph.models.networks.WEIGHT_DECAY", (0.0, 10.0))
    inputs = noisy()
    graph, splits = adjacency(inputs.x, "euclidean", 5), inner_splits(inputs, 1)
    variants = {"equal": {"weights": "equal"}, "own": {"dropout": 0.25, "epochs": 5}}
    asked = experiment(search=True, variants=variants)
    fits = dict(fit_fold(Fold(inputs, graph, 1, splits, search=True), asked))
    chosen = fits["graphsage"].parameters
    assert chosen.keys() == {"weight_decay", "dropout"}
    assert fits["equal"].parameters == {}
    settings = asked.variant("equal").model_copy(update=chosen)
    expected = train(inputs, graph, "graphsage", settings, seed=1).probabilities
    assert_array_equal(fits["equal"].probabilities, expected)
    assert fits["own"].parameters.keys() == {"weight_decay", "dropout"}


def test_temperatures_are_fitted_to_clips_held_out_inside(folder):
    models = ["logistic", "svm", "label_spreading", "blend", "selected"]
    written = run(folder, experiment(models=models, calibrate="temperature"), seed=4)
    for name in ("graphsage", "edgeless", *models):
        rows = fits_of(written, name)
        assert rows[["temperature", "inner_log_loss"]].notna().all(axis=None), name
    inputs, seed = replace(noisy(), train=np.arange(90) // 3 % 3 != 2), fold_seed(4, 2)
    fold = Fold(inputs, None, seed, inner_splits(inputs, seed), calibrate=True)
    expected = fitted_temperature(*label_spreading.fit_predict(fold).held_out)
    fitted = fits_of(written, "label_spreading")["temperature"].iloc[2]
    assert fitted == pytest.approx(expected)
    without = run(folder, experiment(models=models), seed=4, output="without")
    assert fits_of(without, "logistic")["temperature"].isna().all()
    assert fits_of(without, "graphsage")["inner_log_loss"].isna().all()


def test_folds_side_by_side_give_the_same_bytes(folder):
    asked = experiment(models=["svm", "blend"], search=True, calibrate="temperature")
    one, two = (run(folder, asked, jobs=jobs, output=f"by{jobs}") for jobs in (1, 2))
    for path in one.iterdir():
        both = path, two / path.name
        if path.suffix == ".csv":
            first, second = (pd.read_csv(each).drop(columns="seconds") for each in both)
            pd.testing.assert_frame_equal(first, second, check_exact=True)
        else:
            assert both[0].read_bytes() == both[1].read_bytes(), path.name


def test_models_made_of_classifiers_need_some(folder):
    with pytest.raises(UserError, match="blend combines classifiers, and the experiment has none"):
        run(folder, experiment(models=["label_spreading", "blend"]))
    assert not (folder / "models").exists()
