import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genregraph.config.experiment import Clean, Experiment
from genregraph.folds import assign, groups, usable
from genregraph.folds.groups import IDENTICAL, KINDS, features_of, identical, leaks


def features(n=30, d=20):
    return np.random.default_rng(0).normal(size=(n, d)) * np.geomspace(1e-3, 1e6, d)


@pytest.mark.parametrize(("share", "pairs"), [(0, [[3, 7]]), (0.9, [[3, 7]]), (1.1, [])])
def test_nearly_identical_features_are_pairs_up_to_the_bound(share, pairs):
    x = np.column_stack([features(), np.full(30, 5.0)])
    assert identical(x).shape == (0, 2)
    x[7] = x[3] + share * IDENTICAL * x.std(axis=0) * (21 / 20) ** 0.5
    assert identical(x).tolist() == pairs


@pytest.mark.parametrize("constant", [0, 23])
def test_too_few_distinct_features_give_no_pairs(constant, caplog):
    x = features()[:, : 7 + constant]
    x[:, 7:] = 5
    assert identical(np.vstack([x, x[:1]])).shape == (0, 2)
    assert "too few features to find copies by" in caplog.text


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clips_far_from_all_others_are_measured_as_well(dtype, monkeypatch):
    """Their squares are so large that single precision leaves nothing of a small difference."""
    monkeypatch.setattr(groups, "BLOCK", 8)
    x = features(n=1000).astype(dtype)
    x[3] = 30 * x[3]
    x[[7, 20]] = x[3]
    x[20] += 0.02 * x.std(axis=0)
    assert identical(x).tolist() == [[3, 7]]


def test_features_of_all_tables_are_in_the_clips_order(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pd.DataFrame({"clip": ["x", "y", "z"], "p": [1.0, 2, 3]}).to_parquet(paths[0])
    pd.DataFrame({"clip": ["z", "y", "x"], "q": [4.0, 5, 6]}).to_parquet(paths[1])
    assert features_of(pd.Series(["z", "x"]), paths).tolist() == [[3, 4], [1, 6]]


def distinct(clips_of, n, **columns):
    """Clips that share nothing but what is given."""
    clips = clips_of((["blues", "jazz"] * n)[:n], artist=[f"artist {i}" for i in range(n)])
    return clips.assign(**{"source": clips["clip"], **columns})


def test_leaks_are_those_counted_by_hand(clips_of, folds_of):
    clips = distinct(
        clips_of,
        6,
        artist=["Ann", "the ann", "Bob", "", "", "Bob"],
        sheet_group=["", "", "g", "g", "", ""],
        source=["s", "t", "t", "u", "u", "v"],
        md5=["1", "2", "", "", "2", "1"],
    )
    names = clips["clip"].to_numpy()
    copies = np.array([*names[[[0, 1], [0, 4], [2, 5]]], [names[0], "in no fold"]])
    folds = folds_of(names, clips["genre"], [0, 0, 0, 1, 1, 1], [0, 1, 2, 2, 1, 0])
    # Groups: ann ann g g unknown bob.
    table = leaks(folds, clips, copies, "together")
    assert table.to_dict("list") == {
        "repeat": [0, 0, 1, 1, 1],
        "fold": [0, 1, 0, 1, 2],
        "group": [1, 1, 1, 1, 0],
        "artist": [1, 1, 2, 1, 1],
        "song": [0, 0, 0, 2, 2],
        "md5": [2, 2, 0, 0, 0],
        "near_identical": [2, 2, 3, 2, 1],
    }


def names(prefix, most):
    """Few names, so that many clips share one, and often none."""
    return st.integers(0, most).map(lambda i: f"{prefix}{i}" if i % 3 else "")


@given(
    facts=st.lists(
        st.tuples(names("artist", 30), names("group", 60), names("md5-", 60), st.integers(0, 25)),
        min_size=20,
        max_size=40,
    ),
    unknown=st.sampled_from(["together", "alone", "out"]),
    protocol=st.sampled_from(["clean", "inductive"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_folds_by_group_never_leak(tmp_path_factory, clips_of, facts, unknown, protocol, seed):
    folder = tmp_path_factory.mktemp("folds")
    paths = (folder / f"{name}.parquet" for name in "clips used x folds".split())
    clips, used, table, folds = paths
    artist, group, md5, look = zip(*facts, strict=True)
    sheet = distinct(clips_of, len(facts), artist=artist, sheet_group=group, md5=md5)
    sheet.to_parquet(clips)
    x = pd.DataFrame(np.random.default_rng(0).normal(size=(26, 9))[list(look)]).add_prefix("f")
    x.assign(clip=sheet["clip"]).to_parquet(table)
    clean = Clean(folds=2, repeats=2, unknown_artist=unknown)
    asked = Experiment(protocols=[protocol], clean=clean).model_dump_json()
    usable.main(clips, asked, seed, used, folder / "protocols.json", [table])
    assume(json.loads((folder / "protocols.json").read_text())["evaluations"])
    assign.main(clips, used, asked, protocol, seed, folds, folder / "leaks.csv", [table])
    counts = pd.read_csv(folder / "leaks.csv")
    assert counts[["repeat", "fold"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert not counts[KINDS].any(axis=None)
