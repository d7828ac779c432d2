"""The parts by which forests grow, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from inputs.forest import has_settled, macro_auc


def test_auc_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    scores = rng.integers(0, 5, size=(90, 3)).astype(float)
    indicators = (y[:, None] == np.arange(3)).astype(float)
    assert macro_auc(indicators, scores) == pytest.approx(roc_auc_score(indicators, scores))


def test_a_sequence_settles_after_a_full_tail_of_small_steps():
    assert not has_settled([0.5, 0.5], 1e-3, 2)
    assert has_settled([0.1, 0.5, 0.5, 0.5], 1e-3, 2)
    assert not has_settled([0.5, 0.5, 0.5, 0.6], 1e-3, 2)
