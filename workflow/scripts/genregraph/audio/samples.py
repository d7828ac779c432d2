"""The file of a shard's samples: Parquet with a row group a clip, so that one is read at a time."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

SAMPLE_RATE = 22_050  # Hz; GTZAN's own, and librosa's default.
SCHEMA = pa.schema([("clip", pa.string()), ("samples", pa.large_list(pa.float32()))])


class SamplesWriter:
    """Write clips one by one; a context manager."""

    def __init__(self, path: Path) -> None:
        # Samples hardly repeat: a dictionary would cost time and save nothing.
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=False)

    def __enter__(self) -> "SamplesWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._writer.close()

    def write(self, clip: str, samples: NDArray[np.float32]) -> None:
        """Append a clip.

        Parameters
        ----------
        clip : str
            Its name.
        samples : NDArray[np.float32], shape (n,)
            Mono, at `SAMPLE_RATE`.
        """
        offsets = pa.array([0, samples.size], pa.int64())
        column = pa.LargeListArray.from_arrays(offsets, pa.array(samples))
        self._writer.write_table(pa.table([pa.array([clip]), column], schema=SCHEMA))


def read_samples(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Clips of a file and their samples, one at a time, as they were written."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            yield table["clip"][0].as_py(), table["samples"].chunk(0).values.to_numpy()
