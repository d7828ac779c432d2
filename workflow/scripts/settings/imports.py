"""Which file of an imported table serves which cut, told without reading the table."""

import csv
import itertools
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from settings.delimited import dialect_of
from settings.keys import Names, has_key, is_key, names_beside
from settings.model import Config, Imported
from settings.sheet import Row

PEEKED = 200  # Rows by which a table's cut is told.
LONGEST = 2**31 - 1  # Characters of a cell, such as a list of features.


def files_by_cut(config: Config, rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """Files of imported tables by name and cut.

    A table that names one file alone may be of either cut: its first keys say of which.
    """
    names = Names(rows) if config.tables else None
    return {table: _by_cut(stated, names) for table, stated in config.tables.items() if names}


def _by_cut(table: Imported, names: Names) -> dict[str, str]:
    if table.file is None or table.file_3s is not None:
        files = {"30s": table.file, "3s": table.file_3s}
        return {cut: file for cut, file in files.items() if file is not None}
    return {names.cut_of(peek(Path(table.file))): table.file}


def peek(path: Path) -> list[str]:
    """Keys of a table's first rows, of whichever columns may hold them, without reading it all.

    Returns
    -------
    list of str
        None where the file is missing or broken: the step that reads it says so.
    """
    reader = PEEKS.get(path.suffix.lower())
    try:
        return list(reader(path)) if reader else []
    except Exception:
        return []


def _peek_csv(path: Path) -> Iterator[str]:
    encoding, delimiter = dialect_of(path, has_key)
    csv.field_size_limit(LONGEST)
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.DictReader(file, delimiter=delimiter)
        yield from _keys_in(itertools.islice(rows, PEEKED))


def _peek_lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig") as file:
        lines = itertools.islice((line for line in file if line.strip()), PEEKED)
        yield from _keys_in(map(json.loads, lines))


def _peek_parquet(path: Path) -> Iterator[str]:
    import pyarrow.parquet as pq  # Here, because no workflow without such a table needs it.

    with pq.ParquetFile(path) as file:
        columns = [c for c in file.schema_arrow.names if is_key(c) or c.startswith("__index")]
        batch = next(file.iter_batches(PEEKED, columns=columns))
        yield from (str(value) for column in batch.columns for value in column.to_pylist())


def _peek_npz(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
    keys = [name for name in names if is_key(name)]
    if not keys:
        yield from names[:PEEKED]
        return
    import numpy as np

    with np.load(path, allow_pickle=False) as arrays:
        yield from map(_text, arrays[keys[0]][:PEEKED])


def _peek_npy(path: Path) -> Iterator[str]:
    import numpy as np

    array = np.load(path, mmap_mode="r", allow_pickle=False)
    fields = [name for name in array.dtype.names or () if is_key(name)]
    yield from map(_text, array[fields[0]][:PEEKED]) if fields else _peek_names(path)


def _text(key: object) -> str:
    return key.decode(errors="replace") if isinstance(key, bytes) else str(key)


def _peek_names(path: Path) -> Iterator[str]:
    for names in names_beside(path):
        if names.is_file():
            yield from names.read_text(encoding="utf-8-sig").splitlines()[:PEEKED]


def _keys_in(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    for row in rows:
        yield from (str(row[name]) for name in row if not name or is_key(name))


PEEKS: dict[str, Callable[[Path], Iterator[str]]] = {
    ".csv": _peek_csv,
    ".tsv": _peek_csv,
    ".jsonl": _peek_lines,
    ".ndjson": _peek_lines,
    ".json": _peek_lines,
    ".parquet": _peek_parquet,
    ".npz": _peek_npz,
    ".npy": _peek_npy,
}
