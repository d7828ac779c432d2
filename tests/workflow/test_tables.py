"""Imported tables, of clips and of segments, without audio."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.workflow.conftest import Project, is_image, result

from genregraph.datasets.sheet import Row, write_sheet
from genregraph.report.verify import changed, recorded_in

# By PyTorch alone, here and below: where DGL is installed, most other projects train by it.
IMPORTED = """
dataset: foreign
tables: {handcrafted: table of mine.csv}
backend: torch
datasets:
  foreign: {of_the_paper: true}
experiments:
  binary_foreign: &small
    protocols: [paper]
    models: []
    genres: [folk, punk]
    drop: [length]
    reduce: {method: pca, to: 2}
    folds: {n: 2}
    graph: {metric: euclidean, k: 3}
    graphsage: {hidden: 8, epochs: 30, learning_rate: 0.03}
  multiclass_foreign:
    <<: *small
    genres: []
    drop: []
    reduce: null
    select: {n_features: 3}
    paper_test_accuracy: 0.5
  # Not to be run: nothing is left that could compute their table.
  multiclass_handcrafted: {tables: [compare]}
  multiclass_knn: {tables: [compare]}
  multiclass_old_jaccard: {tables: [compare]}
  multiclass_artists: {tables: [compare]}
  multiclass_networks: {tables: [compare]}
tuning:
  experiment: multiclass_foreign
  folds: 1
  hidden: [2, 4]
  learning_rate: [0.01]
"""
TABLE = "table of mine.csv"
GENRES = ["folk", "punk", "raga"]
LACKING = ["folk.03", "raga.07"]
BROKEN = "punk.05"


@pytest.fixture(scope="module")
def without_audio(shared: Project) -> Project:
    """The project after a run of all there is on an imported table; not to be changed.

    Of 30 clips the table, of 12 features, lacks two and has no number for one.
    """
    names = [f"{genre}.{i:02d}" for genre in GENRES for i in range(10)]
    rows = [Row(name, f"{name[:4]}/{name}.mp3", name[:4]) for name in names]
    write_sheet(rows, shared.folder / "config/datasets/foreign.tsv")
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 11)) + 4 * np.repeat(np.eye(3, 11), 10, axis=0)
    table = pd.DataFrame(values, columns=[f"feature{i}" for i in range(11)])
    table.insert(0, "length", 661_794)
    table.insert(0, "filename", [f"{name}.wav" for name in names])
    table["label"] = [name[:4] for name in names]
    table.loc[table["filename"] == f"{BROKEN}.wav", "feature4"] = np.nan
    table.loc[30] = ["rock.00.wav", 5, *np.zeros(11), "rock"]
    table[~table["filename"].str[:-4].isin(LACKING)].to_csv(shared.folder / TABLE, index=False)
    (shared.folder / "small.yaml").write_text(IMPORTED)
    shared.snakemake("--cores", "2")
    return shared


def test_a_table_alone_gives_results_and_nothing_is_decoded(without_audio: Project) -> None:
    folder = without_audio.folder
    for experiment, clips in (("binary_foreign", 18), ("multiclass_foreign", 27)):
        table = result(without_audio, experiment)
        assert set(table["dataset"]) == {"foreign"}
        assert table["model"].tolist() == ["graphsage"] * 2 + ["edgeless"] * 2
        assert set(table["n_train"] + table["n_test"]) == {clips}
    assert table["test_accuracy"].mean() > 0.8  # The genres are in it.
    for gone in ("results/foreign/audio", "results/logs/foreign/audio", "resources"):
        assert not (folder / gone).exists()
    assert "multiclass_compare" not in {p.stem for p in folder.glob("results/*.csv")}
    tuning = pd.read_csv(folder / "results/tuning.csv")[["parameter", "value", "fold"]]
    points = [["hidden", 2, 0], ["hidden", 4, 0], ["learning_rate", 0.01, 0]]
    assert tuning.to_numpy().tolist() == points


def test_clips_that_the_table_lacks_are_listed(without_audio: Project) -> None:
    cut = without_audio.folder / "results/foreign/30s"
    problems = pd.read_csv(cut / "problems.csv")
    assert problems["clip"].tolist() == LACKING
    of_table = pd.read_csv(cut / "features/handcrafted.problems.csv")
    # First what holds for the table, then its clips.
    assert of_table["clip"].fillna("").tolist() == ["", BROKEN]
    lacking = ", ".join(f"1 of 10 clips of {genre}" for genre in GENRES)
    assert of_table["problem"][0] == f"handcrafted lacks {lacking}"
    assert of_table["problem"][0] in (cut.parent / "multiclass_foreign.txt").read_text()
    folds = pd.read_parquet(cut.parent / "experiments/multiclass_foreign/paper/folds.parquet")
    assert not set(folds["clip"]) & {*LACKING, BROKEN, "rock.00"}


def test_the_summary_and_the_figures_are_made_of_what_could_run(without_audio: Project) -> None:
    summary = pd.read_csv(without_audio.folder / "results/summary.csv")
    assert set(summary["experiment"]) == {"binary_foreign", "multiclass_foreign"}
    stated = summary.query("model == 'graphsage'").set_index("experiment")["paper_test_accuracy"]
    assert stated.dropna().to_dict() == {"multiclass_foreign": 0.5}
    figures = list(without_audio.folder.glob("results/**/*.png"))
    assert all(is_image(path) for path in figures)
    # Six an experiment; importances, correlation, tuning.
    assert len(figures) == 2 * 6 + 3


def test_all_results_and_what_they_were_made_from_are_in_the_crate(without_audio: Project) -> None:
    folder = without_audio.folder / "results/foreign"
    assert list(changed(recorded_in(folder))) == []
    recorded = {str(path.relative_to(folder)) for path in recorded_in(folder)}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    # But for what is made on the way.
    ways = (
        *("inputs.npz", "graph.npz", "usable.parquet", "map.json", "clips.parquet", ".txt"),
        *(
            "accuracies.csv",
            "foreign/comparisons.csv",
            ".snakemake_timestamp",
            "metadata.json",
            "handcrafted.parquet",
        ),
    )
    found = {name for name in found if "made-with/" not in name and not name.endswith(ways)}
    assert recorded == found
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    imported = {entity.get("description"): entity for entity in metadata["@graph"]}
    sha256 = hashlib.sha256((without_audio.folder / TABLE).read_bytes()).hexdigest()
    assert imported["table handcrafted (30s)"]["sha256"] == sha256


def test_another_table_under_the_same_name_is_imported_anew(
    without_audio: Project, tmp_path: Path
) -> None:
    project = without_audio.copy(tmp_path / "project")
    table = "results/foreign/30s/features/handcrafted.parquet"
    os.utime(project.folder / "results/foreign/summary.csv")
    crate = "results/foreign/ro-crate-metadata.json"
    printed = project.snakemake("--dry-run", table, crate)
    assert "Nothing to be done" in printed
    project.edit(TABLE, "661794", "661795")
    project.snakemake("--cores", "1", table)
    assert set(pd.read_parquet(project.folder / table)["length"]) == {661_795}
