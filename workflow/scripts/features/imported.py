"""Take a feature table that was computed elsewhere.

The table may stand in for an extractor of this workflow (the public 57-feature table of GTZAN for
``handcrafted``), or be one more (the embeddings of a model of one's own).
"""

import json
import logging
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from audio.problems import NOT_IN_TABLE, write_problems
from features.labels import is_named_like_a_label, label_like
from features.parquet import write_table
from settings.errors import UserError
from settings.sheet import COLUMNS as OF_SHEET

logger = logging.getLogger(__name__)

KEYS = ("clip", "filename")
UNNAMED = "Unnamed: "  # What pandas calls a column without a name.
MOST_LOST = 0.1  # Share of a table's columns that may be left out.
NUMBER = r"[+-]?(?:\d[\d.,'_\s]*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?"  # In any country's form.
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    # Keys stay text: 000002 is not 2.
    ".csv": lambda path: pd.read_csv(path, dtype=dict.fromkeys(KEYS, "str"), low_memory=False),
    ".parquet": pd.read_parquet,
}


def read_foreign(path: Path) -> pd.DataFrame:
    """Read a feature table as others write it.

    Parameters
    ----------
    path : Path
        CSV or Parquet with a key column ``clip``, or ``filename`` (whose ending is cut off). Rows
        without a key are left out.

    Returns
    -------
    pd.DataFrame
        First column ``clip``, then the file's other columns as they are; indexed by the line of a
        CSV file, or by the row of Parquet, counted from 1.

    Raises
    ------
    UserError
        If the file is missing or of another kind, or has no key, or a clip twice.
    """
    if not path.is_file() or path.suffix not in READERS:
        raise UserError(f"tables: {path}: there is no such CSV or Parquet file; mend the path")
    foreign = READERS[path.suffix](path).rename(columns=str)
    key = next((name for name in KEYS if name in foreign.columns), None)
    if key is None:
        raise UserError(f"tables: {path}: no column {' or '.join(KEYS)}; name the key column so")
    foreign.index = pd.RangeIndex(len(foreign)) + (2 if path.suffix == ".csv" else 1)
    foreign = foreign.dropna(subset=key)
    clips = foreign[key].astype("str")
    if key == "filename":
        clips = clips.map(lambda name: Path(name).stem)
    if clips.duplicated().any():
        twice = clips[clips.duplicated()].iloc[0]
        raise UserError(f"tables: {path}: clip {twice!r} stands in two rows; keep one of them")
    foreign = foreign.drop(columns=key)
    foreign.insert(0, "clip", clips)
    return foreign


def features_in(
    foreign: pd.DataFrame, path: Path, keep: Iterable[str] = ()
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Features of a table, and why its other columns are none.

    Parameters
    ----------
    foreign : pd.DataFrame
        As `read_foreign` gives it.
    path : Path
        Its file, to be named in errors.
    keep : iterable of str
        Columns without a name that are features nevertheless.

    Returns
    -------
    features : pd.DataFrame, shape (n, 1 + d)
        First column ``clip``, then d columns of double precision.
    left_out : dict of str to str
        Reasons by column. Text that says what a clip is (``label``, ``artist``) is none of these.

    Raises
    ------
    UserError
        If a column of numbers has cells that are none, or more than a tenth of the columns would
        be left out, or no feature is left.
    """
    if not set(keep) <= set(foreign.columns):
        unknown = ", ".join(sorted(set(keep) - set(foreign.columns)))
        raise UserError(f"tables: {path}: keep: {unknown}: no such column; mend the name")
    features: dict[str, NDArray[np.float64]] = {}
    left_out: dict[str, str] = {}
    lost = []
    for column, cells in foreign.drop(columns="clip").items():
        name = str(column)
        says_what = name in (*KEYS, *OF_SHEET) or is_named_like_a_label(name)
        if says_what and name not in keep and not pd.api.types.is_numeric_dtype(cells):
            continue
        values = _numbers(cells, f"tables: {path}: column {name!r}")
        unnamed = (not name or name.startswith(UNNAMED)) and name not in keep
        if values is not None and np.isfinite(values).any() and not unnamed:
            features[name] = values
            continue
        if unnamed:
            left_out[name] = "it has no name"
        elif values is None:
            left_out[name] = f"text, such as {str(cells.dropna().iloc[0])!r}"
        else:
            left_out[name] = "no cell holds a finite number"
        # What pandas and spreadsheets add is no loss: row numbers, and columns that are empty.
        if not unnamed or values is None or not (_rises(values) or np.isnan(values).all()):
            lost.append(name)
    if not features or len(lost) > MOST_LOST * (len(features) + len(lost)):
        raise UserError(
            f"tables: {path}: {len(lost)} of {len(features) + len(lost)} columns are no features: "
            f"{_named(lost, left_out)}. Mend these columns, or remove them from the file"
            if lost
            else f"tables: {path}: no numeric column; a table needs features"
        )
    table = pd.DataFrame(features, index=foreign.index)
    table.insert(0, "clip", foreign["clip"])
    return table, left_out


def _numbers(cells: pd.Series, where: str) -> NDArray[np.float64] | None:
    """A column's cells as numbers, NaN where empty; None if the column is text."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells.to_numpy(np.float64, na_value=np.nan)
    text = cells.dropna().astype("str").str.strip()
    text = text[text != ""]
    numbers = pd.to_numeric(text, errors="coerce")
    broken = text[numbers.isna() & ~text.str.lower().isin(["nan", "null", "none"])]
    if broken.empty:
        return numbers.reindex(cells.index).to_numpy(np.float64, na_value=np.nan)
    if text.str.fullmatch(NUMBER).mean() <= 0.5:
        return None
    raise UserError(
        f"{where}, row {broken.index[0]}: {broken.iloc[0]!r} is no number among numbers; write "
        "numbers like 1234.5 and leave empty what is not known"
    )


def _rises(values: NDArray[np.float64]) -> bool:
    return len(values) > 1 and bool((np.diff(values) == 1).all())


def _named(columns: Iterable[str], reasons: Mapping[str, str]) -> str:
    some = list(columns)
    listed = [f"{name!r} ({reasons[name]})" for name in some[:5]]
    return ", ".join(listed) + (f" and {len(some) - 5} more" if len(some) > 5 else "")


def check_labels(
    table: pd.DataFrame, clips: pd.DataFrame, path: Path, name: str, keep: Iterable[str]
) -> None:
    """Raise a `UserError` if columns tell a clip's genre, part or row rather than how it sounds.

    Parameters
    ----------
    table : pd.DataFrame
        As `features_in` gives it, with all rows of the file in their order.
    clips : pd.DataFrame
        As `audio.clips` lists them.
    path : Path
        The table's file.
    name : str
        What the table is called in the configuration.
    keep : iterable of str
        Columns that are features all the same.
    """
    found = label_like(table, clips)
    refused = {column: reason for column, reason in found.items() if column not in set(keep)}
    if refused:
        kept = json.dumps([*keep, *refused], ensure_ascii=False)
        file = json.dumps(str(path), ensure_ascii=False)
        setting = shlex.quote(f"tables={{{name}: {{file: {file}, keep: {kept}}}}}")
        raise UserError(
            f"tables: {path}: columns that would tell a model the answer: "
            f"{_named(refused, refused)}. Remove them from the file; or, if they are features, "
            f"keep them: --config {setting}"
        )


def for_clips(table: pd.DataFrame, clips: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of a table that belong to usable clips, and the clips that it lacks.

    Parameters
    ----------
    table : pd.DataFrame
        As `features_in` gives it.
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


def why_none(table: pd.DataFrame, clips: pd.DataFrame) -> str:
    """Why no usable clip has a finite row in a table, and what to do."""
    usable = clips[clips["status"] != "refused"]
    known = table[table["clip"].isin(usable["clip"])]
    if known.empty:
        return (
            "none of the dataset's clips is in it; are the keys right? They are like "
            f"{_first(table['clip'])} there, and like {_first(usable['clip'])} here"
        )
    gaps = (~np.isfinite(known.drop(columns="clip"))).sum()
    worst = sorted((-count, str(name)) for name, count in gaps.items() if count)
    counts = {name: f"in {-count} of {len(known)} rows" for count, name in worst}
    return (
        "no row is finite throughout; numbers are missing, or infinite, in "
        f"{_named(counts, counts)}. Fill them in, or remove these columns from the file"
    )


def _first(clips: pd.Series) -> str:
    return repr(clips.iloc[0]) if len(clips) else "none at all"


def main(
    foreign: Annotated[Path, typer.Option(help="Table to import (CSV or Parquet).")],
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    output: Annotated[Path, typer.Option(help="Feature table, to be written (Parquet).")],
    problems: Annotated[
        Path, typer.Option(help="Columns left out and clips that it lacks, to be written (CSV).")
    ],
    keep: Annotated[
        list[str] | None, typer.Option(help="Column that is a feature though it looks like none.")
    ] = None,
) -> None:
    """Take a feature table that was computed elsewhere."""
    listed = pd.read_parquet(clips)
    table, left_out = features_in(read_foreign(foreign), foreign, keep or [])
    check_labels(table, listed, foreign, output.stem, keep or [])
    rows, lacking = for_clips(table, listed)
    if rows.empty:
        raise UserError(f"tables: {foreign}: {why_none(table, listed)}")
    write_table(rows, output)
    for column, reason in left_out.items():
        logger.info("column %r is left out: %s", column, reason)
    problem = f"{output.stem}: the imported table has no finite row of it"
    write_problems(
        [
            *(("", f"column {name!r}: {why}", "left out") for name, why in left_out.items()),
            *((clip, problem, NOT_IN_TABLE) for clip in lacking["clip"]),
        ],
        problems,
    )
    logger.info("%s: %d clips, %d lack", output, len(rows), len(lacking))
