"""A configuration checked, with a line for each of its faults."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError

from genregraph.common.errors import UserError, nearest
from genregraph.config.model import Config


def load(merged: Mapping[str, Any]) -> Config:
    """Check what `config.merge.merged` gives.

    A `UserError` has one line for each fault: where it is, what is wrong, and how to mend it.
    """
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        lines = [_fault(dict(fault), merged) for fault in error.errors()]
    raise UserError("the configuration has faults:\n" + "\n".join(f"  - {line}" for line in lines))


def _fault(fault: Mapping[str, Any], merged: Mapping[str, Any]) -> str:
    location = [str(part) for part in fault["loc"]]
    where = ".".join(location)
    if fault["type"] == "extra_forbidden":
        hint = nearest(location[-1], _keys_beside(location), "known keys")
        return f"{where}: unknown key; {hint}"
    message = fault["msg"].removeprefix("Value error, ").replace("Input should", "must")
    # Where parts do not go together the message names them; the whole would only hide it.
    together = fault["type"] == "value_error" and isinstance(fault["input"], Mapping)
    found = "" if together else f" (it is {fault['input']!r})"
    if fault["type"] == "string_type" and isinstance(fault["input"], int | float | date):
        found = f" (YAML takes it for {fault['input']!r}: put it in quotation marks)"
    return f"{where}: {message}{found}; change it in config/ or by --config"


def _keys_beside(location: list[str]) -> list[str]:
    """Keys that the model knows in the place of an unknown one."""
    model: Any = Config
    for part in location[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        annotation = field.annotation if field else model
        model = _inner_model(annotation)
    return sorted(getattr(model, "model_fields", {}))


def _inner_model(annotation: Any) -> Any:
    """Model inside ``dict[str, Model]``, ``Model | None`` or ``Model`` itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [_inner_model(part) for part in getattr(annotation, "__args__", ())]
    return next((model for model in inner if model is not None), None)
