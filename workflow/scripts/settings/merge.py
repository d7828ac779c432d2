"""Where the configuration comes from: the workflow's files, then those at hand, then the call."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from settings.errors import UserError

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
                found = _over(found, _read(path))
    return _over(found, given)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {error}") from None
    if not isinstance(content, Mapping):
        raise UserError(f"{path}: keys and values are needed, such as dataset: demo")
    return content


def _over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """The upper mapping over the lower one, key by key at every depth."""
    joined = dict(base)
    for key, value in top.items():
        below: Any = joined.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        joined[key] = _over(below, value) if both else value
    return joined
