import numpy as np
import pandas as pd
import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.datasets.spreadsheet import NOT_IN_TABLE, PROBLEM_COLUMNS
from genregraph.features.imported import features_in, main, read_foreign
from genregraph.features.keys import Names

GENRES = np.repeat(["blues", "jazz", "rock"], 8)
NAMES = [f"{genre}.{i}" for i, genre in enumerate(GENRES)]
LISTED = pd.DataFrame(
    {"clip": NAMES, "source": NAMES, "genre": GENRES, "split": ["train", "test"] * 12}
).assign(status="ok", problem="")


def sheet_of(*clips):
    """Rows of a sheet, each clip in the folder of its genre."""
    return [Row(clip, f"{clip.split('.')[0]}/{clip}.wav", clip.split(".")[0]) for clip in clips]


ODD = ["000002", "1e3", "NA", "None", "null"]
SHEET = sheet_of("blues.0", "blues.1", "jazz.1", "a", "b", *ODD)


def read(path, keep=()):
    """A file's features, and why other columns are none."""
    features, left_out = features_in(read_foreign(path, Names(SHEET), "30s"), keep)
    return features.reset_index(drop=True), left_out


def fault(action, *arguments, **options):
    with pytest.raises(UserError) as error:
        action(*arguments, **options)
    return str(error.value).partition("tables: ")[2].partition(": ")[2] or str(error.value)


@pytest.fixture
def foreign(tmp_path):
    def write(table, name="table.csv"):
        path = tmp_path / name
        if isinstance(table, str):
            path.write_text(table, encoding="utf-8")
        else:
            (table.to_csv if path.suffix == ".csv" else table.to_parquet)(path, index=False)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "clips"),
    [
        ("filename,clip,x\njazz.0.wav,a,1\n", ["a"]),
        ("clip,filename,x\n17,a.wav,1\n", ["a"]),
        ("Track ID,File,x\n5,J:\\a\\a.mp3,1\n", ["a"]),
        *((f"{key},x\n" + ",1\n".join([*ODD, ""]), ODD) for key in ("clip", "filename", "")),
        ("filename,x\na,1\n,2\nb,3\n,4\n", ["a", "b"]),
    ],
)
def test_keys_are_texts_of_the_likeliest_column_that_names_clips(foreign, text, clips):
    assert read(foreign(text))[0]["clip"].tolist() == clips


def wide(**more):
    """Ten features of three clips, and more columns."""
    features = {f"f{i}": np.sqrt(np.arange(3) + i) for i in range(10)}
    return pd.DataFrame({"clip": ["blues.0", "blues.1", "jazz.1"], **features, **more})


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([np.nan] * 3, "no cell holds a finite number"),
        ([np.inf, 1e160, -np.inf], "no cell holds a finite number"),
        ([1e-300, np.nan, 2e-300], "it is constant in single precision"),
        (["loud", None, "soft"], "text, such as 'loud'"),
    ],
)
def test_column_without_numbers_is_left_out_and_named(foreign, name, cells, reason):
    table, left_out = read(foreign(wide(odd=cells), name))
    assert table.columns.tolist() == wide().columns.tolist()
    assert left_out == {"odd": reason}


def test_column_without_a_name_is_left_out_unless_it_is_kept(foreign):
    path = foreign(wide(**{"": [0.5, 0.25, 7.0]}))
    assert read(path)[1] == {"Unnamed: 11": "it has no name"}
    assert read(path, ["Unnamed: 11"])[0]["Unnamed: 11"].tolist() == [0.5, 0.25, 7.0]


@pytest.mark.parametrize(
    ("cells", "odd"),
    [
        (["1,234.50", "2,000.00", "3"], 0),
        (["1.5", "n/d", "2.5"], 1),
        (["1", "2", "-3,5e2"], 2),
        (["12 %", "13 %", "14 %"], 0),
    ],
)
def test_text_among_numbers_names_column_row_and_cell(foreign, cells, odd):
    """Where the column's name does not say that it is text."""
    said = f"column 'tempo', row {odd + 2}: {cells[odd]!r} is no number among numbers"
    assert fault(read, foreign(wide(tempo=cells))).startswith(said)
    assert read(foreign(wide(title=cells)))[1] == {}


def test_numbers_may_be_text_or_truth_values_and_keys_missing_in_parquet(foreign):
    table = wide(tempo=["1.5", "NA", " 2e3"], odd=[True, False, True])
    path = foreign(pd.concat([table, table.assign(clip=None)]), "table.parquet")
    np.testing.assert_array_equal(read(path)[0]["tempo"], [1.5, np.nan, 2000])
    assert read(path)[0]["odd"].tolist() == [1, 0, 1]


@pytest.fixture
def step(tmp_path):
    def run(path, clips=LISTED, cut="30s", **options):
        names = ("sheet.tsv", "clips.parquet", "mine.parquet", "problems.csv")
        sheet, listed, output, problems = (tmp_path / name for name in names)
        write_sheet(sheet_of(*clips["source"].unique()), sheet)
        clips.to_parquet(listed)
        main(path, sheet, listed, cut, output, problems, **options)
        return pd.read_parquet(output), pd.read_csv(problems, keep_default_na=False)

    return run


FEW = LISTED.loc[[0, 1, 9, 10]].assign(status=["ok", "repaired", "rejected", "ok"])


def test_main_writes_the_table_and_what_it_lacks(foreign, step, caplog):
    caplog.set_level("INFO")
    path = foreign("filename,x,z\njazz.10.wav,1,2\nblues.1.wav,1e39,2\nc,1,1\n")
    table, problems = step(path, FEW)
    pd.testing.assert_frame_equal(table, pd.DataFrame({"clip": ["jazz.10"], "x": 1.0, "z": 2.0}))
    assert problems.columns.tolist() == PROBLEM_COLUMNS
    assert problems.to_numpy().tolist() == [
        ["", "", "mine lacks 2 of 2 clips of blues", NOT_IN_TABLE],
        ["blues.0", "", "mine: no row in the imported table", NOT_IN_TABLE],
        ["blues.1", "", "mine: not finite: 'x'", NOT_IN_TABLE],
    ]
    assert "mine: not finite: 'x'" in caplog.text


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "Path,x,id\nz.wav,1,3\n",
            "none of the dataset's clips is in it; mend the keys, which are like 'z.wav' (column "
            "'Path') and '3' (column 'id') there, and like 'blues.0' here",
        ),
        ("clip,label\nblues.0,blues\n", "no numeric column; a table needs features"),
        (
            wide(odd=["a", "b", "c"], gap=np.nan),
            "too many columns are no features: 'odd' (text, such as 'a'), 'gap' (no cell holds a "
            "finite number); mend or remove them",
        ),
        ("clip,x\njazz.9,1\n", "none of its clips is usable: problems.csv says why"),
        (
            "clip,x,z\njazz.10,,1\nblues.0,,2\nblues.1,1,\n",
            "no clip has all numbers, such as 'blues.0' ('x'); fill in what is missing or "
            "infinite, or remove these columns",
        ),
        (
            "filename,x\njazz.9.wav,1\nc,2\nc,4\njazz.9.au,2\n",
            "clip 'jazz.9' has two rows (2 and 5); keep one of them or, if rows are frames or "
            "windows, set tables.mine.pool: true",
        ),
    ],
)
def test_table_that_cannot_be_imported_says_what_to_mend(foreign, step, tmp_path, table, said):
    assert fault(step, foreign(table), FEW) == said
    assert not (tmp_path / "mine.parquet").exists()


def test_lacking_segments_are_counted_by_their_clips(foreign, step):
    song = LISTED.loc[np.repeat([0, 1, 9], 3)].reset_index(drop=True)
    clips = song.assign(clip=song["clip"] + "." + (song.index % 3).astype(str))
    keys = "blues.0.0.wav blues/blues.0.2.wav JAZZ.9.0 jazz.9.1 jazz.9.2".split()
    path = foreign(pd.DataFrame({"filename": keys, "x": [1, 3, 4, 7, 2]}))
    table, problems = step(path, clips, "3s")
    assert table["clip"].tolist() == ["blues.0.0", "blues.0.2", "jazz.9.0", "jazz.9.1", "jazz.9.2"]
    assert problems["problem"][0] == "mine lacks segments of 2 of 2 clips of blues"
    assert problems["clip"].tolist() == ["", "blues.0.1", "blues.1.0", "blues.1.1", "blues.1.2"]


def windowed(**more):
    """Five windows of each clip that is listed."""
    rows = LISTED.loc[np.repeat(LISTED.index, 5), ["clip"]].reset_index(drop=True)
    return rows.assign(tempo=np.random.default_rng(3).normal(size=len(rows)), **more)


def test_rows_of_a_clip_are_pooled_but_for_positions_which_rise_in_each(foreign, step):
    path = foreign("filename,x\njazz.9.wav,1\nc,2\nc,4\njazz.9.au,2\n")
    assert step(path, pool=True)[0].to_numpy().tolist() == [["jazz.9", 1.5, 0.5]]
    energy, times = np.random.default_rng(4).normal(size=120), [0, 1.5, 3, 4.5, 6] * 24
    path = foreign(windowed(window=[*range(5)] * 24, start_time=times, frame_e=energy))
    table, problems = step(path, pool=True)
    pooled_names = ["tempo_mean", "frame_e_mean", "tempo_std", "frame_e_std"]
    assert table.columns.tolist() == ["clip", *pooled_names]
    assert set(problems["problem"]) == {
        f"column {name!r}: it says where in a clip a row is" for name in ("window", "start_time")
    }
    assert "window_mean" in step(path, pool=True, keep=["window"])[0]
    alone = windowed(window=[*range(5)] * 24).drop(columns="tempo")
    assert "no numeric column" in fault(step, foreign(alone), pool=True)


@pytest.mark.parametrize(
    ("column", "cells", "pool"),
    [
        ("label", np.random.default_rng(1).normal(size=24), False),
        ('it\'s "one"', np.random.default_rng(2).permutation(24) + 1, False),
        ("n", np.repeat(np.arange(24), 5), True),
        ("m", np.arange(120) / 7, True),
    ],
)
def test_column_that_gives_the_answer_is_rejected_if_not_kept(foreign, step, column, cells, pool):
    rows = windowed() if pool else windowed()[::5]
    path = foreign(rows.assign(**{column: cells}))
    said = fault(step, path, pool=pool)
    assert said.startswith(f"columns that would give a model the answer: {column!r} (it")
    assert "set tables.mine.keep: [" in said
    table = step(path, pool=pool, keep=[column])[0].set_index("clip").loc[NAMES]
    if not pool:
        np.testing.assert_array_equal(table[column], np.asarray(cells, dtype=np.float64))
