"""Take a feature table that was computed elsewhere.

The table may stand in for an extractor of this workflow (the public 57-feature table of GTZAN for
``handcrafted``), or be one more (the embeddings of a model of one's own).
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from audio.problems import NOT_IN_TABLE, write_problems
from features.table import write_table
from settings.errors import UserError

logger = logging.getLogger(__name__)

KEYS = ("clip", "filename")
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    # Keys stay text: 000002 is not 2.
    ".csv": lambda path: pd.read_csv(path, dtype=dict.fromkeys(KEYS, "str")),
    ".parquet": pd.read_parquet,
}


def read_foreign(path: Path) -> pd.DataFrame:
    """Read a feature table as others write it.

    Parameters
    ----------
    path : Path
        CSV or Parquet with a key column ``clip``, or ``filename`` (whose ending is cut off), and
        any number of columns, of which the numeric ones are features. Rows without a key and
        columns without a name are left out.

    Returns
    -------
    pd.DataFrame, shape (n, 1 + d)
        First column ``clip``, then d float columns.

    Raises
    ------
    UserError
        If the file is missing or of another kind, or has no key, no feature, or a clip twice.
    """
    if not path.is_file() or path.suffix not in READERS:
        raise UserError(f"tables: {path}: there is no such CSV or Parquet file; mend the path")
    foreign = READERS[path.suffix](path).rename(columns=str)
    key = next((name for name in KEYS if name in foreign.columns), None)
    if key is None:
        raise UserError(f"tables: {path}: no column {' or '.join(KEYS)}; name the key column so")
    foreign = foreign.dropna(subset=key)
    clips = foreign[key].astype("str")
    if key == "filename":
        clips = clips.map(lambda name: Path(name).stem)
    # What pandas calls Unnamed is a row number: where rows are sorted by genre, it tells the genre.
    numbers = [name for name in foreign.columns if name.startswith("Unnamed: ")]
    features = foreign.drop(columns=[key, *numbers]).select_dtypes("number").astype(np.float64)
    if features.empty:
        raise UserError(f"tables: {path}: no numeric column; a table needs features")
    if clips.duplicated().any():
        twice = clips[clips.duplicated()].iloc[0]
        raise UserError(f"tables: {path}: clip {twice!r} stands in two rows; keep one of them")
    features.insert(0, "clip", clips)
    return features


def for_clips(table: pd.DataFrame, clips: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of a table that belong to usable clips, and the clips that it lacks.

    Parameters
    ----------
    table : pd.DataFrame
        As `read_foreign` gives it.
    clips : pd.DataFrame
        As `audio.clips` lists them.

    Returns
    -------
    rows : pd.DataFrame
        Finite rows of the table, ordered by clip.
    lacking : pd.DataFrame
        Usable clips without such a row.
    """
    usable = clips[clips["status"] != "refused"]
    finite = np.isfinite(table.drop(columns="clip").to_numpy()).all(axis=1)
    rows = table[finite & table["clip"].isin(usable["clip"])]
    lacking = usable[~usable["clip"].isin(rows["clip"])]
    return rows.sort_values("clip", ignore_index=True), lacking


def main(
    foreign: Annotated[Path, typer.Option(help="Table to import (CSV or Parquet).")],
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    output: Annotated[Path, typer.Option(help="Feature table, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="Clips that it lacks, to be written (CSV).")],
) -> None:
    """Take a feature table that was computed elsewhere."""
    rows, lacking = for_clips(read_foreign(foreign), pd.read_parquet(clips))
    if rows.empty:
        raise UserError(
            f"tables: {foreign}: none of the dataset's clips is in it; are the keys right?"
        )
    write_table(rows, output)
    problem = f"{output.stem}: the imported table has no finite row of it"
    write_problems([(clip, problem, NOT_IN_TABLE) for clip in lacking["clip"]], problems)
    logger.info("%s: %d clips, %d lack", output, len(rows), len(lacking))
