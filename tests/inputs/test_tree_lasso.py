"""The weighted LASSO over trees against its optimality conditions."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from inputs.forest import Grower, rank_columns
from inputs.tree_lasso import TreeLasso


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return x[:400], y[:400]


@pytest.fixture(scope="module")
def lasso(digits):
    x, y = digits
    indicators = (y[:, None] == np.arange(10)).astype(float)
    rules = (1e-3, 5, 4, 64)
    grower = Grower(rank_columns(x), indicators, *rules, np.random.RandomState(0))
    forest, _ = grower.grow("doublebagboost")
    used = forest.used(64)
    return TreeLasso(forest.outputs, indicators, used.sum(axis=1)), forest, indicators, used


@pytest.mark.parametrize("ratio", [0.9, 0.5, 0.1, 0.02])
def test_weights_satisfy_the_optimality_conditions(lasso, ratio):
    solver, forest, indicators, used = lasso
    alpha = ratio * solver.alpha_max
    weights = solver.weights(alpha)
    outputs = np.stack([o - o.mean(axis=0) for o in forest.outputs])
    residual = indicators - indicators.mean(axis=0) - np.tensordot(weights, outputs, axes=1)
    slope = alpha * used.sum(axis=1) - np.tensordot(outputs, residual, axes=2) / len(indicators)
    allowed = 1e-6 * alpha * used.sum(axis=1)
    assert (weights >= 0).all()
    assert weights.any()
    assert (slope >= -allowed).all()
    assert (np.abs(slope[weights > 0]) <= allowed[weights > 0]).all()


def test_path_ends_with_nothing_and_with_all_useful_features(lasso):
    solver, _, _, used = lasso
    counts = [
        used[solver.weights(ratio * solver.alpha_max) > 0].any(axis=0).sum()
        for ratio in (2, 1, 0.999, 0.3, 0.1, 0.01, 1e-5)
    ]
    assert counts[:2] == [0, 0]
    assert counts[2] >= 1
    assert counts[2:] == sorted(counts[2:])
    assert counts[-1] >= 0.9 * used.any(axis=0).sum()
