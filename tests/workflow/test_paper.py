"""The paper's experiments: on imported tables without audio, and on segments with the CNN."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from tests.workflow.conftest import RATE, Project, tune

from genregraph.cli.init import music_in
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.evaluation.evaluate import COLUMNS
from genregraph.evaluation.summarise import COLUMNS as SUMMARY
from genregraph.graph.store import load_graph
from genregraph.preprocessing.inputs import InputsFile
from genregraph.report.verify import changed, recorded_in


def result(project: Project, experiment: str) -> pd.DataFrame:
    table = pd.read_csv(project.folder / f"results/{experiment}.csv")
    assert table.columns.tolist() == COLUMNS
    assert table.notna().all(axis=None)
    assert table[["train_accuracy", "test_accuracy"]].stack().between(0, 1).all()
    return table


def is_image(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


# An imported table, and no audio at all

# By PyTorch alone, here and below: where DGL is installed, most other projects train by it.
IMPORTED = """
dataset: foreign
backend: torch
datasets:
  foreign: {of_the_paper: true}
experiments:
  binary_foreign:
    protocols: [paper]
    models: []
    genres: [folk, punk]
    drop: [length]
    reduce: {method: pca, to: 2}
    folds: {n: 2}
    graph: {metric: euclidean, k: 3}
    graphsage: {hidden: 8, epochs: 5}
  multiclass_foreign:
    protocols: [paper]
    models: []
    select: {n_features: 3}
    folds: {n: 2}
    graph: {metric: euclidean, k: 3}
    graphsage: {hidden: 8, epochs: 30, learning_rate: 0.03}
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
GENRES = ["folk", "punk", "raga"]
LACKING = ["folk.03", "raga.07"]
BROKEN = "punk.05"


def write_foreign(folder: Path) -> Path:
    """A sheet of 30 clips, and a table of 12 features that lacks two and has no number for one."""
    names = [f"{genre}.{i:02d}" for genre in GENRES for i in range(10)]
    rows = [Row(name, f"{name[:4]}/{name}.mp3", name[:4]) for name in names]
    write_sheet(rows, folder / "config/datasets/foreign.tsv")
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 11)) + 4 * np.repeat(np.eye(3, 11), 10, axis=0)
    table = pd.DataFrame(values, columns=[f"feature{i}" for i in range(11)])
    table.insert(0, "length", 661_794)
    table.insert(0, "filename", [f"{name}.wav" for name in names])
    table["label"] = [name[:4] for name in names]
    table.loc[table["filename"] == f"{BROKEN}.wav", "feature4"] = np.nan
    table.loc[30] = ["rock.00.wav", 5, *np.zeros(11), "rock"]
    path = folder / "table of mine.csv"
    table[~table["filename"].str[:-4].isin(LACKING)].to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def without_audio(unrun: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after a run of all there is on an imported table; not to be changed."""
    project = unrun.copy(tmp_path_factory.mktemp("without_audio") / "project")
    path = write_foreign(project.folder)
    imported = f"tables: {{handcrafted: {json.dumps(path.name)}}}\n"
    (project.folder / "small.yaml").write_text(IMPORTED + imported)
    project.snakemake("--cores", "2", "--config", "audio=")
    return project


@pytest.mark.parametrize(
    ("experiment", "folds", "clips"),
    [("binary_foreign", 2, 18), ("multiclass_foreign", 2, 27)],
)
def test_a_table_alone_gives_results(without_audio: Project, experiment, folds, clips) -> None:
    table = result(without_audio, experiment)
    assert set(table["dataset"]) == {"foreign"}
    assert table["model"].tolist() == ["graphsage"] * folds + ["edgeless"] * folds
    assert set(table["n_train"] + table["n_test"]) == {clips}


def test_a_table_that_tells_the_genres_is_learnt(without_audio: Project) -> None:
    assert result(without_audio, "multiclass_foreign")["test_accuracy"].mean() > 0.8
    chosen = pd.read_csv(
        without_audio.folder / "results/foreign/experiments/multiclass_foreign/paper/selection.csv"
    )
    assert set(chosen.loc[chosen["selected"], "feature"]) == {f"feature{i}" for i in range(3)}


def test_without_audio_nothing_is_decoded(without_audio: Project) -> None:
    assert not (without_audio.folder / "results/foreign/audio").exists()
    assert not (without_audio.folder / "results/logs/foreign/audio").exists()
    assert not (without_audio.folder / "resources").exists()
    assert "multiclass_compare" not in {p.stem for p in without_audio.folder.glob("results/*.csv")}


def test_clips_that_the_table_lacks_are_listed(without_audio: Project) -> None:
    cut = without_audio.folder / "results/foreign/30s"
    problems = pd.read_csv(cut / "problems.csv")
    assert problems["clip"].tolist() == LACKING
    assert problems["path"].tolist() == [f"{clip[:4]}/{clip}.mp3" for clip in LACKING]
    of_table = pd.read_csv(cut / "features/handcrafted.problems.csv")
    # First what holds for the table, then its clips.
    assert of_table["clip"].fillna("").tolist() == ["", BROKEN]
    lacking = (
        "handcrafted lacks 1 of 10 clips of folk, 1 of 10 clips of punk, 1 of 10 clips of raga"
    )
    assert of_table["problem"][0] == lacking
    assert lacking in (cut.parent / "multiclass_foreign.txt").read_text()
    folds = pd.read_parquet(cut.parent / "experiments/multiclass_foreign/paper/folds.parquet")
    assert not set(folds["clip"]) & {*LACKING, BROKEN, "rock.00"}


def test_the_summary_and_the_figures_are_made_of_what_could_run(without_audio: Project) -> None:
    summary = pd.read_csv(without_audio.folder / "results/summary.csv")
    assert summary.columns.tolist() == SUMMARY
    assert set(summary["model"]) == {"graphsage", "edgeless"}
    comparisons = pd.read_csv(without_audio.folder / "results/comparisons.csv")
    assert set(comparisons["question"]) == {"messages", "baseline", "paper"}
    summary = summary[summary["model"] == "graphsage"]
    assert sorted(summary["experiment"]) == ["binary_foreign", "multiclass_foreign"]
    stated = summary.set_index("experiment")["paper_test_accuracy"]
    assert stated.dropna().to_dict() == {"multiclass_foreign": 0.5}
    figures = list(without_audio.folder.glob("results/**/*.png"))
    assert all(is_image(path) for path in figures)
    # Six an experiment; importances, correlation, tuning.
    assert len(figures) == 2 * 6 + 3


def test_all_results_and_what_they_were_made_from_are_in_the_crate(without_audio: Project) -> None:
    folder = without_audio.folder / "results/foreign"
    recorded = {str(path.relative_to(folder)) for path in recorded_in(folder)}
    assert list(changed(recorded_in(folder))) == []
    ways = (
        *("inputs.npz", "graph.npz", "usable.parquet", "map.json", "clips.parquet", ".txt"),
        *("accuracies.csv", "foreign/comparisons.csv", ".snakemake_timestamp"),
    )
    recorded -= {"comparisons.csv"}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    found = {name for name in found if "made-with/" not in name and "features/" not in name}
    found |= {f"30s/features/{name}.problems.csv" for name in ("handcrafted",)}
    found -= {"comparisons.csv"}
    assert recorded == {name for name in found if not name.endswith((*ways, "metadata.json"))}
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    imported = {entity.get("description"): entity for entity in metadata["@graph"]}
    table = (without_audio.folder / "table of mine.csv").read_bytes()
    sha256 = hashlib.sha256(table).hexdigest()
    assert imported["table handcrafted (30s)"]["sha256"] == sha256


def test_the_findings_tell_what_was_run_and_what_was_not(without_audio: Project) -> None:
    findings = (without_audio.folder / "results/findings.md").read_text()
    mean = result(without_audio, "multiclass_foreign").query("model == 'graphsage'")[
        "test_accuracy"
    ]
    assert f"| `multiclass_foreign` | 0.5000 | {mean.mean():.4f} |" in findings
    assert "- `multiclass_compare`: there is no audio to compute compare." in findings


def test_the_tuning_has_a_row_a_fold_and_point(without_audio: Project) -> None:
    tuning = pd.read_csv(without_audio.folder / "results/tuning.csv")
    assert tuning[["parameter", "value", "fold"]].to_numpy().tolist() == [
        ["hidden", 2, 0],
        ["hidden", 4, 0],
        ["learning_rate", 0.01, 0],
    ]


def test_another_table_under_the_same_name_is_imported_anew(
    without_audio: Project, tmp_path: Path
) -> None:
    project = without_audio.copy(tmp_path / "project")
    table = "results/foreign/30s/features/handcrafted.parquet"
    os.utime(project.folder / "results/foreign/summary.csv")
    crate = "results/foreign/ro-crate-metadata.json"
    printed = project.snakemake("--dry-run", table, crate, "--config", "audio=")
    assert "Nothing to be done" in printed
    path = project.folder / "table of mine.csv"
    path.write_text(path.read_text().replace("661794", "661795"))
    project.snakemake("--cores", "1", table, "--config", "audio=")
    assert set(pd.read_parquet(project.folder / table)["length"]) == {661_795}


# A table of segments, in the form of the published one, and no audio

BY_SEGMENT = """
dataset: foreign
backend: torch
experiments:
  binary_segments:
    protocols: [paper, clean]
    models: []
    genres: [folk, punk]
    folds: {n: 2}
    clean: {folds: 2}
    graph: {metric: euclidean, k: 5}
    graphsage: {hidden: 8, epochs: 5}
"""


def test_a_table_of_segments_alone_gives_results(unrun: Project, tmp_path: Path) -> None:
    project = unrun.copy(tmp_path / "project")
    whole = pd.read_csv(write_foreign(project.folder)).dropna()
    rng = np.random.default_rng(1)
    values = [name for name in whole.columns if name.startswith("feature")]
    parts = []
    for i in range(4):
        names = whole["filename"].str.replace(".wav", f".{i}.wav")
        noise = rng.normal(scale=0.1, size=whole[values].shape)
        parts.append(whole.assign(filename=names, length=66_149, **(whole[values] + noise)))
    pd.concat(parts).to_csv(project.folder / "features_3_sec.csv", index=False)
    (project.folder / "small.yaml").write_text(BY_SEGMENT)
    tables = "tables={handcrafted: features_3_sec.csv}"
    target = "results/binary_segments.csv"
    printed = project.snakemake("--cores", "2", target, "--config", "audio=", tables)
    assert "is left out" not in printed  # Of experiments that nobody asked for.
    table = pd.read_csv(project.folder / target).query("model == 'graphsage'")
    assert set(table["n_train"] + table["n_test"]) == {18 * 4}
    assert table["protocol"].tolist() == ["paper"] * 2 + ["clean"] * 2
    leaks = "results/foreign/experiments/binary_segments/clean/leaks.csv"
    assert pd.read_csv(project.folder / leaks)["group"].max() == 0
    clips = pd.read_parquet(project.folder / "results/foreign/3s/clips.parquet")
    assert set(clips.loc[clips["status"] == "ok", "samples"]) == {66_149}


# Segments of three seconds, the CNN's table, ControlBurn and PCA

SEGMENTS = """
dataset: songs
backend: torch
datasets:
  songs: {shards: 2}
cnn: {epochs: 2}
experiments:
  multiclass_songs:
    cut: 3s
    clean: {folds: 2}
    models: []
    tables: [handcrafted, cnn]
    select: {n_features: 5}
    reduce: {method: pca, to: 2}
    folds: {n: 2}
    graph: {metric: euclidean, k: 4}
    graphsage: {hidden: 8, epochs: 5}
"""
SONGS = "results/songs/experiments/multiclass_songs"
STRICTEST = f"{SONGS}/clean"
FIGURES = [
    *(f"{STRICTEST}/figures/{name}.png" for name in "scatter graph history confusion".split()),
    f"{STRICTEST}/figures/importances.png",
    f"{SONGS}/figures/folds.png",
    "results/songs/figures/clips.png",
    "results/songs/figures/clip.png",
]


@pytest.fixture(scope="module")
def segmented(unrun: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after a run on songs of seven seconds, and one of two; not to be changed."""
    project = unrun.copy(tmp_path_factory.mktemp("segmented") / "project")
    songs = project.folder / "songs"
    for genre, name in enumerate(["blues", "jazz"]):
        (songs / name).mkdir(parents=True)
        for clip in range(4):
            samples = tune(genre, clip, seconds=7)
            soundfile.write(songs / name / f"{name}.{clip}.wav", samples, RATE)
    soundfile.write(songs / "jazz" / "brief.wav", tune(1, 9), RATE)
    write_sheet(music_in(songs)[0], project.folder / "config/datasets/songs.tsv")
    (project.folder / "small.yaml").write_text(SEGMENTS)
    wanted = ["results/multiclass_songs.csv", *FIGURES]
    project.snakemake("--cores", "2", *wanted, "--config", "audio=songs")
    return project


def test_segments_know_their_song(segmented: Project) -> None:
    clips = pd.read_parquet(segmented.folder / "results/songs/3s/clips.parquet")
    rejected = clips[clips["status"] == "rejected"]
    assert rejected["clip"].tolist() == ["brief"]
    used = clips[clips["status"] == "ok"]
    songs = [f"{genre}.{i}" for genre in ("blues", "jazz") for i in range(4)]
    assert used["clip"].tolist() == [f"{song}.{i}" for song in songs for i in range(2)]
    assert used["source"].tolist() == [song for song in songs for _ in range(2)]
    assert used["group"].tolist() == used["source"].tolist()
    assert used["start"].tolist() == [0, 66_150] * 8
    assert set(used["samples"]) == {66_149}


def test_a_song_too_short_for_a_segment_is_listed(segmented: Project) -> None:
    problems = pd.read_csv(segmented.folder / "results/songs/3s/problems.csv")
    assert problems["clip"].tolist() == ["brief"]
    assert problems["problem"].tolist() == ["too short to be cut into pieces of 3s"]


def test_all_segments_are_folded_and_predicted(segmented: Project) -> None:
    table = result(segmented, "multiclass_songs").query("protocol == 'paper'")
    assert (table["n_train"] + table["n_test"]).tolist() == [16] * 4
    folds = pd.read_parquet(segmented.folder / f"{SONGS}/paper/folds.parquet")
    assert folds["group"].tolist() == ("song " + folds["clip"].str[:-2]).tolist()
    predicted = pd.read_parquet(segmented.folder / f"{SONGS}/paper/models/graphsage.parquet")
    tested = predicted[predicted["part"] == "test"]
    expected = folds[folds["fold"] >= 0]
    assert sorted(zip(tested["fold"], tested["clip"], strict=True)) == sorted(
        zip(expected["fold"], expected["clip"], strict=True)
    )


def test_every_fold_has_its_own_embedding_and_selection(segmented: Project) -> None:
    folder = segmented.folder / SONGS / "paper"
    history, chosen = (pd.read_csv(folder / f"{n}.csv") for n in ("cnn-history", "selection"))
    assert history.groupby("fold").size().tolist() == [2, 2]
    assert chosen.groupby("fold").size().tolist() == [58 + 128] * 2
    assert chosen.groupby("fold")["selected"].sum().tolist() == [5, 5]
    assert InputsFile(folder / "inputs.npz")[0].features.tolist() == ["pca1", "pca2"]
    table = pd.read_parquet(folder / "cnn.parquet")
    assert table.columns[:3].tolist() == ["repeat", "fold", "clip"]
    first, second = (rows.iloc[:, 2:].reset_index(drop=True) for _, rows in table.groupby("fold"))
    assert first.shape == (16, 1 + 128)
    assert first["clip"].tolist() == second["clip"].tolist()
    assert not first.equals(second)


def test_songs_are_kept_whole_by_clean_folds_and_predicted_by_song(segmented: Project) -> None:
    clean = pd.read_parquet(segmented.folder / SONGS / "clean/folds.parquet")
    assert clean.groupby("group")["fold"].nunique().tolist() == [1] * 8
    accuracies = pd.read_csv(segmented.folder / SONGS / "accuracies.csv")
    assert accuracies["song_mean"].between(0, 1).all()


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_made(segmented: Project, figure: str) -> None:
    assert is_image(segmented.folder / figure)


# The public table of GTZAN, at full settings: some minutes on two cores

BINARY = ["binary_pca", "binary_controlburn", "binary_scaled"]
MULTICLASS = ["multiclass_handcrafted", "multiclass_knn"]
# As shipped but for fewer folds and one baseline of six: the others would take minutes more.
ON_GTZAN = """
dataset: gtzan
backend: torch
experiments:
  multiclass_handcrafted:
    protocols: [paper, clean]
    folds: {n: 4}
    clean: {folds: 3, repeats: 1}
    models: [svm]
  multiclass_knn: {protocols: [paper], folds: {n: 4}, models: [], variants: {}, search: false}
  multiclass_artists:
    protocols: [clean]
    clean: {folds: 3, repeats: 1}
    models: []
    search: false
  binary_pca: {protocols: [paper], folds: {n: 4}}
  binary_controlburn: {protocols: [paper], folds: {n: 4}}
  # binary_pca but for its scale.
  binary_scaled:
    protocols: [paper]
    folds: {n: 4}
    genres: [blues, jazz]
    scale: standard
    reduce: {method: pca, to: 2}
    models: []
    graph: {metric: euclidean, k: 80}
    graphsage: {hidden: 80, weights: distance, adjacency_as_features: true}
    search: false
"""


def accuracy(
    project: Project,
    experiment: str,
    protocol: str = "paper",
    model: str = "graphsage",
    aggregation: str = "none",
) -> np.ndarray:
    """Test accuracy of each fold, in order."""
    table = result(project, experiment)
    place = [protocol, model, aggregation]
    chosen = (table[["protocol", "model", "aggregation"]] == place).all(axis=1)
    return table.loc[chosen, "test_accuracy"].to_numpy()


@pytest.fixture(scope="module")
def gtzan(
    public_table: pd.DataFrame, unrun: Project, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """The project after the paper's experiments on the public table; not to be changed."""
    project = unrun.copy(tmp_path_factory.mktemp("gtzan") / "project")
    (project.folder / "small.yaml").write_text(ON_GTZAN)
    public_table.to_csv(project.folder / "public.csv", index=False)
    overrides = ["audio=", "tables={handcrafted: public.csv}"]
    targets = [f"results/{name}.csv" for name in (*BINARY, *MULTICLASS, "multiclass_artists")]
    project.snakemake("--cores", "2", *targets, "--config", *overrides)
    return project


@pytest.mark.parametrize(
    ("experiment", "clips"),
    [*((name, 200) for name in BINARY), *((name, 1000) for name in MULTICLASS)],
)
def test_a_third_of_gtzan_is_held_out_each_time(gtzan: Project, experiment, clips) -> None:
    table = result(gtzan, experiment).query(
        "protocol == 'paper' and model == 'graphsage' and aggregation == 'none'"
    )
    assert table["fold"].tolist() == list(range(4))
    assert set(table["n_train"] + table["n_test"]) == {clips}
    assert set(table["n_test"]) == {33 * clips // 100}


def test_the_57_features_reach_the_papers_accuracy(gtzan: Project) -> None:
    table = result(gtzan, "multiclass_handcrafted").query("protocol == 'paper'")
    assert abs(accuracy(gtzan, "multiclass_handcrafted").mean() - 0.7203) < 0.03
    assert table.loc[table["model"] == "graphsage", "train_accuracy"].mean() >= 0.99


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_the_papers_graph_is_no_graph(gtzan: Project, protocol: str) -> None:
    ours, edgeless = (
        accuracy(gtzan, "multiclass_handcrafted", protocol, model)
        for model in ("graphsage", "edgeless")
    )
    assert ours.tolist() == edgeless.tolist()


def test_without_artists_on_both_sides_accuracy_falls_by_15_points(gtzan: Project) -> None:
    folder = gtzan.folder / "results/gtzan/experiments/multiclass_handcrafted"
    assert pd.read_csv(folder / "paper/leaks.csv")["artist"].min() > 0
    assert pd.read_csv(folder / "clean/leaks.csv")["artist"].max() == 0
    for model in ("graphsage", "svm"):
        random, clean = (
            accuracy(gtzan, "multiclass_handcrafted", protocol, model).mean()
            for protocol in ("paper", "clean")
        )
        assert random - clean >= 0.15


def test_two_components_of_unscaled_features_are_as_poor_as_the_papers(gtzan: Project) -> None:
    assert 0.58 <= accuracy(gtzan, "binary_pca").mean() <= 0.70


def test_two_components_of_scaled_features_are_not(gtzan: Project) -> None:
    assert accuracy(gtzan, "binary_scaled").mean() >= 0.80


def test_an_average_over_a_real_graph_is_no_worse_than_none(gtzan: Project) -> None:
    ours, edgeless = (
        accuracy(gtzan, "multiclass_knn", model=model).mean() for model in ("graphsage", "edgeless")
    )
    assert ours >= 0.70
    assert ours > edgeless - 0.01


def test_an_average_by_artist_is_as_good_as_messages_of_ones_artist(gtzan: Project) -> None:
    ours, edgeless, averaged = (
        accuracy(gtzan, "multiclass_artists", "clean", *model).mean()
        for model in (("graphsage",), ("edgeless",), ("edgeless", "artist"))
    )
    assert ours > edgeless + 0.03
    assert averaged > edgeless + 0.03
    folder = gtzan.folder / "results/gtzan/experiments/multiclass_artists/clean"
    graphs = pd.read_csv(folder / "graph-health.csv")
    assert graphs["homophily"].min() > 0.95
    for number, inputs in enumerate(InputsFile(folder / "inputs.npz")):
        train, graph = inputs.train, load_graph(folder / "graph.npz", number)
        assert graph[train][:, ~train].nnz == graph[~train][:, train].nnz == 0


@pytest.mark.parametrize("experiment", BINARY[:2])
def test_by_rows_of_the_adjacency_training_clips_are_memorised(gtzan: Project, experiment):
    trained = result(gtzan, experiment).groupby("model")["train_accuracy"].mean()
    assert trained["graphsage"] == trained["edgeless"] == 1  # Both have the rows.
    assert trained["features_alone"] < 0.85
    assert trained["features_alone_edgeless"] < 0.85


def test_ten_features_chosen_by_controlburn_are_better(gtzan: Project) -> None:
    chosen, all_features = (
        accuracy(gtzan, name).mean() for name in ("binary_controlburn", "binary_pca")
    )
    assert chosen > all_features
