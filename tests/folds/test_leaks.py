import json

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from genregraph.config.experiment import Experiment
from genregraph.config.parts import Clean
from genregraph.folds import assign, leaks, usable
from genregraph.folds.groups import identical
from genregraph.folds.leaks import KINDS

NO_PAIRS = np.empty((0, 2), dtype=np.int64)


def distinct(clips_of, n, **columns):
    """Clips that share nothing but what is given."""
    facts = {"artist": [f"artist {i}" for i in range(n)], **columns}
    clips = clips_of((["blues", "jazz"] * n)[:n], **facts)
    return clips if "source" in columns else clips.assign(source=clips["clip"])


def folds_of(clips, *repeats):
    named = clips[["clip", "genre"]].assign(group="")
    rows = [named.assign(repeat=repeat, fold=fold) for repeat, fold in enumerate(repeats)]
    return pd.concat(rows, ignore_index=True)


def test_leaks_are_those_counted_by_hand(clips_of):
    clips = distinct(
        clips_of,
        6,
        artist=["Ann", "the ann", "Bob", "", "", "Bob"],
        sheet_group=["", "", "g", "g", "", ""],
        source=["s", "t", "t", "u", "u", "v"],
        md5=["1", "2", "", "", "2", "1"],
    )
    pairs = np.array([[0, 1], [0, 4], [2, 5]])
    # Groups: ann ann g g unknown bob.
    table = leaks.leaks(
        folds_of(clips, [0, 0, 0, 1, 1, 1], [0, 1, 2, 2, 1, 0]), clips, pairs, "together"
    )
    assert table.columns.tolist() == ["repeat", "fold", *KINDS]
    assert table["repeat"].tolist() == [0, 0, 1, 1, 1]
    assert table["fold"].tolist() == [0, 1, 0, 1, 2]
    assert table["group"].tolist() == [1, 1, 1, 1, 0]
    assert table["artist"].tolist() == [1, 1, 2, 1, 1]
    assert table["song"].tolist() == [0, 0, 0, 2, 2]
    assert table["md5"].tolist() == [2, 2, 0, 0, 0]
    assert table["near_identical"].tolist() == [2, 2, 3, 2, 1]


def test_clip_that_is_tested_several_times_leaks_each_time(clips_of):
    """Clips 0 and 1 are of one artist: fold 1 tests both, folds 0 and 2 one of them."""
    clips = distinct(clips_of, 4, artist=["Ann", "Ann", "Bob", "Cid"])
    folds = clips[["clip"]].iloc[[0, 0, 1, 1, 2, 3]].assign(fold=[0, 1, 1, 2, 0, -1], repeat=0)
    table = leaks.leaks(folds, clips, np.array([[0, 1], [2, 3]]), "together")
    assert table["fold"].tolist() == [0, 1, 2]
    assert table["artist"].tolist() == [1, 0, 1]
    assert table["near_identical"].tolist() == [2, 0, 1]


def test_near_identical_clips_are_compared_among_all_usable_clips():
    """Excluded clips are less spread: by all a pair is far apart, by those that are split near."""
    features = np.random.default_rng(0).normal(size=(60, 8)) * 0.3
    features[:8] *= 10
    features[7] = features[1] + 0.021
    assert [len(identical(x)) for x in (features, features[:8])] == [0, 1]
    names = pd.Series([f"clip{i:02d}" for i in range(60)])
    assert len(leaks.near_identical(names[:8], names, features)) == 0
    assert leaks.near_identical(names[:8][::-1], names[:8], features[:8]).tolist() == [[6, 0]]
    assert leaks.near_identical(names, names, np.empty((60, 0))).shape == (0, 2)


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
    artist, group, md5, look = zip(*facts, strict=True)
    clips = distinct(clips_of, len(facts), artist=artist, sheet_group=group, md5=md5)
    clips.to_parquet(folder / "clips.parquet")
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(26, 9))[list(look)]).add_prefix("f")
    table.insert(0, "clip", clips["clip"])
    table.to_parquet(folder / "table.parquet")
    clean = Clean(folds=2, repeats=2, unknown_artist=unknown)
    asked = Experiment(protocols=[protocol], clean=clean).model_dump_json()
    first, tables = (
        (folder / "clips.parquet", folder / "usable.parquet"),
        [folder / "table.parquet"],
    )
    usable.main(first[0], asked, seed, first[1], folder / "protocols.json", tables)
    assume(json.loads((folder / "protocols.json").read_text())["evaluations"])
    output = (folder / "folds.parquet", folder / "leaks.csv")
    assign.main(*first, asked, protocol, seed, *output, tables)
    counts = pd.read_csv(output[1])
    assert counts[["repeat", "fold"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert not counts[KINDS].any(axis=None)
