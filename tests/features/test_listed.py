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
SEGMENTS = pd.DataFrame({"clip": "jazz.0.0 blues.1.1 blues.1.0 rock.0.0".split(), "length": 66149})


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
    ("cut", "table", "groups", "samples", "rejected"),
    [
        ("30s", WHOLE, ["box set", "blues.1", "Coltrane", "odd"], [661794, 660000, 3, 0], ["odd"]),
        (
            "3s",
            SEGMENTS,
            ["box set", "blues.1", "blues.1", "jazz.0", "odd"],
            [0, 66149, 66149, 66149, 0],
            ["blues.0", "odd"],
        ),
    ],
)
def test_clips_are_those_that_a_table_has(tmp_path, cut, table, groups, samples, rejected):
    """The group of a segment is its song."""
    write_sheet(ROWS, tmp_path / "sheet.tsv")
    keys = table.assign(clip="X\\" + table["clip"].str.upper() + ".WAV")
    keys.to_csv(tmp_path / "table.csv", index=False)
    clips, problems = tmp_path / "clips.parquet", tmp_path / "problems.csv"
    main(tmp_path / "sheet.tsv", [tmp_path / "table.csv"], cut, clips, problems)
    listed, rows = pd.read_parquet(clips), sorted(ROWS, key=lambda row: row.clip)
    assert listed.columns.tolist() == COLUMNS
    known = table["clip"][~table["clip"].str.startswith("rock")]
    assert listed["clip"].tolist() == sorted([*known, *rejected])
    stated = [[row.clip, row.genre, row.md5] for row in rows]
    assert listed[["source", "genre", "md5"]].drop_duplicates().to_numpy().tolist() == stated
    assert (listed["group"].tolist(), listed["samples"].tolist()) == (groups, samples)
    assert listed.loc[listed["status"] == "rejected", "clip"].tolist() == rejected
    found, why = pd.read_csv(problems), ["no audio and no features", REJECTED]
    expected = [[row.clip, row.path, *why] for row in rows if row.clip in rejected]
    assert found.to_numpy().tolist() == expected
    assert found.columns.tolist() == PROBLEM_COLUMNS
