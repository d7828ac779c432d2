"""List the clips of a dataset at a segment length, and the clips that were rejected or repaired."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from genregraph.audio.samples import segments
from genregraph.datasets.sheet import Row, read_sheet
from genregraph.datasets.spreadsheet import PROBLEM_COLUMNS, write_csv

logger = logging.getLogger(__name__)

Audited = Annotated[list[Path], typer.Argument(help="Facts of all shards' clips (Parquet).")]
Sheet = Annotated[Path, typer.Option(help="The dataset's sheet.")]
Cut = Annotated[str, typer.Option(help="30s or 3s.")]
Clips = Annotated[Path, typer.Option(help="All clips, to be written (Parquet).")]
Problems = Annotated[Path, typer.Option(help="Rejected and repaired, to be written (CSV).")]

COLUMNS = (
    "clip source genre group start samples status problem file md5 sheet_group artist split "
    "excluded"
).split()


def stated(row: Row) -> dict[str, Any]:
    """What the sheet says of a clip, by the names that it has among `COLUMNS`."""
    group = row.group or row.artist or row.clip
    return {**asdict(row), "source": row.clip, "group": group, "sheet_group": row.group}


def list_pieces(audited: pd.DataFrame, rows: Sequence[Row], cut: str) -> pd.DataFrame:
    """Pieces of the audited clips (`audio.audit.COLUMNS`), ordered by name.

    They have `COLUMNS` and those of the audit; ``start`` and ``samples`` are in samples at 22,050
    Hz. A segment's ``group`` is its song. A rejected clip keeps one row.
    """
    of_sheet = {row.clip: stated(row) for row in rows}
    pieces = [
        piece
        for clip in audited.to_dict("records")
        for piece in _pieces({**of_sheet[clip["clip"]], **clip, "start": 0}, cut)
    ]
    return pd.DataFrame(pieces).sort_values("clip", ignore_index=True)


def _pieces(clip: dict[Any, Any], cut: str) -> list[dict[Any, Any]]:
    if clip["status"] == "rejected" or cut == "30s":
        return [clip]
    song = {**clip, "group": clip["clip"]}
    why, done = f"too short to be cut into pieces of {cut}", "rejected: this cut has no piece of it"
    return [
        {**song, "clip": f"{clip['clip']}.{i}", "start": start, "samples": length}
        for i, (start, length) in enumerate(segments(clip["samples"]))
    ] or [{**clip, "status": "rejected", "problem": why, "what_was_done": done}]


def write_clips(pieces: pd.DataFrame, clips: Path, problems: Path) -> None:
    """Write `COLUMNS` of all pieces (Parquet), and the clips with a problem (CSV)."""
    pieces[COLUMNS].to_parquet(clips, index=False)
    odd = pieces[pieces["problem"] != ""].drop_duplicates("source")
    write_csv(odd.assign(clip=odd["source"])[PROBLEM_COLUMNS], problems)
    rejected = int((pieces["status"] == "rejected").sum())
    logger.info("%d clips, %d of them rejected: see %s", len(pieces), rejected, problems)


def main(audited: Audited, sheet: Sheet, cut: Cut, clips: Clips, problems: Problems) -> None:
    """List the clips of a dataset at a segment length, and those rejected or repaired."""
    facts = pd.concat([pd.read_parquet(path) for path in audited], ignore_index=True)
    write_clips(list_pieces(facts, read_sheet(sheet), cut), clips, problems)
