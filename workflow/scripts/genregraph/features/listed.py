"""List clips whose audio is not at hand, from the sheet and imported feature tables alone."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.clips import COLUMNS, stated
from genregraph.audio.problems import NO_FEATURES, PROBLEM_COLUMNS
from genregraph.datasets.sheet import Row, read_sheet
from genregraph.datasets.spreadsheet import write_csv
from genregraph.features.imported import read_foreign
from genregraph.features.keys import Names

logger = logging.getLogger(__name__)


def list_unheard(rows: list[Row], tables: Sequence[pd.DataFrame], cut: str) -> pd.DataFrame:
    """Clips of the sheet that any feature table knows.

    Parameters
    ----------
    rows : list of Row
        The sheet.
    tables : sequence of pd.DataFrame
        First column ``clip``; a column ``length``, where there is one, tells the samples of each.
    cut : {"30s", "3s"}
        For segments the tables' clips are ``<clip>.<number>``.

    Returns
    -------
    pd.DataFrame
        `audio.clips.COLUMNS`, ordered by clip. A clip that no table has is refused.
    """
    named = pd.concat([table.reindex(columns=["clip", "length"]) for table in tables])
    lengths = pd.to_numeric(named["length"], errors="coerce").replace([0, np.inf, -np.inf], np.nan)
    samples = lengths.groupby(named["clip"]).first().fillna(0).astype(int)
    facts = {row.clip: {**stated(row), "md5": row.md5, "start": 0} for row in rows}
    sources = {clip: clip if cut == "30s" else clip.rpartition(".")[0] for clip in samples.index}
    found = [
        {
            **facts[song],
            **({} if cut == "30s" else {"group": song}),
            **{"clip": clip, "samples": samples[clip], "status": "ok", "problem": ""},
        }
        for clip, song in sources.items()
        if song in facts
    ]
    lacking = [
        {**facts[clip], "clip": clip, "samples": 0, "status": "rejected", "problem": NO_FEATURES}
        for clip in facts.keys() - {*sources.values()}
    ]
    return pd.DataFrame(found + lacking, columns=COLUMNS).sort_values("clip", ignore_index=True)


def main(
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    table: Annotated[list[Path], typer.Option(help="Imported feature table.")],
    cut: Annotated[str, typer.Option(help="30s or 3s.")],
    clips: Annotated[Path, typer.Option(help="All clips, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="Refused ones, to be written (CSV).")],
) -> None:
    """List clips whose audio is not at hand, from the sheet and imported tables alone."""
    rows = read_sheet(sheet)
    clip_names = Names(rows)
    listed = list_unheard(rows, [read_foreign(path, clip_names, cut) for path in table], cut)
    listed.to_parquet(clips, index=False)
    paths = {row.clip: row.path for row in rows}
    refused = listed[listed["status"] == "rejected"]
    told = refused.assign(
        path=refused["clip"].map(paths), what_was_done="rejected: no feature, fold or result has it"
    )
    write_csv(told[PROBLEM_COLUMNS], problems)
    names = ", ".join(map(str, table))
    logger.info("%d clips listed from %s, %d refused", len(listed), names, len(refused))
