"""The file of a shard's samples: Parquet with a row group a clip, read at a segment length."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

SAMPLE_RATE = 22_050  # Hz; GTZAN's own, and librosa's default.
SEGMENT = 3 * SAMPLE_RATE
SCHEMA = pa.schema([("clip", pa.string()), ("samples", pa.large_list(pa.float32()))])

Samples = NDArray[np.float32]


class SamplesWriter(pq.ParquetWriter):
    """Write clips one by one; a context manager."""

    def __init__(self, path: Path) -> None:
        # Samples hardly repeat: a dictionary would cost time and save nothing.
        super().__init__(path, SCHEMA, compression="zstd", use_dictionary=False)

    def write(self, clip: str, samples: Samples) -> None:
        """Append a clip's samples: shape (n,), mono, at `SAMPLE_RATE`."""
        offsets = pa.array([0, samples.size], pa.int64())
        column = pa.LargeListArray.from_arrays(offsets, pa.array(samples))
        self.write_table(pa.table([pa.array([clip]), column], schema=SCHEMA))


def read_samples(path: Path) -> Iterator[tuple[str, Samples]]:
    """Clips of a file and their samples, one at a time, as they were written."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            yield table["clip"][0].as_py(), table["samples"].chunk(0).values.to_numpy()


def segments(samples: int) -> list[tuple[int, int]]:
    """Start and length of a clip's segments of three seconds, in samples at 22,050 Hz.

    As in the public 3-second table of GTZAN, segment ``i`` is ``[i * 66150, (i + 1) * 66150 - 1)``,
    kept while ``(i + 1) * 66150`` is less than the length, ten at most. The rule was recovered from
    the table, whose 9,990 rows it reproduces.
    """
    return [(i * SEGMENT, SEGMENT - 1) for i in range(min((samples - 1) // SEGMENT, 10))]


def read_pieces(path: Path, cut: str) -> Iterator[tuple[str, Samples]]:
    """Pieces of all clips in a file: complete clips (``30s``), or segments ``<clip>.<i>`` (``3s``).

    Each is a name, and samples of shape (n,).
    """
    for clip, samples in read_samples(path):
        if cut == "30s":
            yield clip, samples
        else:
            for index, (start, length) in enumerate(segments(samples.size)):
                yield f"{clip}.{index}", samples[start : start + length]
