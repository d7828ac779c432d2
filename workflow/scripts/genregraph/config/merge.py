"""Where the configuration comes from: the workflow's files, then those at hand, then the call."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from genregraph.common.errors import UserError

# Keys whose values are names and paths.
TEXTS = ("dataset", "sheet", "audio", "predict", "predict_by", "predict_artists")
FILES = ("config/config.yaml", "config/experiments.yaml")


def merged(folders: Sequence[Path], given: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration of one run.

    Parameters
    ----------
    folders : sequence of Path
        Where `FILES` are looked for; what stands in a later one counts.
    given : mapping
        What ``--configfile``, ``--config`` or another workflow says; it counts most.

    Raises
    ------
    UserError
        If a file is not YAML, or holds no keys.
    """
    found: dict[str, Any] = {}
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        for path in (folder / name for name in FILES):
            if path.is_file():
                found = over(found, read_yaml(path))
    return over(found, given)


def as_typed(given: Mapping[str, Any], words: Iterable[str]) -> dict[str, Any]:
    """What the call says, with names and paths as they were typed.

    Snakemake makes a number of ``dataset=2024_05`` and ``audio=1e5``, a list of ``audio=[1990]``, a
    mapping of ``audio={x}``, and cuts ``audio=My Music #1`` at its comment. Values in quotation
    marks of their own are taken as YAML, which is how Snakemake hands them on to jobs elsewhere.

    Parameters
    ----------
    given : mapping
        As Snakemake parsed it.
    words : iterable of str
        ``name=value`` as typed after ``--config``.

    Examples
    --------
    >>> as_typed({"dataset": 202405, "seed": 1}, ["dataset=2024_05", "seed=1"])
    {'dataset': '2024_05', 'seed': 1}
    """
    typed = dict(given)
    for name, equals, value in (word.partition("=") for word in words):
        quoted = re.fullmatch(r"""(['"]).*\1""", value) and isinstance(given.get(name), str)
        if name in TEXTS and equals and value and not quoted:
            typed[name] = value
    return typed


class _Loader(yaml.SafeLoader):
    """Rejects a key that a mapping has twice, of which YAML would drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key in (key for key, _ in node.value):
            line, name = key.start_mark.line + 1, str(key.value)
            if lines.setdefault(name, line) != line:
                raise yaml.YAMLError(
                    f"line {line} has key {name!r}, as line {lines[name]} does; remove one"
                )
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Keys and values of a file; a `UserError` if it is missing, faulty, or holds no keys."""
    if not path.is_file():
        raise UserError(f"there is no file {path}; correct its path")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error}); save it as text in UTF-8") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {error}") from None
    if not isinstance(content, Mapping):
        raise UserError(f"{path}: keys and values are needed, such as dataset: demo")
    return content


def over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """The upper mapping over the lower one, key by key at every depth."""
    joined = dict(base)
    for key, value in top.items():
        below: Any = joined.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        joined[key] = over(below, value) if both else value
    return joined
