"""Every classifier by the same rules, and each by its own."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tests.models.conftest import fold_inputs, noisy

from genregraph.models import classifiers
from genregraph.models.base import Fit, Fold, HeldOut, inner_splits
from genregraph.models.classifiers import CLASSIFIERS, Lda, Neighbours, Svm, blend, selected
from genregraph.models.temperature import fitted_temperature, log_loss

every = pytest.mark.parametrize("name", CLASSIFIERS)


def fitted(name, inputs, seed=0, search=True, calibrate=False):
    splits = inner_splits(inputs, seed) if search else []
    return CLASSIFIERS[name].fit_predict(Fold(inputs, None, seed, splits, calibrate=calibrate))


@every
def test_search_gives_probabilities_parameters_and_held_out_clips(name):
    inputs = noisy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fitted(name, inputs, calibrate=True)
    assert (fit.probabilities.shape, fit.probabilities.dtype) == ((90, 3), np.float64)
    assert (fit.probabilities >= 0).all()
    assert_allclose(fit.probabilities.sum(axis=1), 1, rtol=1e-12)
    assert fit.accuracies(inputs)[1] > 0.5  # Chance is a third.
    assert fit.parameters.keys() - {"temperature"} == CLASSIFIERS[name].grid.keys()
    assert np.prod([len(values) for values in CLASSIFIERS[name].grid.values()], initial=1) <= 8
    for parameter, values in CLASSIFIERS[name].grid.items():
        assert fit.parameters[parameter] in values
    # scikit-learn's mean over splits, against that over clips.
    assert fit.inner_log_loss == pytest.approx(log_loss(*fit.held_out), rel=0.05)
    assert fit.inner_log_loss < np.log(3)


@every
def test_other_test_clips_change_nothing_and_a_seed_gives_the_same_bytes(name):
    inputs = noisy()
    test = np.flatnonzero(~inputs.train)
    x, y = inputs.x.copy(), inputs.y.copy()
    x[test[1:]] += 5
    y[test] = np.random.default_rng(1).permutation(y[test])
    before, after = (fitted(name, each, 7) for each in (inputs, replace(inputs, x=x, y=y)))
    same = np.r_[np.flatnonzero(inputs.train), test[0]]
    assert before.probabilities[same].tobytes() == after.probabilities[same].tobytes()
    assert before.parameters == after.parameters
    assert before.inner_log_loss == after.inner_log_loss


@every
def test_separable_genres_are_learnt_and_one_that_training_lacks_is_not_predicted(inputs, name):
    assert fitted(name, inputs).accuracies(inputs) == (1, 1)
    lacking = replace(inputs, train=inputs.train & (inputs.y != 1))
    fit = fitted(name, lacking)
    assert_allclose(fit.probabilities.sum(axis=1), 1, rtol=1e-12)
    assert fit.accuracies(lacking)[0] == 1
    assert (fit.probabilities[:, 1] == 0).all()


@every
def test_genre_of_one_group_is_learnt_although_it_cannot_be_evaluated_inside(name):
    inputs = noisy(90)
    only = inputs.groups[inputs.train & (inputs.y == 0)][0]
    alone = replace(inputs, train=inputs.train & ((inputs.y != 0) | (inputs.groups == only)))
    fit = fitted(name, alone, calibrate=True)
    assert set(fit.held_out.y) == {1, 2}
    assert np.isfinite(fit.inner_log_loss)
    assert (fit.probabilities[:, 0] > 0).any()


@every
@pytest.mark.parametrize("train", [[0], [0, 1], [0, 2], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 4]])
def test_very_few_clips(name, train):
    x, y = np.array([[0], [1], [0.1], [0.9], [2], [2.1]]), np.array([0, 1, 0, 1, 2, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = fold_inputs(x, y, np.isin(np.arange(6), train))
        probabilities = fitted(name, few, calibrate=True).probabilities
    assert_allclose(probabilities.sum(axis=1), 1)
    if len(set(y[train])) == 1:
        assert (probabilities[:, 0] == 1).all()


@every
def test_nothing_is_chosen_without_groups_to_hold_out(name):
    inputs = replace(noisy(), groups=np.full(90, "artist one"))
    fit = fitted(name, inputs, calibrate=True)
    assert (fit.parameters, fit.held_out) == ({}, None)
    assert np.isnan(fit.inner_log_loss)
    assert fit.accuracies(inputs)[1] > 0.5


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
@pytest.mark.parametrize("genres", [3, 2])
def test_most_probable_genre_is_scikit_learns_own_prediction(name, classifier, genres):
    inputs = noisy(150, seed=1)
    inputs = replace(inputs.of(inputs.y < genres), genres=inputs.genres[:genres])
    known, x = inputs.train, inputs.x.astype(float)
    x = StandardScaler().fit(x[known]).transform(x)
    expected = classifier.fit(x[known], inputs.y[known]).predict(x)
    probabilities = fitted(name, inputs, search=False).probabilities
    assert_array_equal(probabilities.argmax(axis=1), expected)


def test_svm_has_the_best_temperature_for_held_out_clips_and_learns_from_a_sample(monkeypatch):
    fit = fitted("svm", noisy(180, seed=3))
    assert fitted_temperature(*fit.held_out) == pytest.approx(1, abs=1e-3)
    assert fit.inner_log_loss == pytest.approx(log_loss(*fit.held_out))
    assert fit.parameters["temperature"] != 1
    monkeypatch.setattr(classifiers, "MOST", 30)
    model = Svm().fit(noisy(300).x, noisy(300).y)
    assert model.svc_.shape_fit_[0] <= 30
    assert model.classes_.tolist() == [0, 1, 2]


def test_neighbours_share_one_vote_among_all_genres():
    three, all_six = (
        Neighbours(k).fit(np.arange(6.0)[:, None], np.repeat([0, 1, 2], 2)) for k in (3, 9)
    )
    assert_allclose(three.predict_proba([[0.9]]), [[(2 + 1 / 3) / 4, (1 + 1 / 3) / 4, 1 / 12]])
    assert all_six.predict_proba([[0]]).min() > 0.3


def test_discriminants_of_more_features_than_clips():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    x = rng.normal(size=(90, 400))
    x[:, :40] += np.repeat(np.eye(3), 14, axis=1)[:, :40][y]
    turned = x @ np.linalg.qr(rng.normal(size=(400, 400)))[0]
    one, same = (Lda().fit(each[:60], y[:60]).predict_proba(each[60:]) for each in (x, turned))
    assert (one.argmax(axis=1) == y[60:]).mean() > 0.7
    assert_allclose(one, same, atol=1e-6)


def test_blend_is_the_mean_and_selected_the_lowest_log_loss_inside_else_the_first_by_name():
    fits = {}
    for name, p in (("svm", 0.5), ("lda", 0.9)):
        clips = HeldOut(np.array([[p, 1 - p]]), np.array([0]))
        fits[name] = Fit(clips.probabilities, 3, 2.0, {}, -np.log(p), clips)
    mean, best = blend(fits), selected(fits)
    assert_allclose([*mean.probabilities, *mean.held_out.probabilities], [[0.7, 0.3]] * 2)
    assert mean.inner_log_loss == pytest.approx(-np.log(0.7))
    assert mean.seconds == best.seconds == 4
    partly = blend(fits | {"lda": fits["lda"]._replace(held_out=None)})
    assert partly.held_out is None
    assert np.isnan(partly.inner_log_loss)
    assert best.parameters == {"model": "lda"}
    assert best.held_out is fits["lda"].held_out and best.probabilities is fits["lda"].probabilities
    for losses, name in (([np.nan, np.nan], "lda"), ([1.0, 1.0], "lda"), ([1.0, np.nan], "svm")):
        changed = {n: fits[n]._replace(inner_log_loss=x) for n, x in zip(fits, losses, strict=True)}
        assert selected(changed).parameters["model"] == name
