"""Memory and threads of jobs."""

from pathlib import Path
from types import SimpleNamespace

from genregraph.folds.protocols import Evaluation
from genregraph.plan.resources import memory, threads_for

JOB = {"wildcards": None, "input": SimpleNamespace(size_mb=10), "threads": 4}


def test_memory_grows_with_input_and_attempts(tmp_path: Path) -> None:
    assert memory(500)(None, attempt=2) == 1000
    assert memory(500, 3)(**JOB, attempt=2) == 2 * 530
    assert memory(500, 3, by_thread=True)(**JOB, attempt=1) == 2030
    (tmp_path / "table").write_bytes(b"x" * 2_000_000)
    files = [str(tmp_path / "table"), "missing"]
    assert memory(500, 3, lambda job: files)(**JOB, attempt=1) == 536


def test_threads_are_no_more_than_folds() -> None:
    run = SimpleNamespace(protocols={"x": {"clean": Evaluation(1, 1)}})
    assert threads_for(run)(SimpleNamespace(experiment="x", protocol="clean")) == 1
