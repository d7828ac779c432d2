"""Files of features and of images: Parquet, a row a clip, ordered as they are written."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from genregraph.common.errors import first_few

BLOCK = 256  # columns
SIZE = 256  # An image's mel bands, and its columns of time.
IMAGES = pa.schema([("clip", pa.string()), ("image", pa.binary(SIZE * SIZE))])


def write_table(table: pd.DataFrame, output: Path) -> None:
    """Write a feature table: first column ``clip``, then float columns."""
    table.to_parquet(output, index=False, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Read what `write_table` wrote, in the widest type of its columns.

    `pandas.read_parquet` takes 900 MB for a table of 260 MB with thousands of columns.
    """
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        names = [name for name in schema.names if name != "clip"]
        types = {schema.field(name).type.to_pandas_dtype() for name in names}
        x = np.empty((file.metadata.num_rows, len(names)), np.result_type(np.float32, *types))
        for start in range(0, len(names), BLOCK):
            columns = file.read(names[start : start + BLOCK]).columns
            # Not one by one: a column's values lie pages apart.
            x[:, start : start + BLOCK] = np.column_stack([c.to_numpy() for c in columns])
        clips = file.read(["clip"])["clip"].to_pandas()
    table = pd.DataFrame(x, columns=names, copy=False)
    table.insert(0, "clip", clips)
    return table


def named_tables(paths: Iterable[Path]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Tables with their names, ``<name>.parquet``, each read when the one before is done with."""
    return ((path.stem, read_table(path)) for path in paths)


def not_finite(table: pd.DataFrame) -> dict[str, str]:
    """Names of features, by clip, that are no finite numbers in the models' single precision."""
    with np.errstate(over="ignore"):
        broken = ~np.isfinite(table.drop(columns="clip").to_numpy(np.float32))
    names = table.columns[1:].map(repr)
    rows = np.flatnonzero(broken.any(axis=1))
    return {table["clip"].iloc[row]: first_few(names[broken[row]].tolist()) for row in rows}


def write_images(clips: Sequence[str], images: Sequence[NDArray[np.uint8]], output: Path) -> None:
    """Write images, each of shape (256, 256), in columns ``clip`` and ``image`` (its bytes)."""
    table = {"clip": list(clips), "image": [image.tobytes() for image in images]}
    pq.write_table(pa.table(table, schema=IMAGES), output, compression="zstd", use_dictionary=False)


def read_images(paths: Sequence[Path]) -> tuple[NDArray[np.str_], NDArray[np.uint8]]:
    """Images of several shards: their clips, ordered, and an array of shape (n, 256, 256)."""
    table = pa.concat_tables([pq.read_table(path, schema=IMAGES) for path in paths])
    table = table.sort_by("clip")
    pixels = [np.frombuffer(image.as_buffer(), np.uint8) for image in table["image"]]
    images = np.array(pixels, np.uint8).reshape(-1, SIZE, SIZE)
    return np.array(table["clip"].to_pylist(), dtype=str), images
