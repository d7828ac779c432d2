"""Where the configuration comes from, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from genregraph.common.errors import UserError, nearest
from genregraph.config.model import Config

FILES = ("config/config.yaml", "config/experiments.yaml")


def merged(folders: Sequence[Path], given: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration of one run: of `FILES` in the folders, a later one over an earlier, and a call.

    What is given by ``--configfile``, ``--config`` or another workflow counts most. A `UserError`
    says that a file is not YAML, or holds no keys.
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
                said = f"line {line} has key {name!r}, as line {lines[name]} does; remove one"
                raise yaml.YAMLError(said)
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


def load(stated: Mapping[str, Any]) -> Config:
    """Check what `merged` gives; a `UserError` says of each fault where, what, and what to do."""
    try:
        return Config.model_validate(stated)
    except ValidationError as error:
        lines = [_fault(dict(fault)) for fault in error.errors()]
    raise UserError("the configuration has faults:\n" + "\n".join(f"  - {line}" for line in lines))


def _fault(fault: Mapping[str, Any]) -> str:
    places = [str(part) for part in fault["loc"]]
    where = ".".join(places)
    if fault["type"] == "extra_forbidden":
        return f"{where}: unknown key; {nearest(places[-1], _keys_in(places[:-1]), 'known keys')}"
    message = fault["msg"].removeprefix("Value error, ").replace("Input should", "must")
    # Where parts do not go together the message names them; the whole would only hide it.
    together = fault["type"] == "value_error" and isinstance(fault["input"], Mapping)
    found = "" if together else f" (it is {fault['input']!r})"
    if fault["type"] == "string_type" and isinstance(fault["input"], int | float | date):
        found = f" (YAML takes it for {fault['input']!r}: put it in quotation marks)"
    return f"{where}: {message}{found}; change it in config/ or by --config"


def _keys_in(places: Sequence[str]) -> list[str]:
    """Keys that the configuration knows in a place."""
    model: Any = Config
    for place in places:
        if field := model.model_fields.get(place):  # Else it is a name, such as a dataset's.
            model = _inner_model(field.annotation)
    return sorted(model.model_fields)


def _inner_model(annotation: Any) -> Any:
    """Model inside ``dict[str, Model]``, ``Model | None`` or ``Model`` itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_inner_model, get_args(annotation))), None)
