"""Every protocol on an imported table and a sheet with artists, and what stops a clean one."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests.workflow.conftest import Project

from folds.leaks import KINDS
from inputs import prepare, selection
from inputs.inputs import Inputs
from learning.baselines import MODELS
from settings.sheet import Row, write_sheet

FEW = ["logistic", "label_spreading"]
ALL = [*MODELS, "best", "graph_network"]
NETWORKS = ["graph_network", "graph_network_edgeless"]
COMPARED_MODELS = ["graphsage", "edgeless", *MODELS, "best", "best_known_artists", *NETWORKS]
GENRES = ["blues", "jazz", "rock"]
PROTOCOLS = ["paper", "random", "clean", "inductive", "filtered"]
FOLDS = {"paper": 2, "random": 2, "clean": 2, "inductive": 2, "filtered": 1}
TARGET = "results/multiclass_tabled.csv"
EXPERIMENT = "results/tabled/experiments/multiclass_tabled"
COMPARED_TARGET = "results/multiclass_compared.csv"
COMPARED = "results/tabled/experiments/multiclass_compared"
GATHERED = ["pooled", "choices", "ahead", "calibration"]
OUTPUTS = set("inputs.npz graph.npz graphsage.pt history.csv predictions.parquet".split())
OF_MODELS = set(
    "edgeless.parquet edgeless.csv baselines.parquet baselines.csv choice.csv "
    "best.parquet best.csv graph_network.parquet graph_network.csv".split()
)
# Every protocol with two models, and every model under one: all of both would take minutes more.
TABLED = f"""
dataset: tabled
backend: torch
tables: {{handcrafted: table.csv}}
experiments:
  multiclass_tabled:
    protocols: [{", ".join(PROTOCOLS)}]
    models: [{", ".join(FEW)}]
    folds: {{n: 2}}
    clean: {{folds: 2}}
    graph: {{metric: euclidean, k: 5}}
    graphsage: {{hidden: 8, epochs: 5}}
  multiclass_compared:
    protocols: [clean]
    models: [{", ".join(ALL)}]
    clean: {{folds: 2}}
    graph: {{metric: euclidean, k: 5, among: artist}}
    graphsage: {{hidden: 8, epochs: 5}}
"""


def rows() -> list[Row]:
    """Twelve clips a genre, three to an artist; the last is a replica of another song."""
    return [
        Row(
            f"{genre}.{i}",
            f"unheard/{genre}.{i}.wav",
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
def tabled(unrun: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with a table and no audio, before any run."""
    project = unrun.copy(tmp_path_factory.mktemp("tabled") / "project")
    write_sheet(rows(), project.folder / "config/datasets/tabled.tsv")
    (project.folder / "small.yaml").write_text(TABLED)
    features().to_csv(project.folder / "table.csv", index=False)
    return project


@pytest.fixture(scope="module")
def evaluated(tabled: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same after a run; not to be changed.

    All models are compared on four cores, where two folds are learnt at once.
    """
    project = tabled.copy(tmp_path_factory.mktemp("evaluated") / "project")
    project.snakemake("--cores", "2", TARGET, f"{EXPERIMENT}/pooled.csv")
    gathered = [f"{COMPARED}/{name}.csv" for name in GATHERED]
    project.snakemake("--cores", "4", COMPARED_TARGET, *gathered)
    return project


def test_every_protocol_has_a_row_a_model_and_fold(evaluated: Project) -> None:
    table = pd.read_csv(evaluated.folder / TARGET)
    expected = [
        (protocol, model, fold)
        for protocol in PROTOCOLS
        for model in ["graphsage", "edgeless", *FEW]
        for fold in range(FOLDS[protocol])
    ]
    found = table[["protocol", "model", "fold"]].itertuples(index=False, name=None)
    assert list(found) == expected
    assert table.notna().all(axis=None)
    clips = table.assign(clips=table["n_train"] + table["n_test"]).groupby("protocol")["clips"]
    assert clips.unique().map(list).to_dict() == {
        "paper": [36],
        "random": [33],
        "clean": [33],
        "inductive": [33],
        "filtered": [36],
    }
    assert table.query("model == 'logistic'")["test_accuracy"].mean() > 0.6  # Chance is a third.


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_fold_has_the_files_of_all_models(evaluated: Project, protocol: str) -> None:
    folders = sorted((evaluated.folder / EXPERIMENT / protocol).glob("fold-*"))
    assert [folder.name for folder in folders] == [f"fold-0{i}" for i in range(FOLDS[protocol])]
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == OUTPUTS


def test_every_model_has_its_files_and_rows(evaluated: Project) -> None:
    assert {
        path.name for path in (evaluated.folder / COMPARED / "clean/models").iterdir()
    } == OF_MODELS
    table = pd.read_csv(evaluated.folder / COMPARED_TARGET)
    assert table["model"].tolist() == [model for model in COMPARED_MODELS for _ in range(2)]
    assert table.notna().all(axis=None)


def test_songs_are_judged_once_under_every_protocol(evaluated: Project) -> None:
    pooled = pd.read_csv(evaluated.folder / EXPERIMENT / "pooled.csv")
    assert pooled.groupby("protocol")["songs"].unique().map(list).to_dict() == {
        "paper": [36],
        "random": [33],
        "clean": [33],
        "inductive": [33],
        "filtered": [12],
    }


def test_models_are_compared_clip_by_clip_and_choices_gathered(evaluated: Project) -> None:
    pooled, choices, ahead, calibration = (
        pd.read_csv(evaluated.folder / COMPARED / f"{name}.csv") for name in GATHERED
    )
    assert pooled["model"].tolist() == calibration["model"].tolist() == COMPARED_MODELS
    chosen = choices.groupby("model")["chosen"].sum().to_dict()
    assert chosen == {"best": 2, "best_known_artists": 2}
    graphs = ["graphsage", "label_spreading", "best", "best_known_artists", "graph_network"]
    assert ahead["model"].tolist() == graphs
    networks = pooled[pooled["model"].str.startswith("graph_network")]
    assert set(networks["against"]) == {"graph_network_edgeless", "edgeless"}


def test_a_graph_of_artists_joins_clips_of_one_alone(evaluated: Project) -> None:
    """Three clips are of an artist, but where one is left out as a replica."""
    artist = {row.clip: row.artist for row in rows()}
    for fold in ("fold-00", "fold-01"):
        folder = evaluated.folder / COMPARED / "clean" / fold
        clips = Inputs.load(folder / "inputs.npz").clips
        names = np.array([artist[clip] for clip in clips])
        graph = sparse.load_npz(folder / "graph.npz")
        joined = names[:, None] == names[None, :]
        np.fill_diagonal(joined, False)
        np.testing.assert_array_equal(graph.toarray() > 0, joined)


def test_graphs_are_made_again_where_neighbours_are_sought_among_others(
    evaluated: Project, tmp_path
) -> None:
    project = evaluated.copy(tmp_path / "project")
    assert project.planned(target=COMPARED_TARGET) == {}
    project.edit("small.yaml", ", among: artist", "")
    assert project.planned(target=COMPARED_TARGET)["adjacency"] == 2


def test_only_folds_by_artist_do_not_leak(evaluated: Project) -> None:
    leaks = {
        protocol: pd.read_csv(evaluated.folder / EXPERIMENT / protocol / "leaks.csv")
        for protocol in PROTOCOLS
    }
    leaking = [protocol for protocol, table in leaks.items() if table[KINDS].any(axis=None)]
    assert leaking == ["paper", "random", "filtered"]
    assert leaks["filtered"]["artist"].tolist() == [12]


@pytest.mark.parametrize("protocol", ["clean", "inductive", "filtered"])
def test_genres_of_test_clips_change_no_input(evaluated: Project, protocol: str, tmp_path) -> None:
    folder = evaluated.folder / EXPERIMENT / protocol
    table = evaluated.folder / "results/tabled/30s/features/handcrafted.parquet"
    folds = pd.read_parquet(folder / "folds.parquet")
    test = folds["fold"] == 0
    permuted = folds.copy()
    permuted.loc[test, "genre"] = np.roll(folds.loc[test, "genre"], 1)
    assert (permuted["genre"] != folds["genre"]).any()
    made = []
    for name, dealt in {"as-it-is": folds, "permuted": permuted}.items():
        paths = [tmp_path / f"{name}.{kind}" for kind in ("parquet", "csv", "npz")]
        dealt.to_parquet(paths[0])
        selection.main(paths[0], 0, "train", 3, 0, paths[1], [table])
        prepare.main(paths[0], 0, "train", "standard", 0, paths[2], [table], selection=paths[1])
        made.append(Inputs.load(paths[2]))
    assert made[0].features.tolist() == made[1].features.tolist()
    np.testing.assert_array_equal(made[0].x, made[1].x)
    assert (made[0].y != made[1].y).any()
    np.testing.assert_array_equal(made[0].y[made[0].train], made[1].y[made[0].train])


def test_a_protocol_that_refusals_made_impossible_is_left_out_and_paper_stays(
    tabled: Project, tmp_path
) -> None:
    project = tabled.copy(tmp_path / "project")
    project.edit("small.yaml", ", ".join(PROTOCOLS), "paper, clean")
    project.edit("small.yaml", f"[{', '.join(FEW)}]", "[]")
    table = features()
    one_artist = ~table["clip"].isin([f"rock.{i}" for i in range(3, 12)])
    table[one_artist].to_csv(project.folder / "table.csv", index=False)
    printed = project.snakemake("--cores", "2", TARGET)
    assert "protocol clean is left out: genres of a single group cannot be judged: rock" in printed
    assert set(pd.read_csv(project.folder / TARGET)["protocol"]) == {"paper"}


def test_folds_that_leak_stop_clean_before_any_model_learns(evaluated: Project, tmp_path) -> None:
    project = evaluated.copy(tmp_path / "project")
    path = project.folder / EXPERIMENT / "clean/folds.parquet"
    folds = pd.read_parquet(path)
    folds.loc[0, "fold"] = 1 - folds.loc[0, "fold"]
    folds.to_parquet(path, index=False)
    project.snakemake("--cores", "1", TARGET, fails=True)
    log = project.folder / f"{EXPERIMENT}/clean/folds.leaks.log".replace("results", "results/logs")
    assert "protocol clean leaks: 2 group, 2 artist on both sides of folds" in log.read_text()
    assert not (project.folder / EXPERIMENT / "clean/leaks.csv").exists()
