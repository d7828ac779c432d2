"""A step as a rule runs it: its options, log and benchmark, and what its files are made with.

Snakemake remembers what a job ran with in ``.snakemake``, and nothing of the modules that a step
imports. Therefore every job has a *record* among its inputs: a small file that holds the step's
options, the digest of its code and the versions of its libraries, and that is named by the digest
of all that. The rule ``records`` writes those that are not there yet, in place of older ones of the
same step. So a job runs again exactly if what it is made with has changed, also where results were
copied without ``.snakemake``.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from genregraph.common.code import digest, libraries


class Job(dict[str, str]):
    """Wildcards of a job, as Snakemake hands them to functions."""

    __getattr__ = dict.__getitem__


@dataclass(frozen=True)
class Step:
    """A step as a rule runs it.

    ``name`` is ``package.step``, and may hold wildcards; one without package is of no code of ours.
    ``place`` is the folder of what a job makes, such as ``results/{dataset}/{cut}``; logs and
    benchmarks have the same place below their own folders. ``options`` are those of the command
    line, by name: values, or functions of a job's wildcards; None is left out, a list is repeated,
    and True or False is a flag. ``facts`` are what else a result depends on, in the same form.
    ``jobs`` have a record each, if the place does not say which there are.
    """

    name: str
    place: str
    options: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    jobs: Sequence[Job] | None = None

    @property
    def job_path(self) -> str:
        """Path of a job's log below ``results/logs``, and of its benchmark, without extension."""
        return f"{self.place.removeprefix('results/')}/{self.name}"

    def content(self, wildcards: Any) -> str:
        """What a job's files are made with (JSON)."""
        made = {
            "options": _evaluated(self.options, wildcards),
            "facts": _evaluated(self.facts, wildcards),
            **_code(self.name.format(**wildcards)),
        }
        return json.dumps(made, indent=1, sort_keys=True)

    def made_with(self, wildcards: Any) -> str:
        """Path of a job's record."""
        digest_of_all = hashlib.sha256(self.content(wildcards).encode()).hexdigest()[:16]
        path = f"{self.place}/made-with/{self.name}.{digest_of_all}.json"
        return path.format(**wildcards)


@cache
def _code(step: str) -> dict[str, Any]:
    """What a step runs; looked up once, however many jobs it has."""
    return {"code": digest(step), "libraries": libraries(step)} if "." in step else {}


def _evaluated(values: Mapping[str, Any], wildcards: Any) -> dict[str, Any]:
    return {name: value(wildcards) if callable(value) else value for name, value in values.items()}


def command_of(record: str, content: str, input: Any, output: Any) -> list[str]:
    """What a job runs, by the name and content of its record: the step, with options and files.

    Named inputs and outputs are options, other inputs are arguments. The record and inputs that are
    called ``needed``, which the step finds beside others, are neither.
    """
    named = {name: _listed(files) for name, files in input.items()}
    others = input[: len(input) - sum(map(len, named.values()))]
    options = json.loads(content)["options"] | named | dict(output.items())
    words = [
        text
        for name, value in options.items()
        if name not in ("made_with", "needed")
        for text in _arguments(name, value)
    ]
    return [record.rsplit(".", 2)[0], *words, *others]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _arguments(name: str, value: Any) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}={each}" for each in _listed(value)]
