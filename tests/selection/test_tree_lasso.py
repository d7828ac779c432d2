"""The weighted LASSO over trees against its optimality conditions."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from genregraph.selection.forest import Grower, used_columns
from genregraph.selection.tree_lasso import TreeLasso


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


def test_copy_is_eliminated_before_a_feature_of_its_own():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 300))
    stumps = [np.sign(first), np.sign(first + 0.05 * rng.normal(size=300)), np.sign(second)]
    outputs = [0.5 * np.column_stack([stump, -stump]) for stump in stumps]
    positive = 2 * first + second > 0
    indicators = np.column_stack([positive, ~positive]).astype(float)
    solver = TreeLasso(outputs, indicators, np.eye(3, dtype=bool))
    alpha = 0.05 * solver.alpha_max
    _, kept = solver.eliminate(2, alpha, solver.weights(alpha))
    assert kept[2]
    assert kept[:2].sum() == 1
