import numpy as np
import pandas as pd
import pytest

from audio.problems import PROBLEM_COLUMNS
from features.handcrafted import COLUMNS as HANDCRAFTED
from features.imported import for_clips, main, read_foreign
from settings.errors import UserError

CLIPS = pd.DataFrame(
    {
        "clip": ["blues.0", "blues.1", "jazz.0", "jazz.1"],
        "genre": ["blues", "blues", "jazz", "jazz"],
        "status": ["ok", "repaired", "refused", "ok"],
    }
)


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
    read = read_foreign(
        foreign("filename,length,tempo,label\nblues.00000.wav,661794,123.5,blues\n")
    )
    expected = pd.DataFrame({"clip": ["blues.00000"], "length": [661794.0], "tempo": [123.5]})
    pd.testing.assert_frame_equal(read, expected)


def test_the_public_table_itself_is_read(public_table, foreign):
    read = read_foreign(foreign(public_table))
    assert read.columns.tolist() == ["clip", *HANDCRAFTED]
    assert (read["clip"] + ".wav").tolist() == public_table["filename"].tolist()
    assert (read[HANDCRAFTED].to_numpy() == public_table[HANDCRAFTED].to_numpy()).all()


def test_segments_of_a_file_keep_their_number(foreign):
    read = read_foreign(foreign("filename,x\nblues.00000.0.wav,1\nblues/blues.00000.1.wav,2\n"))
    assert read["clip"].tolist() == ["blues.00000.0", "blues.00000.1"]


def test_parquet_is_read_and_becomes_float64(foreign):
    table = of_clips("b", "a").assign(n=[1, 2], half=np.float32([0.5, 0.25]), artist="x")
    read = read_foreign(foreign(table, "table.parquet"))
    expected = of_clips("b", "a").assign(n=[1.0, 2.0], half=[0.5, 0.25])
    pd.testing.assert_frame_equal(read, expected)


def test_a_clips_name_is_not_cut_but_a_files_is(foreign):
    assert read_foreign(foreign("clip,x\na.b.wav,1\n"))["clip"].tolist() == ["a.b.wav"]
    both = "filename,clip,x\nother.wav,a.b,1\n"
    assert read_foreign(foreign(both))["clip"].tolist() == ["a.b"]


@pytest.mark.parametrize("key", ["clip", "filename"])
def test_names_that_look_like_numbers_stay_as_they_are(foreign, key):
    read = read_foreign(foreign(f"{key},x\n000002,1\n1e3,2\n"))
    assert read["clip"].tolist() == ["000002", "1e3"]


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
@pytest.mark.parametrize("key", ["clip", "filename"])
def test_rows_without_a_key_are_left_out(foreign, key, name):
    table = pd.DataFrame({key: ["a", None, "b", None], "x": [1, 2, 3, 4]})
    read = read_foreign(foreign(table, name))
    assert read["clip"].tolist() == ["a", "b"]
    assert read["x"].tolist() == [1, 3]


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_columns_named_by_numbers_are_features_and_their_names_text(foreign, name):
    table = pd.DataFrame(np.eye(2)).assign(clip=["a", "b"])
    assert read_foreign(foreign(table, name)).columns.tolist() == ["clip", "0", "1"]


def test_row_numbers_that_pandas_wrote_are_no_feature(foreign, tmp_path):
    of_clips("a", "b").to_csv(tmp_path / "table.csv")
    pd.testing.assert_frame_equal(read_foreign(tmp_path / "table.csv"), of_clips("a", "b"))


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
        read_foreign(path)
    assert str(error.value) == f"tables: {path}: {fault}"


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
    CLIPS.to_parquet(tmp_path / "clips.parquet")

    def run(path):
        output, problems = tmp_path / "mine.parquet", tmp_path / "mine.problems.csv"
        main(path, tmp_path / "clips.parquet", output, problems)
        return pd.read_parquet(output), pd.read_csv(problems, keep_default_na=False)

    return run


def test_main_writes_the_table_and_lists_the_clips_that_it_lacks(foreign, step):
    table, problems = step(foreign("filename,x,y\njazz.1.wav,1,2\nblues.1.wav,,2\nrock.wav,1,1\n"))
    pd.testing.assert_frame_equal(table, pd.DataFrame({"clip": ["jazz.1"], "x": 1.0, "y": 2.0}))
    assert problems.columns.tolist() == PROBLEM_COLUMNS
    assert problems["clip"].tolist() == ["blues.0", "blues.1"]
    assert set(problems["problem"]) == {"mine: the imported table has no finite row of it"}
    assert set(problems["what_was_done"]) == {"refused: no experiment with this table has it"}


def test_main_writes_an_empty_list_if_nothing_lacks(foreign, step):
    table, problems = step(foreign(of_clips("blues.1", "blues.0", "jazz.1"), "table.parquet"))
    assert table["clip"].tolist() == ["blues.0", "blues.1", "jazz.1"]
    assert problems.empty
    assert problems.columns.tolist() == PROBLEM_COLUMNS


@pytest.mark.parametrize("text", ["clip,x\nrock.1,1\n", "clip,x\njazz.0,1\n", "clip,x\njazz.1,\n"])
def test_a_table_of_other_clips_alone_is_refused(foreign, step, tmp_path, text):
    with pytest.raises(UserError, match="none of the dataset's clips is in it; are the keys right"):
        step(foreign(text))
    assert not (tmp_path / "mine.parquet").exists()
