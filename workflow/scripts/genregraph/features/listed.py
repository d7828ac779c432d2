"""List clips without audio, from the sheet and imported feature tables alone."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.clips import COLUMNS, stated
from genregraph.datasets.sheet import Row, read_sheet
from genregraph.datasets.spreadsheet import NO_FEATURES, PROBLEM_COLUMNS, write_csv
from genregraph.features.imported import read_foreign
from genregraph.features.keys import Names

logger = logging.getLogger(__name__)


def list_without_audio(rows: list[Row], tables: Sequence[pd.DataFrame], cut: str) -> pd.DataFrame:
    """Clips of the sheet that any table has, or segments ``<clip>.<number>`` of them, ordered.

    Columns are `audio.clips.COLUMNS`, ``path`` and ``what_was_done``; ``samples`` are those of a
    table's column ``length``, or 0. A clip of the sheet that no table has is rejected.
    """
    named = pd.concat([table.reindex(columns=["clip", "length"]) for table in tables])
    lengths = pd.to_numeric(named["length"], errors="coerce").replace([0, np.inf, -np.inf], np.nan)
    clips = lengths.groupby(named["clip"]).first().fillna(0).rename("samples").reset_index()
    clips["source"] = clips["clip"] if cut == "30s" else clips["clip"].str.rpartition(".")[0]
    of_sheet = pd.DataFrame(map(stated, rows)).drop(columns="clip")
    listed = clips.merge(of_sheet, how="right", on="source")
    lacking = listed["clip"].isna()
    if cut == "3s":
        listed["group"] = listed["group"].where(lacking, listed["source"])
    listed = listed.assign(
        clip=listed["clip"].fillna(listed["source"]),
        start=0,
        samples=listed["samples"].fillna(0).astype(int),
        status=np.where(lacking, "rejected", "ok"),
        problem=np.where(lacking, NO_FEATURES, ""),
        what_was_done=np.where(lacking, "rejected: no feature, fold or result has it", ""),
        file=np.nan,
    )
    return listed.sort_values("clip", ignore_index=True)


def main(
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    table: Annotated[list[Path], typer.Option(help="Imported feature table.")],
    cut: Annotated[str, typer.Option(help="30s or 3s.")],
    clips: Annotated[Path, typer.Option(help="All clips, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="Rejected ones, to be written (CSV).")],
) -> None:
    """List clips without audio, from the sheet and imported tables alone."""
    rows = read_sheet(sheet)
    names = Names(rows)
    listed = list_without_audio(rows, [read_foreign(path, names, cut) for path in table], cut)
    listed[COLUMNS].to_parquet(clips, index=False)
    rejected = listed[listed["status"] == "rejected"]
    write_csv(rejected[PROBLEM_COLUMNS], problems)
    logger.info("%d clips of %d tables, %d rejected", len(listed), len(table), len(rejected))
