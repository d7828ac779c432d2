import json

import numpy as np
import pandas as pd
import pytest

from genregraph.common.errors import UserError
from genregraph.features.cuts import peek
from genregraph.features.foreign import read

CLIPS = ["a", "b", "c"]
X = np.arange(12, dtype=np.float32).reshape(3, 4) / 7
SPREAD = [f"x_{i:03d}" for i in range(4)]


@pytest.fixture
def lines(tmp_path):
    def write(*rows):
        path = tmp_path / "table.jsonl"
        path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
        return path

    return write


def fault(path) -> str:
    with pytest.raises(UserError) as error:
        read(path)
    return str(error.value)


# The same features in all forms


def parquet(path, x):
    pd.DataFrame({"clip": CLIPS, "x": list(x)}).to_parquet(path)


def csv(path, x):
    pd.DataFrame({"clip": CLIPS, "x": [json.dumps(row.tolist()) for row in x]}).to_csv(path)


def jsonl(path, x):
    rows = [{"clip": clip, "x": row.tolist()} for clip, row in zip(CLIPS, x, strict=True)]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")


def npz(path, x):
    np.savez(path, clip=CLIPS, x=x)


def npy(path, x):
    field = [("clip", "U8"), ("x", np.float32, x.shape[1:])]
    np.save(path, np.array(list(zip(CLIPS, x, strict=True)), dtype=field))


@pytest.mark.parametrize("write", [parquet, csv, jsonl, npz, npy])
def test_a_list_a_clip_becomes_columns_in_any_form(tmp_path, write):
    path = tmp_path / f"table.{write.__name__}"
    write(path, X)
    table = read(path).drop(columns="Unnamed: 0", errors="ignore")
    assert table.columns.tolist() == ["clip", *SPREAD]
    assert table["clip"].tolist() == CLIPS
    np.testing.assert_array_equal(table[SPREAD].to_numpy(np.float32), X)


@pytest.mark.parametrize("write", [csv, jsonl, npz, npy])
def test_a_list_of_windows_a_clip_becomes_rows(tmp_path, write):
    path = tmp_path / f"table.{write.__name__}"
    write(path, np.stack([X, X + 1, X + 2]))
    table = read(path)
    assert table["clip"].tolist() == [clip for clip in CLIPS for _ in range(3)]
    np.testing.assert_allclose(table[SPREAD].to_numpy(), np.concatenate([X, X + 1, X + 2]))
    assert table.index[3] == table.index[5]


def test_lists_of_lists_in_parquet_become_rows(tmp_path):
    windows = [X[:1].tolist(), X.tolist(), X[:2].tolist()]
    pd.DataFrame({"clip": CLIPS, "x": windows, "n": [7, 8, 9]}).to_parquet(tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table["clip"].tolist() == ["a", "b", "b", "b", "c", "c"]
    assert table["n"].tolist() == [7, 8, 8, 8, 9, 9]
    np.testing.assert_allclose(table[SPREAD].to_numpy(), X[[0, 0, 1, 2, 0, 1]])


# Lists


def test_lists_that_numpy_printed_are_read(tmp_path):
    path = tmp_path / "table.csv"
    pd.DataFrame({"clip": CLIPS, "x": [str(row) for row in X]}).to_csv(path, index=False)
    np.testing.assert_allclose(read(path)[SPREAD].to_numpy(), X, rtol=1e-6)


def test_where_a_list_is_missing_or_empty_are_gaps(lines):
    table = read(lines({"clip": "a", "x": [1, 2]}, {"clip": "b", "x": []}, {"clip": "c"}))
    np.testing.assert_array_equal(table["x_001"], [2, np.nan, np.nan])


def test_long_lists_are_numbered_so_that_names_sort(lines):
    columns = read(lines({"clip": "a", "x": [0] * 1001})).columns[1:].tolist()
    assert columns == sorted(columns)
    assert columns[-1] == "x_1000"


def test_lists_of_text_are_no_lists_of_numbers(lines):
    table = read(lines({"clip": "a", "tags": ["loud", "fast"], "x": [1]}))
    assert table.columns.tolist() == ["clip", "tags", "x_000"]


@pytest.mark.parametrize(
    ("cell", "found"), [([1, 2], "2"), ("[1]", "1"), ([[1, 2]], "1x2"), ("loud", "something else")]
)
def test_lists_of_another_length_are_named(lines, cell, found):
    said = fault(lines({"clip": "a", "x": [1, 2, 3]}, "", {"clip": "b", "x": cell}))
    assert said == (
        f"row 3: column 'x' has {found} where a list of 3 numbers should be; write lists of one "
        "length"
    )


def test_lists_of_unlike_numbers_of_windows_are_refused(lines):
    said = fault(lines({"clip": "a", "x": [[1], [2]], "y": [[1], [2], [3]]}))
    assert said == "row 1: columns 'x', 'y' hold lists of [2, 3] rows; write as many in each"


def test_a_list_a_clip_stands_beside_each_of_its_windows(lines):
    table = read(lines({"clip": "a", "x": [[1], [2]], "y": [5, 6]}))
    assert table[["x_000", "y_000", "y_001"]].to_numpy().tolist() == [[1, 5, 6], [2, 5, 6]]


# Arrays


def test_the_form_of_published_tags_is_read(tmp_path):
    path = tmp_path / "tags.npz"
    ids = np.array(["blues/blues.00029.au"] * 2 + ["jazz/jazz.00001.au"])
    np.savez(path, X=X, Y=[0, 0, 5], IDS=ids)
    table = read(path)
    assert table.columns.tolist() == ["IDS", *(name.upper() for name in SPREAD)]
    assert table["IDS"].tolist() == ids.tolist()
    assert list(table.attrs["left_out"]) == ["Y"]


def test_names_may_be_bytes_and_numbers_may_be_whole(tmp_path):
    np.savez(tmp_path / "t.npz", names=np.array([b"a", b"b"]), x=np.eye(2, dtype=np.int8))
    assert read(tmp_path / "t.npz")["names"].tolist() == ["a", "b"]


def test_a_number_a_clip_is_a_feature(tmp_path):
    np.savez(tmp_path / "t.npz", clip=CLIPS, tempo=X[:, 0], x=X)
    table = read(tmp_path / "t.npz")
    assert table.columns.tolist() == ["clip", "tempo", *SPREAD]
    np.testing.assert_array_equal(table["tempo"], X[:, 0])
    assert table.attrs["left_out"] == {}


def test_a_delimiter_behind_the_last_value_moves_no_column(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,filename,x\n1,a.wav,5,\n2,b.wav,6,\n")
    assert read(path).to_dict("list") == {
        "id": ["1", "2"],
        "filename": ["a.wav", "b.wav"],
        "x": [5, 6],
    }
    path.write_text("filename,x\na.wav,5,7\nb.wav,6,8\n")
    assert fault(path) == "rows hold more values than the header's 2; name every column"


def test_an_array_a_clip_is_of_the_clip_that_it_is_named_by(tmp_path):
    np.savez(tmp_path / "t.npz", **{"jazz/a.wav": X[0], "b": X[1]})
    table = read(tmp_path / "t.npz")
    assert table["clip"].tolist() == ["jazz/a.wav", "b"]
    np.testing.assert_array_equal(table.drop(columns="clip").to_numpy(), X[:2])


@pytest.mark.parametrize("names", ["table.txt", "table.names.txt"])
def test_an_array_has_names_beside_it(tmp_path, names):
    np.save(tmp_path / "table.npy", X)
    (tmp_path / names).write_text("a\nb c.wav\nd\n")
    table = read(tmp_path / "table.npy")
    assert table["clip"].tolist() == ["a", "b c.wav", "d"]
    assert table.shape == (3, 5)


def test_an_array_without_its_names_says_where_they_belong(tmp_path):
    path = tmp_path / "table.npy"
    np.save(path, X)
    assert fault(path).endswith("name them, a line a row, in table.txt")
    (tmp_path / "table.txt").write_text("a\nb\n")
    assert "table.txt names 2 rows, and the array is of shape (3, 4)" in fault(path)


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


@pytest.mark.parametrize("name", ["table.npz", "table.npy"])
def test_nothing_is_unpickled(tmp_path, name):
    path, bombs = tmp_path / name, np.array([Bomb()], dtype=object)
    if name.endswith("npz"):
        np.savez(path, clip=bombs, x=np.eye(1))
    else:
        np.save(path, bombs)
    assert "pickled Python objects, which are not read" in fault(path)


@pytest.mark.parametrize("array", [np.array("text"), np.ones((2, 2, 2)), np.ones(2, complex)])
def test_an_array_that_is_no_clips_is_named(tmp_path, array):
    np.savez(tmp_path / "t.npz", a=np.ones(2), odd=array)
    assert fault(tmp_path / "t.npz").startswith("array 'odd' is no clip's: of shape")


# Files


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"clip": "a"}\n{"clip": \n', "line 2 is no JSON ("),
        ('{"clip": "a"}\n\n[1, 2]\n', "line 3 is no object; write one a line"),
    ],
)
def test_a_line_that_is_no_object_is_named(lines, text, said):
    assert fault(lines(text)).startswith(said)


def test_rows_have_the_number_of_their_line(lines, tmp_path):
    assert read(lines({"clip": "a"}, "", {"clip": "b"})).index.tolist() == [1, 3]
    (tmp_path / "table.csv").write_text("clip,x\na,1\nb,2\n")
    assert read(tmp_path / "table.csv").index.tolist() == [2, 3]


def test_an_index_of_parquet_is_a_column(tmp_path):
    table = pd.DataFrame({"x": [1.0, 2]}, index=["a", "b"])
    table.to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").columns.tolist() == ["Unnamed: 0", "x"]
    table.rename_axis("clip").to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet")["clip"].tolist() == ["a", "b"]


@pytest.mark.parametrize("name", ["missing.csv", "table.txt", ""])
def test_what_is_no_table_file_is_refused(tmp_path, name):
    (tmp_path / "table.txt").write_text("clip,x\na,1\n")
    assert fault(tmp_path / name) == (
        "there is no such file of Parquet, CSV or TSV, JSON lines, NPZ or NPY; mend the path"
    )


@pytest.mark.parametrize("ending", ["csv", "parquet", "npz", "npy", "jsonl"])
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00\x01 nothing of the sort!", b"PK\x03\x04\xff"]
)
def test_a_broken_file_is_said_to_be_so(tmp_path, ending, content):
    path = tmp_path / f"table.{ending}"
    path.write_bytes(content)
    if ending == "jsonl" and not content:
        assert read(path).empty
    else:
        fault(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "delimiter", "decimal"),
    [
        *(("a.csv", delimiter, ".") for delimiter in ",;\t"),
        ("a.csv", ";", ","),
        ("a.tsv", "\t", "."),
    ],
)
def test_text_is_read_as_spreadsheets_of_any_country_save_it(
    tmp_path, encoding, name, delimiter, decimal
):
    values = {"x": [0.5, -2.25], "y": [1, 2], "z": [1e-7, 3]}
    table = pd.DataFrame({"filename": ["0001", "b"], **values})
    path = tmp_path / name
    table.to_csv(path, sep=delimiter, decimal=decimal, index=False, encoding=encoding)
    found = read(path)
    assert found["filename"].tolist() == ["0001", "b"]
    assert found[list(values)].astype(float).to_dict("list") == values
    assert peek(path) == ["0001", "b"]


def test_text_in_another_encoding_says_so(tmp_path):
    (tmp_path / "a.csv").write_text("clip,title,x\na,Café,1\n", encoding="latin-1")
    with pytest.raises(UserError, match=r"not UTF-8 .*; save it as text in UTF-8"):
        read(tmp_path / "a.csv")
