import logging
import re

import numpy as np
import pandas as pd
import pytest

from genregraph.common.errors import UserError
from genregraph.config.model import Clean, Experiment, Folds
from genregraph.folds.assign import assign, main, taken
from genregraph.folds.leaks import KINDS
from genregraph.folds.table import COLUMNS, fold_keys, training_masks, unique_clips
from genregraph.folds.usable import COLUMNS as USABLE


def clips_of(genres):
    """Clips of unknown artists, two to a song."""
    songs = [f"song{i // 2}" for i in range(len(genres))]
    return pd.DataFrame(
        {
            "clip": [f"{genre}.{i:05d}" for i, genre in enumerate(genres)],
            "genre": genres,
            **dict.fromkeys(["source", "group", "artist"], songs),
            **dict.fromkeys(["split", "excluded", "md5"], ""),
        }
    )[USABLE]


def test_every_repeat_splits_every_clip_once_and_anew():
    clips = clips_of(["blues", "jazz"] * 20)
    for protocol in ("kfold", "random", "clean", "inductive"):
        table = assign(clips, protocol, 4, 3, seed=5)
        assert table.columns.tolist() == COLUMNS
        repeats = {repeat: rows for repeat, rows in table.groupby("repeat")}
        assert list(repeats) == [0, 1, 2]
        for rows in repeats.values():
            assert rows["clip"].tolist() == clips["clip"].tolist()
            assert rows["genre"].tolist() == clips["genre"].tolist()
            assert rows["group"].tolist() == clips["group"].tolist()
            assert set(rows["fold"]) == {0, 1, 2, 3}
        assert len({tuple(rows["fold"]) for rows in repeats.values()}) == 3


def test_the_papers_hold_outs_test_a_third_each_and_a_clip_several_times_or_never():
    clips = clips_of(["blues", "jazz"] * 50)
    table = assign(clips, "paper", 3, 2, seed=5)
    assert table.columns.tolist() == COLUMNS
    assert fold_keys(table) == [(repeat, fold) for repeat in range(2) for fold in range(3)]
    pd.testing.assert_frame_equal(unique_clips(table), clips[COLUMNS[:4]])
    masks = training_masks(table)
    assert (~masks).sum(axis=1).tolist() == [33] * 6
    assert len(np.unique(masks, axis=0)) == 6
    tested = (~masks[:3]).sum(axis=0)
    assert {0, 1, 2} <= set(tested)
    rows = table[table["repeat"] == 0]
    assert (rows["fold"] == -1).sum() == (tested == 0).sum()
    assert len(rows) == np.maximum(tested, 1).sum()


@pytest.mark.parametrize("protocol", ["paper", "kfold", "random", "clean"])
def test_clips_are_in_the_same_order_in_every_repeat(protocol):
    clips = clips_of(["blues", "jazz"] * 20)
    for _, rows in assign(clips, protocol, 3, 3, seed=0).groupby("repeat"):
        assert rows["clip"].drop_duplicates().tolist() == clips["clip"].tolist()


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_the_seed_decides(protocol):
    clips = clips_of(["blues", "jazz"] * 20)
    first = assign(clips, protocol, 4, 2, seed=1)
    pd.testing.assert_frame_equal(assign(clips, protocol, 4, 2, seed=1), first)
    assert not assign(clips, protocol, 4, 2, seed=7)["fold"].equals(first["fold"])


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_another_repeat_leaves_those_before_as_they_were(protocol):
    clips = clips_of(["blues", "jazz"] * 20)
    longer, shorter = (assign(clips, protocol, 4, repeats, seed=1) for repeats in (3, 2))
    pd.testing.assert_frame_equal(longer[longer["repeat"] < 2], shorter)


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_the_largest_seed_can_be_repeated(protocol):
    table = assign(clips_of(["blues", "jazz"] * 20), protocol, 4, 2, seed=2**32 - 1)
    assert len(fold_keys(table)) == 8


def test_clean_and_inductive_have_the_same_folds():
    clips = clips_of(["blues", "jazz"] * 20)
    clean, inductive = (assign(clips, name, 4, 2, seed=1) for name in ("clean", "inductive"))
    pd.testing.assert_frame_equal(clean, inductive)


def test_the_published_split_is_fold_0_and_clips_that_only_train():
    clips = clips_of(["blues", "jazz"] * 2).assign(split=["train", "test", "test", "train"])
    table = assign(clips, "filtered", 1, 1, seed=0)
    assert table[["repeat", "fold"]].to_numpy().tolist() == [[0, -1], [0, 0], [0, 0], [0, -1]]


def test_the_control_splits_clips_not_groups():
    clips = clips_of(["blues", "jazz"] * 20)
    whole = {
        protocol: (assign(clips, protocol, 4, 1, seed=0).groupby("group")["fold"].nunique() == 1)
        for protocol in ("random", "clean")
    }
    assert whole["clean"].all()
    assert not whole["random"].all()


SHEET = clips_of(["rock"] * 6).assign(
    split=["train", "valid", "test", "", "test", "train"],
    excluded=["", "", "", "", "replica", "distorted"],
)


@pytest.mark.parametrize(
    ("protocol", "positions"),
    [
        ("paper", [0, 1, 2, 3, 4, 5]),
        ("kfold", [0, 1, 2, 3, 4, 5]),
        ("random", [0, 1, 2, 3]),
        ("clean", [0, 1, 2, 3]),
        ("filtered", [0, 2, 4, 5]),
    ],
)
def test_a_protocol_takes_the_clips_it_may(protocol, positions):
    found = taken(SHEET, protocol)
    assert found["clip"].tolist() == SHEET["clip"].iloc[positions].tolist()
    assert found.index.tolist() == list(range(len(positions)))


# The step

FEATURES = [f"feature{i}" for i in range(8)]


def facts_of(clips):
    """What the dataset's list says of the clips."""
    unknown = dict.fromkeys(["sheet_group", "artist"], "")
    return clips.assign(source=clips["clip"], **unknown)


@pytest.fixture
def step(tmp_path):
    """Run the step; folds and leaks."""

    def run(usable, facts, protocol, folds=4, repeats=1, features=None):
        place = tmp_path / "small" / "usable.parquet"
        place.parent.mkdir()
        usable.to_parquet(place)
        # The dataset has clips, and an order, that the experiment does not.
        other = facts.iloc[:1].assign(clip="another")
        pd.concat([other, facts[::-1]]).to_parquet(tmp_path / "clips.parquet")
        if features is None:
            features = np.random.default_rng(0).normal(size=(len(usable), 8))
        table = pd.DataFrame(features, columns=FEATURES)
        table.insert(0, "clip", usable["clip"].to_numpy())
        table[::-1].to_parquet(tmp_path / "table.parquet")
        main(
            clips=tmp_path / "clips.parquet",
            usable=place,
            experiment=Experiment(
                protocols=["paper", protocol],
                folds=Folds(n=folds, repeats=repeats),
                clean=Clean(folds=folds, repeats=repeats, unknown_artist="alone"),
            ).model_dump_json(),
            protocol=protocol,
            seed=7,
            output=tmp_path / "folds.parquet",
            leaking=tmp_path / "leaks.csv",
            tables=[tmp_path / "table.parquet"],
        )
        return pd.read_parquet(tmp_path / "folds.parquet"), pd.read_csv(tmp_path / "leaks.csv")

    return run


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_main_splits_what_the_protocol_takes(step, protocol):
    clips = clips_of(["rock", "pop"] * 20)
    clips.loc[[6, 7], "excluded"] = "replica"
    folds, leaks = step(clips, facts_of(clips), protocol, 3, 2)
    kept = taken(clips, protocol)
    assert len(kept) == {"paper": 40, "clean": 38}[protocol]
    pd.testing.assert_frame_equal(folds, assign(kept, protocol, 3, 2, 7))
    assert leaks[["repeat", "fold"]].to_numpy().tolist() == [
        [r, f] for r in (0, 1) for f in (0, 1, 2)
    ]
    assert not leaks[KINDS].any(axis=None)


def test_folds_are_as_many_as_groups_allow(step):
    clips = clips_of(["rock", "pop"] * 6)
    folds, _ = step(clips, facts_of(clips), "clean", 50)
    assert sorted(folds["fold"].unique()) == list(range(6))


@pytest.mark.parametrize(
    ("genres", "groups", "reason"),
    [
        (["rock", "pop"], "aaab", "genres of a single group cannot be evaluated: rock"),
        # In two folds, two of three groups are together, and so is all of their genre.
        (["rock", "pop", "pop", "jazz", "jazz", "rock"], "aabbcc", "all groups of"),
    ],
)
def test_impossible_protocol_says_why_and_the_way_on(step, tmp_path, genres, groups, reason):
    clips = clips_of(genres * 4).assign(group=list(groups) * (4 * len(genres) // len(groups)))
    way = "leave it out: protocols: [paper] of experiment small, or lower clean: folds"
    said = re.escape(f"protocol clean cannot split the clips: {reason}") + ".*" + re.escape(way)
    with pytest.raises(UserError, match=said):
        step(clips, facts_of(clips), "clean")
    assert not (tmp_path / "folds.parquet").exists()


def planted(kind):
    """Clips of different groups with something in common; and their features."""
    clips = clips_of(["rock", "pop"] * 4).assign(group=[f"group{i}" for i in range(8)])
    facts, features = facts_of(clips), np.random.default_rng(0).normal(size=(8, 8))
    if kind == "near_identical":
        features[[0, 2, 4, 6]] = features[0]
    else:
        column = {"group": "sheet_group", "song": "source"}.get(kind, kind)
        facts.loc[[0, 2, 4, 6], column] = "the same"
    return clips, facts, features


@pytest.mark.parametrize("protocol", ["clean", "inductive"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_leak_ends_a_protocol_by_group_and_is_named(step, tmp_path, kind, protocol):
    clips, facts, features = planted(kind)
    count = {"near_identical": 12}.get(kind, 4)
    with pytest.raises(UserError, match=rf"^protocol {protocol} leaks: .*\b{count} {kind}\b"):
        step(clips, facts, protocol, features=features)
    assert not list(tmp_path.glob("*.csv"))
    assert not (tmp_path / "folds.parquet").exists()


@pytest.mark.parametrize("protocol", ["kfold", "random"])
@pytest.mark.parametrize("kind", KINDS)
def test_other_protocols_only_count_it(step, kind, protocol, caplog):
    caplog.set_level(logging.INFO)
    clips, facts, features = planted(kind)
    _, leaks = step(clips, facts, protocol, 4, features=features)
    assert leaks[kind].sum() == {"near_identical": 12}.get(kind, 4)
    assert f"'{kind}': {leaks[kind].sum()}" in caplog.text
