"""Every protocol on an imported table and a sheet with artists, and what stops a clean one."""

import numpy as np
import pandas as pd
import pytest
from tests.workflow.conftest import Project, result

from genregraph.datasets.sheet import Row, write_sheet
from genregraph.folds.groups import KINDS
from genregraph.folds.table import training_masks
from genregraph.graph.store import load_graph

FEW = ["logistic", "label_spreading"]
COMPARED_MODELS = ["gcn", "gat", "appnp", "lda", "knn", "label_spreading", "blend", "selected"]
GENRES = ["blues", "jazz", "rock"]
FOLDS = {"paper": 3, "kfold": 3, "random": 2, "clean": 2, "inductive": 2, "filtered": 1}
PROTOCOLS = list(FOLDS)
CLIPS = {"paper": 36, "kfold": 36, "random": 33, "clean": 33, "inductive": 33, "filtered": 36}
TARGET = "results/multiclass_tabled.csv"
EXPERIMENT = "results/tabled/experiments/multiclass_tabled"
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
    table = pd.DataFrame(x).add_prefix("feature")
    return table.assign(clip=[row.clip for row in rows()])


@pytest.fixture(scope="module")
def evaluated(shared: Project) -> Project:
    """The project after a run on a table; not to be changed. Two folds are fitted at once."""
    write_sheet(rows(), shared.folder / "config/datasets/tabled.tsv")
    (shared.folder / "small.yaml").write_text(TABLED)
    features().to_csv(shared.folder / "table.csv", index=False)
    shared.snakemake("--cores", "4", TARGET, "results/multiclass_compared.csv")
    return shared


def test_every_protocol_has_a_row_a_model_and_fold(evaluated: Project) -> None:
    table = result(evaluated, "multiclass_tabled").query("aggregation == 'none'")
    models = ["graphsage", "edgeless", *FEW]
    expected = {(name, model): [*range(n)] for name, n in FOLDS.items() for model in models}
    assert table.groupby(["protocol", "model"])["fold"].apply(sorted).to_dict() == expected
    clips = table.assign(clips=table["n_train"] + table["n_test"]).groupby("protocol")["clips"]
    assert clips.unique().map(list).to_dict() == {name: [n] for name, n in CLIPS.items()}
    assert set(table.query("protocol == 'paper'")["n_test"]) == {12}  # 33 % of 36, rounded up.
    assert table.query("model == 'logistic'")["test_accuracy"].mean() > 0.6  # Chance is a third.


def test_inductive_edges_are_of_training_clips_and_leaks_of_artists(evaluated: Project) -> None:
    for protocol in PROTOCOLS:
        folder = evaluated.folder / EXPERIMENT / protocol
        for number, train in enumerate(training_masks(pd.read_parquet(folder / "folds.parquet"))):
            graph = load_graph(folder / "graph.npz", number)
            assert train[graph.indices].all() == (protocol == "inductive")
        leaks = pd.read_csv(folder / "leaks.csv")[KINDS].any(axis=None)
        assert leaks == (protocol not in ("clean", "inductive"))


def test_every_model_has_its_rows(evaluated: Project) -> None:
    table = result(evaluated, "multiclass_compared")
    ablated = ["graphsage", "gcn", "gat", "appnp", "deep"]
    ablations = ["edgeless", *(f"{name}_edgeless" for name in ablated[1:])]
    assert set(table["model"]) == {*ablated, *ablations, "flat", *COMPARED_MODELS}
    assert set(table["aggregation"]) == {"none", "artist"}


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
    assert (project.folder / EXPERIMENT / "paper/models/graphsage.parquet").is_file()
