"""List clips whose audio is not at hand, from the sheet and an imported feature table alone."""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from audio.clips import COLUMNS, stated
from audio.problems import PROBLEM_COLUMNS
from features.imported import read_foreign
from settings.sheet import Row, read_sheet

logger = logging.getLogger(__name__)


def list_unheard(rows: list[Row], table: pd.DataFrame, cut: str) -> pd.DataFrame:
    """Clips of the sheet that a feature table knows.

    Parameters
    ----------
    rows : list of Row
        The sheet.
    table : pd.DataFrame
        First column ``clip``; a column ``length``, if there is one, tells the samples of each.
    cut : {"30s", "3s"}
        For segments the table's clips are ``<clip>.<number>``.

    Returns
    -------
    pd.DataFrame
        `audio.clips.COLUMNS`, ordered by clip. A clip that the table lacks is refused.
    """
    songs = {row.clip: row for row in rows}
    source = table["clip"] if cut == "30s" else table["clip"].str.rsplit(".", n=1).str[0]
    known = table.assign(source=source)[source.isin(songs)]
    samples = known["length"] if "length" in known else pd.Series(0, index=known.index)
    lengths = samples.where(np.isfinite(samples), 0)
    found = [
        _listed(songs[song], clip, "" if cut == "30s" else song, int(length))
        for clip, song, length in zip(known["clip"], known["source"], lengths, strict=True)
    ]
    lacking = [
        {
            **_listed(row, row.clip, "", 0),
            "status": "refused",
            "problem": "no audio and no features",
        }
        for song, row in songs.items()
        if song not in set(known["source"])
    ]
    return pd.DataFrame(found + lacking, columns=COLUMNS).sort_values("clip", ignore_index=True)


def _listed(row: Row, clip: str, song: str, samples: int) -> dict[str, object]:
    facts = stated(row)
    return {
        **facts,
        "clip": clip,
        "group": song or facts["group"],
        "start": 0,
        "samples": samples,
        "status": "ok",
        "problem": "",
        "md5": row.md5,
    }


def main(
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    table: Annotated[Path, typer.Option(help="Imported feature table (CSV or Parquet).")],
    cut: Annotated[str, typer.Option(help="30s or 3s.")],
    clips: Annotated[Path, typer.Option(help="All clips, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="Refused ones, to be written (CSV).")],
) -> None:
    """List clips whose audio is not at hand, from the sheet and an imported table alone."""
    rows = read_sheet(sheet)
    listed = list_unheard(rows, read_foreign(table), cut)
    listed.to_parquet(clips, index=False)
    paths = {row.clip: row.path for row in rows}
    refused = listed[listed["status"] == "refused"]
    refused.assign(
        path=refused["clip"].map(paths), what_was_done="refused: no feature, fold or result has it"
    )[PROBLEM_COLUMNS].to_csv(problems, index=False)
    logger.info("%d clips listed from %s, %d refused", len(listed), table, len(refused))
