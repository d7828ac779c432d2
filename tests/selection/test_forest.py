"""The parts by which forests grow, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from genregraph.selection.forest import Grower, has_settled, macro_auc


def test_auc_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    scores = rng.integers(0, 5, size=(90, 3)).astype(float)
    indicators = (y[:, None] == np.arange(3)).astype(float)
    assert macro_auc(indicators, scores) == pytest.approx(roc_auc_score(indicators, scores))


def test_sequence_settles_after_a_full_tail_of_small_steps():
    assert not has_settled([0.5] * 5)
    assert has_settled([0.1, *[0.5] * 6])
    assert not has_settled([*[0.5] * 6, 0.6])


def test_residual_of_two_equal_classes_is_the_gradient_of_the_logistic_loss():
    indicators = np.eye(2)[np.arange(8) % 2]
    score = np.linspace(-2, 2, 8)[:, None] * [1, -1]
    grower = Grower(score.astype(np.float32), indicators, np.random.RandomState(0))
    np.testing.assert_allclose(grower.residual(score), indicators - 1 / (1 + np.exp(-score)))


def test_residual_without_score_leaves_the_class_shares():
    indicators = np.eye(3)[[0, 0, 0, 1, 1, 2]]
    grower = Grower(np.zeros((6, 1), dtype=np.float32), indicators, np.random.RandomState(0))
    left = grower.residual(np.zeros((6, 3)))
    np.testing.assert_allclose(left, indicators - [1 / 2, 1 / 3, 1 / 6])
