import json

import numpy as np
import pandas as pd
import pytest

from genregraph.config.experiment import Experiment
from genregraph.folds.protocols import UNKNOWN_LEFT_OUT
from genregraph.folds.usable import COLUMNS, main, with_groups

NOTHING = np.empty((6, 0))


@pytest.mark.parametrize(
    ("columns", "groups"),
    [
        ({}, [[0, 1], [2, 3], [4, 5]]),
        ({"artist": ["X", "", "", "", "the x", "Y"]}, [[0, 1, 4, 5], [2, 3]]),
        ({"sheet_group": ["", "g", "g", "", "", ""]}, [[0, 1, 2, 3], [4, 5]]),
        ({"md5": ["a", "b", "b", "c", "c", "d"]}, [[0, 1, 2, 3, 4, 5]]),
        (
            {"artist": ["X", "X", "", "", "X", "X"], "sheet_group": ["g", "g", "", "", "h", "h"]},
            [[0, 1, 4, 5], [2, 3]],
        ),
    ],
)
def test_song_artist_group_and_copies_tie_clips(clips_of, columns, groups):
    group = with_groups(clips_of(["rock"] * 6, **columns), NOTHING, "alone")["group"]
    assert sorted(rows.index.tolist() for _, rows in group.groupby(group)) == groups


def test_names_of_groups_and_artists(clips_of):
    """A group has that of its first clip; an artist is the sheet's, its group or the song."""
    columns = {"artist": ["Ann", "", "The Ann", "", "", ""], "sheet_group": [*"ggh", "", "", ""]}
    table = with_groups(clips_of(["rock"] * 6, **columns), NOTHING, "alone")
    assert table["group"].tolist() == ["group g"] * 4 + ["song song2"] * 2
    names = ["artist ann", "group g", "artist ann", "song song1", "song song2", "song song2"]
    assert table["artist"].tolist() == names


def test_clips_of_unknown_artist_can_be_excluded_and_have_a_group(clips_of):
    artist, excluded = ["Ann", "Ann", "", "", "Bob", "Bob"], ["", "", "", "", "replica", ""]
    table = with_groups(clips_of(["rock"] * 6, artist=artist, excluded=excluded), NOTHING, "out")
    assert table["excluded"].tolist() == ["", "", *2 * [UNKNOWN_LEFT_OUT], "replica", ""]
    assert (table["group"] != "").all()
    # Where no artist is known none is left out.
    assert (with_groups(clips_of(["rock"] * 6), NOTHING, "out")["excluded"] == "").all()


@pytest.fixture
def files(tmp_path, clips_of):
    clips = clips_of(
        ["rock", "pop", "jazz"] * 20,
        artist=[f"artist{i % 3} {i // 12}" for i in range(60)],
        split=["train", "test", "valid", "train"] * 15,
    )
    clips["source"] = clips["clip"]
    clips.loc[[0, 5], "status"] = ["rejected", "repaired"]
    clips.loc[[7, 8], "excluded"] = "replica"
    clips.to_parquet(tmp_path / "clips.parquet")
    tables = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    x = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 8))).add_prefix("x")
    for table, columns, missing in zip(tables, (x.columns[:4], x.columns[4:]), (1, 3), strict=True):
        x[columns].assign(clip=clips["clip"]).drop(index=missing).to_parquet(table)
    return clips, tables


def run(folder, tables=None, images=None, **options):
    experiment = Experiment(protocols=["paper", "clean", "filtered"], **options)
    outputs = folder / "usable.parquet", folder / "protocols.json"
    main(folder / "clips.parquet", experiment.model_dump_json(), 0, *outputs, tables, images)
    return pd.read_parquet(outputs[0]), json.loads(outputs[1].read_text())


def test_main_lists_usable_clips_and_how_they_can_be_split(files, tmp_path):
    clips, tables = files
    table, how = run(tmp_path, tables)
    kept = clips.drop(index=[0, 1, 3]).sort_values("clip", ignore_index=True)
    assert table.columns.tolist() == COLUMNS
    assert table[["clip", "excluded"]].equals(kept[["clip", "excluded"]])
    assert table["group"].tolist() == ("artist " + kept["artist"]).tolist()
    lost, folds = {"rejected": 1, "without_features": 2}, {"paper": 10, "clean": 5, "filtered": 1}
    used = {"paper": 57, "clean": 55, "filtered": 42}
    assert how == {
        "evaluations": {name: {"folds": n, "repeats": 1} for name, n in folds.items()},
        "left_out": {},
        "clips": {name: {"used": n, "excluded": 57 - n, **lost} for name, n in used.items()},
    }
    some = run(tmp_path, tables, genres=["rock", "pop"])[1]["clips"]["clean"]
    assert some == {"used": 36, "excluded": 1, **lost}


def test_main_takes_the_clips_of_all_shards_images(files, tmp_path):
    names, shards = files[0][["clip"]], [tmp_path / "00.parquet", tmp_path / "01.parquet"]
    for shard, of_shard in zip(shards, (names[1:20], names[30:]), strict=True):
        of_shard.to_parquet(shard)
    used = run(tmp_path, images=shards)[0]["clip"]
    assert set(used) == set(names["clip"].drop([0, *range(20, 30)]))


def test_protocol_that_rejected_clips_made_impossible_is_left_out(files, tmp_path):
    clips, tables = files
    others = (clips["genre"] == "jazz") & (clips["artist"] != "artist2 0")
    clips.loc[others, "status"] = "rejected"
    clips.to_parquet(tmp_path / "clips.parquet")
    _, how = run(tmp_path, tables)
    assert list(how["evaluations"]) == ["paper", "filtered"]
    assert how["left_out"] == {"clean": "genres of a single group cannot be evaluated: jazz"}
