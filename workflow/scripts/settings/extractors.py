"""Which feature tables can be computed: a module of room ``features`` that writes shards is one.

They are told by their text, since to import them is to import all that they compute with.
"""

import ast
from pathlib import Path

from settings.code import SCRIPTS


def extractors(scripts: Path = SCRIPTS) -> dict[str, frozenset[str]]:
    """Tables that are computed, with the options that the step of each takes.

    Parameters
    ----------
    scripts : Path
        Folder that holds the rooms. A module in ``features`` that imports `write_shard` of
        `features.table` is an extractor, and its name is that of its table.

    Raises
    ------
    SyntaxError
        With file and line, if a module is no Python.
    """
    found = {}
    for path in sorted((scripts / "features").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        if any(_imports_writer(node) for node in tree.body):
            mains = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "main")
            found[path.stem] = frozenset(each.arg for main in mains for each in main.args.args)
    return found


def _imports_writer(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "features.table"
        and "write_shard" in [alias.name for alias in node.names]
    )
