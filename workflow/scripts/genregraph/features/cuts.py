"""Which file of an imported table serves which cut, without reading the table."""

from collections.abc import Sequence
from pathlib import Path

from genregraph.common.errors import UserError
from genregraph.config.model import Config, Imported
from genregraph.datasets.sheet import Row
from genregraph.features.keys import Names

PEEKED = 200  # Rows by whose keys a table's cut is known.


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
    """Keys of a table's first rows, of whichever columns may hold them.

    Returns
    -------
    list of str
        None where the file is missing or broken: the step that reads it says so.
    """
    # Here, because no workflow without such a table needs pandas when it is planned.
    from genregraph.features.foreign import rows_in
    from genregraph.features.imported import as_text, key_columns

    try:
        table = rows_in(path, most=PEEKED)
    except UserError:
        return []
    return [key for column in key_columns(table) for key in as_text(table[column]).dropna()]
