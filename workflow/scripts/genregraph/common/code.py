"""Digest of the code that a step really runs, of which Snakemake tracks nothing.

It changes when the step or a local module that it imports (directly or not) changes in meaning, and
stays when only comments, docstrings, layout or modification times do.
"""

import ast
import hashlib
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from genregraph.common.errors import UserError

SCRIPTS = Path(__file__).resolve().parents[1]  # The package.
# Packages whose modules have another name.
PACKAGES = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
_tree = cache(ast.parse)


def digest(step: str, scripts: Path = SCRIPTS) -> str:
    """Digest (16 hexadecimal digits) of all local modules that a step, as ``audio.audit``, uses."""
    sha = hashlib.sha256()
    for module in sorted(local_modules(step, scripts)):
        sha.update(f"{module}{_meaning(_text(module, scripts))}".encode())
    return sha.hexdigest()[:16]


def local_modules(step: str, scripts: Path = SCRIPTS) -> set[str]:
    """Dotted names of a step and of every local module it imports, directly or not."""
    found, waiting = set[str](), [step]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _local(_text(module, scripts), scripts)
    return found


def libraries(step: str, scripts: Path = SCRIPTS) -> dict[str, str]:
    """Locked versions, by package, of what a step or a local module it uses imports.

    ``requirements.lock`` lies three folders above the scripts. A `UserError` if it has no version
    of a package.
    """
    locked = _locked((scripts.parents[2] / "requirements.lock").read_text(encoding="utf-8"))
    texts = (_text(module, scripts) for module in local_modules(step, scripts))
    imported = {name.split(".")[0] for text in texts for name in _imports(text)}
    own = {path.name for path in scripts.iterdir()}
    packages = sorted(map(_package, imported - own - sys.stdlib_module_names - {""}))
    if unlocked := [package for package in packages if package not in locked]:
        way = "add it to requirements.in and run make lock, or map it in PACKAGES of common/code.py"
        raise UserError(f"{step} imports {', '.join(unlocked)}: {way}")
    return {package: locked[package] for package in packages}


def other_versions(locked: Mapping[str, str]) -> str:
    """Packages that a step which is imported uses in other versions; empty if there are none.

    A loaded module states its own version, also one without metadata on ``PYTHONPATH``. Those of a
    build, such as ``+cpu``, are the same. Packages that are not installed are passed over.
    """
    modules = {_package(name): vars(module) for name, module in sys.modules.items()}
    others = []
    for package, version in locked.items():
        with suppress(PackageNotFoundError):
            stated = modules.get(package, {}).get("__version__") or metadata.version(package)
            if str(stated).removeprefix("v").partition("+")[0] != version:
                others.append(f"{package} {stated} (locked: {version})")
    return ", ".join(others)


def _package(module: str) -> str:
    return PACKAGES.get(module, module).replace("_", "-")


@cache
def _locked(text: str) -> dict[str, str]:
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in pins}


def _file(module: str, scripts: Path) -> Path:
    return scripts.joinpath(*module.split(".")).with_suffix(".py")


def _text(module: str, scripts: Path) -> str:
    return _file(module, scripts).read_text(encoding="utf-8")


@cache
def _imports(text: str) -> list[str]:
    """What a module imports; local modules by their names inside the package."""
    names: list[str] = []
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name.removeprefix("genregraph").removeprefix(".") for name in names]


@cache
def _local(text: str, scripts: Path) -> list[str]:
    return [name for name in _imports(text) if _file(name, scripts).is_file()]


@cache
def _meaning(text: str) -> str:
    """Syntax tree of a module without docstrings and positions."""
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_constant(statement)]
    return ast.dump(_tree(text))


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
