"""Gather a feature table from its shards, and reject rows that are not finite."""

import logging
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from genregraph.datasets.spreadsheet import NOT_IN_TABLE, write_problems
from genregraph.features.parquet import not_finite, write_table

logger = logging.getLogger(__name__)


def gather(shards: list[pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Join shards of `features.table.write_shard` into one table, ordered by clip.

    The table has clips all of whose features are finite; the dictionary the others, and why.
    """
    # A shard without clips has no type of its own: it would widen float32 to float64.
    shards = [shard for shard in shards if len(shard)] or shards
    table = pd.concat(shards, ignore_index=True).sort_values("clip", ignore_index=True)
    said = zip(table["clip"], table.pop("problem"), strict=True)
    rejected = {clip: f"features are not finite: {why}" for clip, why in not_finite(table).items()}
    rejected |= {clip: f"its features could not be computed: {why}" for clip, why in said if why}
    return table[~table["clip"].isin(rejected)].reset_index(drop=True), rejected


def main(
    shards: Annotated[list[Path], typer.Argument(help="The table's shards (Parquet).")],
    output: Annotated[Path, typer.Option(help="The table, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="Clips without features, to be written (CSV).")],
) -> None:
    """Gather a feature table from its shards, and reject rows that are not finite."""
    table, rejected = gather([pd.read_parquet(path) for path in shards])
    write_table(table, output)
    listing = [(clip, f"{output.stem}: {why}", NOT_IN_TABLE) for clip, why in rejected.items()]
    write_problems(listing, problems)
    logger.info("%s: %d clips, %d rejected", output, len(table), len(rejected))
