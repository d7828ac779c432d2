"""ControlBurn against its definition, known truths and scikit-learn's estimator contract."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from genregraph.selection.controlburn import ControlBurnSelector, TreeLasso
from genregraph.selection.forest import Grower, macro_auc, used_columns


@pytest.mark.filterwarnings("ignore:n_features=10, but only:UserWarning")
@parametrize_with_checks([ControlBurnSelector()])
def test_estimator_contract(estimator, check):
    check(estimator)


CANCER = load_breast_cancer(return_X_y=True)


def selector(n_features, seed=0):
    return ControlBurnSelector(n_features, random_state=seed)


# A forest on all 30 features has .992 here, and on the 10 and 6 most important ones .985 and .983.
@pytest.mark.parametrize(
    ("n_features", "least"), [(6, 0.984), pytest.param(10, 0.988, marks=pytest.mark.torture)]
)
def test_few_features_are_nearly_as_good_as_thirty(n_features, least):
    x, y = CANCER
    aucs = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        chosen = selector(n_features).fit(x[train], y[train]).support_
        model = RandomForestClassifier(300, random_state=0).fit(x[train][:, chosen], y[train])
        aucs.append(roc_auc_score(y[test], model.predict_proba(x[test][:, chosen])[:, 1]))
    assert np.mean(aucs) >= least


def test_seed_decides_on_any_number_of_threads_and_increasing_functions_change_nothing():
    x, y = (each[:200] for each in load_digits(return_X_y=True))
    fits = []
    for threads, each in ((1, x), (2, x), (1, 1e12 * np.expm1(x / 4) - 7)):
        with threadpool_limits(threads):
            fits.append(selector(12, 3).fit(each, y))
    for other in fits[1:]:
        assert_array_equal(other.support_, fits[0].support_)
        assert_array_equal(other.weights_, fits[0].weights_)


def test_number_of_features_is_exact():
    for n_features in (1, 5, 29, 30):
        assert selector(n_features).fit_transform(*CANCER).shape == (569, n_features)


def test_feature_that_matters_to_one_class_only_is_selected():
    rng = np.random.default_rng(0)
    y = np.arange(600) % 6
    x = rng.normal(size=(600, 40))
    x[:, :6] += 4 * (y[:, None] == np.arange(6))
    assert np.flatnonzero(selector(6).fit(x, y).support_).tolist() == [0, 1, 2, 3, 4, 5]


def test_columns_that_do_not_vary_are_never_selected_and_a_single_class_is_named():
    x, y = CANCER
    x = np.hstack([np.ones((len(x), 8)), x[:, :5]])
    with pytest.warns(UserWarning, match="only 5 of 13 columns can be split on"):
        fitted = selector(10).fit(x, y)
    assert np.flatnonzero(fitted.support_).tolist() == [8, 9, 10, 11, 12]
    with pytest.warns(UserWarning, match="only 0 of 8 columns can be split on"):
        assert not selector(10).fit(x[:, :8], y).polished_importances_.any()
    with pytest.raises(ValueError, match="1 class only: give rows of at least two classes"):
        selector(3).fit(x, np.zeros(569))


@pytest.mark.parametrize("n_features", [1, 1400])
def test_many_more_columns_than_rows(n_features):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 1500)), np.arange(120) % 3
    x[:, 7] += 2 * y
    support = selector(n_features).fit(x, y).support_
    assert support.sum() == n_features
    assert support[7]


def test_names_come_through_importances_are_shares_and_weights_not_negative():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = selector(3).fit(pd.DataFrame(CANCER[0]).add_prefix("f"), CANCER[1])
    names = fitted.get_feature_names_out().tolist()
    assert names == [f"f{j}" for j in np.flatnonzero(fitted.support_)]
    assert (fitted.weights_ >= 0).all() and fitted.alpha_ > 0
    for importances in (fitted.feature_importances_, fitted.polished_importances_):
        assert importances.sum() == pytest.approx(1)
    assert (fitted.polished_importances_[~fitted.support_] == 0).all()


def test_auc_agrees_with_scikit_learn():
    scores = np.random.default_rng(0).integers(0, 5, size=(90, 3)).astype(float)
    indicators = np.eye(3)[np.arange(90) % 3]
    assert macro_auc(indicators, scores) == pytest.approx(roc_auc_score(indicators, scores))


def test_residual_is_the_gradient_of_the_logistic_loss_and_without_score_the_class_shares():
    score = np.linspace(-2, 2, 8)[:, None] * [1, -1]
    of_two, of_three = np.eye(2)[np.arange(8) % 2], np.eye(3)[[0, 0, 0, 1, 1, 2]]
    left = Grower(None, of_two, None).residual(score)
    assert_allclose(left, of_two - 1 / (1 + np.exp(-score)))
    left = Grower(None, of_three, None).residual(np.zeros((6, 3)))
    assert_allclose(left, of_three - [1 / 2, 1 / 3, 1 / 6])


@pytest.fixture(scope="module")
def lasso():
    x, y = (each[:400] for each in load_digits(return_X_y=True))
    indicators = np.eye(10)[y]
    grower = Grower(x.astype(np.float32), indicators, np.random.RandomState(0))
    forest, _ = grower.grow()
    outputs = [tree.output for tree in forest]
    return TreeLasso(outputs, indicators, used_columns(forest, 64)), outputs, indicators


@pytest.mark.parametrize("ratio", [2, 0.9, 0.5, 0.1, 0.02])
def test_weights_satisfy_the_optimality_conditions(lasso, ratio):
    solver, outputs, indicators = lasso
    alpha = ratio * solver.alpha_max
    weights = solver.weights(alpha)
    centred = np.stack([output - output.mean(axis=0) for output in outputs])
    residual = indicators - indicators.mean(axis=0) - np.tensordot(weights, centred, axes=1)
    slope = alpha * solver.n_used - np.tensordot(centred, residual, axes=2) / len(indicators)
    allowed = 1e-6 * alpha * solver.n_used
    assert (weights >= 0).all()
    assert weights.any() == (ratio < 1)
    assert (slope >= -allowed).all()
    assert (np.abs(slope[weights > 0]) <= allowed[weights > 0]).all()


def test_elimination_drops_the_feature_without_which_the_objective_is_lowest(lasso):
    solver = lasso[0]
    alpha, weights = solver.weights_for(14)
    left, trees = solver.support(weights), weights > 0
    while left.sum() > 7:
        trials = {}
        for j in np.flatnonzero(left):
            idx = np.flatnonzero(trees & ~solver.used[:, j])
            trials[j] = solver._objective(alpha, idx, solver._solve(alpha, idx))
        worst = min(trials, key=trials.get)
        left[worst] = False
        trees &= ~solver.used[:, worst]
    weights, kept = solver.eliminate(7, alpha, weights)
    assert_array_equal(kept, left)
    assert not solver.used[weights > 0][:, ~kept].any()
