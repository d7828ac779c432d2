import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.audio.conftest import write_samples

from genregraph.audio.samples import SEGMENT, read_pieces, read_samples, segments

HOSTILE = ["a b'; touch x; $(id).wav", "tab\there", "two\nlines", 'a "quote"', "", "日本 🎷", "\0"]

floats = arrays.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32))
names = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(names, floats), max_size=5))
def test_samples_come_back_bit_for_bit_in_their_order(tmp_path_factory, clips) -> None:
    path = write_samples(tmp_path_factory.mktemp("samples") / "00.parquet", clips)
    read = [(name, samples.dtype, samples.tobytes()) for name, samples in read_samples(path)]
    assert read == [(name, np.float32, samples.tobytes()) for name, samples in clips]


def test_clip_is_read_without_the_others(tmp_path) -> None:
    clips = np.random.default_rng(0).uniform(-1, 1, (2, 1000)).astype(np.float32)
    path = write_samples(tmp_path / "00.parquet", zip(["first", "second"], clips, strict=True))
    second = pq.read_metadata(path).row_group(1).column(1)
    raw = bytearray(path.read_bytes())
    start, size = second.data_page_offset, second.total_compressed_size
    raw[start : start + size] = bytes(size)  # Whoever reads the second clip stumbles.
    path.write_bytes(raw)
    name, samples = next(read_samples(path))
    assert name == "first"
    np.testing.assert_array_equal(samples, clips[0])


@pytest.mark.parametrize(
    ("samples", "count"),
    # Ten segments to the sample: the public table still has nine.
    [(661_500, 9), (661_501, 10), (675_808, 10), (SEGMENT, 0), (SEGMENT + 1, 1), (1, 0)],
)
def test_segments_are_those_of_the_public_table(samples, count) -> None:
    assert segments(samples) == [(i * 66_150, 66_149) for i in range(count)]


def test_gtzan_has_the_public_tables_9990_segments(public_table) -> None:
    lengths = public_table["length"]
    assert len(lengths) == 1000
    assert sum(len(segments(length)) for length in lengths) == 9990


def test_pieces_are_complete_clips_or_their_segments(tmp_path) -> None:
    long, short = (np.arange(size, dtype=np.float32) for size in (2 * SEGMENT + 5, SEGMENT))
    clips = {"long": long, "short": short, "just": -long[: SEGMENT + 1]}
    path = write_samples(tmp_path / "00.parquet", clips.items())
    first, second = long[: SEGMENT - 1], long[SEGMENT : 2 * SEGMENT - 1]
    segments = [("long.0", first), ("long.1", second), ("just.0", -first)]
    np.testing.assert_equal(list(read_pieces(path, "3s")), segments)
    np.testing.assert_equal(list(read_pieces(path, "30s")), list(clips.items()))
