"""Benchmarks start the steps that there are."""

import subprocess
from importlib import import_module
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")


@pytest.mark.parametrize("step", ["graph.adjacency", "models.fit"])
def test_steps_of_the_benchmark_of_scale_start(step: str) -> None:
    command = import_module("scale").step(step, "--help")
    subprocess.run(command, check=True, capture_output=True)


def test_steps_are_found_by_benchmark_files_and_their_imports_measured(
    tmp_path: Path, monkeypatch
) -> None:
    overhead = import_module("overhead")
    steps = {
        "report.figures.draw.learning-curve.tsv": "report.figures.draw",
        "features.handcrafted.0000.tsv": "features.handcrafted",
        "models.fit.tsv": "models.fit",
        "show.multiclass_compare.csv.tsv": None,
    }
    assert {file: overhead.step_of(file) for file in steps} == steps
    monkeypatch.setattr(overhead, "TRIES", 1)
    assert overhead.import_of("folds.assign", tmp_path) > 0
    with pytest.raises(SystemExit, match=r"folds.no_step: failed"):
        overhead.import_of("folds.no_step", tmp_path)


@pytest.mark.parametrize(
    ("name", "needed"),
    [("controlburn", "sklearn"), ("features", "librosa"), ("training", "dgl")],
)
def test_other_benchmarks_can_be_imported(name: str, needed: str) -> None:
    pytest.importorskip(needed)
    assert callable(import_module(name).main)
