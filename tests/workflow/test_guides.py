"""The guides to extensions and embeddings: their code, applied to a copy of the project, works."""

import ast
import re
import shutil
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.spatial.distance import cdist
from tests.workflow.conftest import RATE, ROOT, Project, tune

from genregraph.datasets.sheet import Row, write_sheet
from genregraph.graph.store import load_graph
from genregraph.preprocessing.inputs import InputsFile

GUIDE = (ROOT / "docs/extend.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- (\w+): (.*?) -->\n```\w+\n(.*?)```", re.DOTALL)
FILES = [f"{name}.yaml" for name in ("small", "extractor", "metric", "model")]
# What makes the run small, and nothing that the guide is about.
SMALL = """
dataset: mine
audio: audio
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
    (line,) = [line for line in path.read_text().splitlines(keepends=True) if known in line]
    if side == "before":
        both = f"{text}\n\n{line}"
    else:  # After an entry of a dictionary, or the line that opens it.
        assert line.rstrip()[-1] in ",{("
        both = line + textwrap.indent(text, "    ")
    path.write_text(path.read_text().replace(line, both))


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
    assert (folder / "models/bayes.parquet").is_file()
    inputs = InputsFile(folder / "inputs.npz")[0]
    assert inputs.features.tolist() == ["loudness_mean", "loudness_std", "loudness_range"]
    graph = load_graph(folder / "graph.npz", 0)
    assert graph.shape == (19, 19)
    found = cdist(inputs.x, inputs.x, "canberra")
    np.testing.assert_allclose(graph.data, found[graph.nonzero()], rtol=1e-5)


def test_the_three_pass_the_tests_that_the_guide_names(extended: Project) -> None:
    """Of those of all models, the tests that are of single ones; they take seconds."""
    named = "features/test_loudness.py graph/test_adjacency.py models/test_classifiers.py".split()
    command = ["python", "-m", "pytest", "-q", "-k", "loudness or canberra or bayes"]
    printed = extended.run(*command, *(f"tests/{name}" for name in named))
    assert int(re.search(r"^(\d+) passed", printed, re.MULTILINE)[1]) > 20


# Embeddings

EMBEDDINGS = (ROOT / "docs/embeddings.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", EMBEDDINGS, re.DOTALL))
STANDIN = """
dataset: mine
experiments:
  multiclass_mine: &mine
    tables: [standin]
    protocols: [paper]
    models: [knn]
    folds: {n: 2}
    graph: {metric: cosine, k: 3}
    graphsage: {hidden: 4, epochs: 3}
  multiclass_segments: {<<: *mine, cut: 3s}
"""


def test_the_models_differ_from_the_small_one_by_what_they_compute() -> None:
    """They cannot be run here: their code is valid, and ends in the call that was tested."""
    *_, tested = ast.parse(BLOCKS["small-model"]).body
    for model in ("MERT", "CLAP", "VGGish", "openl3"):
        *_, last = ast.parse(BLOCKS[model]).body
        assert ast.unparse(last).rpartition(",")[0] == ast.unparse(tested).rpartition(",")[0]
        compile(BLOCKS[model], model, "exec")


def test_what_the_guide_writes_is_imported_in_one_command(fresh: Project) -> None:
    """From audio that is elsewhere, as two tables."""
    (fresh.folder / "small.yaml").write_text(STANDIN)
    rows = [Row(f"{g}.{i}", f"{g}/{g}.{i}.wav", g) for g in ("dub", "ska") for i in range(4)]
    for row in rows[:-1]:
        path = fresh.folder / "FOLDER" / row.path
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tune(ord(row.genre[0]), int(row.clip[-1]), seconds=7), RATE)
    write_sheet(rows, fresh.folder / "config/datasets/mine.tsv")
    (fresh.folder / "embed.py").write_text(BLOCKS["shared"])
    whole = BLOCKS["small-model"]
    segments = whole.replace('"standin.parquet")', '"segments.parquet", segments=True)')
    for text in (whole, segments):
        (fresh.folder / "standin.py").write_text(text)
        assert "ska.3.wav is left out" in fresh.run("python", "standin.py")
    tables = "tables={standin: {file: standin.parquet, file_3s: segments.parquet, pool: true}}"
    targets = ["results/multiclass_mine.csv", "results/mine/3s/features/standin.parquet"]
    fresh.snakemake("--cores", "2", *targets, "--config", tables)
    folder = fresh.folder / "results/mine"
    windows = pd.read_parquet(fresh.folder / "standin.parquet")["clip"]
    assert windows.tolist() == [row.clip for row in rows[:-1] for _ in range(7)]
    table = pd.read_parquet(folder / "30s/features/standin.parquet")
    assert table.shape == (7, 1 + 2 * 2)
    segments = pd.read_parquet(folder / "3s/features/standin.parquet")["clip"]
    assert segments.tolist() == [f"{row.clip}.{i}" for row in rows[:-1] for i in range(2)]
    said = (folder / "multiclass_mine.txt").read_text()
    assert "\nstandin lacks 1 of 4 clips of ska\n" in said
