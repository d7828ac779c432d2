import numpy as np
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from genregraph.audio.samples import SamplesWriter, read_samples

HOSTILE = ["a b'; touch x; $(id).wav", "tab\there", "two\nlines", 'a "quote"', "", "日本 🎷", "\0"]

floats = arrays.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32))
names = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(names, floats), max_size=5))
def test_samples_come_back_bit_for_bit_in_their_order(tmp_path_factory, clips) -> None:
    path = tmp_path_factory.mktemp("samples") / "00.parquet"
    with SamplesWriter(path) as writer:
        for name, samples in clips:
            writer.write(name, samples)
    read = [(name, samples.dtype, samples.tobytes()) for name, samples in read_samples(path)]
    assert read == [(name, np.float32, samples.tobytes()) for name, samples in clips]


def test_clip_is_read_without_the_others(tmp_path) -> None:
    path = tmp_path / "00.parquet"
    clips = np.random.default_rng(0).uniform(-1, 1, (2, 1000)).astype(np.float32)
    with SamplesWriter(path) as writer:
        writer.write("first", clips[0])
        writer.write("second", clips[1])
    second = pq.read_metadata(path).row_group(1).column(1)
    raw = bytearray(path.read_bytes())
    start, size = second.data_page_offset, second.total_compressed_size
    raw[start : start + size] = bytes(size)  # Whoever reads the second clip stumbles.
    path.write_bytes(raw)
    name, samples = next(read_samples(path))
    assert name == "first"
    np.testing.assert_array_equal(samples, clips[0])
