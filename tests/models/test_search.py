from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.dummy import DummyClassifier
from tests.models.conftest import noisy

from genregraph.models.search import held_out, inner_splits, score
from genregraph.models.temperature import fitted_temperature, log_loss


@pytest.mark.parametrize("grouped", [True, False])
def test_inner_splits_hold_each_training_clip_out_once_and_keep_groups_together(grouped):
    inputs = noisy(180)
    inputs = inputs if grouped else replace(inputs, groups=inputs.clips)
    known = np.flatnonzero(inputs.train)
    splits = inner_splits(inputs, seed=3)
    assert len(splits) == 3
    assert sorted(np.concatenate([valid for _, valid in splits])) == list(range(len(known)))
    for train, valid in splits:
        assert sorted([*train, *valid]) == list(range(len(known)))
        groups = inputs.groups[known]
        assert not set(groups[train]) & set(groups[valid])
        counts = np.bincount(inputs.y[known][valid], minlength=3)
        assert counts.max() - counts.min() <= 8


def test_inner_splits_follow_from_the_seed_and_training_clips():
    inputs = noisy(180)
    other = replace(inputs, y=np.where(inputs.train, inputs.y, 0))
    for seed, same in [(0, True), (1, False)]:
        pairs = zip(inner_splits(inputs, 0), inner_splits(other, seed), strict=True)
        assert all(np.array_equal(one[1], two[1]) for one, two in pairs) == same


def test_inner_splits_are_fewer_or_none_where_little_can_be_chosen():
    inputs = noisy(90)
    assert len(inner_splits(replace(inputs, groups=np.where(np.arange(90) % 2, "a", "b")), 0)) == 2
    for nothing in (
        {"groups": np.full(90, "a")},
        {"groups": inputs.genres[inputs.y]},  # No genre is learnt.
        {"y": np.zeros(90, dtype=int)},
        {"train": np.arange(90) < 2},
    ):
        assert inner_splits(replace(inputs, **nothing), 0) == []


def test_held_out_clips_are_predicted_without_their_group_and_any_test_clip():
    inputs, seen = noisy(90), []

    def predict(fold):
        seen.append(set(fold.clips))
        learnt = np.isin(fold.groups, fold.groups[fold.train])
        assert_array_equal(learnt, fold.train)
        return np.eye(3)[fold.y] * ~fold.train[:, None]  # Right only for held-out clips.

    clips = held_out(inputs, inner_splits(inputs, 0), predict)
    assert seen == [set(inputs.clips[inputs.train])] * 3
    assert_array_equal(clips.probabilities, np.eye(3)[clips.y])
    assert_array_equal(np.bincount(clips.y), np.bincount(inputs.y[inputs.train]))


def test_clips_of_a_genre_not_learnt_are_left_out():
    inputs = noisy(90)
    only = inputs.groups[inputs.train & (inputs.y == 0)][0]
    alone = replace(inputs, train=inputs.train & ((inputs.y != 0) | (inputs.groups == only)))
    clips = held_out(alone, inner_splits(alone, 0), lambda fold: np.full((len(fold.y), 3), 1 / 3))
    assert set(clips.y) == {1, 2}
    model = DummyClassifier().fit(np.zeros((4, 1)), [1, 1, 2, 2])
    assert score(model, np.zeros((3, 1)), np.array([0, 1, 2])) == pytest.approx(-np.log(2))


def test_score_is_minus_the_log_loss_and_a_temperature_improves_it():
    class Fixed:
        classes_ = np.array([0, 2])

        def predict_proba(self, x):
            return np.array([[0.99, 0.01], [0.3, 0.7], [0.95, 0.05]])

    y = np.array([0, 2, 2])
    mean = -np.log([0.99, 0.7, 0.05]).mean()
    assert score(Fixed(), None, y) == pytest.approx(-mean)
    probabilities, known = Fixed().predict_proba(None), np.array([0, 1, 1])
    best = log_loss(probabilities, known, fitted_temperature(probabilities, known))
    assert score(Fixed(), None, y, at_best_temperature=True) == pytest.approx(-best)
    assert best < mean
