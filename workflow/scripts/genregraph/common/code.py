"""Digest of the code that a step really runs, for rules to track.

Snakemake tracks neither the code behind ``shell: python ...`` nor the modules that a script
imports. A rule therefore carries this digest as a param: it changes when the step or a local module
that it imports (directly or not) changes in meaning, and stays when only comments, docstrings,
layout or modification times do.
"""

import ast
import hashlib
import re
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from genregraph.common.errors import UserError

SCRIPTS = Path(__file__).resolve().parents[1]  # The package.
# Packages whose modules have another name.
PACKAGES = {"sklearn": "scikit-learn", "yaml": "pyyaml"}


def digest(step: str, scripts: Path = SCRIPTS) -> str:
    """Digest of a step's code and of all local modules it uses.

    Parameters
    ----------
    step : str
        Dotted name, such as ``audio.audit``.
    scripts : Path
        Folder that holds the packages.

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
        sha.update(_read(_text(module, scripts)).meaning.encode())
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
        waiting += _local(_text(module, scripts), scripts)
    return found


def libraries(step: str, scripts: Path = SCRIPTS) -> dict[str, str]:
    """Locked versions of the packages that a step or a local module it uses imports.

    Parameters
    ----------
    step : str
        Dotted name, such as ``audio.audit``.
    scripts : Path
        Folder that holds the packages; ``requirements.lock`` lies three folders above it.

    Returns
    -------
    dict of str to str
        Versions by package, as ``requirements.lock`` names it.

    Raises
    ------
    UserError
        If the lock file has no version of a package.
    """
    locked = _locked((scripts.parents[2] / "requirements.lock").read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for module in local_modules(step, scripts)
        for name in _read(_text(module, scripts)).imports
    }
    own = {path.name for path in scripts.iterdir() if path.is_dir()}
    foreign = imported - own - sys.stdlib_module_names - {""}
    packages = sorted(PACKAGES.get(name, name).replace("_", "-") for name in foreign)
    if unlocked := [package for package in packages if package not in locked]:
        raise UserError(
            f"{step} imports {', '.join(unlocked)}, of which requirements.lock has no version: "
            "name the package in requirements.in and run make lock; if it is not called as its "
            "module is, say so in PACKAGES of workflow/scripts/genregraph/common/code.py"
        )
    return {package: locked[package] for package in packages}


@cache
def _locked(text: str) -> dict[str, str]:
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in pins}


def _file(module: str, scripts: Path) -> Path:
    return scripts.joinpath(*module.split(".")).with_suffix(".py")


def _text(module: str, scripts: Path) -> str:
    return _file(module, scripts).read_text(encoding="utf-8")


class _Read(NamedTuple):
    """What a module imports, and its syntax tree without docstrings and positions."""

    imports: list[str]
    meaning: str


def _bare(module: str) -> str:
    """Name of a local module inside the package; another's is as it was."""
    return module.removeprefix("genregraph").removeprefix(".")


@cache
def _read(text: str) -> _Read:
    tree = ast.parse(text)
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [_bare(alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            module = _bare(node.module)
            names += [module, *(f"{module}.{alias.name}".lstrip(".") for alias in node.names)]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return _Read(names, ast.dump(tree))


@cache
def _local(text: str, scripts: Path) -> list[str]:
    return [name for name in _read(text).imports if _file(name, scripts).is_file()]


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
