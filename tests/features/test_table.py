import librosa
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from genregraph.features.table import write_shard

COLUMNS = ["first", "inverse_size"]
HOSTILE = ["$(touch x).00001", "a b'c\"d", "../../up", "ünï曲", "a\nb\t;|&", "-n", "nan", "00001"]


def first_and_inverse_size(piece):
    return np.array([piece[0], 1 / piece.size], dtype=np.float32)


def shard(samples, cut, tmp_path, compute=first_and_inverse_size):
    write_shard(samples, cut, tmp_path / "out.parquet", COLUMNS, compute)
    return pd.read_parquet(tmp_path / "out.parquet")


@pytest.mark.parametrize("fault", [ValueError, librosa.ParameterError])
def test_rejected_clip_has_nan_and_a_problem(samples_file, tmp_path, fault):
    def fails_on_2(piece):
        if piece[0] == 2:
            raise fault("no pitch")
        return first_and_inverse_size(piece)

    clips = {f"clip{i}": np.full(i, i, dtype=np.float32) for i in (1, 2, 3)}
    table = shard(samples_file(clips), "30s", tmp_path, fails_on_2)
    assert table["clip"].tolist() == ["clip1", "clip2", "clip3"]
    assert_array_equal(table[COLUMNS], np.float32([[1, 1], [np.nan, np.nan], [3, 1 / 3]]))
    assert table["problem"].tolist() == ["", "no pitch", ""]


@pytest.mark.parametrize("fault", [MemoryError, OSError, RuntimeError, TypeError])
def test_other_errors_fail_the_job_and_name_the_clip(samples_file, tmp_path, fault):
    def failing(piece):
        raise fault

    samples = samples_file({"a b": np.ones(3, dtype=np.float32)})
    with pytest.raises(fault) as raised:
        shard(samples, "30s", tmp_path, failing)
    assert raised.value.__notes__ == ["This was at clip 'a b'."]
    assert not (tmp_path / "out.parquet").exists()


def test_hostile_names_survive(samples_file, tmp_path):
    clips = {name: np.full(2, i, dtype=np.float32) for i, name in enumerate(HOSTILE)}
    table = shard(samples_file(clips), "30s", tmp_path)
    assert table["clip"].tolist() == HOSTILE
    assert table["first"].tolist() == list(range(len(HOSTILE)))


def test_shard_without_clips_is_an_empty_table(samples_file, tmp_path):
    table = shard(samples_file({}), "30s", tmp_path)
    assert table.columns.tolist() == ["clip", "problem", *COLUMNS]
    assert len(table) == 0
    assert pd.api.types.is_string_dtype(table["clip"])
    assert all(pd.api.types.is_float_dtype(table[column]) for column in COLUMNS)
