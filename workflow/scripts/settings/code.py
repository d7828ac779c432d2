"""Digest of the code that a step really runs, for rules to track.

Snakemake tracks neither the code behind ``shell: python ...`` nor the modules that a script
imports. A rule therefore carries this digest as a param: it changes when the step or a local module
that it imports (directly or not) changes in meaning, and stays when only comments, docstrings,
layout or modification times do.
"""

import ast
import hashlib
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]


def digest(step: str, scripts: Path = SCRIPTS) -> str:
    """Digest of a step's code and of all local modules it uses.

    Parameters
    ----------
    step : str
        Dotted name, such as ``audio.audit``.
    scripts : Path
        Folder that holds the rooms.

    Returns
    -------
    str
        16 hexadecimal digits.

    Raises
    ------
    FileNotFoundError
        If there is no such step.
    """
    sha = hashlib.sha256()
    for module in sorted(local_modules(step, scripts)):
        sha.update(module.encode())
        sha.update(_meaning(_file(module, scripts)).encode())
    return sha.hexdigest()[:16]


def local_modules(step: str, scripts: Path = SCRIPTS) -> set[str]:
    """Dotted names of a step and of every local module it imports, directly or not."""
    found: set[str] = set()
    waiting = [step]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        waiting += _local_imports(_file(module, scripts), scripts)
    return found


def _file(module: str, scripts: Path) -> Path:
    return scripts.joinpath(*module.split(".")).with_suffix(".py")


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _local_imports(path: Path, scripts: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if _file(name, scripts).is_file()]


def _meaning(path: Path) -> str:
    """Dump of the syntax tree without docstrings and positions."""
    tree = _parse(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
