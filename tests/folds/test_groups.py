import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregraph.folds import groups
from genregraph.folds.groups import IDENTICAL, features_of, group_names, identical, tie

NO_PAIRS = np.empty((0, 2), dtype=np.int64)


def clips_of(*rows):
    columns = ["sheet_group", "artist", "source", "genre"]
    return pd.DataFrame(rows, columns=columns)


KNOWN = clips_of(
    ("album 1", "The Clash", "a", "rock"),
    ("", "The Clash", "b", "rock"),
    ("", "clash", "c", "rock"),
    ("", "", "d", "rock"),
    ("", "", "e", "rock"),
    ("", "", "f", "jazz"),
)


@pytest.mark.parametrize(
    ("unknown", "names"),
    [
        ("together", ["unknown artists of rock"] * 2 + ["unknown artists of jazz"]),
        ("alone", ["song d", "song e", "song f"]),
        ("out", ["", "", ""]),
    ],
)
def test_clips_without_artist_are_together_alone_or_out(unknown, names):
    expected = ["group album 1", "artist clash", "artist clash", *names]
    assert group_names(KNOWN, unknown) == expected


@pytest.mark.parametrize("unknown", ["together", "alone", "out"])
def test_where_no_artist_is_known_each_song_is_a_group(unknown):
    clips = clips_of(("", "", "a", "rock"), ("", "", "a", "rock"), ("", "", "b", "rock"))
    assert group_names(clips, unknown) == ["song a", "song a", "song b"]


def test_groups_alone_are_enough_to_know_the_unknown():
    clips = clips_of(("g", "", "a", "rock"), ("", "", "b", "rock"))
    assert group_names(clips, "out") == ["group g", ""]


def features(n=30, d=20):
    return np.random.default_rng(0).normal(size=(n, d)) * np.geomspace(1e-3, 1e6, d)


def test_distinct_clips_are_no_replicas():
    assert identical(features()).shape == (0, 2)


def test_copies_are_found_once_with_the_smaller_position_first():
    x = features()
    x[7] = x[3]
    x[20] = x[3]
    assert sorted(map(tuple, identical(x))) == [(3, 7), (3, 20), (7, 20)]


@pytest.mark.parametrize(("share", "pairs"), [(0.9, [(3, 7)]), (1.1, [])])
def test_near_copies_are_replicas_up_to_the_bound(share, pairs):
    x = features()
    x[7] = x[3] + share * IDENTICAL * x.std(axis=0)
    assert list(map(tuple, identical(x))) == pairs


def test_a_feature_of_the_same_value_everywhere_tells_nothing():
    x = np.column_stack([features(), np.full(30, 5.0)])
    x[7] = x[3]
    assert list(map(tuple, identical(x))) == [(3, 7)]


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(0).normal(size=(200, 7)).round(1),
        np.random.default_rng(0).integers(0, 2, size=(200, 8)),
        np.random.default_rng(0).normal(size=(200, 1)),
        np.empty((200, 0)),
    ],
)
def test_by_few_features_or_tags_strangers_are_no_copies(x, caplog):
    assert identical(x).shape == (0, 2)
    assert "too few features to find copies by" in caplog.text


def test_pairs_are_found_within_and_between_blocks(monkeypatch):
    x = features()
    x[[7, 28]] = x[[3, 9]]
    expected = identical(x).tolist()
    monkeypatch.setattr(groups, "BLOCK", 8)
    assert sorted(identical(x).tolist()) == expected == [[3, 7], [9, 28]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clips_far_from_all_others_are_measured_as_well(dtype):
    """Their squares are so large that single precision leaves nothing of a small difference."""
    x = features(n=1000).astype(dtype)
    x[3] = 30 * x[3]
    x[[7, 20]] = x[3]
    x[20] += 0.02 * x.std(axis=0)
    assert identical(x).tolist() == [[3, 7]]


def partition(found):
    """Sets of positions of the same group."""
    return {frozenset(np.flatnonzero(found == name)) for name in set(found)}


def test_clips_are_tied_in_chains_through_different_keys():
    artists = ["x", "x", "y", "z", "w"]
    songs = ["1", "2", "2", "3", "4"]
    assert partition(tie([artists, songs], NO_PAIRS)) == {
        frozenset({0, 1, 2}),
        frozenset({3}),
        frozenset({4}),
    }


def test_the_same_name_under_two_keys_ties_nothing():
    assert len(set(tie([["x", "y"], ["y", "x"]], NO_PAIRS))) == 2


def test_empty_keys_tie_nothing():
    assert len(set(tie([["", "", "x"], ["", "", ""]], NO_PAIRS))) == 3


def test_pairs_tie_and_carry_chains_on():
    artists = ["x", "x", "y", "y", "z"]
    assert partition(tie([artists], np.array([[1, 2]]))) == {
        frozenset({0, 1, 2, 3}),
        frozenset({4}),
    }


def by_spreading(keys, pairs, n):
    """Groups found by letting the smallest position spread until nothing changes."""
    label = list(range(n))
    linked = [tuple(pair) for pair in pairs]
    linked += [(i, j) for key in keys for i in range(n) for j in range(i) if key[i] == key[j] != ""]
    for _ in range(n):
        for i, j in linked:
            label[i] = label[j] = min(label[i], label[j])
    return np.array(label)


@given(st.data())
def test_groups_are_those_of_spreading(data):
    n = data.draw(st.integers(1, 12))
    name = st.sampled_from(["", "a", "b", "c", "d"])
    keys = data.draw(st.lists(st.lists(name, min_size=n, max_size=n), min_size=1, max_size=3))
    position = st.integers(0, n - 1)
    pairs = data.draw(st.lists(st.tuples(position, position), max_size=3))
    found = tie(keys, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    assert partition(found) == partition(by_spreading(keys, pairs, n))


def test_features_of_all_tables_stand_side_by_side_in_the_clips_order(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pd.DataFrame({"clip": ["x", "y", "z"], "p": [1.0, 2, 3]}).to_parquet(paths[0])
    pd.DataFrame({"clip": ["z", "y", "x"], "q": [4.0, 5, 6]}).to_parquet(paths[1])
    clips = pd.Series(["z", "x"])
    assert features_of(clips, paths).tolist() == [[3, 4], [1, 6]]
    assert features_of(clips, []).shape == (2, 0)
