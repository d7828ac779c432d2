import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from genregraph.features import parquet
from genregraph.features.parquet import read_images, read_table, write_table


@pytest.mark.parametrize("rows", [0, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_keep_their_bits_in_the_widest_type(tmp_path, monkeypatch, rows, dtype):
    monkeypatch.setattr(parquet, "BLOCK", 3)
    values = np.random.default_rng(0).normal(size=(rows, 10)).astype(dtype)
    table = pd.DataFrame(values, columns=[str(i) for i in range(10)]).assign(y=np.float32(0.1))
    table.insert(0, "clip", pd.Series(["b", "a", "$(x)\n", "00", "nan"][:rows], dtype="str"))
    write_table(table, tmp_path / "t.parquet")
    expected = table.astype({"y": dtype})
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), expected, check_exact=True)


def test_images_are_read_in_the_order_of_clips(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (3, 256, 256), dtype=np.uint8)
    paths = [tmp_path / name for name in ("0.parquet", "1.parquet", "2.parquet")]
    shards = [(["c", "a b'\n$"], noise[:2]), ([], []), (["b"], noise[2:])]
    for path, shard in zip(paths, shards, strict=True):
        parquet.write_images(*shard, path)
    for order in (paths, paths[::-1]):
        clips, images = read_images(order)
        assert clips.tolist() == ["a b'\n$", "b", "c"]
        assert_array_equal(images, noise[[1, 2, 0]], strict=True)
    assert read_images(paths[1:2])[1].shape == (0, 256, 256)
