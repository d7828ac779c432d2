import json

import numpy as np
import pandas as pd
import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row
from genregraph.features.foreign import read
from genregraph.features.imported import features_in, read_foreign
from genregraph.features.keys import Names

CLIPS = ["a", "b", "c"]
X = np.arange(12, dtype=np.float32).reshape(3, 4) / 7
SPREAD = [f"x_{i:03d}" for i in range(4)]


def lines(path, *rows):
    path = path / "table.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def fault(path):
    with pytest.raises(UserError) as error:
        read(path)
    return str(error.value)


@pytest.mark.parametrize(("x", "rows"), [(X, 1), (np.stack([X, X + 1, X + 2]), 3)])
def test_lists_become_columns_and_lists_of_lists_rows_in_each_form(tmp_path, x, rows):
    table = pd.DataFrame({"clip": CLIPS, "x": x.tolist()})
    table.to_parquet(tmp_path / "t.parquet")
    table.to_csv(tmp_path / "t.csv")
    table.to_json(tmp_path / "t.jsonl", orient="records", lines=True, double_precision=15)
    np.savez(tmp_path / "t.npz", clip=CLIPS, x=x.astype(">f4"))
    fields = [("clip", "S8"), ("x", np.longdouble, x.shape[1:])]
    np.save(tmp_path / "t.npy", np.array(list(zip(CLIPS, x, strict=True)), dtype=fields))
    for path in tmp_path.iterdir():
        table = read(path).drop(columns="Unnamed: 0", errors="ignore")
        assert table.columns.tolist() == ["clip", *SPREAD]
        assert table["clip"].tolist() == list(np.repeat(CLIPS, rows))
        np.testing.assert_array_equal(table[SPREAD].to_numpy(np.float32), x.reshape(-1, 4))
        assert table.index.nunique() == 3
        assert read(path, most=2).index.nunique() == 2


def test_lists_of_any_print_and_height_are_read_and_others_are_gaps(tmp_path):
    rows = [{"clip": "a", "x": [1, 2], "y": [[1], [2]]}, {"clip": "b", "x": []}, {"x": "loud"}]
    rows.append({"clip": "c", "x": [[3, 4], [5, 6], [7, 8]]})
    table = read(lines(tmp_path, *rows, "", {"x": "[ 1. 2.5e+00]", "tags": ["loud"]}))
    tall = [[3, 4, np.nan], [5, 6, np.nan], [7, 8, np.nan]]
    expected = [[1, 2, 1], [1, 2, 2], *[[np.nan] * 3] * 2, *tall, [1, 2.5, np.nan]]
    np.testing.assert_array_equal(table[["x_000", "x_001", "y_000"]], expected)
    assert table["tags"].iloc[-1] == ["loud"]
    assert table["clip"].fillna("").tolist() == ["a", "a", "b", "", "c", "c", "c", ""]
    assert table.index.tolist() == [1, 1, 2, 3, 4, 4, 4, 6]
    columns = read(lines(tmp_path, {"clip": "a", "x": [0] * 1001})).columns[1:].tolist()
    assert columns == sorted(columns)


UNLIKE = "row 3: column 'x' has 2 numbers, not 3 as others; write lists of one length"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        *(([{"x": [1, 2, 3]}, "", {"x": x}], UNLIKE) for x in ([1, 2], "[1, 2]", [[1, 2]])),
        ([{"x": [[1], [2]], "y": [[1]]}], "columns ['x', 'y'] have lists of unlike numbers of"),
        *(([{"clip": "a"}, line], "line 2 is no JSON object (") for line in ('{"clip": ', [1, 2])),
    ],
)
def test_fault_of_a_list_or_line_is_named(tmp_path, rows, said):
    assert fault(lines(tmp_path, *rows)).startswith(said)


def test_arrays_of_rows_have_names_and_integers_are_left_out(tmp_path):
    ids = np.array(["blues/blues.00029.au"] * 2 + ["jazz/jazz.00001.au"])
    np.savez(tmp_path / "t.npz", X=X, Y=[0, 0, 5], IDS=ids, tempo=X[:, 0], Z=X.astype(complex))
    table = read(tmp_path / "t.npz")
    assert table.columns.tolist() == ["IDS", "tempo", *(name.upper() for name in SPREAD)]
    assert table["IDS"].tolist() == ids.tolist()
    assert table.attrs["left_out"] == {
        "Y": "int64 of shape (3,), not 3 rows of floats",
        "Z": "complex128 of shape (3, 4), not 3 rows of floats",
    }


def test_array_is_of_the_clip_that_it_is_named_by(tmp_path):
    np.savez(tmp_path / "t.npz", **{"jazz/a.wav": X[0], "b": X[1], "odd": np.ones(4, complex)})
    table = read(tmp_path / "t.npz").set_index("clip")
    assert table.index.tolist() == ["jazz/a.wav", "b", "odd"]
    np.testing.assert_array_equal(table, [*X[:2], np.full(4, np.nan)])


@pytest.mark.parametrize("names", ["table.txt", "table.names.txt"])
def test_names_of_an_array_lie_with_it(tmp_path, names):
    path = tmp_path / "table.npy"
    np.save(path, X)
    assert fault(path).endswith("name them, a line a row, in table.txt")
    (tmp_path / names).write_text("a\nb c.wav\nd\n")
    assert read(path)["clip"].tolist() == ["a", "b c.wav", "d"]
    assert read(path).shape == (3, 5)
    (tmp_path / names).write_text("a\nb\n")
    assert fault(path) == "'feature' is float32 of shape (3, 4), not 2 rows of floats"


@pytest.mark.parametrize("name", ["table.npz", "table.npy"])
def test_nothing_is_unpickled(tmp_path, name):
    path, pickled = tmp_path / name, np.array([{}], dtype=object)
    np.savez(path, clip=pickled) if name.endswith("npz") else np.save(path, pickled)
    assert fault(path).startswith("cannot be read (")


def test_delimiter_after_the_last_value_moves_no_column(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,filename,x\n1,a.wav,5,\n2,b.wav,6,\n")
    assert read(path).to_numpy().tolist() == [["1", "a.wav", 5], ["2", "b.wav", 6]]
    path.write_text("filename,x\na.wav,5,7\nb.wav,6,8\n")
    assert fault(path) == "rows hold more values than the header; name every column"


def test_index_of_parquet_is_a_column(tmp_path):
    table = pd.DataFrame({"x": [1.0, 2]}, index=["a", "b"])
    table.to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").columns.tolist() == ["Unnamed: 0", "x"]
    table.rename_axis("clip").to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet")["clip"].tolist() == ["a", "b"]


def test_tables_of_opensmile_are_read(tmp_path):
    """Its Python package's index ``file, start, end``; and names in quotation marks."""
    names = Names([Row("a", "x/a.wav", "x"), Row("b", "x/b.wav", "x")])
    times = pd.to_timedelta([0, 0], "s")
    index = pd.MultiIndex.from_arrays([["a.wav", "b.wav"], times, times + pd.Timedelta("3s")])
    table = pd.DataFrame({"F0_mean": [1.5, 2.5]}, index.set_names(["file", "start", "end"]))
    table.to_parquet(tmp_path / "t.parquet")
    table.to_csv(tmp_path / "t.csv")
    (tmp_path / "own.csv").write_text(
        "name;frameTime;F0_mean\n'a.wav';0.000000;1.500000e+00\n'b';0.000000;2.500000e+00\n"
    )
    for name in ("t.parquet", "t.csv", "own.csv"):
        features, left_out = features_in(read_foreign(tmp_path / name, names, "30s"))
        assert features.to_numpy().tolist() == [["a", 1.5], ["b", 2.5]]
        assert set(left_out) <= {"start", "end", "frameTime"}


@pytest.mark.parametrize("name", ["t.csv.gz", "t.feather", "t.h5", "t", "folder.parquet"])
def test_files_of_other_kinds_are_said_to_be_that(tmp_path, name):
    path = tmp_path / name
    assert fault(path) == "there is no such file; mend the path"
    path.mkdir() if name.startswith("folder") else path.write_bytes(b"x")
    kind = "a folder" if path.is_dir() else f"a file of kind {path.suffix or 'unknown'}"
    assert fault(path).startswith(f"{kind}, which is not read; save the table as Parquet, CSV")


@pytest.mark.parametrize("extension", ["csv", "parquet", "npz", "npy", "jsonl"])
@pytest.mark.parametrize("content", [b"\xff\xfe\0\1 no table", b"PK\3\4\xff", b"clip,x\n\xe9,1"])
def test_broken_file_is_said_to_be_so(tmp_path, extension, content):
    path = tmp_path / f"table.{extension}"
    path.write_bytes(content)
    assert fault(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "delimiter", "decimal"),
    [*(("a.csv", each, ".") for each in ",;\t"), ("a.csv", ";", ","), ("a.tsv", "\t", ".")],
)
def test_spreadsheets_of_any_country_are_read(tmp_path, encoding, name, delimiter, decimal):
    values = {"x": [0.5, -2.25], "y": [1, 2], "z": [1e-7, 3]}
    table = pd.DataFrame({"filename": ["0001", "NA"], **values})
    path = tmp_path / name
    table.to_csv(path, sep=delimiter, decimal=decimal, index=False, encoding=encoding)
    assert read(path)["filename"].tolist() == ["0001", "NA"]
    assert read(path)[list(values)].astype(float).to_dict("list") == values
