"""List clips without audio, from the sheet and imported feature tables alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.clips import Clips, Cut, Problems, Sheet, stated, write_clips
from genregraph.datasets.sheet import Row, read_sheet
from genregraph.datasets.spreadsheet import NO_FEATURES
from genregraph.features.imported import read_foreign
from genregraph.features.keys import Names

Tables = Annotated[list[Path], typer.Option(help="Imported feature table.")]


def list_without_audio(rows: list[Row], tables: Sequence[pd.DataFrame], cut: str) -> pd.DataFrame:
    """Clips of the sheet that any table has, or segments ``<clip>.<number>`` of them, ordered.

    Columns are `audio.clips.COLUMNS`, ``path`` and ``what_was_done``; ``samples`` are those of a
    table's column ``length``, or 0. A clip of the sheet that no table has is rejected.
    """
    named = pd.concat([table.reindex(columns=["clip", "length"]) for table in tables])
    lengths = pd.to_numeric(named["length"], errors="coerce").replace([0, np.inf, -np.inf], np.nan)
    clips = lengths.groupby(named["clip"]).first().rename("samples").reset_index()
    clips["source"] = clips["clip"] if cut == "30s" else clips["clip"].str.rpartition(".")[0]
    of_sheet = pd.DataFrame(map(stated, rows)).drop(columns="clip")
    listed = clips.merge(of_sheet, how="right", on="source").assign(start=0, file=np.nan)
    lacking = listed["clip"].isna()
    if cut == "3s":
        listed["group"] = listed["group"].where(lacking, listed["source"])
    listed = listed.fillna({"clip": listed["source"], "samples": 0}).astype({"samples": int})
    facts = ["status", "problem", "what_was_done"]
    listed[facts] = "ok", "", ""
    done = "rejected: no feature, fold or result has it"
    listed.loc[lacking, facts] = "rejected", NO_FEATURES, done
    return listed.sort_values("clip", ignore_index=True)


def main(sheet: Sheet, table: Tables, cut: Cut, clips: Clips, problems: Problems) -> None:
    """List clips without audio, from the sheet and imported tables alone."""
    rows = read_sheet(sheet)
    names = Names(rows)
    tables = [read_foreign(path, names, cut) for path in table]
    write_clips(list_without_audio(rows, tables, cut), clips, problems)
