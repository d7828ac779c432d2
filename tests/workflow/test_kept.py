"""Results that stay: of several datasets, in another clone, from another folder or workflow."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.workflow.conftest import TARGET, Project, result

from genregraph.datasets.sheet import Row, write_sheet

SMALL = """
dataset: one
tables: {handcrafted: table.csv}
experiments:
  multiclass_compare:
    tables: [handcrafted]
    protocols: [paper]
    models: []
    folds: {n: 2}
    graph: {metric: euclidean, k: 3}
    graphsage: {hidden: 4, epochs: 3}
"""
TRAINING = {"models": 1, "evaluate": 1, "show": 1}
GRAPH = {"adjacency": 1, **TRAINING}


@pytest.fixture(scope="module")
def small(shared: Project) -> Project:
    """Two datasets with the same table, the first of which was run; not to be changed."""
    rows = [Row(f"{g}.{i}", f"none/{g}.{i}.wav", g) for g in ("blues", "jazz") for i in range(8)]
    for name, kept in {"one": 16, "two": 12}.items():
        write_sheet(rows[-kept:], shared.folder / f"config/datasets/{name}.tsv")
    x = np.random.default_rng(0).normal(size=(16, 4)) + np.repeat([[0.0], [2]], 8, axis=0)
    table = pd.DataFrame(x, columns=list("abcd")).assign(clip=[row.clip for row in rows])
    table.to_csv(shared.folder / "table.csv", index=False)
    (shared.folder / "small.yaml").write_text(SMALL)
    shared.snakemake("--cores", "2", TARGET)
    return shared


@pytest.fixture
def project(small: Project, tmp_path: Path) -> Project:
    return small.copy(tmp_path / "project")


def test_two_datasets_lose_nothing_and_going_back_copies_only(project: Project) -> None:
    of_one = project.bytes_of(TARGET)
    project.snakemake("--cores", "2", TARGET, "--config", "dataset=two")
    of_two = result(project, "multiclass_compare")
    assert set(of_two["dataset"]) == {"two"}
    assert set(of_two["n_train"] + of_two["n_test"]) == {12}
    assert project.planned() == {"show": 1}
    printed = project.snakemake("--cores", "1", TARGET)
    assert project.bytes_of(TARGET) == of_one
    assert "multiclass_compare on one" in printed
    assert project.planned("--config", "dataset=two") == {"show": 1}


def test_results_in_another_clone_are_good_but_not_silently_stale(small: Project, tmp_path) -> None:
    """Copied there without what Snakemake remembers."""
    without = shutil.ignore_patterns(".snakemake")
    clone = Project(shutil.copytree(small.folder, tmp_path / "clone", ignore=without))
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


def test_a_setting_there_and_back_computes_each_time(project: Project) -> None:
    for old, new, remembers in ((3, 5, True), (5, 3, True), (3, 5, False), (5, 3, False)):
        project.edit("small.yaml", f"k: {old}", f"k: {new}")
        if not remembers:
            shutil.rmtree(project.folder / ".snakemake")
        assert project.planned() == GRAPH
        project.snakemake("--cores", "2", TARGET)
        assert project.planned() == {}


def elsewhere(small: Project, folder: Path, snakefile: str = "", more: str = "") -> Project:
    """Another folder with settings and table, and maybe a workflow of which this is a module."""
    for name in ("small.yaml", "table.csv"):
        shutil.copy(small.folder / name, folder)
    if snakefile:
        (folder / "Snakefile").write_text(
            f"module genregraph:\n    snakefile: {snakefile}\n    config: config\n{more}"
        )
    return Project(folder)


def test_it_runs_from_another_folder(small: Project, tmp_path: Path) -> None:
    """Settings, sheets and code come from the workflow's folder, tables and results from here."""
    made = "results/one/experiments/multiclass_compare/usable.parquet"
    there = elsewhere(small, tmp_path)
    there.snakemake("-s", str(small.folder / "Snakefile"), "--cores", "2", made)
    assert there.bytes_of(made) == small.bytes_of(made)
    written = {path.name for path in tmp_path.glob("[!.]*")}
    assert written == {"results", "small.yaml", "table.csv"}


@pytest.mark.parametrize("prefix", ["", "music/"])
def test_it_runs_as_a_module_of_another_workflow(small: Project, tmp_path: Path, prefix) -> None:
    """Also where a prefix moves its results; what it remembers of them moves along."""
    rules = (
        f"    prefix: {prefix!r}\n" * bool(prefix)
        + "\n\nuse rule * from genregraph as genregraph_*\n\n\n"
        + f"rule mine:\n    default_target: True\n    input: {prefix + TARGET!r}\n"
        + "    output: 'mine.csv'\n    shell: 'cp {input} {output}'\n"
    )
    there = elsewhere(small, tmp_path, repr(str(small.folder / "Snakefile")), rules)
    there.snakemake("--cores", "2")
    mine, theirs = pd.read_csv(there.folder / "mine.csv"), result(small, "multiclass_compare")
    pd.testing.assert_frame_equal(mine.drop(columns="seconds"), theirs.drop(columns="seconds"))
    (results,) = tmp_path.rglob("results")
    assert results.parent.name == (Path(prefix).name or tmp_path.name)
    assert "Nothing to be done" in there.snakemake("--cores", "1", "-n")


def test_rules_of_a_remote_repository_say_what_to_do(project: Project, tmp_path: Path) -> None:
    """They hold none of the steps that they start."""
    for command in ("init -q -b main", "add Snakefile", "commit -q -m all"):
        author = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *author, *command.split()], cwd=project.folder, check=True)
    remote = f"gitfile({str(project.folder)!r}, path='Snakefile', ref='main')"
    there = elsewhere(project, tmp_path, remote, "\n\nuse rule * from genregraph\n")
    said = "clone the repository, and name the Snakefile by its path"
    assert said in there.snakemake("-n", fails=True)


def test_the_catalogs_snakefile_has_the_default_target(small: Project) -> None:
    assert "\neverything " in small.snakemake("--dry-run", "-s", "workflow/Snakefile")
