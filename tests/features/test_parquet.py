import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from genregraph.features import parquet
from genregraph.features.parquet import not_finite, read_images, read_table, write_table


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_keep_their_bits_and_columns_of_several_types_become_the_widest(dtype, tmp_path):
    values = np.array([1 / 3, 1e-30, 1e12, -0.0], dtype=dtype)
    table = pd.DataFrame({"clip": list("abcd"), "x": values, "y": np.float32(0.1)})
    write_table(table, tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet")
    assert set(read.dtypes[1:]) == {np.dtype(dtype)}
    assert read["x"].to_numpy().tobytes() == values.tobytes()


@pytest.mark.parametrize("rows", [0, 5])
def test_many_columns_are_read_as_pandas_reads_them(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(parquet, "BLOCK", 3)
    values = np.random.default_rng(0).normal(size=(rows, 10)).astype(np.float32)
    table = pd.DataFrame(values, columns=[str(i) for i in range(10)])
    table.insert(0, "clip", pd.Series(["b", "a", "$(x)\n", "00", "nan"][:rows], dtype="str"))
    write_table(table, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), table)


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.finfo(np.float64).max, 1e160, -1e39])
def test_numbers_beyond_single_precision_are_not_finite(value):
    table = pd.DataFrame({"clip": ["a", "b"], "x": [1.0, 2], "y": [3e38, value]})
    assert not_finite(table) == {"b": "'y'"}


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (256, 256), dtype=np.uint8)


def test_images_are_read_in_the_order_of_clips(tmp_path):
    paths = [tmp_path / name for name in ("0.parquet", "1.parquet", "2.parquet")]
    shards = [(["c", "a b'\n$"], [noise(0), noise(1)]), ([], []), (["b"], [noise(2)])]
    for path, shard in zip(paths, shards, strict=True):
        parquet.write_images(*shard, path)
    for order in (paths, paths[::-1]):
        clips, images = read_images(order)
        assert clips.tolist() == ["a b'\n$", "b", "c"]
        assert_array_equal(images, [noise(1), noise(2), noise(0)], strict=True)
    assert read_images(paths[1:2])[1].shape == (0, 256, 256)


def test_files_are_read_without_librosa():
    code = "import sys, genregraph.features.parquet; sys.exit('librosa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
