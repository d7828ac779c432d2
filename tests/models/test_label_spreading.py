from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.semi_supervised import LabelSpreading
from tests.models.conftest import noisy

from genregraph.models import label_spreading
from genregraph.models.base import Fold
from genregraph.models.label_spreading import ALPHA, NEIGHBOURS, by_others
from genregraph.models.search import inner_splits
from genregraph.models.temperature import log_loss
from genregraph.preprocessing.inputs import Inputs

both = pytest.mark.parametrize("inductive", [False, True])


def fit_predict(inputs, inductive, splits=(), calibrate=False):
    fold = Fold(inputs, None, splits=splits, inductive=inductive, calibrate=calibrate)
    return label_spreading.fit_predict(fold)


def spread(x, labels):
    """What scikit-learn's label spreading gives for the clips themselves; -1 has no label."""
    k = min(NEIGHBOURS, len(x))
    model = LabelSpreading(kernel="knn", n_neighbors=k, alpha=ALPHA, tol=1e-9, max_iter=1000)
    return model.fit(x.astype(np.float64), labels).label_distributions_


def of_one_feature(x, y, train):
    names = np.arange(len(x)).astype(str)
    return Inputs(
        x=np.array(x, dtype=np.float32)[:, None],
        y=np.array(y),
        train=train,
        clips=names,
        genres=np.array(["blues", "jazz"]),
        features=np.array(["x"]),
        groups=names,
        artists=names,
    )


@both
def test_probabilities_of_all_clips_and_of_those_held_out(inputs, inductive):
    fit = fit_predict(inputs, inductive)
    assert_array_equal(fit.probabilities.argmax(axis=1), inputs.y)
    assert fit.held_out is None
    assert fit.epochs > 0
    calibrated = fit_predict(noisy(), inductive, inner_splits(noisy(), 0), calibrate=True)
    assert_allclose(calibrated.probabilities.sum(axis=1), 1, rtol=1e-12)
    assert len(calibrated.held_out.y) == 60
    assert calibrated.inner_log_loss == log_loss(*calibrated.held_out)


@both
def test_genres_of_test_clips_change_nothing(inductive):
    inputs = noisy()
    y = np.where(inputs.train, inputs.y, 0)
    before, after = (fit_predict(each, inductive) for each in (inputs, replace(inputs, y=y)))
    assert_array_equal(before.probabilities, after.probabilities)


@both
def test_features_of_test_clips_change_others_only_where_it_is_transductive(inductive):
    inputs = noisy()
    moved = replace(inputs, x=np.where(inputs.train[:, None], inputs.x, inputs.x[::-1]))
    before, after = (
        fit_predict(each, inductive).probabilities[inputs.train] for each in (inputs, moved)
    )
    assert np.array_equal(before, after) == inductive


@both
@pytest.mark.parametrize("genre", [0, 1])
def test_a_genre_that_training_lacks_is_not_predicted(inputs, inductive, genre):
    lacking = replace(inputs, train=inputs.train & (inputs.y != genre))
    found = fit_predict(lacking, inductive).probabilities
    assert_allclose(found.sum(axis=1), 1)
    assert (found[:, genre] == 0).all()
    none = fit_predict(replace(inputs, train=inputs.train & (inputs.y == genre)), inductive)
    assert (none.probabilities[:, genre] == 1).all()


@both
def test_training_clips_are_predicted_by_the_labels_of_others(inductive):
    """As scikit-learn does where the clip's own label is left out, one clip after the other."""
    inputs = noisy()
    there = inputs.train if inductive else np.ones(90, dtype=bool)
    found = fit_predict(inputs, inductive).probabilities[inputs.train]
    x, labels = inputs.x[there], np.where(inputs.train, inputs.y, -1)[there]
    expected = []
    for i in np.flatnonzero(labels >= 0):
        expected.append(spread(x, np.where(np.arange(len(x)) == i, -1, labels))[i])
    assert_allclose(found, expected, atol=0.006)


@both
def test_shuffled_genres_of_training_clips_are_not_learnt_by_heart(inductive):
    shuffled = replace(noisy(600), y=np.random.default_rng(9).permutation(600) % 3)
    found = fit_predict(shuffled, inductive).probabilities.argmax(axis=1)
    assert (found == shuffled.y)[shuffled.train].mean() < 0.45  # Chance is a third.


def test_nothing_of_a_clips_own_label_comes_back():
    """Two clips far from others are neighbours; a third has none of known genre."""
    x = np.concatenate([np.zeros((8, 1)), 100 + np.arange(8.0)[:, None]])
    known = np.zeros((16, 2))
    known[[0, 1, 8], [0, 1, 1]] = 1
    found = by_others(x.astype(np.float32), known)
    assert_allclose(found[[0, 1, 8]], [[0, 1], [1, 0], [0, 0]])


def test_a_new_clip_gets_the_mean_of_its_nearest_training_clips():
    """Where all of 7 are of two genres far from each other."""
    y = [0, 0, 0, 1, 1, 1, 1, 0]
    inputs = of_one_feature([0, 1, 2, 100, 101, 102, 103, 50], y, np.arange(8) < 7)
    known = spread(inputs.x[:7], inputs.y[:7])
    new = fit_predict(inputs, inductive=True).probabilities[-1]
    assert_allclose(new, np.mean(known, axis=0))
    assert new[1] > 0.5


def test_a_clip_that_no_training_clip_reaches_gets_the_shares_of_genres():
    x = [*np.linspace(0, 1, 12), *np.linspace(100, 101, 12)]
    far = of_one_feature(x, [0, 1, 1, 1] * 6, np.arange(24) < 12)
    assert_allclose(fit_predict(far, False).probabilities[12:], [[0.25, 0.75]] * 12)


@both
def test_very_few_clips(inductive):
    few = of_one_feature([0, 1, 0.1, 0.9], [0, 1, 0, 1], np.arange(4) < 2)
    assert_allclose(fit_predict(few, inductive).probabilities.sum(axis=1), 1)
