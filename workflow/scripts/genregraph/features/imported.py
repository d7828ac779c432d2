"""Take a feature table that was computed elsewhere, instead of an extractor's or beside them."""

import json
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from genregraph.common.errors import UserError, first_few
from genregraph.datasets.sheet import COLUMNS as OF_SHEET
from genregraph.datasets.sheet import read_sheet
from genregraph.datasets.spreadsheet import NO_FEATURES, NOT_IN_TABLE, write_problems
from genregraph.features.foreign import UNNAMED, read
from genregraph.features.keys import KEYS, Names, is_key, plain_name
from genregraph.features.labels import is_named_like_a_label, label_like, numbers_rows
from genregraph.features.parquet import not_finite, write_table

logger = logging.getLogger(__name__)

NUMBER = r"[+-]?(?:\d[\d.,'_\s]*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?"  # In any country's form.
MISSING = ["nan", "null", "none", "na", "n/a", "<na>", "#n/a"]
# Columns that say where in its clip a row is: openSMILE's, and those of any table of windows.
OF_OPENSMILE = ("start", "end", "frameTime")
POSITION = re.compile(r"(frame|window|segment|chunk|hop|start|end|offset|time|timestamp)(_?\w+)?")
WHERE, NO_NAME = "it says where in a clip a row is", "it has no name"


@contextmanager
def in_table(path: Path) -> Iterator[None]:
    """Name the file in the user's errors."""
    try:
        yield
    except UserError as error:
        raise UserError(f"tables: {path}: {error}") from None


def read_foreign(path: Path, names: Names, cut: str) -> pd.DataFrame:
    """A table as others write it: column ``clip``, named as in the sheet, then its other columns.

    The key is the likeliest column that names any clip of the sheet. Rows without a key are left
    out; rows of no clip of the sheet keep their key.
    """
    with in_table(path):
        foreign, shown = read(path), []
        for column in key_columns(foreign):
            keys = as_text(foreign[column])
            if clips := names.match(keys.dropna(), cut):
                named = foreign.drop(columns=[column, "clip"], errors="ignore")
                named.insert(0, "clip", keys.map(clips).fillna(keys))
                return named[keys.notna()]
            shown += [f"{key!r} (column {column!r})" for key in keys.dropna()[:1]]
        example = names.first if cut == "30s" else f"{names.first}.0"
        said = f"are like {' and '.join(shown)} there, and like {example!r} here"
        raise UserError(f"none of the dataset's clips is in it; mend the keys, which {said}")


def first_keys(name: str, path: Path, keep: Collection[str]) -> list[str]:
    """Keys of a table's first rows; a `UserError` says if these show that it cannot be imported."""
    with in_table(path):
        table = read(path, most=200)
        columns = key_columns(table)
        if path.suffix.lower() != ".npz":  # Its keys alone are read.
            _check_kept(table, keep)
        others = table.drop(columns=columns).select_dtypes("number")
        labels = [c for c in map(str, others) if is_named_like_a_label(c) and UNNAMED not in c]
        _check_labels(dict.fromkeys(labels, "its name says so"), keep, name)
    return [key for column in columns for key in as_text(table[column]).dropna()]


def key_columns(foreign: pd.DataFrame) -> list[str]:
    """Columns that may hold keys, the likeliest first."""
    rank = {name: i for i, key in enumerate(KEYS) for name in (f"{key}s", key)}
    named = sorted(filter(is_key, foreign.columns), key=lambda name: rank[plain_name(name)])
    index = f"{UNNAMED}0"  # An index that pandas wrote, or one of Parquet.
    if index in foreign and pd.to_numeric(foreign[index], errors="coerce").isna().any():
        named.append(index)
    if not named:
        raise UserError(f"no key column; name it {' or '.join(KEYS[:2])}")
    return named


def as_text(keys: pd.Series) -> pd.Series:
    """A column as text, missing where it is empty; integers have no decimals."""
    if pd.api.types.is_float_dtype(keys) and (keys.dropna() % 1 == 0).all():
        keys = keys.astype("Int64")  # Integers with a gap among them.
    return keys.astype("str").where(keys.notna())


def features_in(
    foreign: pd.DataFrame, keep: Collection[str] = (), pool: bool = False
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Features of a table, in double precision, and by column why others are none.

    Text that says what a clip is (``label``, ``artist``) is not mentioned. A `UserError` says if a
    column of numbers has cells that are none, if more than a tenth of the columns is lost, or if no
    feature is left.
    """
    _check_kept(foreign, keep)
    found = {name: _feature(name, foreign[name], name in keep) for name in foreign.columns[1:]}
    left_out = {name: why for name, why in found.items() if isinstance(why, str) and why}
    features = {name: values for name, values in found.items() if not isinstance(values, str)}
    lost = {name: why for name, why in left_out.items() if why not in (WHERE, NO_NAME)}
    if len(lost) > 0.1 * (len(lost) + len(features)):
        raise UserError(f"too many columns are no features: {_named(lost)}; mend or remove them")
    table = pd.DataFrame({"clip": foreign["clip"].array, **features}, foreign.index)
    places = [c for c in features if pool and c not in keep and POSITION.fullmatch(c)]
    least = table.groupby("clip")[places].diff().min()  # A position rises in each clip.
    where = least.index[least > 0].tolist()
    if len(features) == len(where):
        raise UserError("no numeric column; a table needs features")
    left_out |= foreign.attrs.get("left_out", {}) | dict.fromkeys(where, WHERE)
    return table.drop(columns=where), left_out


def _feature(name: str, cells: pd.Series, kept: bool) -> NDArray[np.float64] | str:
    """Numbers of a column, or why it is no feature; empty if it says what a clip is."""
    if not kept and (not name or name.startswith(UNNAMED) or name in OF_OPENSMILE):
        return WHERE if name in OF_OPENSMILE else NO_NAME
    says_what = is_key(name) or name in OF_SHEET or is_named_like_a_label(name)
    is_number = pd.to_numeric(cells, errors="coerce").notna()
    if says_what and not kept and (is_number < cells.notna()).any():
        return ""
    values = numbers(cells, f"column {name!r}")
    if values is None:
        return f"text, such as {str(cells.dropna().iloc[0])!r}"
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    finite = np.isfinite(single)
    if not finite.any():
        return "no cell holds a finite number"
    if np.ptp(single[finite]) == 0 < np.ptp(values[finite]):
        return "it is constant in single precision"
    return values


def numbers(cells: pd.Series, where: str) -> NDArray[np.float64] | None:
    """A column's cells as numbers, NaN where empty; None if the column is text."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells.to_numpy(np.float64, na_value=np.nan)
    text = cells.astype("str").str.strip().where(cells.notna(), "")
    values = pd.to_numeric(text, errors="coerce")
    broken = text[values.isna() & ~text.str.lower().isin(["", *MISSING])]
    if broken.empty:
        return values.to_numpy(np.float64, na_value=np.nan)
    if text[text != ""].str.fullmatch(NUMBER).mean() <= 0.5:
        return None
    said = f"{where}, row {broken.index[0]}: {broken.iloc[0]!r} is no number among numbers"
    raise UserError(f"{said}; write it like 1234.5, or leave it empty")


def _named(reasons: Mapping[str, str]) -> str:
    return first_few([f"{name!r} ({why})" for name, why in reasons.items()])


def _check_kept(table: pd.DataFrame, keep: Collection[str]) -> None:
    if unknown := sorted(set(keep) - set(table.columns)):
        raise UserError(f"keep: {', '.join(unknown)}: no such column; mend the name")


def _check_labels(labels: Mapping[str, str], keep: Collection[str], name: str) -> None:
    if rejected := {column: why for column, why in labels.items() if column not in keep}:
        setting = json.dumps([*keep, *rejected], ensure_ascii=False)
        said = f"columns that would give a model the answer: {_named(rejected)}; remove them"
        raise UserError(f"{said} or, if they are features, set tables.{name}.keep: {setting}")


def _check_rows(table: pd.DataFrame, name: str) -> None:
    again = table[table["clip"].duplicated(keep=False)]
    if len(again):
        clip = again["clip"].iloc[0]
        first, second = again.index[again["clip"] == clip][:2]
        said = f"clip {clip!r} has two rows ({first} and {second}); keep one of them"
        raise UserError(f"{said} or, if rows are frames or windows, set tables.{name}.pool: true")


def for_clips(table: pd.DataFrame, clips: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Finite rows of a table's usable clips, ordered; and why other usable clips have none."""
    usable = clips.loc[clips["status"] != "rejected", "clip"]
    rows = table[table["clip"].isin(usable)].sort_values("clip", ignore_index=True)
    if rows.empty:
        raise UserError("none of its clips is usable: problems.csv says why")
    gaps = not_finite(rows)
    if len(gaps) == len(rows):
        clip, names = next(iter(gaps.items()))
        said = f"no clip has all numbers, such as {clip!r} ({names})"
        raise UserError(f"{said}; fill in what is missing or infinite, or remove these columns")
    lacking = dict.fromkeys(usable[~usable.isin(rows["clip"])], "no row in the imported table")
    lacking |= {clip: f"not finite: {names}" for clip, names in gaps.items()}
    return rows[~rows["clip"].isin(gaps)].reset_index(drop=True), lacking


def _lacks(rows: pd.DataFrame, clips: pd.DataFrame) -> str:
    """How many clips of which genre a table lacks: usable ones, and those without any features."""
    wanted = clips[(clips["status"] != "rejected") | (clips["problem"] == NO_FEATURES)]
    lacking = wanted[~wanted["clip"].isin(rows["clip"])]
    cut = "segments of " if wanted["source"].duplicated().any() else ""
    counts = [of.groupby("genre")["source"].nunique() for of in (lacking, wanted)]
    few = pd.concat(counts, axis=1, join="inner").itertuples()
    return ", ".join(f"{cut}{n} of {count} clips of {genre}" for genre, n, count in few)


def main(
    foreign: Annotated[Path, typer.Option(help="Table to import.")],
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    cut: Annotated[str, typer.Option(help="30s or 3s.")],
    output: Annotated[Path, typer.Option(help="Feature table, to be written (Parquet).")],
    problems: Annotated[Path, typer.Option(help="What it lacks or loses, to be written (CSV).")],
    keep: Annotated[list[str] | None, typer.Option(help="Column that is a feature.")] = None,
    pool: Annotated[bool, typer.Option(help="Rows are frames or windows of clips.")] = False,
) -> None:
    """Take a feature table that was computed elsewhere."""
    listed, name, keep = pd.read_parquet(clips), output.stem, keep or []
    given = read_foreign(foreign, Names(read_sheet(sheet)), cut)
    with in_table(foreign):
        table, left_out = features_in(given, keep, pool)
        labels = label_like(table, listed)
        if pool:
            once = table.drop_duplicates("clip")
            numbering = [c for c in once.columns[1:] if numbers_rows(once[c].to_numpy())]
            labels |= dict.fromkeys(numbering, "it numbers the clips")
            of_clip = table.groupby("clip", sort=False)  # Not finite where a row is not.
            means, deviations = of_clip.mean(skipna=False), of_clip.std(ddof=0, skipna=False)
            table = means.add_suffix("_mean").join(deviations.add_suffix("_std")).reset_index()
        else:
            _check_rows(table[table["clip"].isin(listed["clip"])], name)
        _check_labels(labels, keep, name)
        rows, lacking = for_clips(table, listed)
    write_table(rows, output)
    missing = _lacks(rows, listed)
    listing = [("", f"{name} lacks {missing}", NOT_IN_TABLE)] if missing else []
    listing += [("", f"column {column!r}: {why}", "left out") for column, why in left_out.items()]
    listing += [(clip, f"{name}: {why}", NOT_IN_TABLE) for clip, why in sorted(lacking.items())]
    write_problems(listing, problems)
    logger.info("%s: %d clips of %d rows", name, len(rows), len(given))
    for _, problem, _ in listing:
        logger.info("%s", problem)
