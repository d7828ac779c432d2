"""The file of a feature table: Parquet, a row a clip, first column ``clip``, then float columns."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

BLOCK = 256  # columns


def write_table(table: pd.DataFrame, output: Path) -> None:
    """Write a feature table."""
    table.to_parquet(output, index=False, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Read what `write_table` wrote, by blocks of columns.

    `pandas.read_parquet` takes 900 MB to read a table of 260 MB with thousands of columns.

    Returns
    -------
    pd.DataFrame, shape (n, 1 + d)
        First column ``clip``, then float columns, all of the widest type among them.
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
