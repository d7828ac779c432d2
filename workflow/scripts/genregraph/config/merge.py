"""Where the configuration comes from: the workflow's files, then those at hand, then the call."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from genregraph.common.errors import UserError

FILES = ("config/config.yaml", "config/experiments.yaml")


def merged(folders: Sequence[Path], given: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration of one run; a `UserError` if a file is not YAML, or holds no keys.

    `FILES` are looked for in the folders, of which a later one counts more. What is given by
    ``--configfile``, ``--config`` or another workflow counts most.
    """
    found: dict[str, Any] = {}
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        for path in (folder / name for name in FILES):
            if path.is_file():
                found = over(found, read_yaml(path))
    return over(found, given)


class _Loader(yaml.SafeLoader):
    """Rejects a key that a mapping has twice, of which YAML would drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key in (key for key, _ in node.value):
            line, name = key.start_mark.line + 1, str(key.value)
            if name in lines:
                raise yaml.YAMLError(
                    f"line {line} has key {name!r}, as line {lines[name]} does; remove one"
                )
            lines[name] = line
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
