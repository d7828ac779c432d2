import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from genregraph.common.code import SCRIPTS, digest, libraries
from genregraph.plan.steps import Step, write_if_new


class Wildcards(SimpleNamespace):
    def items(self):
        return vars(self).items()


FOLD = Wildcards(dataset="mine", protocol="clean", fold="03")
PLACE = "results/{dataset}/{protocol}/fold-{fold}"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_options_stand_on_the_command_line_as_they_are():
    options = {
        "k": 5,
        "metric": lambda wildcards: f"of {wildcards.protocol}",
        "drop": ["a b", "c"],
        "nothing": None,
        "none_of_them": [],
        "l2": True,
        "adjacency_as_features": False,
    }
    assert Step("graph.adjacency", PLACE, options).arguments(FOLD) == [
        "--k=5",
        "--metric=of clean",
        "--drop=a b",
        "--drop=c",
        "--l2",
        "--no-adjacency-as-features",
    ]


def test_log_and_benchmark_lie_where_the_results_do():
    step = Step("graph.adjacency", PLACE, suffix=".{genre}")
    assert step.log == ("results/logs/{dataset}/{protocol}/fold-{fold}/graph.adjacency.{genre}.log")
    assert step.benchmark.startswith("results/benchmarks/{dataset}/{protocol}/")


def test_a_record_says_what_a_job_is_made_with(tmp_path):
    facts = {"rows": lambda wildcards: f"digest of {wildcards.dataset}"}
    step = Step("graph.adjacency", PLACE, {"k": 5}, facts, record="results/{dataset}/{protocol}")
    path = step.made_with(FOLD)
    assert path == "results/mine/clean/made-with/graph.adjacency.json"
    record = json.loads((tmp_path / path).read_text())
    assert record["options"] == {"k": 5}
    assert record["facts"] == {"rows": "digest of mine"}
    assert record["code"] == digest("graph.adjacency")
    assert record["libraries"].keys() >= {"numpy", "scikit-learn", "scipy"}


def test_a_name_may_hold_wildcards():
    path = Step("features.{table}", "results").made_with(Wildcards(table="compare"))
    assert path == "results/made-with/features.compare.json"
    assert "opensmile" in json.loads(Path(path).read_text())["libraries"]


def written(tmp_path, k):
    """When the record was written, in a run with some k."""
    path = tmp_path / Step("graph.adjacency", "results", {"k": k}).made_with(FOLD)
    return path.stat().st_mtime_ns


def test_a_record_is_rewritten_only_if_it_changes(tmp_path):
    written(tmp_path, 5)
    past = 10**18
    os.utime(tmp_path / "results/made-with/graph.adjacency.json", ns=(past, past))
    assert written(tmp_path, 5) == past
    assert written(tmp_path, 3) > past


def test_a_file_is_written_whole(tmp_path):
    write_if_new(tmp_path / "deep/a.json", "text")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.json"]


def test_every_step_has_locked_libraries():
    """Whatever a step imports must be in the lock file, under a name that is known."""
    names = [
        f"{path.parent.name}.{path.stem}"
        for path in SCRIPTS.glob("*/*.py")
        if "\ndef main(" in path.read_text()
    ]
    assert len(names) > 30
    assert [name for name in names if "typer" not in libraries(name)] == []


def test_those_who_plan_at_the_same_time_write_whole_files_and_leave_nothing_else(tmp_path) -> None:
    def plan(_number: int) -> None:
        for i in range(100):
            write_if_new(tmp_path / f"{i}.json", f"{i}\n" * 1000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(plan, range(4)))
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {f"{i}.json": f"{i}\n" * 1000 for i in range(100)}
