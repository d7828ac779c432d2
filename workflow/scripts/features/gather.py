"""Gather a feature table from its shards, and refuse rows that are not finite."""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from features.table import write_refusals, write_table

logger = logging.getLogger(__name__)


def gather(shards: list[pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join shards into one table, ordered by clip.

    Parameters
    ----------
    shards : list of pd.DataFrame
        First column ``clip``, then d float columns, the same in all.

    Returns
    -------
    table : pd.DataFrame, shape (n, 1 + d)
        Clips all of whose features are finite.
    refused : pd.DataFrame, shape (m, 1 + d)
        The others.
    """
    # A shard without clips has no type of its own: it would widen float32 to float64.
    shards = [shard for shard in shards if len(shard)] or shards
    table = pd.concat(shards, ignore_index=True).sort_values("clip", ignore_index=True)
    finite = np.isfinite(table.drop(columns="clip").to_numpy()).all(axis=1)
    return table[finite].reset_index(drop=True), table[~finite].reset_index(drop=True)


def main(
    shards: Annotated[list[Path], typer.Argument(help="The table's shards (Parquet).")],
    output: Annotated[Path, typer.Option(help="The table, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="Clips without features, to be written (CSV).")],
) -> None:
    """Gather a feature table from its shards, and refuse rows that are not finite."""
    table, refused = gather([pd.read_parquet(path) for path in shards])
    write_table(table, output)
    write_refusals(refused["clip"], f"{output.stem}: features are not finite", problems)
    logger.info("%s: %d clips, %d refused", output, len(table), len(refused))
