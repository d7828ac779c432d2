import pandas as pd
import pytest

from genregraph.audio.clips import COLUMNS
from genregraph.audio.problems import PROBLEM_COLUMNS
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.features.listed import list_unheard, main

ROWS = [
    Row("jazz.0", "jazz/jazz.0.wav", "jazz", artist="Coltrane", md5="5" * 32),
    Row("blues.1", "blues/blues.1.wav", "blues"),
    Row("blues.0", "blues/blues.0.wav", "blues", group="box set", artist="Hooker"),
    Row("odd", "odd/odd.wav", "odd"),
]
WHOLE = pd.DataFrame(
    {"clip": ["blues.0", "blues.1", "rock.0", "jazz.0"], "length": [661794.0, 660000, 5, 3]}
)
SEGMENTS = pd.DataFrame(
    {"clip": ["jazz.0.0", "blues.1.1", "blues.1.0", "rock.0.0"], "length": 66149.0, "x": 1.0}
)


def test_whole_clips_are_those_of_the_sheet_that_the_table_knows():
    listed = list_unheard(ROWS, [WHOLE], "30s")
    assert listed.columns.tolist() == COLUMNS
    assert listed["clip"].tolist() == ["blues.0", "blues.1", "jazz.0", "odd"]
    assert listed["source"].tolist() == listed["clip"].tolist()
    assert listed["genre"].tolist() == ["blues", "blues", "jazz", "odd"]
    assert listed["samples"].tolist() == [661794, 660000, 3, 0]
    assert listed["status"].tolist() == ["ok", "ok", "ok", "rejected"]
    assert listed["problem"].tolist() == ["", "", "", "no audio and no features"]
    assert listed["md5"].tolist() == ["", "", "5" * 32, ""]
    assert set(listed["start"]) == {0}


def test_the_group_is_the_sheets_or_the_artist_or_the_clip():
    listed = list_unheard(ROWS, [WHOLE], "30s")
    assert listed["group"].tolist() == ["box set", "blues.1", "Coltrane", "odd"]


def test_segments_know_their_song():
    listed = list_unheard(ROWS, [SEGMENTS], "3s").query("status == 'ok'")
    assert listed["clip"].tolist() == ["blues.1.0", "blues.1.1", "jazz.0.0"]
    assert listed["source"].tolist() == ["blues.1", "blues.1", "jazz.0"]
    assert listed["group"].tolist() == ["blues.1", "blues.1", "jazz.0"]
    assert listed["genre"].tolist() == ["blues", "blues", "jazz"]
    assert listed["samples"].tolist() == [66149] * 3


def test_the_group_of_a_segment_is_its_song_whatever_the_sheet_says():
    listed = list_unheard(ROWS, [pd.DataFrame({"clip": ["blues.0.0", "jazz.0.7"]})], "3s")
    assert listed.query("status == 'ok'")["group"].tolist() == ["blues.0", "jazz.0"]


def test_a_song_without_a_segment_is_refused_once():
    refused = list_unheard(ROWS, [SEGMENTS], "3s").query("status == 'rejected'")
    assert refused["clip"].tolist() == ["blues.0", "odd"]
    assert refused["source"].tolist() == ["blues.0", "odd"]


def test_a_clip_named_like_a_segment_of_another_is_a_whole_clip():
    rows = [Row("a", "a.wav", "jazz"), Row("a.0", "a.0.wav", "odd")]
    listed = list_unheard(rows, [pd.DataFrame({"clip": ["a.0", "a"], "x": 1.0})], "30s")
    assert listed[["clip", "source", "genre"]].to_numpy().tolist() == [
        ["a", "a", "jazz"],
        ["a.0", "a.0", "odd"],
    ]


def test_without_lengths_samples_are_0():
    assert set(list_unheard(ROWS, [WHOLE[["clip"]]], "30s")["samples"]) == {0}


@pytest.mark.parametrize("length", [float("nan"), float("inf")])
def test_a_length_that_is_not_known_is_0(length):
    table = WHOLE.assign(length=[661794.0, length, 5, 3])
    listed = list_unheard(ROWS, [table], "30s").set_index("clip")
    assert listed.loc[["blues.0", "blues.1"], "samples"].tolist() == [661794, 0]
    assert listed.loc["blues.1", "status"] == "ok"


def test_a_clip_of_any_table_is_listed_with_the_length_of_whichever_has_it():
    tables = [
        pd.DataFrame({"clip": ["jazz.0", "blues.0"], "x": 1.0}),
        pd.DataFrame({"clip": ["blues.0", "blues.1"], "length": [float("nan"), 7]}),
        WHOLE[:1],
    ]
    for order in (tables, tables[::-1]):
        listed = list_unheard(ROWS, order, "30s").set_index("clip")
        assert listed["status"].to_dict() == {
            **dict.fromkeys(["blues.0", "blues.1", "jazz.0"], "ok"),
            "odd": "rejected",
        }
        assert listed["samples"].tolist() == [661794, 7, 0, 0]


@pytest.mark.parametrize(("cut", "table"), [("30s", WHOLE), ("3s", SEGMENTS)])
def test_the_sheet_and_the_table_become_two_files(tmp_path, cut, table):
    write_sheet(ROWS, tmp_path / "sheet.tsv")
    table.to_csv(tmp_path / "table.csv", index=False)
    clips, problems = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    main(tmp_path / "sheet.tsv", [tmp_path / "table.csv"], cut, clips, problems)
    expected = list_unheard(ROWS, [table], cut)
    pd.testing.assert_frame_equal(pd.read_parquet(clips), expected, check_dtype=False)
    listed = pd.read_csv(problems)
    assert listed.columns.tolist() == PROBLEM_COLUMNS
    refused = expected.loc[expected["status"] == "rejected", "clip"].tolist()
    assert listed["clip"].tolist() == refused
    paths = {row.clip: row.path for row in ROWS}
    assert listed["path"].tolist() == [paths[clip] for clip in refused]
    assert set(listed["problem"]) == {"no audio and no features"}
    assert set(listed["what_was_done"]) == {"rejected: no feature, fold or result has it"}


def test_keys_are_matched_with_the_sheet(tmp_path):
    write_sheet(ROWS, tmp_path / "sheet.tsv")
    table = tmp_path / "table.csv"
    table.write_text("filename,length\nJazz\\jazz.0.1.WAV,66149\nrock.0.0.wav,66149\n")
    clips, problems = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    main(tmp_path / "sheet.tsv", [table], "3s", clips, problems)
    listed = pd.read_parquet(clips).query("status == 'ok'")
    assert listed[["clip", "source", "samples"]].to_numpy().tolist() == [
        ["jazz.0.1", "jazz.0", 66149]
    ]


def test_a_missing_table_is_a_fault_of_the_users(tmp_path):
    write_sheet(ROWS, tmp_path / "sheet.tsv")
    outputs = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    with pytest.raises(UserError, match=r"table\.csv: there is no such file of Parquet, CSV"):
        main(tmp_path / "sheet.tsv", [tmp_path / "table.csv"], "30s", *outputs)
