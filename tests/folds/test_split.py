import time
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

from genregraph.common.errors import UserError
from genregraph.datasets.groups import group_name
from genregraph.folds.split import TRAINS_ONLY, grouped, held_out, published, stratified

GTZAN = Path(__file__).parents[2] / "config/datasets/gtzan.tsv"


def rng(*seed):
    return np.random.default_rng(seed)


def spread(counts):
    return counts.max() - counts.min()


# Hold-outs


@given(
    genres=st.lists(st.sampled_from("blues jazz rock pop".split()), min_size=2, max_size=60),
    seed=st.integers(0, 2**32),
)
def test_hold_outs_have_a_third_of_the_clips_and_every_genre_in_both_parts(genres, seed):
    names, counts = np.unique(genres, return_counts=True)
    assume(len(names) > 1 and counts.max() > 1)
    tested = held_out(genres, 3, np.random.default_rng(seed))
    assert tested.shape == (3, len(genres))
    most = (counts - 1).sum()
    least = np.minimum(counts - 1, 1).sum()
    assert set(tested.sum(axis=1)) == {min(most, max(least, ceil(0.33 * len(genres))))}
    for name, count in zip(names, counts, strict=True):
        of_genre = tested[:, np.array(genres) == name].sum(axis=1)
        assert (of_genre < count).all()
        assert (of_genre > 0).all() == (count > 1)


@pytest.mark.parametrize(("clips", "genres", "tests"), [(1000, 10, 330), (200, 2, 66)])
def test_hold_outs_of_the_papers_size_hold_the_papers_numbers_and_equal_shares(
    clips, genres, tests
):
    names = np.arange(clips) % genres
    tested = held_out(names.astype(str), 10, np.random.default_rng(0))
    assert tested.sum(axis=1).tolist() == [tests] * 10
    for row in tested:
        assert set(np.bincount(names[row])) == {tests // genres}
    assert len(np.unique(tested, axis=0)) == 10


def test_each_clip_is_held_out_as_often_as_any_other():
    genres = np.repeat(["blues", "jazz", "rock"], [60, 30, 9])
    share = held_out(genres, 2000, np.random.default_rng(0)).mean(axis=0)
    assert np.abs(share - 0.33).max() < 0.05
    # What is left over when shares are rounded is not always of the same genre.
    odd = held_out(["a", "a", "b", "b", "c", "c", "c", "d"], 50, np.random.default_rng(0))
    assert len(np.unique(odd, axis=0)) > 10


@pytest.mark.parametrize("genres", [["blues"] * 9, ["blues", "jazz"], []])
def test_what_cannot_be_held_out_is_refused(genres):
    message = rf"^{len(genres)} usable clips of .* cannot be held out: .*add clips$"
    with pytest.raises(UserError, match=message):
        held_out(genres, 3, np.random.default_rng(0))


# At random within genres


@given(
    genres=st.lists(st.sampled_from("blues jazz rock pop".split()), min_size=2, max_size=80),
    folds=st.integers(2, 12),
    seed=st.integers(0, 2**32),
)
def test_folds_differ_by_at_most_one_clip_overall_and_in_each_genre(genres, folds, seed):
    assume(len(set(genres)) > 1 and len(genres) >= folds)
    assigned = stratified(genres, folds, np.random.default_rng(seed))
    assert assigned.shape == (len(genres),)
    assert set(assigned) == set(range(folds))
    assert spread(np.bincount(assigned, minlength=folds)) <= 1
    for genre in set(genres):
        of_genre = assigned[np.array(genres) == genre]
        assert spread(np.bincount(of_genre, minlength=folds)) <= 1


def test_ten_folds_of_gtzan_hold_ten_clips_of_each_genre():
    genres = np.repeat([f"genre{i}" for i in range(10)], 100)
    assigned = stratified(genres, 10, np.random.default_rng(0))
    assert (pd.crosstab(genres, assigned) == 10).all(axis=None)


@pytest.mark.parametrize(("genres", "folds"), [(["blues"] * 9, 3), (["blues", "jazz"], 3), ([], 2)])
def test_impossible_folds_are_refused(genres, folds):
    with pytest.raises(UserError, match=rf"^{len(genres)} usable clips .* {folds} folds"):
        stratified(genres, folds, np.random.default_rng(0))


def test_clips_within_a_genre_are_shuffled():
    assigned = stratified(["blues"] * 50 + ["jazz"] * 50, 10, np.random.default_rng(0))
    assert not np.array_equal(assigned, np.arange(100) % 10)
    assert not np.array_equal(assigned[:50], assigned[50:])


# By group

# A group of each clip; a few groups hold clips of several genres.
clips = st.lists(
    st.tuples(st.sampled_from(["blues", "jazz", "rock"]), st.integers(0, 7), st.booleans()),
    min_size=8,
    max_size=80,
).map(lambda found: [(genre, f"{'' if shared else genre}{name}") for genre, name, shared in found])


def possible(genre, group, folds):
    """Whether any assignment leaves no fold empty, and no genre in a single fold."""
    groups, where = np.unique(group, return_inverse=True)
    for assigned in product(range(folds), repeat=len(groups)):
        fold = np.array(assigned)[where]
        if len(set(assigned)) == folds and all(len(set(fold[genre == g])) > 1 for g in set(genre)):
            return True
    return False


@given(clips=clips, folds=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
def test_groups_are_whole_and_every_genre_is_learnt_from_in_every_fold(clips, folds, seed):
    genres, groups = (np.array(each) for each in zip(*clips, strict=True))
    try:
        assigned = grouped(genres, groups, folds, rng(seed))
    except UserError:
        assume(False)
    assert set(assigned) == set(range(folds))
    for group in set(groups):
        assert len(set(assigned[groups == group])) == 1
    for fold in range(folds):
        assert set(genres[assigned != fold]) == set(genres)


# Few groups, most of them of several genres, so that it is hard to part every genre.
tied = st.lists(
    st.tuples(st.sampled_from(["blues", "jazz", "rock", "pop"]), st.sampled_from("abcde")),
    min_size=6,
    max_size=14,
)


@given(clips=tied, seed=st.integers(0, 2**32 - 1))
def test_folds_are_refused_only_where_there_are_none(clips, seed):
    genres, groups = (np.array(each) for each in zip(*clips, strict=True))
    try:
        grouped(genres, groups, 2, rng(seed))
    except UserError:
        assert not possible(genres, groups, 2) or len(set(genres)) < 2


def even(genres=("blues", "jazz"), groups=10, clips=3):
    """Genres of each clip, and groups of the same size in each genre."""
    return (
        [genre for genre in genres for _ in range(groups * clips)],
        [f"{genre}{i}" for genre in genres for i in range(groups) for _ in range(clips)],
    )


def test_even_groups_spread_every_genre_evenly():
    genres, groups = even()
    assert (pd.crosstab(np.array(genres), grouped(genres, groups, 5, rng(0))) == 6).all(axis=None)


def test_the_seed_decides_which_groups_share_a_fold():
    splits = [tuple(grouped(*even(), 5, rng(seed))) for seed in (1, 1, 2)]
    assert splits[0] == splits[1] != splits[2]


def test_genres_of_a_single_group_are_refused_by_name():
    genres, groups = even(("blues", "jazz", "rock", "pop"))
    alone = [
        genre if genre in ("rock", "blues") else group
        for genre, group in zip(genres, groups, strict=True)
    ]
    with pytest.raises(UserError, match=r"cannot be evaluated: blues, rock\. Add clips"):
        grouped(genres, alone, 2, rng(0))


@pytest.mark.parametrize(
    ("clips", "folds", "message"),
    [
        (even(groups=2), 5, "^4 groups of 12 clips of 2 genre.s. cannot make 5 folds"),
        # More groups than folds, but of no genre as many clips.
        (even(groups=3, clips=1), 4, "^6 groups of 6 clips of 2 genre.s. cannot make 4 folds"),
        (even(["blues"]), 2, "^10 groups of 30 clips of 1 genre.s. cannot make 2 folds"),
    ],
)
def test_too_few_groups_clips_or_genres_are_refused(clips, folds, message):
    with pytest.raises(UserError, match=f"{message}.*evaluated: none"):
        grouped(*clips, folds, rng(0))


def test_genres_that_cannot_be_parted_are_refused():
    # Of three groups two share a fold, and each two have a genre of their own.
    genres, groups = ["blues", "blues", "jazz", "jazz", "rock", "rock"], list("abbcca")
    with pytest.raises(UserError, match=r"^all groups of (blues|jazz|rock) fell into one fold"):
        grouped(genres, groups, 2, rng(0))


def test_genres_that_groups_tie_together_are_parted():
    genres, groups = ["jazz", "blues", "blues", "jazz"], ["a", "b", "both", "both"]
    for seed in range(10):
        a, b, *both = grouped(genres, groups, 2, rng(seed))
        assert a == b != both[0] == both[1]


# The groups of GTZAN, as protocol clean keeps them together


@pytest.fixture(scope="module")
def gtzan():
    """Genre and group of each clip."""
    sheet = pd.read_csv(GTZAN, sep="\t", keep_default_na=False)
    names = [
        group_name("", artist, clip, genre, "together")
        for artist, clip, genre in zip(sheet["artist"], sheet["clip"], sheet["genre"], strict=True)
    ]
    return sheet["genre"].to_numpy(dtype=str), np.array(names)


@pytest.fixture(scope="module")
def splits(gtzan):
    """By seed and repeat."""
    return {at: grouped(*gtzan, 5, rng(*at)) for at in product(range(6), range(2))}


def agreement(gtzan, splits):
    """Adjusted Rand index of two splits of groups, mean over all pairs: 0 by chance."""
    first = np.unique(gtzan[1], return_index=True)[1]
    return np.mean(
        [adjusted_rand_score(one[first], other[first]) for one, other in combinations(splits, 2)]
    )


def test_splits_share_no_more_than_chance(gtzan, splits):
    assert abs(agreement(gtzan, splits.values())) < 0.012
    # A repeat is no other seed's first split.
    pairs = [(splits[seed, 1], splits[seed + 1, 0]) for seed in range(5)]
    assert abs(np.mean([agreement(gtzan, pair) for pair in pairs])) < 0.02


def test_the_largest_group_is_not_always_in_the_same_fold(gtzan, splits):
    names, counts = np.unique(gtzan[1], return_counts=True)
    largest = gtzan[1] == names[counts.argmax()]
    assert largest.sum() == 35
    assert len({int(fold[largest][0]) for fold in splits.values()}) > 2


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
        mine = grouped(genre, group, folds, rng(seed))
        assert uneven(genre, mine) <= uneven(genre, theirs)


def test_ten_thousand_clips_of_a_thousand_groups_take_no_second():
    genres = np.arange(10_000) % 1000 % 10
    groups = np.random.default_rng(0).permutation(10_000) % 1000
    start = time.process_time()
    fold = grouped(genres.astype(str), groups.astype(str), 10, rng(0))
    assert time.process_time() - start < 1
    assert np.ptp(pd.crosstab(fold, genres).to_numpy(), axis=0).max() < 20


# As published


def test_a_published_split_tests_its_test_part_alone():
    assert published(["test", "train", "train", "test"]).tolist() == [
        0,
        TRAINS_ONLY,
        TRAINS_ONLY,
        0,
    ]


@pytest.mark.parametrize("split", [["train"] * 3, ["test"] * 3, []])
def test_a_published_split_of_which_a_part_is_empty_is_refused(split):
    with pytest.raises(UserError, match=f"^{len(split)} usable clips of the published split"):
        published(split)
