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
    known = inputs.of(inputs.train)
    splits = inner_splits(inputs, seed=3)
    assert len(splits) == 3
    # They follow from the training clips and the seed.
    other = replace(inputs, y=np.where(inputs.train, inputs.y, 0))
    assert_array_equal(inner_splits(other, seed=3)[0][1], splits[0][1])
    assert inner_splits(inputs, seed=4)[0][1].tolist() != splits[0][1].tolist()
    assert sorted(np.concatenate([valid for _, valid in splits])) == list(range(len(known.y)))
    for train, valid in splits:
        assert sorted([*train, *valid]) == list(range(len(known.y)))
        assert not set(known.groups[train]) & set(known.groups[valid])
        assert np.ptp(np.bincount(known.y[valid], minlength=3)) <= 8


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
        assert_array_equal(np.isin(fold.groups, fold.groups[fold.train]), fold.train)
        return np.eye(3)[fold.y] * ~fold.train[:, None]  # Right only for held-out clips.

    clips = held_out(inputs, inner_splits(inputs, 0), predict)
    assert seen == [set(inputs.clips[inputs.train])] * 3
    assert_array_equal(clips.probabilities, np.eye(3)[clips.y])
    assert_array_equal(np.bincount(clips.y), np.bincount(inputs.y[inputs.train]))
