"""The step: all models of an experiment, every fold of a protocol, one folder."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from tests.models.conftest import noisy, train

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment
from genregraph.graph.adjacency import adjacency
from genregraph.graph.store import save_graphs
from genregraph.models import label_spreading
from genregraph.models.base import Fold
from genregraph.models.fit import fit_fold, main
from genregraph.models.search import inner_splits
from genregraph.models.temperature import fitted_temperature
from genregraph.preprocessing.inputs import save_inputs

NETWORK = {"hidden": 4, "epochs": 20, "learning_rate": 0.05}
KEYS = [(0, 0), (0, 1), (1, 0)]
TIMED = ["seconds"]


def experiment(**settings):
    given = {"models": [], "graphsage": NETWORK, "search": False, **settings}
    return Experiment.model_validate(given)


@pytest.fixture
def folder(tmp_path):
    inputs = noisy()
    groups = np.arange(90) // 3 % 3
    folds = [replace(inputs, train=groups != fold) for fold in range(3)]
    save_inputs(tmp_path / "inputs.npz", folds, KEYS)
    save_graphs(tmp_path / "graph.npz", [adjacency(inputs.x, "euclidean", 5)] * 3)
    return tmp_path


def run(folder, asked, seed=0, neighbours="all", jobs=1, output="models"):
    main(
        folder / "inputs.npz",
        folder / "graph.npz",
        asked.model_dump_json(include={"models", "graphsage", "search", "variants", "calibrate"}),
        neighbours,
        seed,
        "torch",
        "cpu",
        200_000,
        folder / output,
        jobs,
    )
    return folder / output


def fits_of(folder, model):
    return pd.read_csv(folder / f"{model}.csv")


def test_every_model_has_its_files_with_all_clips_of_all_folds(folder):
    asked = experiment(
        models=["gcn", "lda", "knn", "label_spreading", "blend", "selected"],
        variants={"narrow": {"hidden": 2}},
    )
    written = run(folder, asked)
    networks = [*asked.networks()]
    assert networks == [
        *("graphsage", "edgeless", "gcn", "gcn_edgeless"),
        *("narrow", "narrow_edgeless"),
    ]
    others = ["lda", "knn", "label_spreading", "blend", "selected"]
    kinds = {name: ["csv", "history.csv", "parquet", "pt"] for name in networks}
    kinds |= {name: ["csv", "parquet"] for name in others}
    expected = {f"{name}.{kind}" for name, own in kinds.items() for kind in own}
    assert {path.name for path in written.iterdir()} == expected
    for name in kinds:
        table = pd.read_parquet(written / f"{name}.parquet")
        counts = table.groupby(["repeat", "fold", "part"]).size()
        assert counts.to_dict() == {(*key, p): n for key in KEYS for p, n in PARTS.items()}
        genres = table[["blues", "jazz", "rock"]]
        assert np.allclose(genres.sum(axis=1), 1)
        rows = fits_of(written, name)
        assert list(zip(rows["repeat"], rows["fold"], strict=True)) == KEYS
        assert (rows["seconds"] > 0).all()
    assert not list(folder.glob(".part*"))


PARTS = {"train": 60, "test": 30}


def test_blend_is_of_the_classifiers_and_selected_is_the_best_of_them_inside(folder):
    written = run(folder, experiment(models=["blend", "lda", "knn", "selected", "gcn"]))
    genres = ["blues", "jazz", "rock"]
    lda, knn, blend = (
        pd.read_parquet(written / f"{name}.parquet")[genres] for name in ("lda", "knn", "blend")
    )
    pd.testing.assert_frame_equal(blend, (lda + knn) / 2)
    inside = pd.concat(
        [fits_of(written, name)["inner_log_loss"] for name in ("lda", "knn")], axis=1
    )
    best = np.array(["lda", "knn"])[inside.to_numpy().argmin(axis=1)]
    chosen = [json.loads(each)["model"] for each in fits_of(written, "selected")["parameters"]]
    assert chosen == best.tolist()


def test_a_variant_takes_what_its_network_chose(folder, monkeypatch):
    monkeypatch.setattr("genregraph.models.networks.WEIGHT_DECAY", (0.0, 10.0))
    inputs = noisy()
    graph = adjacency(inputs.x, "euclidean", 5)
    asked = experiment(
        search=True,
        variants={"equal": {"weights": "equal"}, "own": {"dropout": 0.25, "epochs": 5}},
    )
    splits = inner_splits(inputs, 1)
    fits = dict(fit_fold(Fold(inputs, graph, 1, splits, search=True), asked))
    searched = train(
        inputs, graph, "graphsage", asked.graphsage, seed=1, search=True, splits=splits
    )
    assert fits["graphsage"].parameters == searched.parameters != {}
    assert fits["equal"].parameters == {}
    settings = asked.variant("equal").model_copy(update=dict(searched.parameters))
    expected = train(inputs, graph, "graphsage", settings, seed=1).probabilities
    assert_array_equal(fits["equal"].probabilities, expected)
    assert fits["own"].parameters.keys() == {"weight_decay", "dropout"}


def test_temperatures_are_fitted_to_clips_held_out_inside(folder):
    models = ["logistic", "svm", "label_spreading", "blend", "selected"]
    written = run(folder, experiment(models=models, calibrate="temperature"), seed=4)
    for name in ("graphsage", "edgeless", *models):
        rows = fits_of(written, name)
        assert rows[["temperature", "inner_log_loss"]].notna().all(axis=None), name
    inputs = replace(noisy(), train=np.arange(90) // 3 % 3 != 2)
    seed = fold_seed(4, 2)
    fold = Fold(inputs, None, seed, inner_splits(inputs, seed), calibrate=True)
    held = label_spreading.fit_predict(fold).held_out
    found = fits_of(written, "label_spreading")["temperature"].iloc[2]
    assert found == pytest.approx(fitted_temperature(*held))
    without = run(folder, experiment(models=models), seed=4)
    assert fits_of(without, "logistic")["temperature"].isna().all()
    assert fits_of(without, "graphsage")["inner_log_loss"].isna().all()


def test_the_same_bytes_side_by_side(folder):
    asked = experiment(models=["svm", "blend"], search=True, calibrate="temperature")
    one, two = (run(folder, asked, jobs=jobs, output=f"by{jobs}") for jobs in (1, 2))
    for path in sorted(one.iterdir()):
        if path.suffix == ".csv":
            first, second = (
                pd.read_csv(each).drop(columns=TIMED) for each in (path, two / path.name)
            )
            pd.testing.assert_frame_equal(first, second, check_exact=True)
        else:
            assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_inductive_predictions_of_a_clip_use_no_other_test_clip(folder):
    inputs = noisy()
    x = inputs.x.copy()
    test = np.flatnonzero(~inputs.train)
    x[test[1:]] += 3
    asked = experiment(models=["gcn", "label_spreading"])
    found = []
    for each in (inputs, replace(inputs, x=x)):
        graph = adjacency(each.x, "euclidean", 5, each.train)
        fits = dict(fit_fold(Fold(each, graph, inductive=True), asked))
        found.append({name: fit.probabilities[test[0]] for name, fit in fits.items()})
    for name in found[0]:
        np.testing.assert_allclose(found[0][name], found[1][name], atol=1e-6, err_msg=name)


def test_what_is_made_of_classifiers_needs_some(folder):
    with pytest.raises(UserError, match="blend combines classifiers, and the experiment has none"):
        run(folder, experiment(models=["label_spreading", "blend"]))
    assert not (folder / "models").exists()
