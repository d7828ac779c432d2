"""The guide to embeddings: its code runs, and what it writes is imported."""

import ast
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from tests.workflow.conftest import RATE, ROOT, Project, tune

from genregraph.datasets.sheet import Row, write_sheet

GUIDE = (ROOT / "docs/embeddings.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", GUIDE, re.DOTALL))
SMALL = """
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


@pytest.fixture(scope="module")
def project(unrun: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose two tables the guide's code wrote from audio that is elsewhere."""
    project = unrun.copy(tmp_path_factory.mktemp("embeddings") / "project")
    (project.folder / "small.yaml").write_text(SMALL)
    rows = [Row(f"{g}.{i}", f"{g}/{g}.{i}.wav", g) for g in ("dub", "ska") for i in range(4)]
    for row in rows[:-1]:
        path = project.folder / "FOLDER" / row.path
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tune(ord(row.genre[0]), int(row.clip[-1]), seconds=7), RATE)
    write_sheet(rows, project.folder / "config/datasets/mine.tsv")
    (project.folder / "embed.py").write_text(BLOCKS["shared"])
    whole = BLOCKS["small-model"]
    segments = whole.replace('"standin.parquet")', '"segments.parquet", segments=True)')
    for text in (whole, segments):
        (project.folder / "standin.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "standin.py"], cwd=project.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "ska.3.wav is left out" in done.stdout
    return project


def test_the_models_differ_from_the_small_one_by_what_they_compute() -> None:
    """They cannot be run here: their code is valid, and ends in the call that was tested."""
    *_, tested = ast.parse(BLOCKS["small-model"]).body
    for model in ("MERT", "CLAP", "VGGish", "openl3"):
        *_, last = ast.parse(BLOCKS[model]).body
        assert ast.unparse(last).rpartition(",")[0] == ast.unparse(tested).rpartition(",")[0]
        compile(BLOCKS[model], model, "exec")


def test_what_the_guide_writes_is_imported_in_one_command(project: Project) -> None:
    tables = "tables={standin: {file: standin.parquet, file_3s: segments.parquet, pool: true}}"
    targets = ["results/multiclass_mine.csv", "results/mine/3s/features/standin.parquet"]
    project.snakemake("--cores", "2", *targets, "--config", "audio=", tables)
    folder = project.folder / "results/mine"
    written = pd.read_parquet(project.folder / "standin.parquet")
    windows = np.stack(written.loc[written["clip"] == "dub.1", "embedding"])
    assert windows.shape == (7, 2)
    table = pd.read_parquet(folder / "30s/features/standin.parquet").set_index("clip")
    expected = [*windows.mean(axis=0), *windows.std(axis=0)]
    np.testing.assert_allclose(table.loc["dub.1"], expected, rtol=1e-5)
    assert len(table) == 7
    segments = pd.read_parquet(folder / "3s/features/standin.parquet")["clip"]
    assert segments.tolist() == [f"{clip}.{i}" for clip in table.index for i in range(2)]
    said = (folder / "multiclass_mine.txt").read_text()
    assert "\nstandin lacks 1 of 4 clips of ska\n" in said
