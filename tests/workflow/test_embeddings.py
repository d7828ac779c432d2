"""The guide to embeddings: its code runs, and what it writes is imported."""

import ast
import re

import pandas as pd
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


def test_the_models_differ_from_the_small_one_by_what_they_compute() -> None:
    """They cannot be run here: their code is valid, and ends in the call that was tested."""
    *_, tested = ast.parse(BLOCKS["small-model"]).body
    for model in ("MERT", "CLAP", "VGGish", "openl3"):
        *_, last = ast.parse(BLOCKS[model]).body
        assert ast.unparse(last).rpartition(",")[0] == ast.unparse(tested).rpartition(",")[0]
        compile(BLOCKS[model], model, "exec")


def test_what_the_guide_writes_is_imported_in_one_command(fresh: Project) -> None:
    """From audio that is elsewhere, as two tables."""
    (fresh.folder / "small.yaml").write_text(SMALL)
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
