"""Checkouts that share a folder of feature shards."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.workflow.conftest import Project

SHARD = "results/mine/30s/features/compare/01.parquet"
LOG = "results/logs/mine/30s/features/features.compare.01.log"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "shared, it's mine"
    path.mkdir()
    return path


def run(projects: Sequence[Project], folder: Path, *arguments: str) -> list[str]:
    """Make a shard in several checkouts at the same time; what their logs say."""
    running = []
    for project in projects:
        (project.folder / SHARD).unlink()
        process = subprocess.Popen(
            project.command("--cores", "1", *arguments, SHARD, "--cache"),
            cwd=project.folder,
            env={**project.environment(), "SNAKEMAKE_OUTPUT_CACHE": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
    for process in running:
        printed, _ = process.communicate()
        assert process.returncode == 0, printed
    return [(project.folder / LOG).read_text() for project in projects]


def test_samples_that_are_not_kept_are_gone_and_the_features_the_same(
    finished: Project, tmp_path: Path
) -> None:
    project, samples = finished.copy(tmp_path / "mine"), "results/mine/audio/01/samples.parquet"
    for made in (SHARD, samples):
        (project.folder / made).unlink()
    project.snakemake("--cores", "2", SHARD, "--config", "audio=audio", "keep_samples=false")
    assert not (project.folder / samples).exists()
    assert project.bytes_of(SHARD) == finished.bytes_of(SHARD)


def test_two_checkouts_that_race_share_one_cache(
    finished: Project, folder: Path, tmp_path: Path
) -> None:
    ours, theirs = finished.copy(tmp_path / "ours"), finished.copy(tmp_path / "theirs")
    run([ours, theirs], folder)
    assert ours.bytes_of(SHARD) == theirs.bytes_of(SHARD) == finished.bytes_of(SHARD)
    (entry,) = folder.iterdir()
    (log,) = run([ours], folder)
    assert f"taken from {entry}" in log
    assert ours.bytes_of(SHARD) == finished.bytes_of(SHARD)
    assert list(folder.iterdir()) == [entry]
