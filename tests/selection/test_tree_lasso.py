"""The forest and the weighted LASSO over it, against scikit-learn and by their definitions."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from genregraph.selection.forest import Grower, macro_auc, used_columns
from genregraph.selection.tree_lasso import TreeLasso


def test_auc_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    scores = rng.integers(0, 5, size=(90, 3)).astype(float)
    indicators = (y[:, None] == np.arange(3)).astype(float)
    assert macro_auc(indicators, scores) == pytest.approx(roc_auc_score(indicators, scores))


def test_residual_is_the_gradient_of_the_logistic_loss_and_without_score_the_class_shares():
    indicators = np.eye(2)[np.arange(8) % 2]
    score = np.linspace(-2, 2, 8)[:, None] * [1, -1]
    grower = Grower(score.astype(np.float32), indicators, np.random.RandomState(0))
    np.testing.assert_allclose(grower.residual(score), indicators - 1 / (1 + np.exp(-score)))
    indicators = np.eye(3)[[0, 0, 0, 1, 1, 2]]
    grower = Grower(np.zeros((6, 1), dtype=np.float32), indicators, np.random.RandomState(0))
    left = grower.residual(np.zeros((6, 3)))
    np.testing.assert_allclose(left, indicators - [1 / 2, 1 / 3, 1 / 6])


@pytest.fixture(scope="module")
def lasso():
    x, y = load_digits(return_X_y=True)
    indicators = (y[:400, None] == np.arange(10)).astype(float)
    grower = Grower(x[:400].astype(np.float32), indicators, np.random.RandomState(0))
    forest, _ = grower.grow()
    outputs = [tree.output for tree in forest]
    return TreeLasso(outputs, indicators, used_columns(forest, 64)), outputs, indicators


@pytest.mark.parametrize("ratio", [0.9, 0.5, 0.1, 0.02])
def test_weights_satisfy_the_optimality_conditions(lasso, ratio):
    solver, outputs, indicators = lasso
    alpha = ratio * solver.alpha_max
    weights = solver.weights(alpha)
    centred = np.stack([output - output.mean(axis=0) for output in outputs])
    residual = indicators - indicators.mean(axis=0) - np.tensordot(weights, centred, axes=1)
    slope = alpha * solver.n_used - np.tensordot(centred, residual, axes=2) / len(indicators)
    allowed = 1e-6 * alpha * solver.n_used
    assert (weights >= 0).all()
    assert weights.any()
    assert (slope >= -allowed).all()
    assert (np.abs(slope[weights > 0]) <= allowed[weights > 0]).all()


def test_path_ends_with_nothing_and_with_all_useful_features(lasso):
    solver = lasso[0]
    counts = [
        solver.support(solver.weights(ratio * solver.alpha_max)).sum()
        for ratio in (2, 1, 0.999, 0.3, 0.1, 0.01, 1e-5)
    ]
    assert counts[:2] == [0, 0]
    assert counts[2] >= 1
    assert counts[2:] == sorted(counts[2:])
    assert counts[-1] >= 0.9 * solver.used.any(axis=0).sum()


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
    np.testing.assert_array_equal(kept, left)
    assert not solver.used[weights > 0][:, ~kept].any()
