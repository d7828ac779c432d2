import numpy as np
import pandas as pd
import pytest

from genregraph.folds import groups
from genregraph.folds.groups import IDENTICAL, features_of, group_names, identical

COLUMNS = ["sheet_group", "artist", "source", "genre"]
KNOWN = [
    ("album 1", "The Clash", "a", "rock"),
    ("", "The Clash", "b", "rock"),
    ("", "clash", "c", "rock"),
    ("", "", "d", "rock"),
    ("", "", "e", "rock"),
    ("", "", "f", "jazz"),
]


@pytest.mark.parametrize(
    ("unknown", "names"),
    [
        ("together", ["unknown artists of rock"] * 2 + ["unknown artists of jazz"]),
        ("alone", ["song d", "song e", "song f"]),
        ("out", ["", "", ""]),
    ],
)
def test_group_names_of_clips_without_artist(unknown, names):
    expected = ["group album 1", "artist clash", "artist clash", *names]
    assert group_names(pd.DataFrame(KNOWN, columns=COLUMNS), unknown) == expected
    # Where no artist is known each song is a group.
    without = pd.DataFrame(KNOWN[3:], columns=COLUMNS)
    assert group_names(without, unknown) == ["song d", "song e", "song f"]


def features(n=30, d=20):
    return np.random.default_rng(0).normal(size=(n, d)) * np.geomspace(1e-3, 1e6, d)


def pairs_of(x):
    return sorted(map(tuple, identical(x).tolist()))


def test_identical_features_are_pairs_with_the_smaller_position_first():
    x = np.column_stack([features(), np.full(30, 5.0)])
    assert identical(x).shape == (0, 2)
    x[[7, 20]] = x[3]
    assert pairs_of(x) == [(3, 7), (3, 20), (7, 20)]


@pytest.mark.parametrize(("share", "pairs"), [(0.9, [(3, 7)]), (1.1, [])])
def test_nearly_identical_features_are_pairs_up_to_the_bound(share, pairs):
    x = features()
    x[7] = x[3] + share * IDENTICAL * x.std(axis=0)
    assert pairs_of(x) == pairs


@pytest.mark.parametrize("constant", [0, 23])
def test_too_few_distinct_features_give_no_pairs(constant, caplog):
    x = features()[:, : 7 + constant]
    x[:, 7:] = 5
    assert pairs_of(np.vstack([x, x[:1]])) == []
    assert "too few features to find copies by" in caplog.text


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clips_far_from_all_others_are_measured_as_well(dtype, monkeypatch):
    """Their squares are so large that single precision leaves nothing of a small difference."""
    monkeypatch.setattr(groups, "BLOCK", 8)
    x = features(n=1000).astype(dtype)
    x[3] = 30 * x[3]
    x[[7, 20]] = x[3]
    x[20] += 0.02 * x.std(axis=0)
    assert pairs_of(x) == [(3, 7)]


def test_features_of_all_tables_are_in_the_clips_order(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pd.DataFrame({"clip": ["x", "y", "z"], "p": [1.0, 2, 3]}).to_parquet(paths[0])
    pd.DataFrame({"clip": ["z", "y", "x"], "q": [4.0, 5, 6]}).to_parquet(paths[1])
    clips = pd.Series(["z", "x"])
    assert features_of(clips, paths).tolist() == [[3, 4], [1, 6]]
    assert features_of(clips, []).shape == (2, 0)
