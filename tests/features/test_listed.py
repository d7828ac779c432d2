import pandas as pd
import pytest

from genregraph.audio.clips import COLUMNS
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.datasets.spreadsheet import PROBLEM_COLUMNS
from genregraph.features.listed import list_without_audio, main

REJECTED = "rejected: no feature, fold or result has it"
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
    names = "clip source genre group samples status problem md5".split()
    assert listed[names].to_numpy().tolist() == [
        ["blues.0", "blues.0", "blues", "box set", 661794, "ok", "", ""],
        ["blues.1", "blues.1", "blues", "blues.1", 660000, "ok", "", ""],
        ["jazz.0", "jazz.0", "jazz", "Coltrane", 3, "ok", "", "5" * 32],
        ["odd", "odd", "odd", "odd", 0, "rejected", "no audio and no features", ""],
    ]


def test_group_of_a_segment_is_its_song():
    listed = list_without_audio(ROWS, [SEGMENTS], "3s")
    assert listed[["clip", "source", "group", "samples"]].to_numpy().tolist() == [
        ["blues.0", "blues.0", "box set", 0],  # Rejected.
        ["blues.1.0", "blues.1", "blues.1", 66149],
        ["blues.1.1", "blues.1", "blues.1", 66149],
        ["jazz.0.0", "jazz.0", "jazz.0", 66149],
        ["odd", "odd", "odd", 0],
    ]


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


@pytest.mark.parametrize(
    ("cut", "table", "rejected"), [("30s", WHOLE, "odd"), ("3s", SEGMENTS, "blues.0 odd")]
)
def test_main_writes_clips_and_rejected_ones(tmp_path, cut, table, rejected):
    write_sheet(ROWS, tmp_path / "sheet.tsv")
    keys = table.assign(clip="X\\" + table["clip"].str.upper() + ".WAV")
    keys.to_csv(tmp_path / "table.csv", index=False)
    clips, problems = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    main(tmp_path / "sheet.tsv", [tmp_path / "table.csv"], cut, clips, problems)
    expected = list_without_audio(ROWS, [table], cut)[COLUMNS]
    pd.testing.assert_frame_equal(pd.read_parquet(clips), expected, check_dtype=False)
    why, paths = ["no audio and no features", REJECTED], {row.clip: row.path for row in ROWS}
    assert pd.read_csv(problems).to_numpy().tolist() == [
        [clip, paths[clip], *why] for clip in rejected.split()
    ]
    assert pd.read_csv(problems).columns.tolist() == PROBLEM_COLUMNS
