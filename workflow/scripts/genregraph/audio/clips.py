"""List the clips of a dataset as they are cut, and the clips that were refused or repaired."""

import logging
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from genregraph.audio.cut import piece_name, windows
from genregraph.audio.problems import PROBLEM_COLUMNS
from genregraph.datasets.sheet import Row, read_sheet
from genregraph.datasets.spreadsheet import write_csv

logger = logging.getLogger(__name__)

COLUMNS = (
    "clip source genre group start samples status problem file md5 sheet_group artist split "
    "excluded"
).split()


def stated(row: Row) -> dict[str, str]:
    """What the sheet says of a clip, by the names that it has among `COLUMNS`."""
    return {
        "source": row.clip,
        "genre": row.genre,
        "group": row.group or row.artist or row.clip,
        "sheet_group": row.group,
        "artist": row.artist,
        "split": row.split,
        "excluded": row.excluded,
    }


def list_pieces(audited: pd.DataFrame, rows: Sequence[Row], cut: str) -> pd.DataFrame:
    """Pieces of the audited clips, ordered by name.

    Parameters
    ----------
    audited : pd.DataFrame
        A row a clip with `audio.audit.COLUMNS`.
    rows : sequence of Row
        The sheet, which has all of them.
    cut : {"30s", "3s"}
        How clips are cut.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`, ``path`` and ``what_was_done``; ``start`` and ``samples`` are in samples at
        22,050 Hz. A segment's ``group`` is its song. A refused clip keeps one row.
    """
    of_sheet = {row.clip: stated(row) for row in rows}
    clips = [{**clip, **of_sheet[clip["clip"]]} for clip in audited.to_dict("records")]
    pieces = [piece for clip in clips for piece in _pieces(clip, cut)]
    columns = list(dict.fromkeys([*COLUMNS, *PROBLEM_COLUMNS]))
    return pd.DataFrame(pieces, columns=columns).sort_values("clip", ignore_index=True)


def _pieces(clip: dict[Hashable, Any], cut: str) -> list[dict[Hashable, Any]]:
    whole = {**clip, "start": 0}
    if clip["status"] == "rejected" or cut == "30s":
        return [whole]
    pieces = [
        {
            **whole,
            "clip": piece_name(clip["clip"], i, cut),
            "group": clip["clip"],
            "start": start,
            "samples": length,
        }
        for i, (start, length) in enumerate(windows(clip["samples"], cut))
    ]
    uncut: dict[Hashable, Any] = {
        "status": "rejected",
        "problem": f"too short to be cut into pieces of {cut}",
        "what_was_done": "rejected: this cut has no piece of it",
    }
    return pieces or [{**whole, **uncut}]


def list_problems(pieces: pd.DataFrame) -> pd.DataFrame:
    """Source clips that were refused or repaired, with `PROBLEM_COLUMNS`, each once."""
    found = pieces[pieces["problem"] != ""].drop_duplicates("source")
    return found.assign(clip=found["source"])[PROBLEM_COLUMNS]


def main(
    audited: Annotated[list[Path], typer.Argument(help="Facts of all shards' clips (Parquet).")],
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    cut: Annotated[str, typer.Option(help="30s or 3s.")],
    clips: Annotated[Path, typer.Option(help="All clips, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="Refused and repaired ones, to be written (CSV).")],
) -> None:
    """List the clips of a dataset as they are cut, and those refused or repaired."""
    facts = pd.concat([pd.read_parquet(path) for path in audited], ignore_index=True)
    table = list_pieces(facts, read_sheet(sheet), cut)
    table[COLUMNS].to_parquet(clips, index=False)
    write_csv(list_problems(table), problems)
    refused = int((table["status"] == "rejected").sum())
    logger.info("%d clips, %d of them refused: see %s", len(table), refused, problems)
