"""Read a table of features in any of the forms in which others write it."""

import json
import re
import warnings
from collections.abc import Callable
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


def read(
    path: Path, is_text: Callable[[str], bool] = is_key, most: int | None = None
) -> pd.DataFrame:
    """Read a table in one of the forms of docs/embeddings.md; nothing is unpickled.

    A list ``x`` of numbers becomes columns ``x_000``, ``x_001`` and so on, a list of lists rows of
    these. The index is the line of a text file, else the row counted from 1; ``attrs["left_out"]``
    says why arrays are no features. In text files, columns whose name ``is_text`` are text whatever
    their cells look like, and a delimiter must give one of them. At most ``most`` rows are read; of
    ``.npz`` then only arrays of names.
    """
    reader = READERS.get(path.suffix.lower())
    if not path.exists():
        raise UserError("there is no such file; mend the path")
    if reader is None or not path.is_file():
        kind = "a folder" if path.is_dir() else f"a file of kind {path.suffix or 'unknown'}"
        raise UserError(f"{kind}, which is not read; save the table as {KINDS}")
    try:
        table = reader(path, is_text, most).rename(columns=str)
        if isinstance(table.index, pd.RangeIndex):
            table.index += 1
        return _spread(table)
    except (UserError, MemoryError):
        raise
    except UnicodeError as error:
        raise UserError(f"not UTF-8 ({error}); save it as text in UTF-8") from None
    except Exception as error:
        raise UserError(f"cannot be read ({error}); write it anew as {KINDS}") from None


def _read_csv(path: Path, is_text: Callable[[str], bool], most: int | None) -> pd.DataFrame:
    encoding, delimiter = dialect_of(path, lambda names: any(map(is_text, names)))
    # A delimiter after the last value names no column. Left to itself, pandas takes the first
    # column for an index then, and moves the others by one.
    form: dict[str, Any] = {"sep": delimiter, "encoding": encoding, "index_col": False}
    header = pd.read_csv(path, nrows=0, **form).columns
    form |= {"nrows": most, "low_memory": False, "decimal": "," if delimiter == ";" else "."}
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            table = pd.read_csv(path, dtype={n: "str" for n in header if is_text(n)}, **form)
    except pd.errors.ParserWarning:
        raise UserError("rows hold more values than the header; name every column") from None
    # Keys stay text: 000002 is not 2, and NA is a name.
    keys = [name for name in header if is_key(name) or name == f"{UNNAMED}0"]
    text = pd.read_csv(path, usecols=keys, dtype="str", keep_default_na=False, **form)
    table[keys] = text[keys].replace("", None)
    table.index += 1  # Below the header.
    return table


def _read_parquet(path: Path, _: object, most: int | None) -> pd.DataFrame:
    with pq.ParquetFile(path) as file:
        table = (file.read() if most is None else next(file.iter_batches(most))).to_pandas()
    if not isinstance(table.index, pd.RangeIndex):
        names = [name or f"{UNNAMED}{i}" for i, name in enumerate(table.index.names)]
        table = table.reset_index(names=names)
    return table


def _read_lines(path: Path, _: object, most: int | None) -> pd.DataFrame:
    records = {}
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        lines = ((number, line) for number, line in enumerate(file, start=1) if line.strip())
        for number, line in islice(lines, most):
            try:
                records[number] = dict(json.loads(line))
            except (ValueError, TypeError) as error:
                raise UserError(f"line {number} is no JSON object ({error})") from None
    return pd.DataFrame(list(records.values()), index=pd.Index(list(records), dtype=int))


def _read_arrays(path: Path, _: object, most: int | None) -> pd.DataFrame:
    loaded = np.load(path, mmap_mode="r", allow_pickle=False)
    if path.suffix.lower() == ".npz":
        named = [*filter(is_key, loaded.files)] or loaded.files[:most]
        arrays = {name: loaded[name] for name in (loaded.files if most is None else named)}
    elif loaded.dtype.names:
        arrays = {name: loaded[name] for name in loaded.dtype.names}
    else:
        arrays = {"clip": _names_of(path), "feature": loaded}
    text = [name for name, array in arrays.items() if array.dtype.kind in "US" and array.ndim == 1]
    if not text:
        return pd.DataFrame({"clip": list(arrays), "feature": list(arrays.values())})
    key = next(filter(is_key, text), text[0])
    names = arrays.pop(key).astype(np.str_)
    columns: dict[str, Any] = {key: names}
    left_out = {}
    for name, array in arrays.items():
        kinds = "fiub" if array.ndim > 1 else "f"  # An integer a row is a label.
        if array.shape[:1] == names.shape and array.dtype.kind in kinds:
            columns[name] = list(array.astype(np.float64))
        else:
            rows = f"{len(names)} rows of floats"
            left_out[name] = f"{array.dtype} of shape {array.shape}, not {rows}"
    if len(columns) == 1 and most is None:
        raise UserError("; ".join(f"{name!r} is {why}" for name, why in left_out.items()))
    table = pd.DataFrame(columns)[:most]
    table.attrs["left_out"] = left_out
    return table


def _names_of(path: Path) -> NDArray[np.str_]:
    """Names of an array's rows, of the text file that lies with it."""
    beside = names_beside(path)
    if text := next(filter(Path.is_file, beside), None):
        return np.array(text.read_text(encoding="utf-8-sig").splitlines(), dtype=np.str_)
    raise UserError(f"its rows have no names; name them, a line a row, in {beside[0].name}")


READERS: dict[str, Callable[[Path, Callable[[str], bool], int | None], pd.DataFrame]] = {
    **dict.fromkeys((".csv", ".tsv"), _read_csv),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _read_lines),
    ".parquet": _read_parquet,
    **dict.fromkeys((".npz", ".npy"), _read_arrays),
}


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Lists of numbers as columns, lists of lists as rows and columns."""
    lists = {
        str(name): [_array(cell) for cell in table[name]]
        for name in table.select_dtypes(exclude="number")
        if _array(next(iter(table[name].dropna()), None)).size
    }
    if not lists:
        return table
    heights = [[len(c) if c.ndim > 1 else 0 for c in cells] for cells in lists.values()]
    rows = np.max(heights, axis=0, initial=1)
    if (heights % rows).any():
        raise UserError(f"columns {list(lists)} have lists of unlike numbers of rows")
    others = table.drop(columns=list(lists)).iloc[np.repeat(np.arange(len(table)), rows)]
    columns = [_columns(name, cells, rows, table.index) for name, cells in lists.items()]
    spread = pd.concat([others, *(each.set_axis(others.index) for each in columns)], axis=1)
    spread.attrs = table.attrs
    return spread


def _columns(name: str, cells: list[Any], rows: NDArray[np.int_], index: pd.Index) -> pd.DataFrame:
    """Lists of one length as columns, each in so many rows; NaN where there is none."""
    sizes = [cell.shape[-1] for cell in cells]
    width = max(sizes)
    for row, size in zip(index, sizes, strict=True):
        if 0 < size < width:
            said = f"row {row}: column {name!r} has {size} numbers, not {width} as others"
            raise UserError(f"{said}; write lists of one length")
    digits = max(3, len(str(width - 1)))
    filled = [
        np.broadcast_to(cell if cell.size else np.nan, (count, width))
        for cell, count in zip(cells, rows, strict=True)
    ]
    names = [f"{name}_{i:0{digits}d}" for i in range(width)]
    return pd.DataFrame(np.concatenate(filled), columns=names)


def _array(cell: Any) -> NDArray[np.float64]:
    """A list of numbers, or of lists of them, as an array; empty if it is neither."""
    try:
        if isinstance(cell, str) and re.fullmatch(r"\s*\[.*\]\s*", cell, re.DOTALL):
            cell = _numbers_in(cell)
        if isinstance(cell, np.ndarray) and cell.dtype.kind not in "fiub":
            cell = cell.tolist()
        array = np.array(cell if isinstance(cell, list | np.ndarray) else [], np.float64)
    except (ValueError, TypeError):
        return np.empty(0)
    return array if array.size else np.empty(0)


def _numbers_in(text: str) -> Any:
    """Numbers of a list in a text, as Python, JSON or NumPy print it."""
    try:
        return json.loads(text)
    except ValueError:
        return [float(number) for number in re.split(r"[\s,]+", text.strip("[] \n\t")) if number]
