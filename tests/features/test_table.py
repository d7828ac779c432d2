import librosa
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from tests.audio.conftest import music, write_samples

from genregraph.features import compare, handcrafted, musicnn, musicnn_embedding
from genregraph.features.table import write_shard

COLUMNS = ["first", "inverse_size"]
HOSTILE = ["$(touch x).00001", "a b'c\"d", "../../up", "ünï曲", "a\nb\t;|&", "-n", "nan", "00001"]


@pytest.fixture
def shard(tmp_path):
    """The table of clips of 1, 2, 3, ... samples that equal their number; the second may fail."""

    def write(names, fault=None):
        def first_and_inverse_size(piece):
            if piece[0] == 2 and fault:
                raise fault("no pitch")
            return np.array([piece[0], 1 / piece.size], dtype=np.float32)

        clips = [(name, np.full(i, i, np.float32)) for i, name in enumerate(names, start=1)]
        samples, output = write_samples(tmp_path / "samples", clips), tmp_path / "out.parquet"
        write_shard(samples, "30s", output, COLUMNS, first_and_inverse_size)
        return pd.read_parquet(output)

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
    assert table.empty and pd.api.types.is_string_dtype(table["clip"])
    assert [table[column].dtype.kind for column in COLUMNS] == ["f", "f"]


@pytest.mark.parametrize(
    ("module", "options", "compute"),
    [
        (handcrafted, {"profile": "librosa"}, lambda x: handcrafted.handcrafted(x, "librosa")),
        (compare, {}, lambda x: compare.compare(x, compare.extractor())),
        (musicnn, {}, lambda x: musicnn.musicnn(x, musicnn.load())),
        (musicnn_embedding, {}, lambda x: musicnn_embedding.embedding(x, musicnn.load())),
    ],
)
def test_extractors_write_a_row_a_segment_with_the_same_bytes(tmp_path, module, options, compute):
    samples, threads = music(7), torch.get_num_threads()
    path = write_samples(tmp_path / "samples", [("a", samples)])
    for name in "12":
        module.main(samples=path, cut="3s", output=tmp_path / name, **options)
    assert torch.get_num_threads() == threads
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    table = pd.read_parquet(tmp_path / "1")
    columns = compare.extractor().feature_names if module is compare else module.COLUMNS
    assert table.columns.tolist() == ["clip", "problem", *columns]
    assert table["clip"].tolist() == ["a.0", "a.1"]
    expected = [compute(samples[start:][:66_149]) for start in (0, 66_150)]
    assert_array_equal(table[columns].to_numpy(), expected, strict=True)
