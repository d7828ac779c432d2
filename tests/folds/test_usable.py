import json

import numpy as np
import pandas as pd
import pytest

from genregraph.config.model import Experiment
from genregraph.folds.protocols import UNKNOWN_LEFT_OUT, Evaluation
from genregraph.folds.usable import COLUMNS, grouped, main, usable
from genregraph.plan.plan import read_evaluations


def clips_of(genres, status="ok"):
    """Clips of unknown artists, two to a song."""
    n = len(genres)
    return pd.DataFrame(
        {
            "clip": [f"{genre}.{i:05d}" for i, genre in enumerate(genres)],
            "source": [f"song{i // 2}" for i in range(n)],
            "genre": genres,
            "group": [f"song{i // 2}" for i in range(n)],
            "status": status,
            "md5": [f"{i:032x}" for i in range(n)],
            **dict.fromkeys(["sheet_group", "artist", "split", "excluded"], ""),
        }
    )


def test_usable_clips_are_in_every_table_of_the_genres_and_not_refused():
    clips = clips_of(["rock", "pop", "jazz", "rock", "pop", "jazz"])
    clips["status"] = ["ok", "repaired", "ok", "rejected", "ok", "ok"]
    everywhere = frozenset(clips["clip"])
    lacking = everywhere - {"pop.00004"}

    def used(tables, genres=()):
        return usable(clips, tables, genres)["clip"].tolist()

    assert used([]) == ["jazz.00002", "jazz.00005", "pop.00001", "pop.00004", "rock.00000"]
    assert used([everywhere, lacking]) == ["jazz.00002", "jazz.00005", "pop.00001", "rock.00000"]
    assert used([lacking], ["pop", "rock"]) == ["pop.00001", "rock.00000"]
    assert used([frozenset()]) == []


# Groups

NOTHING = np.empty((6, 0))


def together(clips, features=NOTHING, unknown="alone"):
    """Positions of the clips of each group."""
    found = grouped(clips, features, unknown)["group"]
    return sorted(rows.index.tolist() for _, rows in found.groupby(found))


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
def test_song_artist_group_and_copies_tie_clips(columns, groups):
    assert together(clips_of(["rock"] * 6).assign(**columns)) == groups


def test_clips_with_the_same_features_are_tied():
    features = np.random.default_rng(0).normal(size=(6, 8))
    features[5] = features[0]
    assert together(clips_of(["rock"] * 6), features) == [[0, 1, 4, 5], [2, 3]]


def test_unknown_artists_of_a_genre_can_be_tied():
    clips = clips_of(["rock", "rock", "rock", "jazz", "jazz", "jazz"])
    clips = clips.assign(source=clips["clip"], artist=["Ann", "", "", "", "", "Bob"])
    assert together(clips, unknown="together") == [[0], [1, 2], [3, 4], [5]]
    assert together(clips, unknown="alone") == [[0], [1], [2], [3], [4], [5]]


def test_a_group_has_the_name_of_its_first_clip():
    clips = clips_of(["rock"] * 6).assign(artist=["Ann", "Bob", "", "", "", ""])
    names = ["artist ann", "artist ann", "song song1", "song song1", "song song2", "song song2"]
    assert grouped(clips, NOTHING, "alone")["group"].tolist() == names


def test_songs_of_unknown_artist_are_of_none_of_the_others():
    clips = clips_of(["rock"] * 6).assign(artist=["Ann", "The Ann", "", "", "", ""])
    found = grouped(clips, NOTHING, "together")
    assert found["artist"].tolist()[:2] == ["artist ann"] * 2
    assert found["artist"].tolist()[2:] == ["song song1"] * 2 + ["song song2"] * 2
    assert found["group"].nunique() == 2


def test_the_artist_counts_before_the_group():
    columns = {"artist": ["Ann", "", "Ann", "", "", ""], "sheet_group": ["g", "g", "h", "", "", ""]}
    found = grouped(clips_of(["rock"] * 6).assign(**columns), NOTHING, "alone")
    assert found["artist"].tolist()[:3] == ["artist ann", "group g", "artist ann"]


def test_clips_of_unknown_artist_can_be_excluded_and_belong_to_a_group_still():
    clips = clips_of(["rock"] * 6).assign(
        artist=["Ann", "Ann", "", "", "Bob", "Bob"], excluded=["", "", "", "", "replica", ""]
    )
    found = grouped(clips, NOTHING, "out")
    assert found["excluded"].tolist() == ["", "", *2 * [UNKNOWN_LEFT_OUT], "replica", ""]
    assert (found["group"] != "").all()


def test_where_no_artist_is_known_none_is_left_out():
    assert (grouped(clips_of(["rock"] * 6), NOTHING, "out")["excluded"] == "").all()


# The step


@pytest.fixture
def files(tmp_path):
    clips = clips_of(["rock", "pop", "jazz"] * 20)
    clips = clips.assign(
        artist=[f"artist{i % 3} {i // 12}" for i in range(60)],
        split=["train", "test", "valid", "train"] * 15,
        source=clips["clip"],
    )
    clips.loc[0, "status"] = "rejected"
    clips.loc[[7, 8], "excluded"] = "replica"
    clips.to_parquet(tmp_path / "clips.parquet")
    tables = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    rng = np.random.default_rng(0)
    for number, (table, missing) in enumerate(zip(tables, [1, 3], strict=True)):
        values = pd.DataFrame(rng.normal(size=(60, 4)), columns=[f"x{number}{j}" for j in range(4)])
        pd.concat([clips["clip"], values], axis=1).drop(index=missing).to_parquet(table)
    return clips, tables


def run(folder, tables=None, images=None, **options):
    experiment = Experiment(protocols=["paper", "clean", "filtered"], **options)
    found, how = folder / "usable.parquet", folder / "protocols.json"
    arguments = (experiment.model_dump_json(), 0, found, how, tables, images)
    main(folder / "clips.parquet", *arguments)
    return pd.read_parquet(found), json.loads(how.read_text())


def test_main_lists_the_usable_clips_and_how_they_can_be_split(files, tmp_path):
    clips, tables = files
    found, how = run(tmp_path, tables)
    kept = clips.drop(index=[0, 1, 3]).sort_values("clip", ignore_index=True)
    assert found.columns.tolist() == COLUMNS
    assert found["clip"].tolist() == kept["clip"].tolist()
    assert found["group"].tolist() == ("artist " + kept["artist"]).tolist()
    assert found["excluded"].tolist() == kept["excluded"].tolist()
    assert how["left_out"] == {}
    assert how["evaluations"]["clean"] == {"folds": 5, "repeats": 1}
    assert read_evaluations(tmp_path / "protocols.json")["paper"] == Evaluation(10, 1)


def test_main_counts_what_became_of_every_clip(files, tmp_path):
    how = run(tmp_path, files[1])[1]["clips"]
    assert how == {
        "paper": {"used": 57, "excluded": 0, "rejected": 1, "without_features": 2},
        "clean": {"used": 55, "excluded": 2, "rejected": 1, "without_features": 2},
        "filtered": {"used": 42, "excluded": 15, "rejected": 1, "without_features": 2},
    }
    rock = run(tmp_path, files[1], genres=["rock", "pop"])[1]["clips"]["clean"]
    assert rock == {"used": 36, "excluded": 1, "rejected": 1, "without_features": 2}


def test_main_keeps_clips_with_the_same_features_together(files, tmp_path):
    _, tables = files
    for path in tables:
        table = pd.read_parquet(path).set_index("clip")
        table.loc["rock.00006"] = table.loc["jazz.00050"]
        table.reset_index().to_parquet(path)
    groups = run(tmp_path, tables)[0].set_index("clip")["group"]
    assert groups["rock.00006"] == groups["jazz.00050"]


def test_main_takes_the_clips_of_all_shards_images(files, tmp_path):
    clips, _ = files
    shards = [tmp_path / "00.parquet", tmp_path / "01.parquet"]
    clips[["clip"]][1:20].to_parquet(shards[0])
    clips[["clip"]][30:].to_parquet(shards[1])
    found, _ = run(tmp_path, images=shards)
    assert set(found["clip"]) == {*clips["clip"][1:20], *clips["clip"][30:]}


def test_a_protocol_that_refusals_made_impossible_is_left_out_and_the_others_stay(files, tmp_path):
    clips, tables = files
    others = (clips["genre"] == "jazz") & (clips["artist"] != "artist2 0")
    clips.loc[others, "status"] = "rejected"
    clips.to_parquet(tmp_path / "clips.parquet")
    _, how = run(tmp_path, tables)
    assert list(how["evaluations"]) == ["paper", "filtered"]
    assert how["left_out"] == {"clean": "genres of a single group cannot be evaluated: jazz"}


def test_groups_of_several_genres_that_leave_too_few_are_found_by_splitting(files, tmp_path):
    clips, tables = files
    clips["artist"] = np.where(clips.index % 2, "Ann", "Bob")  # Both play everything.
    clips.to_parquet(tmp_path / "clips.parquet")
    _, how = run(tmp_path, tables)
    assert how["evaluations"]["clean"] == {"folds": 2, "repeats": 1}


def test_one_genre_leaves_nothing_to_evaluate(files, tmp_path):
    _, how = run(tmp_path, files[1], genres=["rock"])
    assert how["evaluations"] == {}
    assert set(how["left_out"]) == {"paper", "clean", "filtered"}
