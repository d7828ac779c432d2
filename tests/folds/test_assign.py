import re

import numpy as np
import pandas as pd
import pytest

from genregraph.common.errors import UserError
from genregraph.config.experiment import Clean, Experiment, Folds
from genregraph.folds.assign import assign, main, taken
from genregraph.folds.groups import KINDS
from genregraph.folds.protocols import Evaluation
from genregraph.folds.table import COLUMNS


def asking(repeats, *protocols):
    folds = Folds(n=4, repeats=repeats)
    clean = Clean(folds=4, repeats=repeats, unknown_artist="alone")
    return Experiment(protocols=protocols or ["paper"], folds=folds, clean=clean)


@pytest.mark.parametrize("protocol", ["kfold", "random", "clean", "inductive"])
def test_repeats_test_every_clip_once_in_different_folds(clips_of, protocol):
    table, how = assign(clips_of(["blues", "jazz"] * 20), protocol, asking(3), 1)
    assert how == Evaluation(4, 3)
    assert table.columns.tolist() == COLUMNS
    folds = table.pivot(index="repeat", columns="clip", values="fold")
    assert folds.shape == (3, 40) and folds.isin(range(4)).all(axis=None)
    assert not folds.duplicated().any()
    groups = table.groupby(["repeat", "group"])["fold"].nunique()
    assert (groups == 1).all() == (protocol in ("clean", "inductive"))


@pytest.mark.parametrize("protocol", ["paper", "kfold", "clean"])
def test_seed_decides_and_a_further_repeat_changes_none_before(clips_of, protocol):
    clips = clips_of(["blues", "jazz"] * 20)
    at = [(2, 1), (2, 2**32 - 1), (3, 1)]
    first, other, longer = (assign(clips, protocol, asking(n), seed)[0] for n, seed in at)
    assert not other["fold"].equals(first["fold"])
    pd.testing.assert_frame_equal(longer[longer["repeat"] < 2], first)


@pytest.mark.parametrize(
    ("protocols", "chosen"),
    [
        (["paper", "kfold"], [0, 1, 2, 3, 4, 5]),
        (["random", "clean", "inductive"], [0, 1, 2, 3]),
        (["filtered"], [0, 2, 4, 5]),
    ],
)
def test_clips_that_protocols_take(clips_of, protocols, chosen):
    parts = ["train", "valid", "test", "", "test", "train"]
    clips = clips_of(["rock"] * 6, split=parts, excluded=[*4 * [""], "replica", "distorted"])
    for protocol in protocols:
        expected = clips.iloc[chosen].reset_index(drop=True)
        pd.testing.assert_frame_equal(taken(clips, protocol), expected)


@pytest.fixture
def step(tmp_path):
    """Run the step; its leaks."""

    def run(usable, facts, protocol, features):
        clips, used, x, output = (tmp_path / f"{name}.parquet" for name in "clips used x y".split())
        usable.to_parquet(used)
        # The dataset has clips, and an order, that the experiment does not.
        other = facts.iloc[:1].assign(clip="another")
        pd.concat([other, facts[::-1]]).to_parquet(clips)
        table = pd.DataFrame(features).add_prefix("x").assign(clip=usable["clip"])
        table[::-1].to_parquet(x)
        asked = asking(1, "paper", protocol).model_dump_json()
        main(clips, used, asked, protocol, 7, output, tmp_path / "leaks.csv", [x])
        return pd.read_csv(tmp_path / "leaks.csv")

    return run


def test_excluded_clips_count_for_what_is_nearly_identical(step, clips_of):
    """They are less spread: by all a pair is far apart, by those that are split near."""
    features = np.random.default_rng(0).normal(size=(60, 8)) * 0.3
    features[:8] *= 10
    features[7] = features[1] + 0.021
    some = clips_of(["rock", "pop"] * 4)
    clips = clips_of(["rock", "pop"] * 30, excluded=[""] * 8 + ["replica"] * 52)
    counts = [
        step(own, own, "random", features[: len(own)])["near_identical"].sum()
        for own in (some, clips)
    ]
    assert counts == [2, 0]


@pytest.mark.parametrize(
    ("genres", "groups", "reason"),
    [
        (["rock", "pop"], "aaab", "genres of a single group cannot be evaluated: rock"),
        # In two folds, two of three groups are together, and so is all of their genre.
        (["rock", "pop", "pop", "jazz", "jazz", "rock"], "aabbcc", "all groups of"),
    ],
)
def test_impossible_protocol_says_why_and_the_way_on(
    step, clips_of, tmp_path, genres, groups, reason
):
    clips = clips_of(genres * 4, group=list(groups) * (4 * len(genres) // len(groups)))
    way = f"leave it out of protocols of {tmp_path.name}, or lower clean: folds; see also problems"
    said = re.escape(f"protocol clean cannot split the clips: {reason}") + ".*" + re.escape(way)
    with pytest.raises(UserError, match=said):
        step(clips, clips, "clean", np.zeros((len(clips), 8)))
    assert not (tmp_path / "y.parquet").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_planted_leaks_are_counted_and_end_protocols_by_group(step, clips_of, tmp_path, kind):
    """Clips of different groups have something in common."""
    clips = clips_of(["rock", "pop"] * 4, group=[f"group{i}" for i in range(8)])
    facts = clips.assign(source=clips["clip"])
    features = np.random.default_rng(0).normal(size=(8, 8))
    if kind == "near_identical":
        features[[0, 2, 4, 6]] = features[0]
    else:
        column = {"group": "sheet_group", "song": "source"}.get(kind, kind)
        facts.loc[[0, 2, 4, 6], column] = "the same"
    count = {"near_identical": 12}.get(kind, 4)
    with pytest.raises(UserError, match=rf"^protocol clean leaks: .*\b{count} {kind}\b"):
        step(clips, facts, "clean", features)
    assert not list(tmp_path.glob("*.csv")) and not (tmp_path / "y.parquet").exists()
    assert step(clips, facts, "kfold", features)[kind].sum() == count
