"""Take a feature table that was computed elsewhere.

The table may stand in for an extractor of this workflow (the public 57-feature table of GTZAN for
``handcrafted``), or be one more (the embeddings of a model of one's own).
"""

import json
import logging
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from genregraph.audio.problems import NO_FEATURES, NOT_IN_TABLE, write_problems
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import COLUMNS as OF_SHEET
from genregraph.datasets.sheet import read_sheet
from genregraph.features.foreign import UNNAMED, read
from genregraph.features.keys import KEYS, Names, is_key, plain_name
from genregraph.features.labels import is_named_like_a_label, label_like, numbers_rows
from genregraph.features.parquet import write_table

logger = logging.getLogger(__name__)

# Gives the command line option that imports a table with some keys set.
Setting = Callable[[Mapping[str, object]], str]
MOST_LOST = 0.1  # Share of a table's columns that may be left out.
NUMBER = r"[+-]?(?:\d[\d.,'_\s]*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?"  # In any country's form.
# Columns that say where in its clip a row is, which is no feature of the clip.
POSITION = re.compile(r"(frame|window|segment|chunk|hop|start|end|offset|time|timestamp)(_?\w+)?")


def read_foreign(path: Path, names: Names, cut: str) -> pd.DataFrame:
    """Read a feature table as others write it, and name its clips as the sheet does.

    Parameters
    ----------
    path : Path
        As `features.foreign.read` takes it, with a key column: the likeliest of
        `features.keys.KEYS` that names any clip of the sheet. Rows without a key are left out.
    names : Names
        Of the sheet's clips.
    cut : {"30s", "3s"}
        Whether rows are whole clips or segments.

    Returns
    -------
    pd.DataFrame
        First column ``clip``, then the file's other columns as they are, indexed as `read` says.
        Rows of no clip of the sheet keep their key.

    Raises
    ------
    UserError
        If the file cannot be read, has no key, or none or not clearly one of the sheet's clips.
    """
    try:
        foreign = read(path)
        shown = []
        for column in key_columns(foreign):
            keys = as_text(foreign[column])
            clips = names.match(keys.dropna(), cut)
            if clips:
                return _with_clips(foreign, column, keys, clips)
            shown += [f"{key!r} (column {column!r})" for key in keys.dropna()[:1]]
        if not shown:
            raise UserError(f"no key column; name it {' or '.join(KEYS[:2])}")
        raise UserError(
            "none of the dataset's clips is in it; are the keys right? They are like "
            f"{' and '.join(shown)} there, and like {names.example(cut)!r} here"
        )
    except UserError as error:
        raise UserError(f"tables: {path}: {error}") from None


def key_columns(foreign: pd.DataFrame) -> list[str]:
    """Columns that may hold keys, the likeliest first."""
    rank = {name: i for i, key in enumerate(KEYS) for name in (f"{key}s", key)}
    named = sorted(filter(is_key, foreign.columns), key=lambda name: rank[plain_name(name)])
    index = f"{UNNAMED}0"  # An index that pandas wrote, or one of Parquet.
    text = index in foreign.columns and not pd.api.types.is_numeric_dtype(foreign[index])
    return [*named, *([index] if text else [])]


def as_text(keys: pd.Series) -> pd.Series:
    """A column as text, missing where it is empty; whole numbers have no decimals."""
    if pd.api.types.is_float_dtype(keys) and (keys.dropna() % 1 == 0).all():
        keys = keys.astype("Int64")  # Whole numbers with a gap among them.
    return keys.astype("str").where(keys.notna())


def _with_clips(
    foreign: pd.DataFrame, column: str, keys: pd.Series, clips: Mapping[str, str]
) -> pd.DataFrame:
    named = foreign.drop(columns=[column, *({"clip"} & set(foreign.columns) - {column})])
    for name in filter(is_key, named.columns):  # They were read as text in case they were the key.
        numbers = pd.to_numeric(named[name], errors="coerce")
        if numbers.notna().equals(named[name].notna()):
            named[name] = numbers
    strangers = keys[keys.notna() & ~keys.isin(clips)]
    if len(strangers):
        logger.info("%d rows are of no clip here, such as %r", len(strangers), strangers.iloc[0])
    named.insert(0, "clip", keys.map(clips).fillna(keys))
    return named[keys.notna()]


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
    left_out: dict[str, str] = dict(foreign.attrs.get("left_out", {}))
    lost = []
    for column, cells in foreign.drop(columns="clip").items():
        name = str(column)
        says_what = is_key(name) or name in OF_SHEET or is_named_like_a_label(name)
        if says_what and name not in keep and not pd.api.types.is_numeric_dtype(cells):
            continue
        values = numbers(cells, f"tables: {path}: column {name!r}")
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


def numbers(cells: pd.Series, where: str) -> NDArray[np.float64] | None:
    """A column's cells as numbers, NaN where empty; None if the column is text."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells.to_numpy(np.float64, na_value=np.nan)
    text = cells.astype("str").str.strip().where(cells.notna(), "")
    numbers = pd.to_numeric(text, errors="coerce")
    text = text[text != ""]
    broken = text[numbers[text.index].isna() & ~text.str.lower().isin(["nan", "null", "none"])]
    if broken.empty:
        return numbers.to_numpy(np.float64, na_value=np.nan)
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


def _check_labels(
    table: pd.DataFrame, clips: pd.DataFrame, path: Path, keep: list[str], setting: Setting
) -> None:
    """Raise a `UserError` if columns tell a clip's genre, part or row rather than how it sounds."""
    once = table.drop_duplicates("clip")
    found = label_like(table, clips) | {
        str(column): "it numbers the clips"
        for column in once.columns[1:]
        if len(once) < len(table) and numbers_rows(once[column].to_numpy())
    }
    refused = {column: reason for column, reason in found.items() if column not in keep}
    if refused:
        raise UserError(
            f"tables: {path}: columns that would tell a model the answer: "
            f"{_named(refused, refused)}. Remove them from the file; or, if they are features, "
            f"keep them: {setting({'keep': [*keep, *refused]})}"
        )


def _setting(name: str, file: str, path: Path, stated: Mapping[str, object]) -> str:
    """Command line option that imports a table so."""
    parts = [f"{file}: {json.dumps(str(path), ensure_ascii=False)}"]
    parts += [f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in stated.items() if v]
    return f"--config {shlex.quote('tables={' + name + ': {' + ', '.join(parts) + '}}')}"


def _one_row_a_clip(table: pd.DataFrame, path: Path, setting: Setting) -> None:
    """Raise a `UserError` if a clip stands in several rows."""
    again = table["clip"].duplicated(keep=False)
    if again.any():
        clip = table.loc[again, "clip"].iloc[0]
        first, second = table.index[table["clip"] == clip][:2]
        raise UserError(
            f"tables: {path}: clip {clip!r} stands in two rows ({first} and {second}); keep one of "
            "them, or, if rows are frames or windows of clips, take their mean and standard "
            f"deviation: {setting({'pool': True})}"
        )


def pooled(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation of every feature over the rows of each clip.

    Parameters
    ----------
    table : pd.DataFrame, shape (n, 1 + d)
        First column ``clip``, then float columns.

    Returns
    -------
    pd.DataFrame, shape (clips, 1 + 2 d)
        ``clip``, then all ``<column>_mean``, then all ``<column>_std`` (that of the rows
        themselves, divided by their number); clips as they come. Not finite where any row is not.
    """
    clips = table.groupby("clip", sort=False)
    means, deviations = clips.mean(skipna=False), clips.std(ddof=0, skipna=False)
    both = [means.add_suffix("_mean"), deviations.add_suffix("_std")]
    return pd.concat(both, axis=1).reset_index()


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
    usable = clips[clips["status"] != "rejected"]
    finite = np.isfinite(table.drop(columns="clip").to_numpy()).all(axis=1)
    rows = table[finite & table["clip"].isin(usable["clip"])]
    lacking = usable[~usable["clip"].isin(rows["clip"])]
    return rows.sort_values("clip", ignore_index=True), lacking


def _why_none(table: pd.DataFrame, clips: pd.DataFrame) -> str:
    """Why no usable clip has a finite row in a table, and what to do."""
    usable = clips[clips["status"] != "rejected"]
    known = table[table["clip"].isin(usable["clip"])]
    if known.empty:
        return "of its clips none is usable: problems.csv says why they were refused"
    gaps = (~np.isfinite(known.drop(columns="clip"))).sum()
    worst = sorted((-count, str(name)) for name, count in gaps.items() if count)
    counts = {name: f"in {-count} of {len(known)} rows" for count, name in worst}
    return (
        "no row is finite throughout; numbers are missing, or infinite, in "
        f"{_named(counts, counts)}. Fill them in, or remove these columns from the file"
    )


def _lacks(rows: pd.DataFrame, clips: pd.DataFrame) -> str:
    """How many clips of which genre a table lacks; empty if it has all.

    Refused clips do not count, but for those of which nothing is there.
    """
    wanted = clips[(clips["status"] != "rejected") | (clips["problem"] == NO_FEATURES)]
    lacking = wanted[~wanted["clip"].isin(rows["clip"])]
    of_all = wanted.groupby("genre")["source"].nunique().to_dict()
    cut = "segments of " if wanted["source"].duplicated().any() else ""
    return ", ".join(
        f"{cut}{count} of {of_all[genre]} clips of {genre}"
        for genre, count in lacking.groupby("genre")["source"].nunique().items()
    )


def main(
    foreign: Annotated[Path, typer.Option(help="Table to import.")],
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    cut: Annotated[str, typer.Option(help="30s or 3s.")],
    output: Annotated[Path, typer.Option(help="Feature table, to be written (Parquet).")],
    problems: Annotated[
        Path, typer.Option(help="Columns left out and clips that it lacks, to be written (CSV).")
    ],
    keep: Annotated[
        list[str] | None, typer.Option(help="Column that is a feature though it looks like none.")
    ] = None,
    pool: Annotated[bool, typer.Option(help="Rows are frames or windows of clips.")] = False,
) -> None:
    """Take a feature table that was computed elsewhere."""
    listed, name, keep = pd.read_parquet(clips), output.stem, keep or []

    def setting(more: Mapping[str, object]) -> str:
        file = "file" if cut == "30s" else "file_3s"
        return _setting(name, file, foreign, {"keep": keep, "pool": pool, **more})

    read = read_foreign(foreign, Names(read_sheet(sheet)), cut)
    table, left_out = features_in(read, foreign, keep)
    if pool:
        where = [c for c in table.columns[1:] if POSITION.fullmatch(c) and c not in keep]
        left_out |= dict.fromkeys(where, "it says where in a clip a row is")
        table = table.drop(columns=where)
    else:
        _one_row_a_clip(table[table["clip"].isin(listed["clip"])], foreign, setting)
    _check_labels(table, listed, foreign, keep, setting)
    if pool:
        count, table = len(table), pooled(table)
        logger.info("%d rows are pooled into %d clips", count, len(table))
    rows, lacking = for_clips(table, listed)
    if rows.empty:
        raise UserError(f"tables: {foreign}: {_why_none(table, listed)}")
    write_table(rows, output)
    for column, reason in left_out.items():
        logger.info("column %r is left out: %s", column, reason)
    missing = _lacks(rows, listed)
    no_row = f"{name}: the imported table has no finite row of it"
    write_problems(
        [
            *([("", f"{name} lacks {missing}", NOT_IN_TABLE)] if missing else []),
            *(("", f"column {column!r}: {why}", "left out") for column, why in left_out.items()),
            *((clip, no_row, NOT_IN_TABLE) for clip in lacking["clip"]),
        ],
        problems,
    )
    logger.info("%s: %d clips; it lacks %s", name, len(rows), missing or "none")
