import numpy as np
import pandas as pd
import pytest

from genregraph.features import parquet
from genregraph.features.parquet import read_table, write_table


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_keep_their_bits(dtype, tmp_path):
    values = np.array([1 / 3, 1e-30, 1e12, -0.0], dtype=dtype)
    write_table(pd.DataFrame({"clip": list("abcd"), "x": values}), tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet")["x"].to_numpy()
    assert read.dtype == dtype
    assert read.tobytes() == values.tobytes()


@pytest.mark.parametrize("rows", [0, 5])
def test_a_table_of_many_columns_is_read_as_pandas_reads_it(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(parquet, "BLOCK", 3)
    values = np.random.default_rng(0).normal(size=(rows, 10)).astype(np.float32)
    table = pd.DataFrame(values, columns=[str(i) for i in range(10)])
    table.insert(0, "clip", pd.Series(["b", "a", "$(x)\n", "00", "nan"][:rows], dtype="str"))
    write_table(table, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), table)


def test_columns_of_several_types_become_the_widest(tmp_path):
    table = pd.DataFrame({"clip": ["a"], "x": np.float32([0.1]), "y": [0.1]})
    write_table(table, tmp_path / "t.parquet")
    assert set(read_table(tmp_path / "t.parquet").dtypes[1:]) == {np.dtype(np.float64)}
