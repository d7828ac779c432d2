import numpy as np
import pandas as pd
import pytest

from genregraph.features.labels import is_named_like_a_label, label_like, numbers_rows

OF_GENRE = {"f": "it is the same for all clips of a genre"}
OF_PART = {"f": "it is the same for all clips of a part of the split"}
PARTS = ["train", "test", "train", "test", "", ""]


def test_names_of_labels():
    labels = "label labels Label genre genre_id genreId class class_id target y split fold index id"
    labels += " Unnamed: artist_id track_id song_number true_label encoded_genre row level_0"
    assert all(map(is_named_like_a_label, [*labels.split(), "Class Label"]))
    features = "tempo length 0 yin mfcc1_mean classical_guitar x trackiness".split()
    assert not any(map(is_named_like_a_label, [*features, ""]))


@pytest.mark.parametrize(
    ("column", "genres", "splits", "expected"),
    [
        ([1, np.nan, 2, 2, 2, 2], "aabbcc", "", OF_GENRE),
        ([0, 0, 1, 1, 0, 0], "aabbcc", "", OF_GENRE),
        ([0, 1, 1, 1, 0, 0], "aabbcc", "", {}),
        ([7, 7, 7, 7, 7, 7], "aabbcc", "", {}),
        ([0, 1, 5], "abc", "", {}),  # A single clip of each genre says nothing.
        ([0.5, 2, 0.5, 2, 3, 4], "aabbab", PARTS, OF_PART),
        ([0.5, 2, 0.6, 2, 3, 4], "aabbab", PARTS, {}),
    ],
)
def test_functions_of_genre_and_of_split(column, genres, splits, expected):
    """Clips that the dataset does not have do not count."""
    names = [f"c{i}" for i in range(len(genres))]
    clips = pd.DataFrame({"clip": names, "genre": list(genres), "split": splits})
    table = pd.DataFrame({"clip": [*names, "other"], "f": [*column, 0.25]})
    assert label_like(table, clips) == expected


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(12)[::-1] + 1, True),
        (RNG.permutation(30), True),
        (RNG.permutation(np.delete(np.arange(100), [3, 50])), True),
        (np.linspace(0, 1, 999, dtype=np.float32), True),
        (np.array([2, 3, 5, 10, 134, 136, 139, 140, 141, 142]), True),
        (np.arange(9), False),
        (np.zeros(20), False),
        (np.sort(RNG.normal(size=20)), False),
        (RNG.permutation(30) * 7, False),
        (RNG.integers(60, 200, 100), False),
        (np.append(np.arange(20), np.nan), False),
    ],
)
def test_numbers_of_rows_and_of_something_else(values, expected):
    assert numbers_rows(values.astype(np.float64)) is expected
