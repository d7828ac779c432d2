import json
import re
from pathlib import Path

import numpy as np

from genregraph.cli.main import steps
from genregraph.common.code import digest, libraries
from genregraph.plan import records
from genregraph.plan.step import Job, Step, command_of

FOLD = Job(dataset="mine", protocol="clean", fold="03")
PLACE = "results/{dataset}/{protocol}/fold-{fold}"


class Files(list):
    """Files of a job, of which the last are named, as Snakemake hands them to functions."""

    def __init__(self, *others: str, **named: str | list[str]) -> None:
        each = [file for files in named.values() for file in np.atleast_1d(files).tolist()]
        super().__init__([*others, *each])
        self.items = named.items


def test_command_has_options_as_they_are_and_files():
    options = {
        "k": 5,
        "metric": lambda wildcards: f"of {wildcards.protocol}",
        "drop": ["a b", "c"],
        "nothing": None,
        "none_of_them": [],
        "l2": True,
        "adjacency_as_features": False,
    }
    named = {"images": ["b", "c"], "fitted": [], "needed": "d", "made_with": "e"}
    job, inputs = Job(FOLD, step="graph"), Files("a", "'", **named)
    step = Step("{step}.adjacency", PLACE, options)
    record = Path(step.made_with(job)).name, step.content(job)
    assert command_of(*record, inputs, Files("f", table="g")) == [
        "graph.adjacency",
        "--no-adjacency-as-features",
        "--drop=a b",
        "--drop=c",
        "--k=5",
        "--l2",
        "--metric=of clean",
        "--images=b",
        "--images=c",
        "--table=g",
        *("a", "'"),
    ]


def test_log_and_benchmark_lie_where_the_results_do():
    step = Step("graph.adjacency", PLACE)
    assert step.job_path == "{dataset}/{protocol}/fold-{fold}/graph.adjacency"


def test_record_holds_options_facts_code_and_libraries_and_is_named_by_them():
    facts = {"rows": lambda wildcards: f"digest of {wildcards.dataset}"}
    steps = [
        Step("{step}.adjacency", "results/{dataset}/{protocol}", {"k": k}, facts) for k in (5, 3, 5)
    ]
    job = Job(FOLD, step="graph")
    record = json.loads(steps[0].content(job))
    assert record["options"] == {"k": 5}
    assert record["facts"] == {"rows": "digest of mine"}
    assert record["code"] == digest("graph.adjacency")
    assert record["libraries"].keys() >= {"numpy", "scikit-learn", "scipy"}
    path, other, same = (Path(step.made_with(job)) for step in steps)
    assert str(path.parent) == "results/mine/clean/made-with"
    assert re.fullmatch(r"graph\.adjacency\.[0-9a-f]{16}\.json", path.name)
    assert path == same != other


def test_record_replaces_older_ones_of_the_same_step(tmp_path):
    zeros, ones, twos = (f"a.step.{digit * 16}.json" for digit in "012")
    other = [zeros.replace("step", "step_two"), "planned"]
    for name in (zeros, ones, *other):
        (tmp_path / name).touch()
    (tmp_path / "planned").write_text(json.dumps({str(tmp_path / twos): "{}"}))
    records.main(tmp_path / "planned")
    assert {path.name for path in tmp_path.iterdir()} == {twos, *other}


def test_every_step_has_locked_libraries():
    """Whatever a step imports must be in the lock file, under a name that is known."""
    assert len(steps()) > 30
    assert [name for name in steps() if "typer" not in libraries(name)] == []
