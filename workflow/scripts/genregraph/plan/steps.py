"""What a job is made with, written beside what it makes.

Snakemake remembers the params of each job in ``.snakemake``, and forgets them where results are
copied without it. Therefore each step's options, the digest of its code and the locked versions of
the libraries that it imports stand in a record, a small JSON file that is an input of the job. A
record is rewritten only if it changes: then it is newer than what was made with the old one, and
the job runs again, whoever made it and wherever. Where nothing changes, or something changes and
changes back, Snakemake sees by the record's checksum that nothing is to be done.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from genregraph.common.code import digest, libraries

Value = str | int | float | bool | None | list[str] | list[int] | list[float]
Option = Value | Callable[[Any], Value]


@dataclass(frozen=True)
class Step:
    """A step as a rule runs it.

    Attributes
    ----------
    name : str
        ``room.step``; may hold wildcards, as the places may.
    place : str
        Folder of what a job makes, such as ``results/{dataset}/{cut}``; its log and benchmark have
        the same place below ``results/logs`` and ``results/benchmarks``.
    options : mapping
        Command line options by name, each a value or a function of a job's wildcards: ``None`` is
        left out, a list is repeated, and ``True`` or ``False`` is a flag.
    facts : mapping
        What else a job's result depends on, in the same form.
    record : str, optional
        Folder of the record, where that of several jobs is the same; by default ``place``.
    suffix : str
        What tells jobs of one place apart, for their logs.
    """

    name: str
    place: str
    options: Mapping[str, Option] = field(default_factory=dict)
    facts: Mapping[str, Option] = field(default_factory=dict)
    record: str = ""
    suffix: str = ""
    _written: set[str] = field(default_factory=set, repr=False, compare=False)

    @property
    def log(self) -> str:
        """Path of a job's log."""
        return f"{self._below('logs')}.log"

    @property
    def benchmark(self) -> str:
        """Path of a job's benchmark."""
        return f"{self._below('benchmarks')}.tsv"

    def _below(self, room: str) -> str:
        folders = PurePosixPath(self.place).parts[1:]
        return str(PurePosixPath("results", room, *folders, self.name + self.suffix))

    def arguments(self, wildcards: Any) -> list[str]:
        """Options of a job as they stand on the command line."""
        values = _evaluated(self.options, wildcards)
        return [text for name, value in values.items() for text in _arguments(name, value)]

    def made_with(self, wildcards: Any) -> str:
        """Path of a job's record, which is written if it is not what it should be."""
        known = dict(wildcards.items())
        name = self.name.format(**known)
        path = Path((self.record or self.place).format(**known), "made-with", f"{name}.json")
        if str(path) not in self._written:
            content = {
                "options": _evaluated(self.options, wildcards),
                "facts": _evaluated(self.facts, wildcards),
                **_code(name),
            }
            write_if_new(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
            self._written.add(str(path))
        return str(path)


@cache
def _code(step: str) -> dict[str, Any]:
    """What a step runs; looked up once, however many jobs it has."""
    return {"code": digest(step), "libraries": libraries(step)}


def _evaluated(values: Mapping[str, Option], wildcards: Any) -> dict[str, Value]:
    return {name: value(wildcards) if callable(value) else value for name, value in values.items()}


def _arguments(name: str, value: Value) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [f"--{option}={each}" for each in values]


def write_if_new(path: Path, text: str) -> None:
    """Write a file whole, unless it holds this text already."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{uuid.uuid4().hex}.part")  # Others may plan at the same time.
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
