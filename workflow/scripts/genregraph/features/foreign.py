"""Read a table of features in any of the forms in which others write it."""

import json
import re
import warnings
from collections.abc import Callable, Hashable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from genregraph.common.errors import UserError
from genregraph.datasets.delimited import dialect_of
from genregraph.features.keys import is_key, names_beside

UNNAMED = "Unnamed: "  # What pandas calls a column without a name.
KINDS = "Parquet, CSV or TSV, JSON lines, NPZ or NPY"
LISTS = (list, np.ndarray)
LIST = re.compile(r"\s*\[.*\]\s*", re.DOTALL)


def read(path: Path, is_text: Callable[[str], bool] = is_key) -> pd.DataFrame:
    """Read a table as it is written, lists spread over columns.

    Parameters
    ----------
    path : Path
        ``.parquet``, ``.csv`` or ``.tsv`` (UTF-8 or UTF-16; separated by commas, tabs, or
        semicolons, which go with decimal commas), ``.jsonl`` (``.ndjson``, ``.json``: an object a
        line), ``.npz`` (an array of names and others with a row for each; or an array a clip, by
        its name) or ``.npy`` (beside a text file of names, a line a row; or structured). Nothing is
        unpickled.
    is_text : callable
        Whether a column of a text file of this name is text, whatever stands in it. One at least
        must be, or it is not clear what separates columns.

    Returns
    -------
    pd.DataFrame
        A row for each row of the file, or several where it has lists of rows; a list ``x`` of
        numbers becomes columns ``x_000``, ``x_001`` and so on. Indexed by the line of a text file,
        else by the row counted from 1. ``attrs["left_out"]`` says, by name, which arrays of a file
        are no features and why.

    Raises
    ------
    UserError
        If there is no such file, or it is broken or of another kind.
    """
    return _spread(rows_in(path, is_text))


def rows_in(
    path: Path, is_text: Callable[[str], bool] = is_key, most: int | None = None
) -> pd.DataFrame:
    """Rows of a table as `read` takes it, lists as they are.

    Parameters
    ----------
    path : Path
    is_text : callable
    most : int, optional
        For the keys of the first rows alone, so many, without reading it all.

    Raises
    ------
    UserError
        As `read` does.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        raise UserError(f"there is no such file of {KINDS}; mend the path")
    try:
        return reader(path, is_text, most).rename(columns=str)
    except (UserError, MemoryError):
        raise
    except UnicodeError as error:
        raise UserError(f"not UTF-8 ({error}); save it as text in UTF-8") from None
    except Exception as error:
        if "allow_pickle" in str(error):
            raise UserError(
                "holds pickled Python objects, which are not read; save text by .astype(str), and "
                "else arrays of numbers"
            ) from None
        raise UserError(
            f"cannot be read as {path.suffix} ({error}); write it anew as {KINDS}"
        ) from None


def _read_csv(path: Path, is_text: Callable[[str], bool], most: int | None) -> pd.DataFrame:
    encoding, delimiter = dialect_of(path, lambda names: any(map(is_text, names)))
    # A delimiter behind the last value names no column. Left to itself, pandas takes the first
    # column for an index then, and moves the others by one.
    form: dict[str, Any] = {"sep": delimiter, "encoding": encoding, "index_col": False}
    # A semicolon separates where a comma stands in numbers.
    form |= {"decimal": ","} if delimiter == ";" else {}
    header = pd.read_csv(path, nrows=0, **form).columns
    # Keys stay text: 000002 is not 2.
    form["dtype"] = {name: "str" for name in header if is_text(name)}
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return _numbered(pd.read_csv(path, nrows=most, low_memory=False, **form), 2)
        except pd.errors.ParserWarning:
            raise UserError(
                f"rows hold more values than the header's {len(header)}; name every column"
            ) from None


def _read_parquet(path: Path, _: object, most: int | None) -> pd.DataFrame:
    if most is None:
        table = pd.read_parquet(path)
    else:
        with pq.ParquetFile(path) as file:
            table = next(file.iter_batches(most)).to_pandas()
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index(names=table.index.name or f"{UNNAMED}0")
    return _numbered(table, 1)


def _read_lines(path: Path, _: object, most: int | None) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        lines = ((number, line) for number, line in enumerate(file, start=1) if line.strip())
        records = {number: _object(line, number) for number, line in islice(lines, most)}
    return pd.DataFrame(list(records.values()), index=pd.Index(list(records)))


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise UserError(f"line {number} is no JSON ({error}); write an object a line") from None
    if not isinstance(record, dict):
        raise UserError(f"line {number} is no object; write one a line, with key and features")
    return record


def _read_npz(path: Path, _: object, most: int | None) -> pd.DataFrame:
    with np.load(path, allow_pickle=False) as file:
        # An array is read when it is asked for.
        few = ([*filter(is_key, file.files)] or file.files)[:most]
        arrays = {name: file[name] for name in (file.files if most is None else few)}
    text = [name for name, array in arrays.items() if array.dtype.kind in "US" and array.ndim == 1]
    named = [name for name in text if is_key(name)] or text[:1]
    if not named:
        return _by_clip(arrays)
    names = _decoded(arrays.pop(named[0]))
    columns: dict[str, Any] = {named[0]: names}
    left_out = {}
    for name, array in arrays.items():
        of_rows = array.ndim > 0 and len(array) == len(names)
        if of_rows and array.dtype.kind in ("fiub" if array.ndim > 1 else "f"):
            columns[name] = list(array) if array.ndim > 1 else array
        elif of_rows and array.dtype.kind in "iub":
            left_out[name] = "a whole number a row, as labels are; save a feature as float"
        else:
            left_out[name] = (
                f"an array of shape {array.shape}, not of features of {len(names)} rows"
            )
    table = _numbered(pd.DataFrame(columns), 1)
    table.attrs["left_out"] = left_out
    return table


def _decoded(names: NDArray[Any]) -> list[str]:
    return [n.decode() if isinstance(n, bytes) else str(n) for n in names.tolist()]


def _by_clip(arrays: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    for name, array in arrays.items():
        if array.ndim not in (1, 2) or array.dtype.kind not in "fiub":
            raise UserError(
                f"array {name!r} is no clip's: of shape {array.shape} and type {array.dtype}. Save "
                "one array of names and one of features, or an array of numbers a clip by its name"
            )
    return _numbered(pd.DataFrame({"clip": list(arrays), "feature": list(arrays.values())}), 1)


def _read_npy(path: Path, _: object, most: int | None) -> pd.DataFrame:
    array = np.load(path, mmap_mode="r" if most else None, allow_pickle=False)
    if array.dtype.names:
        fields = {name: array[name][:most] for name in array.dtype.names}
        text = {name: _decoded(x) for name, x in fields.items() if x.dtype.kind in "US"}
        return _numbered(pd.DataFrame({n: text.get(n, list(x)) for n, x in fields.items()}), 1)
    beside = names_beside(path)
    found = next((names for names in beside if names.is_file()), None)
    if found is None:
        raise UserError(
            f"nothing says which row is which clip; name them, a line a row, in {beside[0].name}"
        )
    names = found.read_text(encoding="utf-8-sig").splitlines()
    if array.ndim < 2 or len(names) != len(array):
        raise UserError(
            f"{found.name} names {len(names)} rows, and the array is of shape {array.shape}; it "
            "needs a row for each name"
        )
    return _numbered(pd.DataFrame({"clip": names[:most], "feature": list(array[:most])}), 1)


READERS: dict[str, Callable[[Path, Callable[[str], bool], int | None], pd.DataFrame]] = {
    **dict.fromkeys((".csv", ".tsv"), _read_csv),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _read_lines),
    ".parquet": _read_parquet,
    ".npz": _read_npz,
    ".npy": _read_npy,
}


def _numbered(table: pd.DataFrame, first: int) -> pd.DataFrame:
    return table.set_axis(pd.RangeIndex(len(table)) + first)


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Lists of numbers as columns, lists of lists as rows and columns."""
    lists = {name: arrays for name in table if (arrays := _arrays(table[name]))}
    if not lists:
        return table
    counts = [_rows_of(row, lists) for row in table.index]
    kept = table.drop(columns=list(lists)).loc[np.repeat(table.index, counts)]
    parts = [kept.reset_index(drop=True)]
    for name, arrays in lists.items():
        width = next(iter(arrays.values())).shape[-1]
        digits = max(3, len(str(width - 1)))
        blocks = [
            np.broadcast_to(arrays.get(row, np.nan), (count, width))
            for row, count in zip(table.index, counts, strict=True)
        ]
        names = [f"{name}_{i:0{digits}d}" for i in range(width)]
        parts.append(pd.DataFrame(np.concatenate(blocks), columns=names))
    spread = pd.concat(parts, axis=1).set_axis(kept.index)
    spread.attrs = table.attrs
    return spread


def _arrays(cells: pd.Series) -> dict[Hashable, NDArray[Any]]:
    """Lists of a column by row, without empty ones; none at all if it is no column of lists."""
    filled = cells.dropna()
    if filled.empty or _array(filled.iloc[0]) is None:
        return {}
    arrays: dict[Hashable, NDArray[Any]] = {}
    width = 0
    for row, cell in filled.items():
        array = _array(cell)
        if array is not None and not array.size:
            continue
        if array is None or array.ndim > 2 or array.shape[-1] != (width or array.shape[-1]):
            found = "something else" if array is None else "x".join(map(str, array.shape))
            raise UserError(
                f"row {row}: column {cells.name!r} has {found} where a list of {width or ''} "
                "numbers should be; write lists of one length"
            )
        width = array.shape[-1]
        arrays[row] = array
    return arrays


def _array(cell: Any) -> NDArray[Any] | None:
    """A list of numbers as an array; None if a cell is none."""
    if isinstance(cell, np.ndarray) and cell.dtype.kind in "fiub":
        return cell if cell.ndim else None
    try:
        if isinstance(cell, str) and LIST.fullmatch(cell):
            return np.asarray(_numbers_in(cell), np.float64)
        if isinstance(cell, LISTS):
            return np.array([_array(x) if isinstance(x, LISTS) else x for x in cell], np.float64)
    except (ValueError, TypeError):
        pass
    return None


def _numbers_in(text: str) -> Any:
    """Numbers of a list in a text, as Python, JSON or NumPy print it."""
    try:
        return json.loads(text)
    except ValueError:
        return [float(number) for number in re.split(r"[\s,]+", text.strip("[] \n\t")) if number]


def _rows_of(row: Hashable, lists: Mapping[Any, Mapping[Hashable, NDArray[Any]]]) -> int:
    """How many rows the lists of a row are."""
    here = {name: arrays[row] for name, arrays in lists.items() if row in arrays}
    counts = {len(array) for array in here.values() if array.ndim == 2}
    if len(counts) > 1:
        raise UserError(
            f"row {row}: columns {', '.join(map(repr, here))} hold lists of {sorted(counts)} rows; "
            "write as many in each"
        )
    return counts.pop() if counts else 1
