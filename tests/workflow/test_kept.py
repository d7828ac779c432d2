"""Results that stay: of several datasets, in another clone, from another folder or workflow."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.workflow.conftest import Project

from genregraph.datasets.sheet import Row, write_sheet

GENRES = ["blues", "jazz"]
TARGET = "results/multiclass_small.csv"
SMALL = """
tables: {handcrafted: table.csv}
experiments:
  multiclass_small:
    protocols: [paper]
    models: []
    folds: {n: 2}
    graph: {metric: euclidean, k: 3}
    graphsage: {hidden: 4, epochs: 3}
"""
TRAINING = {"models": 1, "evaluate": 1, "show": 1}
GRAPH = {"adjacency": 1, **TRAINING}


class Small(Project):
    """A project whose dataset is named by each call."""

    def command(self, *arguments: str) -> list[str]:
        start = [sys.executable, "-m", "snakemake", "--configfile", "small.yaml"]
        named = any(argument.startswith("dataset=") for argument in arguments)
        return [*start, *arguments, *([] if named else ["--config", "dataset=one"])]

    def planned(self, *arguments: str, target: str = TARGET) -> dict[str, int]:
        return super().planned(*arguments, target=target)

    def table(self, name: str = TARGET) -> pd.DataFrame:
        return pd.read_csv(self.folder / name)


def rows() -> list[Row]:
    return [Row(f"{g}.{i}", f"none/{g}.{i}.wav", g) for g in GENRES for i in range(8)]


@pytest.fixture(scope="module")
def small(unrun: Project, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Two datasets with the same table, the first of which was run; not to be changed."""
    project = Small(unrun.copy(tmp_path_factory.mktemp("kept") / "project").folder)
    for name, kept in {"one": 16, "two": 12}.items():
        write_sheet(rows()[-kept:], project.folder / f"config/datasets/{name}.tsv")
    x = np.random.default_rng(0).normal(size=(16, 4)) + np.repeat([[0.0], [2]], 8, axis=0)
    table = pd.DataFrame(x, columns=list("abcd"))
    table.insert(0, "clip", [row.clip for row in rows()])
    table.to_csv(project.folder / "table.csv", index=False)
    (project.folder / "small.yaml").write_text(SMALL)
    project.snakemake("--cores", "2", TARGET)
    return project


@pytest.fixture
def project(small: Small, tmp_path: Path) -> Small:
    return Small(small.copy(tmp_path / "project").folder)


def test_two_datasets_lose_nothing_and_going_back_copies_only(project: Small) -> None:
    of_one = project.table()
    project.snakemake("--cores", "2", TARGET, "--config", "dataset=two")
    assert set(project.table()["dataset"]) == {"two"}
    assert set(project.table()["n_train"] + project.table()["n_test"]) == {12}
    pd.testing.assert_frame_equal(project.table("results/one/multiclass_small.csv"), of_one)
    assert project.planned("--config", "dataset=one") == {"show": 1}
    printed = project.snakemake("--cores", "1", TARGET, "--config", "dataset=one")
    pd.testing.assert_frame_equal(project.table(), of_one)
    assert "multiclass_small on one" in printed
    assert project.planned("--config", "dataset=two") == {"show": 1}


def test_results_in_another_clone_are_good_but_not_silently_stale(small: Small, tmp_path) -> None:
    """Copied there without what Snakemake remembers."""
    without = shutil.ignore_patterns(".snakemake")
    clone = Small(shutil.copytree(small.folder, tmp_path / "clone", ignore=without))
    assert clone.planned() == {}
    layers = "workflow/scripts/genregraph/models/layers.py"
    for name, old, new, expected in [
        ("requirements.lock", "\ndgl==", "\ndgl==0", TRAINING),
        (layers, "torch.relu_(", "torch.tanh_(", TRAINING),
        ("small.yaml", "k: 3", "k: 5", GRAPH),
    ]:
        clone.edit(name, old, new)
        assert clone.planned() == expected, name
        if name != "small.yaml":
            clone.edit(name, new, old)
            assert clone.planned() == {}, name


def test_a_setting_there_and_back_computes_each_time(project: Small) -> None:
    for old, new, remembers in (
        *(("k: 3", "k: 5", True), ("k: 5", "k: 3", True)),
        *(("k: 3", "k: 5", False), ("k: 5", "k: 3", False)),
    ):
        project.edit("small.yaml", old, new)
        if not remembers:
            shutil.rmtree(project.folder / ".snakemake")
        assert project.planned() == GRAPH
        project.snakemake("--cores", "2", TARGET)
        assert project.planned() == {}


def elsewhere(small: Small, folder: Path, snakefile: str = "", more: str = "") -> Small:
    """Another folder with settings and table, and maybe a workflow of which this is a module."""
    for name in ("small.yaml", "table.csv"):
        shutil.copy(small.folder / name, folder)
    if snakefile:
        (folder / "Snakefile").write_text(
            f"module genregraph:\n    snakefile: {snakefile}\n    config: config\n{more}"
        )
    return Small(folder)


def test_it_runs_from_another_folder(small: Small, tmp_path: Path) -> None:
    """Settings, sheets and code come from the workflow's folder, tables and results from here."""
    made = "results/one/experiments/multiclass_small/usable.parquet"
    there = elsewhere(small, tmp_path)
    there.snakemake("-s", str(small.folder / "Snakefile"), "--cores", "2", made)
    assert there.bytes_of(made) == small.bytes_of(made)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == [
        *("results", "small.yaml", "table.csv")
    ]


@pytest.mark.parametrize("prefix", ["", "music/"])
def test_it_runs_as_a_module_of_another_workflow(small: Small, tmp_path: Path, prefix) -> None:
    """Also where a prefix moves its results; what it remembers of them moves along."""
    rules = (
        f"    prefix: {prefix!r}\n" * bool(prefix)
        + "\n\nuse rule * from genregraph as genregraph_*\n\n\n"
        + f"rule mine:\n    default_target: True\n    input: {prefix + TARGET!r}\n"
        + "    output: 'mine.csv'\n    shell: 'cp {input} {output}'\n"
    )
    there = elsewhere(small, tmp_path, repr(str(small.folder / "Snakefile")), rules)
    there.snakemake("--cores", "2")
    mine, theirs = (
        table.drop(columns="seconds") for table in (there.table("mine.csv"), small.table())
    )
    pd.testing.assert_frame_equal(mine, theirs)
    assert [path.parent.name for path in tmp_path.rglob("results")] == [
        Path(prefix).name or tmp_path.name
    ]
    assert "Nothing to be done" in there.snakemake("--cores", "1", "-n")


def test_rules_of_a_remote_repository_say_what_to_do(project: Small, tmp_path: Path) -> None:
    """They hold none of the steps that they start."""
    for command in ("init -q -b main", "add Snakefile", "commit -q -m all"):
        author = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *author, *command.split()], cwd=project.folder, check=True)
    remote = f"gitfile({str(project.folder)!r}, path='Snakefile', ref='main')"
    there = elsewhere(project, tmp_path, remote, "\n\nuse rule * from genregraph\n")
    assert "clone the repository, and name the Snakefile by its path" in there.snakemake(
        "-n", fails=True
    )


def test_the_catalogs_snakefile_has_the_default_target(small: Small) -> None:
    assert "\neverything " in small.snakemake("--dry-run", "-s", "workflow/Snakefile")
