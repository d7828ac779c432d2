"""Which file of an imported table serves which cut, by the tables' first rows."""

from collections.abc import Sequence
from pathlib import Path

from genregraph.config.model import Config
from genregraph.datasets.sheet import Row
from genregraph.features.keys import Names


def files_by_cut(config: Config, rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """Files of imported tables by name and cut.

    A table that names one file alone may be of either cut: its first keys decide. A
    `UserError` says if the first rows of a file that is there show that it cannot be imported.
    """
    if not config.tables:
        return {}
    # Here, because no workflow without such a table needs pandas when it is planned.
    from genregraph.features.imported import first_keys

    imports = {}
    for table, stated in config.tables.items():
        files = {"30s": stated.file, "3s": stated.file_3s}
        imports[table] = {cut: file for cut, file in files.items() if file is not None}
        there = [Path(file) for file in imports[table].values() if Path(file).exists()]
        keys = [first_keys(table, file, stated.keep) for file in there]
        if stated.file and stated.file_3s is None and keys:
            imports[table] = {Names(rows).cut_of(keys[0]): stated.file}
    return imports
