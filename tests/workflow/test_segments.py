"""Segments of three seconds, the CNN's table, ControlBurn and PCA."""

import pandas as pd
import pytest
import soundfile
from tests.workflow.conftest import RATE, Project, is_image, result, tune

from genregraph.cli.init import music_in
from genregraph.datasets.sheet import write_sheet
from genregraph.preprocessing.inputs import InputsFile

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
    used = clips[clips["status"] == "ok"]
    songs = [f"{genre}.{i}" for genre in ("blues", "jazz") for i in range(4)]
    assert used["clip"].tolist() == [f"{song}.{i}" for song in songs for i in range(2)]
    assert used["group"].tolist() == [song for song in songs for _ in range(2)]
    problems = pd.read_csv(segmented.folder / "results/songs/3s/problems.csv")
    assert problems[["clip", "problem"]].to_numpy().tolist() == [
        ["brief", "too short to be cut into pieces of 3s"]
    ]


def test_all_segments_are_folded_and_predicted(segmented: Project) -> None:
    table = result(segmented, "multiclass_songs").query("protocol == 'paper'")
    assert (table["n_train"] + table["n_test"]).tolist() == [16] * 4
    folds = pd.read_parquet(segmented.folder / f"{SONGS}/paper/folds.parquet")
    assert folds["group"].tolist() == ("song " + folds["clip"].str[:-2]).tolist()
    predicted = pd.read_parquet(segmented.folder / f"{SONGS}/paper/models/graphsage.parquet")
    tested, expected = predicted[predicted["part"] == "test"], folds[folds["fold"] >= 0]
    named = [sorted(zip(each["fold"], each["clip"], strict=True)) for each in (tested, expected)]
    assert named[0] == named[1]


def test_every_fold_has_its_own_embedding_and_selection(segmented: Project) -> None:
    folder = segmented.folder / SONGS / "paper"
    history, chosen = (pd.read_csv(folder / f"{n}.csv") for n in ("cnn-history", "selection"))
    assert history.groupby("fold").size().tolist() == [2, 2]
    assert chosen.groupby("fold").size().tolist() == [58 + 128] * 2
    assert chosen.groupby("fold")["selected"].sum().tolist() == [5, 5]
    assert InputsFile(folder / "inputs.npz")[0].features.tolist() == ["pca1", "pca2"]
    table = pd.read_parquet(folder / "cnn.parquet")
    first, second = (rows.iloc[:, 3:].to_numpy() for _, rows in table.groupby("fold"))
    assert first.shape == second.shape == (16, 128)
    assert (first != second).any()


def test_songs_are_kept_whole_predicted_by_song_and_drawn(segmented: Project) -> None:
    clean = pd.read_parquet(segmented.folder / SONGS / "clean/folds.parquet")
    assert clean.groupby("group")["fold"].nunique().tolist() == [1] * 8
    accuracies = pd.read_csv(segmented.folder / SONGS / "accuracies.csv")
    assert accuracies["song_mean"].between(0, 1).all()
    assert all(is_image(segmented.folder / figure) for figure in FIGURES)
