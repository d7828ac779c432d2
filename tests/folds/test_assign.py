import numpy as np
import pandas as pd
import pytest

from folds.assign import COLUMNS, assign, main, taken
from folds.usable import COLUMNS as USABLE


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


def test_every_repeat_deals_every_clip_once_and_anew():
    clips = clips_of(["blues", "jazz"] * 20)
    for protocol in ("paper", "random", "clean", "inductive"):
        table = assign(clips, protocol, 4, 3, seed=5)
        assert table.columns.tolist() == COLUMNS
        deals = {repeat: rows for repeat, rows in table.groupby("repeat")}
        assert list(deals) == [0, 1, 2]
        for rows in deals.values():
            assert rows["clip"].tolist() == clips["clip"].tolist()
            assert rows["genre"].tolist() == clips["genre"].tolist()
            assert rows["group"].tolist() == clips["group"].tolist()
            assert set(rows["fold"]) == {0, 1, 2, 3}
        assert len({tuple(rows["fold"]) for rows in deals.values()}) == 3


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_the_seed_decides(protocol):
    clips = clips_of(["blues", "jazz"] * 20)
    first = assign(clips, protocol, 4, 2, seed=1)
    pd.testing.assert_frame_equal(assign(clips, protocol, 4, 2, seed=1), first)
    assert not assign(clips, protocol, 4, 2, seed=7)["fold"].equals(first["fold"])


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_another_repeat_leaves_those_before_as_they_were(protocol):
    clips = clips_of(["blues", "jazz"] * 20)
    longer = assign(clips, protocol, 4, 3, seed=1)
    pd.testing.assert_frame_equal(longer[: 2 * len(clips)], assign(clips, protocol, 4, 2, seed=1))


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_the_largest_seed_can_be_repeated(protocol):
    table = assign(clips_of(["blues", "jazz"] * 20), protocol, 4, 2, seed=2**32 - 1)
    assert table.groupby("repeat")["fold"].nunique().tolist() == [4, 4]


def test_clean_and_inductive_have_the_same_folds():
    clips = clips_of(["blues", "jazz"] * 20)
    clean, inductive = (assign(clips, name, 4, 2, seed=1) for name in ("clean", "inductive"))
    pd.testing.assert_frame_equal(clean, inductive)


def test_the_published_split_is_fold_0_and_clips_that_only_train():
    clips = clips_of(["blues", "jazz"] * 2).assign(split=["train", "test", "test", "train"])
    table = assign(clips, "filtered", 1, 1, seed=0)
    assert table[["repeat", "fold"]].to_numpy().tolist() == [[0, -1], [0, 0], [0, 0], [0, -1]]


def test_the_control_deals_clips_not_groups():
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
        ("random", [0, 1, 2, 3]),
        ("clean", [0, 1, 2, 3]),
        ("filtered", [0, 2, 4, 5]),
    ],
)
def test_a_protocol_takes_the_clips_it_may(protocol, positions):
    found = taken(SHEET, protocol)
    assert found["clip"].tolist() == SHEET["clip"].iloc[positions].tolist()
    assert found.index.tolist() == list(range(len(positions)))


def test_main_deals_what_the_protocol_takes(tmp_path):
    clips = clips_of(["rock", "pop"] * 20)
    clips.loc[[7, 8], "excluded"] = "replica"
    clips.to_parquet(tmp_path / "usable.parquet")
    main(tmp_path / "usable.parquet", "clean", 3, 2, 7, tmp_path / "folds.parquet")
    found = pd.read_parquet(tmp_path / "folds.parquet")
    kept = clips.drop(index=[7, 8]).reset_index(drop=True)
    pd.testing.assert_frame_equal(found, assign(kept, "clean", 3, 2, 7))
    assert np.isin(found["fold"], [0, 1, 2]).all()
