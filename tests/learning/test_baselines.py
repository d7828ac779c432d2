"""Every baseline by the same rules, and what each alone must do."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import scale
from sklearn.semi_supervised import LabelSpreading
from sklearn.svm import SVC

from inputs.inputs import Inputs
from learning.baselines import (
    ALPHA,
    MODELS,
    NEIGHBOURS,
    ONE_BY_ONE,
    by_others,
    label_spreading,
    main,
)
from learning.predictions import NAMED, predictions
from settings.errors import UserError
from settings.seeds import fold_seed

every = pytest.mark.parametrize("name", MODELS)


def noisy(n=90, seed=0):
    """Three genres that overlap; every third clip is a test clip."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 3)
    x = 2 * np.eye(3, 6)[y] + rng.normal(size=(n, 6))
    return Inputs(
        x=x.astype(np.float32),
        y=y,
        train=np.arange(n) % 3 != 0,
        clips=np.array([f"clip{i:02d}" for i in range(n)]),
        genres=np.array(["blues", "jazz", "rock"]),
        features=np.array(list("abcdef")),
    )


def without(inputs, genre):
    """The same clips, of which those of a genre are all in the test part."""
    return replace(inputs, train=inputs.train & (inputs.y != genre))


def of_two(inputs):
    """Its clips of the first two genres."""
    kept = inputs.y < 2
    rows = {name: getattr(inputs, name)[kept] for name in ("x", "y", "train", "clips")}
    return replace(inputs, **rows, genres=inputs.genres[:2])


def accuracy(inputs, probabilities):
    right = probabilities.argmax(axis=1) == inputs.y
    return right[inputs.train].mean(), right[~inputs.train].mean()


# Every model


def test_the_models_are_the_contracts():
    assert MODELS.keys() >= set("logistic svm forest boosting knn label_spreading".split())


@every
def test_genres_well_apart_are_told_apart(inputs, name):
    assert accuracy(inputs, MODELS[name](inputs, 0).probabilities) == (1, 1)


@every
def test_probabilities_are_of_all_clips_and_sum_to_1(name):
    inputs = noisy()
    found = MODELS[name](inputs, 0).probabilities
    assert found.shape == (90, 3)
    assert found.dtype == np.float64
    assert (found >= 0).all()
    assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert accuracy(inputs, found)[1] > 0.5  # Chance is a third.


@every
def test_genres_of_test_clips_change_nothing(name):
    inputs = noisy()
    y = inputs.y.copy()
    y[~inputs.train] = np.random.default_rng(1).permutation(y[~inputs.train])
    assert (y != inputs.y).any()
    before, after = (MODELS[name](each, 0) for each in (inputs, replace(inputs, y=y)))
    assert_array_equal(before.probabilities, after.probabilities)
    assert before.epochs == after.epochs


@every
def test_a_seed_gives_the_same_bytes(name):
    inputs = noisy()
    first, second = (MODELS[name](inputs, 7).probabilities.tobytes() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", ["forest", "boosting"])
def test_another_seed_gives_another_model(name):
    inputs = noisy()
    first, second = (MODELS[name](inputs, seed).probabilities for seed in (0, 1))
    assert (first != second).any()


@every
@pytest.mark.parametrize("genre", [0, 1])
def test_a_genre_that_training_lacks_is_not_predicted(inputs, name, genre):
    lacking = without(inputs, genre)
    found = MODELS[name](lacking, 0).probabilities
    assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert accuracy(lacking, found)[0] == 1
    assert (found[:, genre] == 0).all()


@every
def test_two_genres(name):
    inputs = of_two(noisy(180))
    found = MODELS[name](inputs, 0).probabilities
    assert found.shape == (120, 2)
    assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert accuracy(inputs, found)[1] > 0.7


@every
def test_training_on_a_single_genre_predicts_it(inputs, name):
    found = MODELS[name](without(of_two(inputs), 0), 0).probabilities
    assert found.shape == (24, 2)
    assert (found.argmax(axis=1) == 1).all()


@every
def test_very_few_clips(name):
    few = Inputs(
        x=np.array([[0], [1], [0.1], [0.9]], dtype=np.float32),
        y=np.array([0, 1, 0, 1]),
        train=np.array([True, True, False, False]),
        clips=np.array(list("abcd")),
        genres=np.array(["blues", "jazz"]),
        features=np.array(["x"]),
    )
    assert_allclose(MODELS[name](few, 0).probabilities.sum(axis=1), 1)


# Each model


def spread(x, labels):
    """What scikit-learn's label spreading says of clips that it learns from; -1 has no label."""
    k = min(NEIGHBOURS, len(x))
    model = LabelSpreading(kernel="knn", n_neighbors=k, alpha=ALPHA, tol=1e-9, max_iter=1000)
    return model.fit(x.astype(np.float64), labels).label_distributions_


@pytest.mark.parametrize("models", [MODELS, ONE_BY_ONE])
def test_label_spreading_predicts_training_clips_by_the_labels_of_others(models):
    """As scikit-learn does where the clip's own label is not told, one clip after the other."""
    inputs = noisy()
    there = inputs.train if models is ONE_BY_ONE else np.ones(90, dtype=bool)
    found = models["label_spreading"](inputs, 0).probabilities[there & inputs.train]
    x, labels = inputs.x[there], np.where(inputs.train, inputs.y, -1)[there]
    expected = []
    for i in np.flatnonzero(labels >= 0):
        expected.append(spread(x, np.where(np.arange(len(x)) == i, -1, labels))[i])
    assert_allclose(found, expected, atol=0.006)


@pytest.mark.parametrize("models", [MODELS, ONE_BY_ONE])
def test_label_spreading_is_not_right_about_training_genres_that_are_shuffled(models):
    rng = np.random.default_rng(9)
    shuffled = replace(noisy(600), y=rng.permutation(600) % 3)
    found = models["label_spreading"](shuffled, 0).probabilities
    assert accuracy(shuffled, found)[0] < 0.45  # Chance is a third.


def test_of_a_clips_own_label_nothing_comes_back():
    """Two clips, far from others of unknown genre, hear each other; a third hears nobody known."""
    x = np.concatenate([np.zeros((8, 1)), 100 + np.arange(8.0)[:, None]])
    known = np.zeros((16, 2))
    known[[0, 1, 8], [0, 1, 1]] = 1
    found = by_others(x.astype(np.float32), known)
    assert_allclose(found[[0, 1, 8]], [[0, 1], [1, 0], [0, 0]])


@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        ("logistic", LogisticRegression(max_iter=2000)),
        ("svm", SVC(C=10, break_ties=True)),  # As documented.
        ("forest", RandomForestClassifier(500, random_state=0)),
        ("knn", KNeighborsClassifier(5)),
    ],
)
@pytest.mark.parametrize("choose", [lambda inputs: inputs, of_two], ids=["three", "two"])
def test_what_is_most_probable_is_the_classifiers_own_prediction(
    name, classifier, choose, monkeypatch
):
    monkeypatch.undo()  # All 500 trees.
    inputs = choose(noisy(150, seed=1))
    x = inputs.x.astype(np.float64)
    expected = classifier.fit(x[inputs.train], inputs.y[inputs.train]).predict(x)
    assert_array_equal(MODELS[name](inputs, 0).probabilities.argmax(axis=1), expected)


def test_svm_of_two_genres_gives_the_logistic_of_its_decision():
    inputs = of_two(noisy())
    x = inputs.x.astype(np.float64)
    decision = SVC(C=10).fit(x[inputs.train], inputs.y[inputs.train]).decision_function(x)
    assert_allclose(MODELS["svm"](inputs, 0).probabilities[:, 1], expit(decision))


def test_test_clips_change_no_model_but_label_spreading():
    inputs = noisy()
    x = np.where(inputs.train[:, None], inputs.x, inputs.x[::-1])
    moved = replace(inputs, x=x)
    for name, model in MODELS.items():
        before, after = (model(i, 0).probabilities[inputs.train] for i in (inputs, moved))
        assert np.array_equal(before, after) == (name != "label_spreading"), name


def test_a_clip_that_joins_gets_the_mean_of_its_nearest_training_clips():
    """Where all of 7 are of two genres that each keep to themselves."""
    x = np.array([[0.0], [1], [2], [100], [101], [102], [103], [50]])
    inputs = Inputs(
        x=x.astype(np.float32),
        y=np.array([0, 0, 0, 1, 1, 1, 1, 0]),
        train=np.arange(8) < 7,
        clips=np.arange(8).astype(str),
        genres=np.array(["blues", "jazz"]),
        features=np.array(["x"]),
    )
    known = spread(inputs.x[:7], inputs.y[:7])
    joined = ONE_BY_ONE["label_spreading"](inputs, 0).probabilities[-1]
    assert_allclose(joined, np.mean(known, axis=0))
    assert joined[1] > 0.5


def test_a_clip_that_no_training_clip_reaches_gets_the_shares_of_genres():
    x = np.concatenate([np.linspace(0, 1, 12), np.linspace(100, 101, 12)])[:, None]
    far = Inputs(
        x=x.astype(np.float32),
        y=np.array([0, 1, 1, 1] * 6),
        train=np.arange(24) < 12,
        clips=np.arange(24).astype(str),
        genres=np.array(["blues", "jazz"]),
        features=np.array(["x"]),
    )
    assert_allclose(label_spreading(far, 0).probabilities[12:], [[0.25, 0.75]] * 12)


def test_accuracies_on_the_public_table(public_table):
    """The figures of these classifiers of scikit-learn on the standardised table."""
    features = public_table.drop(columns=["filename", "length", "label"])
    genres, y = np.unique(public_table["label"].to_numpy(dtype=str), return_inverse=True)
    x = scale(features.to_numpy(np.float64)).astype(np.float32)
    clips, names = (
        each.to_numpy(dtype=str) for each in (public_table["filename"], features.T.index)
    )
    found = {name: [] for name in ("logistic", "svm", "knn", "label_spreading")}
    for _, test in StratifiedKFold(10, shuffle=True, random_state=0).split(x, y):
        fold = Inputs(x, y, ~np.isin(np.arange(len(y)), test), clips, genres, names)
        for name, accuracies in found.items():
            accuracies.append(accuracy(fold, MODELS[name](fold, 0).probabilities)[1])
    expected = {"logistic": 0.724, "svm": 0.749, "knn": 0.684, "label_spreading": 0.722}
    for name, value in expected.items():
        assert np.mean(found[name]) == pytest.approx(value, abs=0.005), name


# The step


@pytest.fixture
def saved(tmp_path):
    for fold in range(2):
        noisy(seed=fold).save(tmp_path / f"inputs{fold}.npz")
    return tmp_path


def run(folder, **options):
    paths = {"inputs": sorted(folder.glob("*.npz")), "times": folder / "times.csv"}
    defaults = {"neighbours": "all", "seed": 0}
    main(**paths, output=folder / "baselines.parquet", **{**defaults, **options})
    return pd.read_parquet(folder / "baselines.parquet"), pd.read_csv(folder / "times.csv")


def test_main_writes_every_models_predictions_and_times(saved):
    table, times = run(saved)
    assert table.columns.tolist() == ["fold", "model", *NAMED, "blues", "jazz", "rock"]
    assert table["model"].tolist() == [name for name in MODELS for _ in range(90)] * 2
    for (fold, name), alone in table.groupby(["fold", "model"]):
        expected = MODELS[name](noisy(seed=fold), fold_seed(0, fold)).probabilities
        alone = alone.drop(columns=["fold", "model"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(
            alone, predictions(noisy(seed=fold), expected), check_exact=True
        )
    assert times.columns.tolist() == ["fold", "model", "epochs", "seconds"]
    assert times["fold"].tolist() == [0] * len(MODELS) + [1] * len(MODELS)
    assert times["model"].tolist() == [*MODELS, *MODELS]
    assert (times["seconds"] >= 0).all()
    epochs = times[times["fold"] == 1].set_index("model")["epochs"]
    assert (epochs["boosting"], epochs["forest"], epochs["knn"]) == (100, 0, 0)
    assert (epochs[["logistic", "svm", "label_spreading"]] > 0).all()


def test_main_takes_the_models_asked_for_in_their_order_and_once(saved):
    table, times = run(saved, model=["knn", "logistic", "knn"])
    assert table["model"].unique().tolist() == ["knn", "logistic"]
    assert times["model"].tolist() == ["knn", "logistic"] * 2
    assert len(table) == 360


def test_main_gives_the_same_bytes_one_by_one_and_side_by_side(saved):
    run(saved, model=["boosting", "knn"], seed=5)
    first = (saved / "baselines.parquet").read_bytes()
    run(saved, model=["boosting", "knn"], seed=5, jobs=2)
    assert (saved / "baselines.parquet").read_bytes() == first


def test_main_lets_test_clips_join_one_by_one(saved):
    table, _ = run(saved, model=["label_spreading"], neighbours="train")
    for fold in range(2):
        expected = ONE_BY_ONE["label_spreading"](noisy(seed=fold), 0).probabilities
        own = table.loc[table["fold"] == fold, ["blues", "jazz", "rock"]]
        assert_array_equal(own, expected)


def test_main_refuses_a_model_that_it_does_not_know(saved):
    with pytest.raises(UserError, match=re.escape("model graphsage: no such baseline; there are")):
        run(saved, model=["svm", "graphsage"])
    assert not (saved / "times.csv").exists()
