"""The three-step guides: their own code, applied to a copy of the project, works."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from tests.workflow.conftest import ROOT, Project

from genregraph.graph.store import load_graph
from genregraph.preprocessing.inputs import InputsFile

GUIDE = (ROOT / "docs/extend.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- (\w+): (.*?) -->\n```\w+\n(.*?)```", re.DOTALL)
GENRES = ["blues", "jazz", "odd"]
FILES = [f"{name}.yaml" for name in ("small", "extractor", "metric", "model")]
# What makes the run small, and nothing that the guide is about.
SMALL = """
dataset: mine
datasets:
  mine: {shards: 3}
experiments:
  multiclass_mine:
    protocols: [paper]
    folds: {n: 2}
    graphsage: {hidden: 4, epochs: 3}
"""


def insert(path: Path, place: str, text: str) -> None:
    """Put a text before or after the one line that holds what the guide names."""
    side, _, known = place.partition(": ")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    (number,) = [i for i, line in enumerate(lines) if known in line]
    line = lines[number]
    if side == "before":
        lines.insert(number, f"{text}\n\n")
    else:  # After an entry of a dictionary, or the line that opens it.
        assert line.rstrip()[-1] in ",{("
        lines.insert(number + 1, textwrap.indent(text, "    "))
    path.write_text("".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def extended(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project to which the guide has added an extractor, a metric and a model."""
    project = finished.copy(tmp_path_factory.mktemp("extended") / "project")
    shutil.copy2(ROOT / "pyproject.toml", project.folder)
    shutil.copytree(ROOT / "tests", project.folder / "tests")
    for what, where, text in BLOCK.findall(GUIDE):
        name, _, place = where.partition(" | ")
        if what == "write":
            (project.folder / name).write_text(text, encoding="utf-8")
        elif what == "insert":
            insert(project.folder / name, place, text)
        else:
            assert what == "use"
            (project.folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    (project.folder / "small.yaml").write_text(SMALL)
    return project


def test_the_three_work_together(extended: Project) -> None:
    """Up to a graph and the models: what comes after them is the same for all."""
    protocol = "results/mine/experiments/multiclass_mine/paper"
    extended.snakemake("--cores", "2", f"{protocol}/models", "--configfile", *FILES)
    folder = extended.folder / protocol
    models = {path.stem for path in folder.glob("models/*.parquet")}
    assert models == {"graphsage", "edgeless", "logistic", "bayes"}
    table = pd.read_parquet(folder / "models/bayes.parquet")
    assert table[GENRES].sum(axis=1).sub(1).abs().lt(1e-6).all()
    inputs = InputsFile(folder / "inputs.npz")[0]
    assert inputs.features.tolist() == ["loudness_mean", "loudness_std", "loudness_range"]
    graph = load_graph(folder / "graph.npz", 0)
    assert graph.shape == (19, 19)
    found = cdist(inputs.x, inputs.x, "canberra")
    np.testing.assert_allclose(graph.data, found[graph.nonzero()], rtol=1e-5)
    features = pd.read_parquet(extended.folder / "results/mine/30s/features/loudness.parquet")
    assert features["loudness_mean"].between(-100, 0).all()


def test_the_three_pass_the_tests_that_the_guide_names(extended: Project) -> None:
    """Of those of all models, the tests that are of single ones; they take seconds."""
    named = "features/test_loudness.py graph/test_adjacency.py models/test_classifiers.py".split()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-k", "loudness or canberra or bayes"),
            *(f"tests/{name}" for name in named),
        ],
        cwd=extended.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    assert int(passed[1]) > 20
