import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from folds import assign, leaks, usable
from folds.groups import identical
from folds.leaks import KINDS
from settings.errors import UserError
from settings.model import Clean, Experiment
from settings.plan import read_evaluations

NO_PAIRS = np.empty((0, 2), dtype=np.int64)


def clips_of(n, **columns):
    """Clips that have nothing in common but what is given."""
    names = [f"clip{i:02d}" for i in range(n)]
    return pd.DataFrame(
        {
            "clip": names,
            "source": names,
            "genre": ["blues", "jazz"] * (n // 2) + ["blues"] * (n % 2),
            "status": "ok",
            "md5": [f"{i:032x}" for i in range(n)],
            "artist": [f"artist {i}" for i in range(n)],
            **dict.fromkeys(["sheet_group", "split", "excluded"], ""),
            **columns,
        }
    )


def folds_of(clips, *repeats):
    return pd.concat(
        [
            clips[["clip", "genre"]].assign(group="", repeat=repeat, fold=fold)
            for repeat, fold in enumerate(repeats)
        ],
        ignore_index=True,
    )


def counts(table, kind):
    return table[kind].tolist()


def test_leaks_are_those_counted_by_hand():
    clips = clips_of(
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
    assert counts(table, "group") == [1, 1, 1, 1, 0]
    assert counts(table, "artist") == [1, 1, 2, 1, 1]
    assert counts(table, "song") == [0, 0, 0, 2, 2]
    assert counts(table, "md5") == [2, 2, 0, 0, 0]
    assert counts(table, "near_identical") == [2, 2, 3, 2, 1]


def test_clips_that_only_train_are_no_fold_but_leak_into_those():
    clips = clips_of(4, artist=["Ann", "Ann", "Bob", "Bob"])
    table = leaks.leaks(folds_of(clips, [-1, 0, -1, -1]), clips, NO_PAIRS, "together")
    assert table[["fold", "artist"]].to_numpy().tolist() == [[0, 1]]


def test_unknown_artists_leak_only_if_they_are_a_group():
    clips = clips_of(4, artist=["Ann", "", "Ann", ""], genre="rock")
    folds = folds_of(clips, [0, 0, 0, 1])
    found = {
        unknown: counts(leaks.leaks(folds, clips, NO_PAIRS, unknown), "group")
        for unknown in ("together", "alone", "out")
    }
    assert found == {"together": [1, 1], "alone": [0, 0], "out": [0, 0]}


# The step

FOLD = [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.fixture
def run(tmp_path):
    def audit(clips, protocol, features=None, fold=FOLD, dealt=slice(None)):
        paths = {name: tmp_path / f"{name}.parquet" for name in ("clips", "folds", "table")}
        # The dataset has clips, and an order, that the experiment does not.
        stranger = clips_of(1, clip="aaa", artist=clips["artist"].iloc[:1])
        pd.concat([stranger, clips[::-1]]).to_parquet(paths["clips"])
        folds_of(clips[dealt], fold).to_parquet(paths["folds"])
        if features is None:
            features = np.random.default_rng(0).normal(size=(len(clips), 8))
        table = pd.DataFrame(features, columns=list("abcdefgh")).assign(clip=clips["clip"])
        table[["clip", *"abcdefgh"]][::-1].to_parquet(paths["table"])
        output = tmp_path / "leaks.csv"
        clips.to_parquet(usable := tmp_path / "usable.parquet")
        options = {"protocol": protocol, "unknown": "together", "output": output}
        leaks.main(paths["folds"], paths["clips"], usable, tables=[paths["table"]], **options)
        return pd.read_csv(output)

    return audit


def planted(kind):
    """Clips 1 and 7, of which no fold has both, with something in common; and their features."""
    clips = clips_of(8)
    features = np.random.default_rng(0).normal(size=(8, 8))
    if kind == "near_identical":
        features[7] = features[1] + 1e-6
    else:
        column = {"group": "sheet_group", "song": "source"}.get(kind, kind)
        clips.loc[[1, 7], column] = "the same"
    return clips, features


@pytest.mark.parametrize("protocol", ["clean", "inductive"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_leak_ends_a_clean_protocol_and_is_named(run, tmp_path, kind, protocol):
    clips, features = planted(kind)
    with pytest.raises(UserError, match=rf"^protocol {protocol} leaks: .*\b2 {kind}\b.*folds\.par"):
        run(clips, protocol, features)
    assert not (tmp_path / "leaks.csv").exists()


@pytest.mark.parametrize("protocol", ["paper", "filtered"])
@pytest.mark.parametrize("kind", KINDS)
def test_other_protocols_only_count_it(run, kind, protocol, caplog):
    caplog.set_level(logging.INFO)
    clips, features = planted(kind)
    table = run(clips, protocol, features)
    assert counts(table, kind) == [1, 0, 0, 1]
    assert f"'{kind}': 2" in caplog.text


def test_copies_are_told_as_where_clips_were_tied_by_what_all_usable_clips_are_like(run):
    """Excluded clips are less spread: by all a pair is far apart, by those that are dealt near."""
    features = np.random.default_rng(0).normal(size=(60, 8)) * 0.3
    features[:8] *= 10
    features[7] = features[1] + 0.021
    near = [len(identical(x)) for x in (features, features[:8])]
    assert near == [0, 1]
    table = run(clips_of(60), "clean", features, dealt=slice(8))
    assert not table[KINDS].any(axis=None)


@pytest.mark.parametrize("protocol", ["paper", "clean", "inductive"])
def test_clips_with_nothing_in_common_do_not_leak(run, protocol):
    table = run(clips_of(8), protocol)
    assert table["fold"].tolist() == [0, 1, 2, 3]
    assert not table[KINDS].any(axis=None)


def test_what_is_in_common_within_a_fold_is_no_leak(run):
    clips = clips_of(8)
    clips.loc[[2, 3], ["artist", "source", "md5", "sheet_group"]] = "the same"
    features = np.random.default_rng(0).normal(size=(8, 8))
    features[3] = features[2]
    assert not run(clips, "clean", features)[KINDS].any(axis=None)


def test_without_tables_replicas_are_not_looked_for(tmp_path):
    clips = clips_of(8)
    clips.to_parquet(tmp_path / "clips.parquet")
    folds_of(clips, FOLD).to_parquet(tmp_path / "folds.parquet")
    leaks.main(
        *(tmp_path / "folds.parquet", tmp_path / "clips.parquet", tmp_path / "clips.parquet"),
        *("clean", "together", tmp_path / "leaks.csv"),
    )
    assert counts(pd.read_csv(tmp_path / "leaks.csv"), "near_identical") == [0, 0, 0, 0]


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
def test_what_is_assigned_never_leaks(tmp_path_factory, facts, unknown, protocol, seed):
    folder = tmp_path_factory.mktemp("folds")
    clips, folds, table = (folder / f"{name}.parquet" for name in ("clips", "folds", "table"))
    artist, group, md5, look = zip(*facts, strict=True)
    clips_of(len(facts), artist=artist, sheet_group=group, md5=md5).to_parquet(clips)
    looks = np.random.default_rng(0).normal(size=(26, 3))[list(look)]
    listed = pd.DataFrame(looks, columns=list("abc")).assign(clip=clips_of(len(facts))["clip"])
    listed[["clip", *"abc"]].to_parquet(table)
    asked = Experiment(
        protocols=[protocol], clean=Clean(folds=2, repeats=2, unknown_artist=unknown)
    )
    found, judged = folder / "usable.parquet", folder / "protocols.json"
    usable.main(clips, asked.model_dump_json(), seed, found, judged, [table])
    assume(protocol in read_evaluations(judged))
    assign.main(found, protocol, 2, 2, seed, folds)
    leaks.main(folds, clips, found, protocol, unknown, folder / "leaks.csv", [table])
    found = pd.read_csv(folder / "leaks.csv")
    assert found[["repeat", "fold"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert not found[KINDS].any(axis=None)
