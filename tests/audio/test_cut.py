import numpy as np
import pytest

from genregraph.audio.cut import read_pieces, windows
from genregraph.audio.samples import SamplesWriter

SEGMENT = 66_150


@pytest.mark.parametrize(
    ("samples", "segments"),
    # Ten segments to the sample: the public table still has nine.
    [(661_500, 9), (661_501, 10), (675_808, 10), (SEGMENT, 0), (SEGMENT + 1, 1), (1, 0)],
)
def test_segments_are_those_of_the_public_table(samples, segments) -> None:
    assert windows(samples, "3s") == [(i * SEGMENT, SEGMENT - 1) for i in range(segments)]
    assert windows(samples, "30s") == [(0, samples)]


def test_gtzan_has_the_public_tables_9990_segments(public_table) -> None:
    lengths = public_table["length"]
    assert len(lengths) == 1000
    assert sum(len(windows(length, "3s")) for length in lengths) == 9990


def test_pieces_are_read_from_where_their_windows_lie(tmp_path) -> None:
    clips = {
        "long": np.arange(2 * SEGMENT + 5, dtype=np.float32),
        "short": np.arange(SEGMENT, dtype=np.float32),
        "just": -np.arange(SEGMENT + 1, dtype=np.float32),
    }
    with SamplesWriter(tmp_path / "00.parquet") as writer:
        for name, samples in clips.items():
            writer.write(name, samples)
    segments = dict(read_pieces(tmp_path / "00.parquet", "3s"))
    assert list(segments) == ["long.0", "long.1", "just.0"]
    np.testing.assert_array_equal(segments["long.1"], np.arange(SEGMENT, 2 * SEGMENT - 1))
    np.testing.assert_array_equal(segments["just.0"], -np.arange(SEGMENT - 1))
    complete = dict(read_pieces(tmp_path / "00.parquet", "30s"))
    assert list(complete) == list(clips)
    assert all(np.array_equal(complete[name], clips[name]) for name in clips)
