"""Every classifier by the same rules, and what each alone must do."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.svm import SVC
from tests.models.conftest import noisy

from genregraph.config import registry
from genregraph.models.base import Fit, Fold, HeldOut
from genregraph.models.classifiers import CLASSIFIERS, COMBINED, blend, selected
from genregraph.models.search import inner_splits
from genregraph.models.temperature import fitted_temperature, log_loss
from genregraph.preprocessing.inputs import Inputs

every = pytest.mark.parametrize("name", CLASSIFIERS)


def fitted(name, inputs, seed=0, search=True, calibrate=False):
    splits = inner_splits(inputs, seed) if search else []
    return CLASSIFIERS[name].fit_predict(Fold(inputs, None, seed, splits, calibrate=calibrate))


def without(inputs, genre):
    """The same clips, of which those of a genre are all in the test part."""
    return replace(inputs, train=inputs.train & (inputs.y != genre))


def of_two(inputs):
    """Its clips of the first two genres."""
    kept = inputs.y < 2
    rows = {name: getattr(inputs, name)[kept] for name in "x y train clips groups artists".split()}
    return replace(inputs, **rows, genres=inputs.genres[:2])


def accuracy(inputs, probabilities):
    right = probabilities.argmax(axis=1) == inputs.y
    return right[inputs.train].mean(), right[~inputs.train].mean()


def prepared(inputs):
    """Features as classifiers see them, and which clips train."""
    known = inputs.train
    return StandardScaler().fit(inputs.x[known].astype(float)).transform(inputs.x), known


# Every classifier


def test_names_are_those_of_the_registry():
    assert tuple(CLASSIFIERS) == registry.CLASSIFIERS
    assert tuple(COMBINED) == registry.COMBINED


def test_grids_are_small_and_hold_parameters_that_there_are():
    for name, (build, grid, _) in CLASSIFIERS.items():
        assert np.prod([len(values) for values in grid.values()], initial=1) <= 8, name
        assert grid.keys() <= build(0).get_params().keys()


@every
def test_genres_well_apart_are_all_recognised(inputs, name):
    assert accuracy(inputs, fitted(name, inputs).probabilities) == (1, 1)


@every
def test_a_search_gives_probabilities_parameters_and_held_out_clips(name):
    inputs = noisy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fitted(name, inputs, calibrate=True)
    assert fit.probabilities.shape == (90, 3)
    assert fit.probabilities.dtype == np.float64
    assert (fit.probabilities >= 0).all()
    assert_allclose(fit.probabilities.sum(axis=1), 1, rtol=1e-12)
    assert accuracy(inputs, fit.probabilities)[1] > 0.5  # Chance is a third.
    assert fit.parameters.keys() - {"temperature"} == CLASSIFIERS[name].grid.keys()
    for parameter, values in CLASSIFIERS[name].grid.items():
        assert fit.parameters[parameter] in values
    assert_array_equal(np.bincount(fit.held_out.y), np.bincount(inputs.y[inputs.train]))
    # scikit-learn's mean over splits, against that over clips.
    assert fit.inner_log_loss == pytest.approx(log_loss(*fit.held_out), rel=0.05)
    assert fit.inner_log_loss < np.log(3)


@every
def test_genres_of_test_clips_change_nothing(name):
    inputs = noisy()
    y = inputs.y.copy()
    y[~inputs.train] = np.random.default_rng(1).permutation(y[~inputs.train])
    assert (y != inputs.y).any()
    before, after = (fitted(name, each) for each in (inputs, replace(inputs, y=y)))
    assert_array_equal(before.probabilities, after.probabilities)
    assert before.parameters == after.parameters


@every
def test_a_test_clip_is_predicted_the_same_whatever_others_there_are(name):
    inputs = noisy()
    x = inputs.x.copy()
    test = np.flatnonzero(~inputs.train)
    x[test[1:]] += 5
    before, after = (
        fitted(name, each, search=False).probabilities for each in (inputs, replace(inputs, x=x))
    )
    same = np.r_[np.flatnonzero(inputs.train), test[0]]
    assert_allclose(after[same], before[same], rtol=1e-9)


@every
def test_a_seed_gives_the_same_bytes(name):
    first, second = (fitted(name, noisy(), 7) for _ in range(2))
    assert first.probabilities.tobytes() == second.probabilities.tobytes()
    assert first.inner_log_loss == second.inner_log_loss


@pytest.mark.parametrize("name", ["forest", "boosting"])
def test_another_seed_gives_another_model(name):
    first, second = (fitted(name, noisy(), seed, False).probabilities for seed in (0, 1))
    assert (first != second).any()


@every
@pytest.mark.parametrize("genre", [0, 1])
def test_a_genre_that_training_lacks_is_not_predicted(inputs, name, genre):
    lacking = without(inputs, genre)
    found = fitted(name, lacking).probabilities
    assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert accuracy(lacking, found)[0] == 1
    assert (found[:, genre] == 0).all()


@every
def test_two_genres(name):
    inputs = of_two(noisy(180))
    found = fitted(name, inputs).probabilities
    assert found.shape == (120, 2)
    assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert accuracy(inputs, found)[1] > 0.7


@every
def test_a_genre_of_one_group_is_learnt_although_it_cannot_be_evaluated_inside(name):
    inputs = noisy(90)
    only = inputs.groups[inputs.train & (inputs.y == 0)][0]
    alone = replace(inputs, train=inputs.train & ((inputs.y != 0) | (inputs.groups == only)))
    fit = fitted(name, alone, calibrate=True)
    assert set(fit.held_out.y) == {1, 2}
    assert np.isfinite(fit.inner_log_loss)
    assert (fit.probabilities[:, 0] > 0).any()


@every
@pytest.mark.parametrize("train", [[0], [0, 1], [0, 2], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 4]])
def test_very_few_clips(inputs, name, train):
    x = np.array([[0], [1], [0.1], [0.9], [2], [2.1]], dtype=np.float32)
    names = np.array(list("abcdef"))
    few = Inputs(
        x=x,
        y=np.array([0, 1, 0, 1, 2, 2]),
        train=np.isin(np.arange(6), train),
        clips=names,
        genres=inputs.genres,
        features=np.array(["x"]),
        groups=names,
        artists=names,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fitted(name, few, calibrate=True).probabilities
    assert_allclose(found.sum(axis=1), 1)
    if len(set(few.y[train])) == 1:
        assert (found[:, 0] == 1).all()


@every
def test_without_groups_to_hold_out_nothing_is_chosen(name):
    inputs = replace(noisy(), groups=np.full(90, "artist one"))
    fit = fitted(name, inputs, calibrate=True)
    assert (fit.parameters, fit.held_out) == ({}, None)
    assert np.isnan(fit.inner_log_loss)
    assert accuracy(inputs, fit.probabilities)[1] > 0.5


# Each classifier


@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        ("logistic", LogisticRegression(max_iter=5000)),
        ("lda", LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
        ("svm", SVC(C=10, break_ties=True)),  # As documented.
        ("forest", RandomForestClassifier(20, random_state=0)),
        ("knn", KNeighborsClassifier(5)),
    ],
)
@pytest.mark.parametrize("choose", [lambda inputs: inputs, of_two], ids=["three", "two"])
def test_the_most_probable_genre_is_scikit_learns_own_prediction(name, classifier, choose):
    inputs = choose(noisy(150, seed=1))
    x, known = prepared(inputs)
    expected = classifier.fit(x[known], inputs.y[known]).predict(x)
    found = fitted(name, inputs, search=False).probabilities
    assert_array_equal(found.argmax(axis=1), expected)


def test_logistic_chooses_the_penalty_with_the_lowest_log_loss_inside():
    inputs = noisy(240, seed=2)
    known, splits = inputs.train, inner_splits(inputs, 0)
    x, y = inputs.x[known].astype(float), inputs.y[known]
    losses = {}
    for C in CLASSIFIERS["logistic"].grid["C"]:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=5000))
        found = cross_val_predict(model, x, y, cv=splits, method="predict_proba")
        losses[C] = log_loss(found, y)
    fit = fitted("logistic", inputs)
    assert fit.parameters["C"] == min(losses, key=losses.get)
    assert fit.inner_log_loss == pytest.approx(min(losses.values()), rel=0.01)


def test_svm_has_the_temperature_that_is_best_for_held_out_clips():
    fit = fitted("svm", noisy(180, seed=3))
    assert fitted_temperature(*fit.held_out) == pytest.approx(1, abs=1e-3)
    assert fit.inner_log_loss == pytest.approx(log_loss(*fit.held_out))
    assert fit.parameters["temperature"] != 1


def test_svm_of_two_genres_gives_the_logistic_of_its_decision():
    x, known = prepared(inputs := of_two(noisy()))
    decision = SVC(C=10).fit(x[known], inputs.y[known]).decision_function(x)
    found = fitted("svm", inputs, search=False).probabilities[:, 1]
    assert_allclose(found, expit(decision), rtol=1e-6)


def test_accuracies_on_the_public_table(public_table):
    """The figures of these classifiers of scikit-learn on the standardised table, unsearched."""
    features = public_table.drop(columns=["filename", "length", "label"])
    genres, y = np.unique(public_table["label"].to_numpy(dtype=str), return_inverse=True)
    x = scale(features.to_numpy(np.float64)).astype(np.float32)
    clips = public_table["filename"].to_numpy(dtype=str)
    names = features.columns.to_numpy(dtype=str)
    found = {name: [] for name in ("logistic", "svm", "knn")}
    for _, test in StratifiedKFold(10, shuffle=True, random_state=0).split(x, y):
        train = ~np.isin(np.arange(len(y)), test)
        fold = Inputs(x, y, train, clips, genres, names, clips, clips)
        for name, accuracies in found.items():
            fit = fitted(name, fold, search=False)
            accuracies.append(accuracy(fold, fit.probabilities)[1])
    expected = {"logistic": 0.724, "svm": 0.749, "knn": 0.684}
    for name, value in expected.items():
        assert np.mean(found[name]) == pytest.approx(value, abs=0.006), name


# Models that are made of others


@pytest.fixture
def fits():
    """Two classifiers of two clips, of which one was held out inside."""
    held = [HeldOut(np.array([[p, 1 - p]]), np.array([0])) for p in (0.5, 0.9)]
    first, second = np.array([[0.8, 0.2], [0.3, 0.7]]), np.array([[0.4, 0.6], [0.1, 0.9]])
    return {
        "svm": Fit(first, 3, 1.0, {"C": 3}, -np.log(0.5), held[0]),
        "lda": Fit(second, 0, 2.0, {}, -np.log(0.9), held[1]),
    }


def test_blend_is_the_mean_of_probabilities(fits):
    found = blend(fits)
    assert_allclose(found.probabilities, [[0.6, 0.4], [0.2, 0.8]])
    assert_allclose(found.held_out.probabilities, [[0.7, 0.3]])
    assert found.inner_log_loss == pytest.approx(-np.log(0.7))
    assert found.seconds == 3
    partly = blend(fits | {"lda": fits["lda"]._replace(held_out=None)})
    assert partly.held_out is None
    assert np.isnan(partly.inner_log_loss)


def test_selected_has_the_lowest_log_loss_inside(fits):
    found = selected(fits)
    assert found.parameters == {"model": "lda"}
    assert_array_equal(found.probabilities, fits["lda"].probabilities)
    assert (found.held_out, found.seconds) == (fits["lda"].held_out, 3)
    none = {name: fit._replace(inner_log_loss=np.nan) for name, fit in fits.items()}
    same = {name: fit._replace(inner_log_loss=1.0) for name, fit in fits.items()}
    unknown = fits | {"lda": fits["lda"]._replace(inner_log_loss=np.nan)}
    # Else the first of the registry, in which lda stands before svm.
    chosen = [selected(each).parameters["model"] for each in (none, same, unknown)]
    assert chosen == ["lda", "lda", "svm"]
