import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from folds.deal import TRAINS_ONLY, grouped, published, stratified
from settings.errors import UserError


def spread(counts):
    return counts.max() - counts.min()


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


@pytest.mark.filterwarnings("ignore:The least populated class")
@given(clips=clips, folds=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
def test_groups_are_whole_and_every_genre_is_learnt_from_in_every_fold(clips, folds, seed):
    genres, groups = (np.array(each) for each in zip(*clips, strict=True))
    try:
        assigned = grouped(genres, groups, folds, seed)
    except UserError:
        assume(False)
    assert set(assigned) == set(range(folds))
    for group in set(groups):
        assert len(set(assigned[groups == group])) == 1
    for fold in range(folds):
        assert set(genres[assigned != fold]) == set(genres)


def even(genres=("blues", "jazz"), groups=10, clips=3):
    """Genres of each clip, and groups of the same size in each genre."""
    return (
        [genre for genre in genres for _ in range(groups * clips)],
        [f"{genre}{i}" for genre in genres for i in range(groups) for _ in range(clips)],
    )


def test_even_groups_spread_every_genre_evenly():
    genres, groups = even()
    assert (pd.crosstab(np.array(genres), grouped(genres, groups, 5, 0)) == 6).all(axis=None)


def test_groups_are_dealt_by_the_seed():
    dealt = [tuple(grouped(*even(), 5, seed)) for seed in (1, 1, 2)]
    assert dealt[0] == dealt[1] != dealt[2]


def test_genres_of_a_single_group_are_refused_by_name():
    genres, groups = even(("blues", "jazz", "rock", "pop"))
    alone = [
        genre if genre in ("rock", "blues") else group
        for genre, group in zip(genres, groups, strict=True)
    ]
    with pytest.raises(UserError, match=r"cannot be judged: blues, rock\. Add clips"):
        grouped(genres, alone, 2, 0)


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
    with pytest.raises(UserError, match=f"{message}.*judged: none"):
        grouped(*clips, folds, 0)


def test_a_genre_whose_groups_all_fell_into_one_fold_is_refused():
    # Groups of one genre are dealt first and apart; the group of both then joins either.
    genres, groups = ["jazz", "blues", "blues", "jazz"], ["a", "b", "both", "both"]
    with pytest.raises(UserError, match=r"^all groups of (blues|jazz) fell into one fold"):
        grouped(genres, groups, 2, 0)


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
