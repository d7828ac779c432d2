from itertools import combinations, product
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import StratifiedGroupKFold

from genregraph.datasets.groups import group_name
from genregraph.datasets.sheet import read_sheet
from genregraph.folds.split import held_out, split_groups, stratified

GTZAN = Path(__file__).parents[2] / "config/datasets/gtzan.tsv"
GENRES = ["blues", "jazz", "rock", "pop"]
genres_of_clips = st.lists(st.sampled_from(GENRES), min_size=2, max_size=80)
seeds = st.integers(0, 2**32)


def rng(*seed):
    return np.random.default_rng(seed)


@given(genres=genres_of_clips, seed=seeds)
def test_held_out_has_a_third_of_the_clips_and_every_genre_in_both_parts(genres, seed):
    names, counts = np.unique(genres, return_counts=True)
    assume(len(names) > 1 and counts.max() > 1)
    tested = held_out(genres, 3, rng(seed))
    assert tested.shape == (3, len(genres))
    most, least = (counts - 1).sum(), np.minimum(counts - 1, 1).sum()
    assert set(tested.sum(axis=1)) == {min(most, max(least, ceil(0.33 * len(genres))))}
    of_genres = pd.DataFrame(tested.T).groupby(genres).sum().T
    assert (of_genres < counts).all(axis=None)
    assert ((of_genres > 0) == (counts > 1)).all(axis=None)


def test_held_out_tests_as_many_clips_as_the_paper():
    genres = np.arange(1000) % 10
    tested = held_out(genres.astype(str), 10, rng(0))
    assert len(np.unique(tested, axis=0)) == 10
    assert {tuple(np.bincount(genres[row])) for row in tested} == {(33,) * 10}


def test_held_out_tests_each_clip_equally_often():
    share = held_out(np.repeat(GENRES[:3], [60, 30, 9]), 2000, rng(0)).mean(axis=0)
    assert np.abs(share - 0.33).max() < 0.05
    # What is left over when shares are rounded is not always of the same genre.
    odd = held_out(["a", "a", "b", "b", "c", "c", "c", "d"], 50, rng(0))
    assert len(np.unique(odd, axis=0)) > 10


@given(genres=genres_of_clips, folds=st.integers(2, 12), seed=seeds)
def test_stratified_folds_differ_by_at_most_one_clip_overall_and_in_each_genre(genres, folds, seed):
    assigned = stratified(genres, folds, rng(seed))
    assert assigned.shape == (len(genres),)
    for of_genre in (assigned, *(assigned[np.array(genres) == genre] for genre in set(genres))):
        assert np.ptp(np.bincount(of_genre, minlength=folds)) <= 1


def can_be_parted(genre, group):
    """Whether any assignment to two folds leaves no genre in a single one."""
    groups, where = np.unique(group, return_inverse=True)
    return any(
        all(len(set(np.array(fold)[where][genre == each])) > 1 for each in set(genre))
        for fold in product(range(2), repeat=len(groups))
    )


# Few groups, most of them of several genres, so that it is hard to part every genre.
tied = st.lists(
    st.tuples(st.sampled_from(GENRES), st.sampled_from("abcdef")), min_size=6, max_size=16
)


@given(clips=tied, folds=st.integers(2, 6), seed=seeds)
def test_groups_stay_together_and_genres_are_parted_where_they_can_be(clips, folds, seed):
    genres, groups = (np.array(each) for each in zip(*clips, strict=True))
    assigned = split_groups(genres, groups, folds, rng(seed))
    assert all(len(set(assigned[groups == group])) == 1 for group in groups)
    assert len(set(assigned)) == min(folds, len(set(groups)))
    if folds == 2 and can_be_parted(genres, groups):
        assert all(len(set(assigned[genres == genre])) > 1 for genre in genres)


@pytest.fixture(scope="module")
def gtzan():
    """Genre and group of each clip."""
    rows = read_sheet(GTZAN)
    names = [group_name("", row.artist, row.clip, row.genre, "together") for row in rows]
    return np.array([row.genre for row in rows]), np.array(names)


@pytest.fixture(scope="module")
def splits(gtzan):
    """By seed and repeat."""
    return {at: split_groups(*gtzan, 5, rng(*at)) for at in product(range(6), range(2))}


def agreement(gtzan, splits):
    """Adjusted Rand index of two splits of groups, mean over all pairs: 0 by chance."""
    first = np.unique(gtzan[1], return_index=True)[1]
    return np.mean(
        [adjusted_rand_score(one[first], other[first]) for one, other in combinations(splits, 2)]
    )


def test_splits_of_gtzan_by_seed_share_no_more_than_chance(gtzan, splits):
    np.testing.assert_array_equal(split_groups(*gtzan, 5, rng(5, 1)), splits[5, 1])
    assert abs(agreement(gtzan, splits.values())) < 0.012
    # A repeat is no other seed's first split.
    pairs = [(splits[seed, 1], splits[seed + 1, 0]) for seed in range(5)]
    assert abs(np.mean([agreement(gtzan, pair) for pair in pairs])) < 0.02


def uneven(genre, fold):
    """Standard deviation over folds of the share of a genre, mean over genres."""
    shares = pd.crosstab(fold, genre) / pd.Series(genre).value_counts()
    return shares.std(ddof=0).mean()


@pytest.mark.parametrize("folds", [5, 10])
def test_genres_are_spread_no_worse_than_by_scikit_learn(gtzan, folds):
    genre, group = gtzan
    for seed in range(3):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        theirs = np.empty(len(genre), dtype=int)
        for fold, (_, test) in enumerate(splitter.split(genre, genre, group)):
            theirs[test] = fold
        assert uneven(genre, split_groups(genre, group, folds, rng(seed))) <= uneven(genre, theirs)
