import shlex

import numpy as np
import pandas as pd
import pytest
import yaml

from audio.problems import PROBLEM_COLUMNS
from features.handcrafted import COLUMNS as HANDCRAFTED
from features.imported import features_in, for_clips, main, read_foreign
from settings.errors import UserError
from settings.model import load

CLIPS = pd.DataFrame(
    {
        "clip": ["blues.0", "blues.1", "jazz.0", "jazz.1"],
        "genre": ["blues", "blues", "jazz", "jazz"],
        "split": "",
        "status": ["ok", "repaired", "refused", "ok"],
    }
)


def read(path, keep=()):
    """A file's features."""
    return features_in(read_foreign(path), path, keep)[0].reset_index(drop=True)


def left_out(path):
    return features_in(read_foreign(path), path)[1]


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
    found = read(path)
    assert found.columns.tolist() == ["clip", *HANDCRAFTED]
    assert (found["clip"] + ".wav").tolist() == public_table["filename"].tolist()
    assert (found[HANDCRAFTED].to_numpy() == public_table[HANDCRAFTED].to_numpy()).all()
    assert left_out(path) == {}


def test_segments_of_a_file_keep_their_number(foreign):
    found = read(foreign("filename,x\nblues.00000.0.wav,1\nblues/blues.00000.1.wav,2\n"))
    assert found["clip"].tolist() == ["blues.00000.0", "blues.00000.1"]


def test_parquet_is_read_and_becomes_float64(foreign):
    table = of_clips("b", "a").assign(n=[1, 2], half=np.float32([0.5, 0.25]), artist="x")
    found = read(foreign(table, "table.parquet"))
    expected = of_clips("b", "a").assign(n=[1.0, 2.0], half=[0.5, 0.25])
    pd.testing.assert_frame_equal(found, expected)


def test_a_clips_name_is_not_cut_but_a_files_is(foreign):
    assert read(foreign("clip,x\na.b.wav,1\n"))["clip"].tolist() == ["a.b.wav"]
    both = "filename,clip,x\nother.wav,a.b,1\n"
    assert read(foreign(both))["clip"].tolist() == ["a.b"]


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
        ("track,x\na,1\n", "no column clip or filename; name the key column so"),
        ("clip,x\na,1\nb,2\na,3\n", "clip 'a' stands in two rows; keep one of them"),
        ("filename,x\na.wav,1\na.au,2\n", "clip 'a' stands in two rows; keep one of them"),
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


@pytest.mark.parametrize("name", ["missing.csv", "table.txt", ""])
def test_what_is_no_table_file_is_refused(tmp_path, name):
    (tmp_path / "table.txt").write_text("clip,x\na,1\n")
    with pytest.raises(UserError, match="there is no such CSV or Parquet file; mend the path"):
        read_foreign(tmp_path / name)


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
    def run(path, clips=CLIPS, keep=None):
        clips.to_parquet(tmp_path / "clips.parquet")
        output, problems = tmp_path / "mine.parquet", tmp_path / "mine.problems.csv"
        main(path, tmp_path / "clips.parquet", output, problems, keep)
        return pd.read_parquet(output), pd.read_csv(problems, keep_default_na=False)

    return run


def test_main_writes_the_table_and_lists_the_clips_that_it_lacks(foreign, step):
    table, problems = step(foreign("filename,x,z\njazz.1.wav,1,2\nblues.1.wav,,2\nrock.wav,1,1\n"))
    pd.testing.assert_frame_equal(table, pd.DataFrame({"clip": ["jazz.1"], "x": 1.0, "z": 2.0}))
    assert problems.columns.tolist() == PROBLEM_COLUMNS
    assert problems["clip"].tolist() == ["blues.0", "blues.1"]
    assert set(problems["problem"]) == {"mine: the imported table has no finite row of it"}
    assert set(problems["what_was_done"]) == {"refused: no experiment with this table has it"}


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


@pytest.mark.parametrize("text", ["clip,x\nrock.1,1\n", "clip,x\njazz.0,1\n"])
def test_a_table_of_other_clips_alone_is_refused(foreign, step, tmp_path, text):
    with pytest.raises(UserError, match="none of the dataset's clips is in it; are the keys right"):
        step(foreign(text))
    assert not (tmp_path / "mine.parquet").exists()


def test_both_kinds_of_keys_are_shown(foreign, step):
    with pytest.raises(UserError, match=r"like 'BLUES/0' there, and like 'blues\.0' here"):
        step(foreign("clip,x\nBLUES/0,1\n"))


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
        "genre": GENRES,
        "split": ["train", "test"] * 12,
        "status": "ok",
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
    table = step(path, LISTED, [column])[0].set_index("clip").loc[LISTED["clip"]]
    np.testing.assert_array_equal(table[column], np.asarray(cells, dtype=np.float64))


def test_the_way_out_of_a_refusal_is_a_setting_that_loads(foreign, step, tmp_path):
    path = foreign(labelled(g=NUMBER, **{'it\'s "one"': NUMBER}), "a 'b'.csv")
    with pytest.raises(UserError) as error:
        step(path, LISTED)
    _, setting = shlex.split(str(error.value)[str(error.value).index("--config") :])
    name, value = setting.split("=", 1)
    table = load({name: yaml.safe_load(value)}).tables["mine"]
    assert table.file == str(path)
    step(path, LISTED, table.keep)


def test_an_index_without_a_name_is_left_out(step, tmp_path):
    labelled(more=np.sin(np.arange(24))).to_csv(tmp_path / "table.csv")
    table, problems = step(tmp_path / "table.csv", LISTED)
    assert table.columns.tolist() == ["clip", "tempo", "more"]
    assert problems["problem"].tolist() == ["column 'Unnamed: 0': it has no name"]


def test_the_public_table_passes(public_table, foreign, step):
    clips = pd.DataFrame(
        {
            "clip": public_table["filename"].str.removesuffix(".wav"),
            "genre": public_table["label"],
            "split": np.resize(["train", "valid", "test", ""], len(public_table)),
            "status": "ok",
        }
    )
    table, problems = step(foreign(public_table), clips)
    assert table.columns.tolist() == ["clip", *HANDCRAFTED]
    assert len(table) == len(public_table)
    assert problems.empty
