from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.semi_supervised import LabelSpreading
from tests.models.conftest import fold_inputs, noisy

from genregraph.models import label_spreading
from genregraph.models.base import Fold, inner_splits
from genregraph.models.temperature import log_loss

both = pytest.mark.parametrize("inductive", [False, True])


def fit(inputs, inductive, **how):
    return label_spreading.fit_predict(Fold(inputs, None, inductive=inductive, **how))


def one_feature(x, y, train):
    return fold_inputs(np.array(x)[:, None], y, train, genres=["blues", "jazz"])


@both
def test_all_clips_and_those_held_out_have_probabilities(inputs, inductive):
    plain = fit(inputs, inductive)
    assert_array_equal(plain.probabilities.argmax(axis=1), inputs.y)
    assert plain.held_out is None
    assert plain.epochs > 0
    calibrated = fit(noisy(), inductive, splits=inner_splits(noisy(), 0), calibrate=True)
    assert_allclose(calibrated.probabilities.sum(axis=1), 1, rtol=1e-12)
    assert len(calibrated.held_out.y) == 60
    assert calibrated.inner_log_loss == log_loss(*calibrated.held_out)


@both
def test_test_clips_change_others_by_features_only_and_where_it_is_transductive(inductive):
    inputs = noisy()
    before = fit(inputs, inductive).probabilities
    other = replace(inputs, y=np.where(inputs.train, inputs.y, 0))
    assert_array_equal(fit(other, inductive).probabilities, before)
    moved = replace(inputs, x=np.where(inputs.train[:, None], inputs.x, inputs.x[::-1]))
    after = fit(moved, inductive).probabilities
    assert np.array_equal(before[inputs.train], after[inputs.train]) == inductive


@both
@pytest.mark.parametrize("genre", [0, 1])
def test_genre_that_training_lacks_is_not_predicted(inputs, inductive, genre):
    lacking, single = (
        fit(replace(inputs, train=inputs.train & learnt), inductive).probabilities
        for learnt in (inputs.y != genre, inputs.y == genre)
    )
    assert_allclose(lacking.sum(axis=1), 1)
    assert (lacking[:, genre] == 0).all() and (single[:, genre] == 1).all()


def test_new_clip_gets_the_mean_of_its_nearest_training_clips():
    """All of 7, of two genres far from each other."""
    x, y = [0, 1, 2, 100, 101, 102, 103, 50], [0, 0, 0, 1, 1, 1, 1, 0]
    inputs = one_feature(x, y, np.arange(8) < 7)
    new = fit(inputs, inductive=True).probabilities[-1]
    known = LabelSpreading(kernel="knn", n_neighbors=7, alpha=0.2, max_iter=1000, tol=1e-9)
    known.fit(inputs.x[:7].astype(float), inputs.y[:7])
    assert_allclose(new, known.label_distributions_.mean(axis=0))
    assert new[1] > 0.5


def test_clip_that_no_training_clip_reaches_gets_the_shares_of_genres():
    x = [*np.linspace(0, 1, 12), *np.linspace(100, 101, 12)]
    far = one_feature(x, [0, 1, 1, 1] * 6, np.arange(24) < 12)
    assert_allclose(fit(far, False).probabilities[12:], [[0.25, 0.75]] * 12)
    few = one_feature([0, 1, 0.1, 0.9], [0, 1, 0, 1], np.arange(4) < 2)
    for inductive in (False, True):
        assert_allclose(fit(few, inductive).probabilities.sum(axis=1), 1)
