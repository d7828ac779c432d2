"""Gather a feature table from its shards, and refuse rows that are not finite."""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.problems import NOT_IN_TABLE, write_problems
from genregraph.features.parquet import write_table

logger = logging.getLogger(__name__)


def gather(shards: list[pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Join shards into one table, ordered by clip.

    Parameters
    ----------
    shards : list of pd.DataFrame
        First column ``clip``, then d float columns, the same in all; ``attrs["rejected"]``, if it
        is there, says by clip why a row is not finite.

    Returns
    -------
    table : pd.DataFrame, shape (n, 1 + d)
        Clips all of whose features are finite.
    refused : dict of str to str
        The others, and why.
    """
    # A shard without clips has no type of its own: it would widen float32 to float64.
    shards = [shard for shard in shards if len(shard)] or shards
    table = pd.concat(shards, ignore_index=True).sort_values("clip", ignore_index=True)
    table.attrs = {}
    finite = np.isfinite(table.drop(columns="clip").to_numpy()).all(axis=1)
    stated = {c: why for shard in shards for c, why in shard.attrs.get("rejected", {}).items()}
    refused = {
        clip: f"its features could not be computed: {stated[clip]}"
        if clip in stated
        else "features are not finite"
        for clip in table.loc[~finite, "clip"]
    }
    return table[finite].reset_index(drop=True), refused


def main(
    shards: Annotated[list[Path], typer.Argument(help="The table's shards (Parquet).")],
    output: Annotated[Path, typer.Option(help="The table, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="Clips without features, to be written (CSV).")],
) -> None:
    """Gather a feature table from its shards, and refuse rows that are not finite."""
    table, refused = gather([pd.read_parquet(path) for path in shards])
    write_table(table, output)
    write_problems(
        [(clip, f"{output.stem}: {why}", NOT_IN_TABLE) for clip, why in refused.items()], problems
    )
    logger.info("%s: %d clips, %d refused", output, len(table), len(refused))
