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
audio: songs
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
OF_FOLDS = "scatter graph history confusion importances".split()
FIGURES = [
    *(f"{SONGS}/clean/figures/{name}.png" for name in OF_FOLDS),
    f"{SONGS}/figures/folds.png",
    "results/songs/figures/clip.png",
]


@pytest.fixture(scope="module")
def segmented(shared: Project) -> Project:
    """The project after a run on songs of seven seconds, and one of two; not to be changed."""
    songs = shared.folder / "songs"
    for genre, name in enumerate(["blues", "jazz"]):
        (songs / name).mkdir(parents=True)
        for clip in range(4):
            samples = tune(genre, clip, seconds=7)
            soundfile.write(songs / name / f"{name}.{clip}.wav", samples, RATE)
    soundfile.write(songs / "jazz" / "brief.wav", tune(1, 9), RATE)
    write_sheet(music_in(songs)[0], shared.folder / "config/datasets/songs.tsv")
    (shared.folder / "small.yaml").write_text(SEGMENTS)
    shared.snakemake("--cores", "2", "results/multiclass_songs.csv", *FIGURES)
    return shared


def test_segments_are_evaluated_and_too_short_a_song_is_listed(segmented: Project) -> None:
    table = result(segmented, "multiclass_songs").query("protocol == 'paper'")
    assert (table["n_train"] + table["n_test"]).tolist() == [16] * 4
    problems = pd.read_csv(segmented.folder / "results/songs/3s/problems.csv")
    (listed,) = problems[["clip", "problem"]].to_numpy().tolist()
    assert listed == ["brief", "too short to be cut into pieces of 3s"]


def test_every_fold_has_its_own_embedding_and_selection(segmented: Project) -> None:
    folder = segmented.folder / SONGS / "paper"
    history, chosen = (pd.read_csv(folder / f"{n}.csv") for n in ("cnn-history", "selection"))
    assert history.groupby("fold").size().tolist() == [2, 2]
    assert chosen.groupby("fold")["selected"].sum().tolist() == [5, 5]
    assert InputsFile(folder / "inputs.npz")[0].features.tolist() == ["pca1", "pca2"]


def test_songs_are_kept_whole_predicted_by_song_and_drawn(segmented: Project) -> None:
    clean = pd.read_parquet(segmented.folder / SONGS / "clean/folds.parquet")
    assert clean.groupby("group")["fold"].nunique().tolist() == [1] * 8
    accuracies = pd.read_csv(segmented.folder / SONGS / "accuracies.csv")
    assert accuracies["song_mean"].between(0, 1).all()
    assert all(is_image(segmented.folder / figure) for figure in FIGURES)
