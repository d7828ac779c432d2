import librosa
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from genregraph.features.table import write_shard

COLUMNS = ["first", "inverse_size"]
HOSTILE = ["$(touch x).00001", "a b'c\"d", "../../up", "ünï曲", "a\nb\t;|&", "-n", "nan", "00001"]


@pytest.fixture
def shard(samples_file, tmp_path):
    """The table of clips of 1, 2, 3, ... samples that equal their number; the second may fail."""

    def write(names, fault=None):
        def first_and_inverse_size(piece):
            if piece[0] == 2 and fault:
                raise fault("no pitch")
            return np.array([piece[0], 1 / piece.size], dtype=np.float32)

        clips = {name: np.full(i, i, dtype=np.float32) for i, name in enumerate(names, start=1)}
        write_shard(
            samples_file(clips), "30s", tmp_path / "out.parquet", COLUMNS, first_and_inverse_size
        )
        return pd.read_parquet(tmp_path / "out.parquet")

    return write


@pytest.mark.parametrize("fault", [ValueError, librosa.ParameterError])
def test_rejected_clip_has_nan_and_a_problem_and_hostile_names_survive(shard, fault):
    table = shard(HOSTILE, fault)
    assert table["clip"].tolist() == HOSTILE
    assert_array_equal(table[COLUMNS][:3], np.float32([[1, 1], [np.nan, np.nan], [3, 1 / 3]]))
    assert table["problem"].tolist() == ["", "no pitch", *[""] * 6]


@pytest.mark.parametrize("fault", [MemoryError, OSError, RuntimeError, TypeError])
def test_other_errors_fail_the_job_and_name_the_clip(shard, tmp_path, fault):
    with pytest.raises(fault) as raised:
        shard(["first", "a b"], fault)
    assert raised.value.__notes__ == ["This was at clip 'a b'."]
    assert not (tmp_path / "out.parquet").exists()


def test_shard_without_clips_is_an_empty_table(shard):
    table = shard([])
    assert table.columns.tolist() == ["clip", "problem", *COLUMNS]
    assert len(table) == 0
    assert pd.api.types.is_string_dtype(table["clip"])
    assert all(pd.api.types.is_float_dtype(table[column]) for column in COLUMNS)
