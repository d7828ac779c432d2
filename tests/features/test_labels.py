import numpy as np
import pandas as pd
import pytest

from genregraph.features.labels import is_named_like_a_label, label_like, numbers_rows


@pytest.mark.parametrize(
    "name",
    "label labels Label genre genre_id genreId GENRE class class_id target y split fold index id "
    "Unnamed: artist_id track_id song_number true_label encoded_genre row level_0".split(),
)
def test_names_of_labels(name):
    assert is_named_like_a_label(name)


@pytest.mark.parametrize(
    "name", ["tempo", "length", "0", "yin", "mfcc1_mean", "classical_guitar", "x", "trackiness", ""]
)
def test_names_of_features(name):
    assert not is_named_like_a_label(name)


def clips(genres, splits=""):
    names = [f"c{i}" for i in range(len(genres))]
    return pd.DataFrame({"clip": names, "genre": list(genres), "split": splits})


def told(column, genres, splits="", rows=None):
    listed = clips(genres, splits)
    table = pd.DataFrame({"clip": listed["clip"], "f": np.asarray(column, dtype=float)})
    return bool(label_like(table if rows is None else table.iloc[rows], listed))


def test_a_function_of_genre_may_have_gaps_and_genres_of_the_same_value():
    assert told([1, np.nan, 2, 2, 2, 2], "aabbcc")
    assert told([0, 0, 1, 1, 0, 0], "aabbcc")


def test_what_varies_within_a_genre_or_nowhere_is_no_function_of_it():
    assert not told([0, 1, 1, 1, 0, 0], "aabbcc")
    assert not told([7, 7, 7, 7, 7, 7], "aabbcc")


def test_a_single_clip_of_each_genre_tells_nothing():
    assert not told([0, 1, 5], "abc")


def test_a_function_of_the_split_is_told_by_the_clips_that_have_one():
    splits = ["train", "test", "train", "test", "", ""]
    assert told([0.5, 2, 0.5, 2, 3, 4], "aabbab", splits)
    assert not told([0.5, 2, 0.6, 2, 3, 4], "aabbab", splits)


def test_clips_that_the_dataset_does_not_have_are_not_looked_at():
    listed = clips("aabb")
    table = pd.DataFrame({"clip": [*listed["clip"], "other"], "f": [0.0, 0, 1, 1, 0.5]})
    assert label_like(table, listed) == {"f": "it is the same for all clips of a genre"}


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(12),
        np.arange(12)[::-1] + 1,
        RNG.permutation(30),
        RNG.permutation(np.delete(np.arange(100), [3, 50])),
        np.linspace(0, 1, 12),
        np.linspace(0, 1, 999, dtype=np.float32),
        np.array([2, 3, 5, 10, 134, 136, 139, 140, 141, 142]),
    ],
)
def test_numbers_of_rows(values):
    assert numbers_rows(values.astype(np.float64))


@pytest.mark.parametrize(
    "values",
    [
        np.arange(9),
        np.zeros(20),
        np.sort(RNG.normal(size=20)),
        RNG.permutation(30) * 7,
        RNG.integers(60, 200, 100),
        np.append(np.arange(20), np.nan),
    ],
)
def test_numbers_of_something_else(values):
    assert not numbers_rows(values.astype(np.float64))
