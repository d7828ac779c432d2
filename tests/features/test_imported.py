import shlex

import numpy as np
import pandas as pd
import pytest
import yaml

from genregraph.audio.problems import PROBLEM_COLUMNS
from genregraph.common.errors import UserError
from genregraph.config.model import load
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.features.handcrafted import COLUMNS as HANDCRAFTED
from genregraph.features.imported import features_in, for_clips, main, pooled, read_foreign
from genregraph.features.keys import Names

CLIPS = pd.DataFrame(
    {
        "clip": ["blues.0", "blues.1", "jazz.0", "jazz.1"],
        "source": ["blues.0", "blues.1", "jazz.0", "jazz.1"],
        "genre": ["blues", "blues", "jazz", "jazz"],
        "split": "",
        "status": ["ok", "repaired", "rejected", "ok"],
        "problem": ["", "quiet", "silent", ""],
    }
)


def names(*clips):
    """Names of a sheet's clips, each in the folder of its genre."""
    return [Row(clip, f"{clip.split('.')[0]}/{clip}.wav", clip.split(".")[0]) for clip in clips]


SHEET = names(
    *("blues.0", "blues.1", "jazz.0", "jazz.1", "a", "b", "a.b", "000002", "1e3", "blues.00000"),
    *(f"{genre}.{i:05d}" for genre in ("jazz", "rock") for i in range(3)),
)


def read(path, keep=(), sheet=SHEET, cut="30s"):
    """A file's features."""
    return features_in(read_foreign(path, Names(sheet), cut), path, keep)[0].reset_index(drop=True)


def left_out(path, sheet=SHEET):
    return features_in(read_foreign(path, Names(sheet), "30s"), path)[1]


def of_clips(*clips: str) -> pd.DataFrame:
    return pd.DataFrame({"clip": clips, "x": np.arange(len(clips), dtype=np.float64)})


@pytest.fixture
def foreign(tmp_path):
    def write(table, name="table.csv"):
        path = tmp_path / name
        if isinstance(table, str):
            path.write_text(table, encoding="utf-8")
        elif path.suffix == ".csv":
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
        return path

    return write


# Reading


def test_the_form_of_the_public_table_is_read(foreign):
    found = read(foreign("filename,length,tempo,label\nblues.00000.wav,661794,123.5,blues\n"))
    expected = pd.DataFrame({"clip": ["blues.00000"], "length": [661794.0], "tempo": [123.5]})
    pd.testing.assert_frame_equal(found, expected)


def test_the_public_table_itself_is_read(public_table, foreign):
    path = foreign(public_table)
    sheet = names(*public_table["filename"].str.removesuffix(".wav"))
    found = read(path, sheet=sheet)
    assert found.columns.tolist() == ["clip", *HANDCRAFTED]
    assert (found["clip"] + ".wav").tolist() == public_table["filename"].tolist()
    assert (found[HANDCRAFTED].to_numpy() == public_table[HANDCRAFTED].to_numpy()).all()
    assert left_out(path, sheet) == {}


def test_segments_of_a_file_keep_their_number(foreign):
    path = foreign("filename,x\nblues.00000.0.wav,1\nblues/blues.00000.1.wav,2\n")
    found = read(path, cut="3s")
    assert found["clip"].tolist() == ["blues.00000.0", "blues.00000.1"]


def test_parquet_is_read_and_becomes_float64(foreign):
    table = of_clips("b", "a").assign(n=[1, 2], half=np.float32([0.5, 0.25]), artist="x")
    found = read(foreign(table, "table.parquet"))
    expected = of_clips("b", "a").assign(n=[1.0, 2.0], half=[0.5, 0.25])
    pd.testing.assert_frame_equal(found, expected)


def test_the_likeliest_column_that_names_clips_is_the_key(foreign):
    for text in [
        "filename,clip,x\njazz.0.wav,a.b,1\n",
        "clip,filename,x\n17,a.b.wav,1\n",
        "Track ID,File,track,x\n5,J:\\a\\a.b.mp3,3,1\n",
        ",x\na.b,1\n",
    ]:
        assert read(foreign(text), ["track"] if "track" in text else [])["clip"].tolist() == ["a.b"]


@pytest.mark.parametrize("key", ["clip", "filename"])
def test_names_that_look_like_numbers_stay_as_they_are(foreign, key):
    found = read(foreign(f"{key},x\n000002,1\n1e3,2\n"))
    assert found["clip"].tolist() == ["000002", "1e3"]


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
@pytest.mark.parametrize("key", ["clip", "filename"])
def test_rows_without_a_key_are_left_out(foreign, key, name):
    table = pd.DataFrame({key: ["a", None, "b", None], "x": [1, 2, 3, 4]})
    found = read(foreign(table, name))
    assert found["clip"].tolist() == ["a", "b"]
    assert found["x"].tolist() == [1, 3]


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_columns_named_by_numbers_are_features_and_their_names_text(foreign, name):
    table = pd.DataFrame(np.eye(2)).assign(clip=["a", "b"])
    assert read(foreign(table, name)).columns.tolist() == ["clip", "0", "1"]


def test_row_numbers_that_pandas_wrote_are_named_and_no_loss(foreign, tmp_path):
    of_clips("a", "b").to_csv(tmp_path / "table.csv")
    pd.testing.assert_frame_equal(read(tmp_path / "table.csv"), of_clips("a", "b"))
    assert left_out(tmp_path / "table.csv") == {"Unnamed: 0": "it has no name"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("who,x\na,1\n", "no key column; name it clip or filename"),
        (
            "Path,x,id\nz.wav,1,3\n",
            "none of the dataset's clips is in it; are the keys right? They are like 'z.wav' "
            "(column 'Path') and '3' (column 'id') there, and like 'blues.0' here",
        ),
        ("clip,label\na,blues\n", "no numeric column; a table needs features"),
    ],
)
def test_what_is_no_feature_table_is_refused(foreign, text, fault):
    path = foreign(text)
    with pytest.raises(UserError) as error:
        read(path)
    assert str(error.value) == f"tables: {path}: {fault}"


# Columns


def wide(**more):
    """Ten features of three clips, and more columns."""
    features = {f"f{i}": np.sqrt(np.arange(3) + i) for i in range(10)}
    return pd.DataFrame({"clip": ["blues.0", "blues.1", "jazz.1"], **features, **more})


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([np.nan] * 3, "no cell holds a finite number"),
        ([None] * 3, "no cell holds a finite number"),
        ([np.inf, np.nan, -np.inf], "no cell holds a finite number"),
        (["loud", None, "soft"], "text, such as 'loud'"),
    ],
)
def test_a_column_that_is_no_feature_is_left_out_and_named(foreign, name, cells, reason):
    path = foreign(wide(odd=cells), name)
    assert read(path).columns.tolist() == wide().columns.tolist()
    assert left_out(path) == {"odd": reason}


@pytest.mark.parametrize("key", ["title", "artist", "label", "genre", "filename"])
def test_text_that_says_what_a_clip_is_is_no_problem(foreign, key):
    for cells in (["a", "b", "c"], ["1,5", "2", "c"]):
        table = wide(**{key: cells})[["clip", "f0", key]]
        assert left_out(foreign(table)) == {}


def test_a_column_without_a_name_is_left_out_unless_it_is_kept(foreign):
    table = wide(**{"": [0.5, 0.25, 7.0]})
    path = foreign(table)
    assert left_out(path) == {"Unnamed: 11": "it has no name"}
    assert read(path, ["Unnamed: 11"])["Unnamed: 11"].tolist() == [0.5, 0.25, 7.0]


def test_columns_that_a_spreadsheet_left_empty_are_no_loss(foreign):
    path = foreign("clip,x,,\na,1,,\nb,3,,\n")
    assert read(path).columns.tolist() == ["clip", "x"]
    assert list(left_out(path)) == ["Unnamed: 2", "Unnamed: 3"]


def test_a_table_that_loses_more_than_a_tenth_of_its_columns_is_refused(foreign):
    table = wide(odd=["a", "b", "c"], gap=np.nan)
    with pytest.raises(UserError) as error:
        read(foreign(table))
    assert str(error.value).endswith(
        ": 2 of 12 columns are no features: 'odd' (text, such as 'a'), 'gap' (no cell holds a "
        "finite number). Mend these columns, or remove them from the file"
    )


@pytest.mark.parametrize(
    ("cells", "row", "cell"),
    [
        (["1,234.50", "2,000.00", "3"], 2, "1,234.50"),
        (["1.5", "n/d", "2.5"], 3, "n/d"),
        (["0,5", "0,25", "7"], 2, "0,5"),
        (["1", "2", "-3,5e2"], 4, "-3,5e2"),
        (["12 %", "13 %", "14 %"], 2, "12 %"),
    ],
)
def test_text_that_is_mostly_numbers_names_column_row_and_cell(foreign, cells, row, cell):
    with pytest.raises(UserError) as error:
        read(foreign(wide(tempo=cells)))
    assert f"column 'tempo', row {row}: {cell!r} is no number among numbers" in str(error.value)


def test_numbers_that_are_text_in_parquet_are_numbers(foreign):
    path = foreign(wide(tempo=["1.5", None, " 2e3"]), "table.parquet")
    np.testing.assert_array_equal(read(path)["tempo"], [1.5, np.nan, 2000])


def test_true_and_false_are_1_and_0(foreign):
    assert read(foreign(wide(odd=[True, False, True])))["odd"].tolist() == [1, 0, 1]


def test_an_unknown_column_to_keep_is_refused(foreign):
    with pytest.raises(UserError, match="keep: f99: no such column"):
        read(foreign(wide()), ["f0", "f99"])


# Rows of the dataset's clips


def test_rows_are_those_of_usable_clips_ordered_by_clip():
    rows, lacking = for_clips(of_clips("jazz.1", "rock.7", "blues.1", "jazz.0", "blues.0"), CLIPS)
    expected = pd.DataFrame({"clip": ["blues.0", "blues.1", "jazz.1"], "x": [4.0, 2.0, 0.0]})
    pd.testing.assert_frame_equal(rows, expected)
    assert lacking.empty


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_clip_lacks_if_any_of_its_features_is_not_finite(value):
    table = of_clips("blues.0", "jazz.1").assign(y=[1.0, value])
    rows, lacking = for_clips(table, CLIPS)
    assert rows["clip"].tolist() == ["blues.0"]
    assert lacking["clip"].tolist() == ["blues.1", "jazz.1"]


# The step


@pytest.fixture
def step(tmp_path):
    def run(path, clips=CLIPS, cut="30s", **options):
        clips.to_parquet(tmp_path / "clips.parquet")
        write_sheet(names(*clips["source"].unique()), tmp_path / "sheet.tsv")
        output, problems = tmp_path / "mine.parquet", tmp_path / "mine.problems.csv"
        sheet, listed = tmp_path / "sheet.tsv", tmp_path / "clips.parquet"
        main(path, sheet, listed, cut, output, problems, **options)
        return pd.read_parquet(output), pd.read_csv(problems, keep_default_na=False)

    return run


def test_main_writes_the_table_and_lists_the_clips_that_it_lacks(foreign, step):
    table, problems = step(foreign("filename,x,z\njazz.1.wav,1,2\nblues.1.wav,,2\nrock.wav,1,1\n"))
    pd.testing.assert_frame_equal(table, pd.DataFrame({"clip": ["jazz.1"], "x": 1.0, "z": 2.0}))
    assert problems.columns.tolist() == PROBLEM_COLUMNS
    assert problems["clip"].tolist() == ["", "blues.0", "blues.1"]
    assert problems["problem"].tolist() == [
        "mine lacks 2 of 2 clips of blues",
        *["mine: the imported table has no finite row of it"] * 2,
    ]
    assert set(problems["what_was_done"]) == {"rejected: no experiment with this table has it"}


def test_main_writes_an_empty_list_if_nothing_lacks(foreign, step):
    table, problems = step(foreign(of_clips("blues.1", "blues.0", "jazz.1"), "table.parquet"))
    assert table["clip"].tolist() == ["blues.0", "blues.1", "jazz.1"]
    assert problems.empty
    assert problems.columns.tolist() == PROBLEM_COLUMNS


def test_main_lists_the_columns_that_are_left_out(foreign, step, caplog):
    caplog.set_level("INFO")
    problems = step(foreign(wide(odd=np.nan)))[1]
    assert problems.iloc[0].tolist() == [
        *("", "", "column 'odd': no cell holds a finite number", "left out")
    ]
    assert "column 'odd' is left out: no cell holds a finite number" in caplog.text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("clip,x\nrock.1,1\n", "none of the dataset's clips is in it; are the keys right"),
        ("clip,x\njazz.0,1\n", "of its clips none is usable: problems.csv says why"),
        ("clip,x\n0,1\n", r"like '0' \(column 'clip'\) there, and like 'blues\.0' here"),
    ],
)
def test_a_table_of_other_clips_alone_is_refused(foreign, step, tmp_path, text, fault):
    with pytest.raises(UserError, match=fault):
        step(foreign(text))
    assert not (tmp_path / "mine.parquet").exists()


def test_what_a_table_lacks_is_counted_by_genre(foreign, step, caplog):
    caplog.set_level("INFO")
    clips = LISTED.copy()
    clips.loc[0, ["status", "problem"]] = ["rejected", "no audio and no features"]
    clips.loc[1, ["status", "problem"]] = ["rejected", "silent"]
    rows = clips[(clips["genre"] == "jazz") | (clips.index % 2 == 1)]
    _, problems = step(foreign(rows[["clip"]].assign(x=np.sqrt(rows.index + 1))), clips)
    expected = "mine lacks 4 of 7 clips of blues, 4 of 8 clips of rock"
    assert problems["problem"][0] == expected
    assert "lacks 4 of 7 clips of blues, 4 of 8 clips of rock" in caplog.text
    assert len(problems) == 1 + 7


def segments(songs, count=3):
    """The list of some songs' segments."""
    song = LISTED.set_index("clip").loc[np.repeat(songs, count)].reset_index()
    numbers = [str(i) for i in range(count)] * len(songs)
    return song.assign(source=song["clip"], clip=song["clip"] + "." + numbers)


def test_what_a_table_lacks_of_segments_is_counted_by_their_clips(foreign, step):
    clips = segments(["blues.0", "blues.1", "jazz.9"])
    text = (
        "filename,x\nblues.0.0.wav,1\nblues/blues.0.2.wav,3\nJAZZ.9.0,4\njazz.9.1,7\njazz.9.2,2\n"
    )
    table, problems = step(foreign(text), clips, "3s")
    assert table["clip"].tolist() == ["blues.0.0", "blues.0.2", "jazz.9.0", "jazz.9.1", "jazz.9.2"]
    assert problems["problem"][0] == "mine lacks segments of 2 of 2 clips of blues"
    assert problems["clip"].tolist() == ["", "blues.0.1", "blues.1.0", "blues.1.1", "blues.1.2"]


# Rows of one clip


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("clip,x\njazz.1,1\nblues.0,2\njazz.1,3\n", "2 and 4"),
        ("filename,x\njazz.1.wav,1\njazz.1.au,2\n", "2 and 3"),
    ],
)
def test_a_clip_in_two_rows_is_refused_with_the_ways_out(foreign, step, text, rows):
    path = foreign(text)
    with pytest.raises(UserError) as error:
        step(path)
    start, setting = str(error.value).split(" --config ")
    assert start == (
        f"tables: {path}: clip 'jazz.1' stands in two rows ({rows}); keep one of them, or, if rows "
        "are frames or windows of clips, take their mean and standard deviation:"
    )
    name, value = shlex.split(setting)[0].split("=", 1)
    stated = load({name: yaml.safe_load(value)}).tables["mine"]
    assert stated.file == str(path)
    assert step(path, pool=stated.pool)[0].columns.tolist() == ["clip", "x_mean", "x_std"]


def test_clips_of_others_may_stand_in_two_rows(foreign, step):
    table, _ = step(foreign("clip,x\nrock.7,1\njazz.1,2\nrock.7,3\n"))
    assert table["clip"].tolist() == ["jazz.1"]


def test_rows_are_pooled_by_mean_and_standard_deviation():
    table = pd.DataFrame(
        {
            "clip": ["b", "a", "b", "c", "b"],
            "x": [1.0, 5, 2, np.nan, 6],
            "y": [1e9, 3, 1e9 + 1, 1, 1e9 + 2],
        }
    )
    found = pooled(table)
    assert found.columns.tolist() == ["clip", "x_mean", "y_mean", "x_std", "y_std"]
    assert found["clip"].tolist() == ["b", "a", "c"]
    np.testing.assert_allclose(found["x_mean"], [3, 5, np.nan])
    np.testing.assert_allclose(found["y_mean"], [1e9 + 1, 3, 1])
    np.testing.assert_allclose(found["x_std"], [np.sqrt(14 / 3), 0, np.nan])
    np.testing.assert_allclose(found["y_std"], [np.sqrt(2 / 3), 0, 0], rtol=1e-12)


def windowed(**more):
    """Five windows of each clip that is listed."""
    rows = LISTED.loc[np.repeat(LISTED.index, 5), ["clip"]].reset_index(drop=True)
    noise = np.random.default_rng(3).normal(size=len(rows))
    return rows.assign(tempo=noise, **more)


def test_where_a_row_is_in_its_clip_is_no_feature_of_it(foreign, step):
    table = windowed(window=[0, 1, 2, 3, 4] * 24, start_time=[0, 1.5, 3, 4.5, 6] * 24)
    pooled_table, problems = step(foreign(table), LISTED, pool=True)
    assert pooled_table.columns.tolist() == ["clip", "tempo_mean", "tempo_std"]
    assert set(problems["problem"]) == {
        f"column {name!r}: it says where in a clip a row is" for name in ("window", "start_time")
    }
    assert "window_mean" in step(foreign(table), LISTED, pool=True, keep=["window"])[0]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("label", np.random.default_rng(1).normal(size=120)),
        ("g", np.repeat([0, 1, 2], 40)),
        ("n", np.repeat(np.arange(24), 5)),
        ("row", np.arange(120)),
        ("m", np.arange(120) / 7),
    ],
)
def test_what_tells_the_answer_does_so_of_windows(foreign, step, column, cells):
    with pytest.raises(UserError, match=f"would tell a model the answer: '{column}'"):
        step(foreign(windowed(**{column: cells})), LISTED, pool=True)


def test_lists_of_rows_are_pooled_too(tmp_path, step):
    rng = np.random.default_rng(0)
    windows = {clip: rng.normal(size=(i + 1, 4)) for i, clip in enumerate(CLIPS["clip"])}
    np.savez(tmp_path / "table.npz", **{f"x/{clip}.wav": x for clip, x in windows.items()})
    table, _ = step(tmp_path / "table.npz", pool=True)
    for clip in ("blues.0", "blues.1", "jazz.1"):
        row = table.set_index("clip").loc[clip].to_numpy()
        expected = [*windows[clip].mean(axis=0), *windows[clip].std(axis=0)]
        np.testing.assert_allclose(row, expected, atol=1e-12)


def test_columns_that_leave_no_row_finite_are_named(foreign, step):
    path = foreign("clip,x,z,w\njazz.1,,1,2\nblues.0,,2,3\nblues.1,1,,1\nrock.0,1,2,3\n")
    with pytest.raises(UserError) as error:
        step(path)
    assert str(error.value) == (
        f"tables: {path}: no row is finite throughout; numbers are missing, or infinite, in "
        "'x' (in 2 of 3 rows), 'z' (in 1 of 3 rows). Fill them in, or remove these columns from "
        "the file"
    )


# Labels

GENRES = np.repeat(["blues", "jazz", "rock"], 8)
LISTED = pd.DataFrame(
    {
        "clip": [f"{genre}.{i}" for i, genre in enumerate(GENRES)],
        "source": [f"{genre}.{i}" for i, genre in enumerate(GENRES)],
        "genre": GENRES,
        "split": ["train", "test"] * 12,
        "status": "ok",
        "problem": "",
    }
)


def labelled(**columns):
    noise = np.random.default_rng(0).normal(size=24)
    return pd.DataFrame({"clip": LISTED["clip"], "tempo": noise, **columns})


NUMBER = pd.factorize(GENRES)[0]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("label", np.random.default_rng(1).normal(size=24)),
        ("g", NUMBER),
        ("genre_id", NUMBER + 100),
        ("is_jazz", GENRES == "jazz"),
        ("part", [0.5, 0.75] * 12),
        ("fold", [0, 1, 2, 3] * 6),
        ("index", np.sqrt(np.arange(24))),
        ("n", np.arange(24)),
        ("down", np.arange(24)[::-1]),
        ("share", np.arange(24) / 24),
        ("shuffled", np.random.default_rng(2).permutation(24) + 1),
    ],
)
def test_a_column_that_tells_the_answer_is_refused_unless_it_is_kept(foreign, step, column, cells):
    path = foreign(labelled(**{column: cells}))
    with pytest.raises(UserError) as error:
        step(path, LISTED)
    assert f"columns that would tell a model the answer: {column!r} (it" in str(error.value)
    table = step(path, LISTED, keep=[column])[0].set_index("clip").loc[LISTED["clip"]]
    np.testing.assert_array_equal(table[column], np.asarray(cells, dtype=np.float64))


def test_the_way_out_of_a_refusal_is_a_setting_that_loads(foreign, step, tmp_path):
    path = foreign(labelled(g=NUMBER, **{'it\'s "one"': NUMBER}), "a 'b'.csv")
    with pytest.raises(UserError) as error:
        step(path, LISTED)
    _, setting = shlex.split(str(error.value)[str(error.value).index("--config") :])
    name, value = setting.split("=", 1)
    table = load({name: yaml.safe_load(value)}).tables["mine"]
    assert table.file == str(path)
    step(path, LISTED, keep=table.keep)


def test_an_index_without_a_name_is_left_out(step, tmp_path):
    labelled(more=np.sin(np.arange(24))).to_csv(tmp_path / "table.csv")
    table, problems = step(tmp_path / "table.csv", LISTED)
    assert table.columns.tolist() == ["clip", "tempo", "more"]
    assert problems["problem"].tolist() == ["column 'Unnamed: 0': it has no name"]


def test_the_public_table_passes(public_table, foreign, step):
    clips = pd.DataFrame(
        {
            "clip": public_table["filename"].str.removesuffix(".wav"),
            "source": public_table["filename"].str.removesuffix(".wav"),
            "genre": public_table["label"],
            "split": np.resize(["train", "valid", "test", ""], len(public_table)),
            "status": "ok",
            "problem": "",
        }
    )
    table, problems = step(foreign(public_table), clips)
    assert table.columns.tolist() == ["clip", *HANDCRAFTED]
    assert len(table) == len(public_table)
    assert problems.empty
