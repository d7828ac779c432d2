"""Every protocol on an imported table and a sheet with artists, and what stops a clean one."""

import numpy as np
import pandas as pd
import pytest
from tests.workflow.conftest import Project

from genregraph.config.registry import CLASSIFIERS, COMBINED, NETWORKS, ablation_name
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.folds.groups import KINDS
from genregraph.folds.table import fold_keys, training_masks
from genregraph.graph.store import load_graph
from genregraph.preprocessing.inputs import InputsFile

FEW = ["logistic", "label_spreading"]
COMPARED_MODELS = ["gcn", "gat", "appnp", "lda", "knn", "label_spreading", "blend", "selected"]
GENRES = ["blues", "jazz", "rock"]
FOLDS = {"paper": 3, "kfold": 3, "random": 2, "clean": 2, "inductive": 2, "filtered": 1}
PROTOCOLS = list(FOLDS)
CLIPS = {"paper": 36, "kfold": 36, "random": 33, "clean": 33, "inductive": 33, "filtered": 36}
TARGET = "results/multiclass_tabled.csv"
EXPERIMENT = "results/tabled/experiments/multiclass_tabled"
COMPARED_TARGET = "results/multiclass_compared.csv"
COMPARED = "results/tabled/experiments/multiclass_compared"
FILES = set("folds.parquet leaks.csv inputs.npz graph.npz graph-health.csv models".split())
# Every protocol with two models, and more models under one.
TABLED = f"""
dataset: tabled
backend: torch
tables: {{handcrafted: table.csv}}
experiments:
  multiclass_tabled:
    protocols: [{", ".join(PROTOCOLS)}]
    models: [{", ".join(FEW)}]
    drop: [length]
    folds: {{n: 3}}
    clean: {{folds: 2}}
    graph: {{metric: euclidean, k: 5}}
    graphsage: {{hidden: 8, epochs: 5}}
    search: false
  multiclass_compared:
    protocols: [clean]
    models: [{", ".join(COMPARED_MODELS)}]
    clean: {{folds: 2}}
    graph: {{metric: euclidean, k: 5, among: artist}}
    graphsage: {{hidden: 8, epochs: 5}}
    variants: {{flat: {{weights: equal}}, deep: {{layers: 2}}}}
    calibrate: temperature
"""


def rows() -> list[Row]:
    """Twelve clips a genre, three to an artist; the last is a replica of another song."""
    return [
        Row(
            f"{genre}.{i}",
            f"nowhere/{genre}.{i}.wav",
            genre,
            artist=f"{genre} artist {i // 3}",
            split=["train", "train", "test"][i % 3],
            excluded="replica" if i == 11 else "",
        )
        for genre in GENRES
        for i in range(12)
    ]


def features() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = 3 * np.eye(3, 6)[np.repeat(np.arange(3), 12)] + rng.normal(size=(36, 6))
    return pd.DataFrame({"clip": [row.clip for row in rows()]}).join(
        pd.DataFrame(x, columns=[f"feature{i}" for i in range(6)])
    )


@pytest.fixture(scope="module")
def evaluated(unrun: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after a run on a table; not to be changed. Two folds are fitted at once."""
    project = unrun.copy(tmp_path_factory.mktemp("evaluated") / "project")
    write_sheet(rows(), project.folder / "config/datasets/tabled.tsv")
    (project.folder / "small.yaml").write_text(TABLED)
    features().to_csv(project.folder / "table.csv", index=False)
    project.snakemake("--cores", "4", TARGET, COMPARED_TARGET)
    return project


def test_every_protocol_has_a_row_a_model_and_fold(evaluated: Project) -> None:
    table = pd.read_csv(evaluated.folder / TARGET).query("aggregation == 'none'")
    expected = [
        (protocol, model, fold)
        for protocol in PROTOCOLS
        for model in ["graphsage", "edgeless", *FEW]
        for fold in range(FOLDS[protocol])
    ]
    found = table[["protocol", "model", "fold"]].itertuples(index=False, name=None)
    assert sorted(found) == sorted(expected)
    assert table.notna().all(axis=None)
    clips = table.assign(clips=table["n_train"] + table["n_test"]).groupby("protocol")["clips"]
    assert clips.unique().map(list).to_dict() == {name: [n] for name, n in CLIPS.items()}
    assert set(table.query("protocol == 'paper'")["n_test"]) == {12}  # 33 % of 36, rounded up.
    assert table.query("model == 'logistic'")["test_accuracy"].mean() > 0.6  # Chance is a third.


def test_a_protocol_has_the_files_of_all_folds(evaluated: Project) -> None:
    for protocol, count in FOLDS.items():
        folder = evaluated.folder / EXPERIMENT / protocol
        assert {path.name for path in folder.iterdir()} >= FILES
        folds = pd.read_parquet(folder / "folds.parquet")
        inputs = InputsFile(folder / "inputs.npz")
        assert inputs.keys == fold_keys(folds) == [(0, fold) for fold in range(count)]
        assert len(set(inputs.which)) == (1 if protocol in ("paper", "kfold") else count)
        for table in ("leaks.csv", "graph-health.csv"):
            keys = pd.read_csv(folder / table)[["repeat", "fold"]]
            assert list(keys.itertuples(index=False, name=None)) == inputs.keys
        for number, train in enumerate(training_masks(folds)):
            np.testing.assert_array_equal(inputs[number].train, train)
            graph = load_graph(folder / "graph.npz", number)
            assert graph.nnz == 5 * CLIPS[protocol]
            assert train[graph.indices].all() == (protocol == "inductive")
    leaks = {
        protocol: pd.read_csv(evaluated.folder / EXPERIMENT / protocol / "leaks.csv")
        for protocol in PROTOCOLS
    }
    leaking = [protocol for protocol, table in leaks.items() if table[KINDS].any(axis=None)]
    assert leaking == ["paper", "kfold", "random", "filtered"]  # All but those by artist.
    assert leaks["filtered"]["artist"].tolist() == [12]


def test_every_model_has_its_files_and_rows(evaluated: Project) -> None:
    networks = [name for name in NETWORKS if name in ("graphsage", *COMPARED_MODELS)]
    models = {*networks, *map(ablation_name, networks), *COMPARED_MODELS}
    models |= {"flat", "deep", "deep_edgeless"}
    names = {path.name for path in (evaluated.folder / COMPARED / "clean/models").iterdir()}
    assert {
        f"{model}{extension}" for model in models for extension in (".parquet", ".csv")
    } <= names
    table = pd.read_csv(evaluated.folder / COMPARED_TARGET)
    assert set(table["model"]) == models
    assert set(table["aggregation"]) == {"none", "artist"}
    assert table.notna().all(axis=None)
    assert models & {*CLASSIFIERS, *COMBINED} == {"lda", "knn", "blend", "selected"}


def test_a_protocol_that_rejected_clips_made_impossible_says_so_and_the_others_are_computed(
    evaluated: Project, tmp_path
) -> None:
    project = evaluated.copy(tmp_path / "project")
    project.edit("small.yaml", ", ".join(PROTOCOLS), "paper, clean")
    project.edit("small.yaml", f"[{', '.join(FEW)}]", "[]")
    table = features()
    one_artist = ~table["clip"].isin([f"rock.{i}" for i in range(3, 12)])
    table[one_artist].to_csv(project.folder / "table.csv", index=False)
    printed = project.snakemake("--cores", "2", TARGET, fails=True)
    assert (
        "folds.assign: protocol clean cannot split the clips: genres of a single group cannot be "
        "evaluated: rock; leave it out of protocols of multiclass_tabled, or lower clean: folds"
    ) in printed
    models = project.folder / EXPERIMENT / "paper/models"
    assert {path.stem for path in models.glob("*.parquet")} == {"graphsage", "edgeless"}
