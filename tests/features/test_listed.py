import pandas as pd
import pytest

from genregraph.audio.clips import COLUMNS
from genregraph.audio.problems import PROBLEM_COLUMNS
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.features.listed import list_without_audio, main

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


def test_clips_are_those_of_the_sheet_that_a_table_has():
    listed = list_without_audio(ROWS, [WHOLE], "30s")
    assert listed.columns.tolist() == COLUMNS
    names = "clip source genre group samples status problem md5".split()
    assert listed[names].to_numpy().tolist() == [
        ["blues.0", "blues.0", "blues", "box set", 661794, "ok", "", ""],
        ["blues.1", "blues.1", "blues", "blues.1", 660000, "ok", "", ""],
        ["jazz.0", "jazz.0", "jazz", "Coltrane", 3, "ok", "", "5" * 32],
        ["odd", "odd", "odd", "odd", 0, "rejected", "no audio and no features", ""],
    ]
    assert set(listed["start"]) == {0}


def test_group_of_a_segment_is_its_song():
    listed = list_without_audio(ROWS, [SEGMENTS], "3s")
    assert listed["clip"].tolist() == ["blues.0", "blues.1.0", "blues.1.1", "jazz.0.0", "odd"]
    assert listed["source"].tolist() == ["blues.0", "blues.1", "blues.1", "jazz.0", "odd"]
    usable = listed[listed["status"] == "ok"]
    assert usable["group"].tolist() == ["blues.1", "blues.1", "jazz.0"]
    assert usable["samples"].tolist() == [66149] * 3


def test_length_is_of_whichever_table_has_it():
    tables = [
        pd.DataFrame({"clip": ["jazz.0", "blues.0"], "x": 1.0}),
        pd.DataFrame({"clip": ["blues.0", "blues.1"], "length": [float("nan"), 7]}),
        pd.DataFrame({"clip": ["jazz.0"], "length": [float("inf")]}),
        WHOLE[:1],
    ]
    for order in (tables, tables[::-1]):
        listed = list_without_audio(ROWS, order, "30s")
        assert listed["samples"].tolist() == [661794, 7, 0, 0]
        assert listed["status"].tolist() == ["ok", "ok", "ok", "rejected"]


@pytest.mark.parametrize(("cut", "table"), [("30s", WHOLE), ("3s", SEGMENTS)])
def test_main_writes_clips_and_rejected_ones(tmp_path, cut, table):
    write_sheet(ROWS, tmp_path / "sheet.tsv")
    keys = table.assign(clip="X\\" + table["clip"].str.upper() + ".WAV")
    keys.to_csv(tmp_path / "table.csv", index=False)
    clips, problems = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    main(tmp_path / "sheet.tsv", [tmp_path / "table.csv"], cut, clips, problems)
    expected = list_without_audio(ROWS, [table], cut)
    pd.testing.assert_frame_equal(pd.read_parquet(clips), expected, check_dtype=False)
    listed = pd.read_csv(problems)
    assert listed.columns.tolist() == PROBLEM_COLUMNS
    rejected = expected.loc[expected["status"] == "rejected", "clip"].tolist()
    assert listed["clip"].tolist() == rejected
    paths = {row.clip: row.path for row in ROWS}
    assert listed["path"].tolist() == [paths[clip] for clip in rejected]
    assert set(listed["problem"]) == {"no audio and no features"}
    assert set(listed["what_was_done"]) == {"rejected: no feature, fold or result has it"}
