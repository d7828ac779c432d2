"""Clips that are held out inside the training clips of a fold."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tests.models.conftest import noisy

from genregraph.models.base import held_out, inner_splits


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
