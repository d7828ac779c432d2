"""Accuracy by the number of training artists, and of clips."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.models.conftest import fold_inputs

from genregraph.config.experiment import Experiment
from genregraph.models.learning_curve import COLUMNS, Design, curve, design, draw, main, points
from genregraph.preprocessing.inputs import save_inputs

ASKED = {"graphsage": {"hidden": 16, "epochs": 40, "learning_rate": 0.02, "weights": "equal"}}


def collection(artists=12, clips=8, seed=0):
    """Three genres whose artists differ by more than their clips; a third of artists are tested."""
    rng = np.random.default_rng(seed)
    artist = np.repeat(np.arange(3 * artists), clips)
    y = artist // artists
    x = 2 * np.eye(3, 8)[y] + rng.normal(size=(3 * artists, 8))[artist]
    x += 0.2 * rng.normal(size=x.shape)
    return fold_inputs(x, y, artist % 3 != seed % 3, artist)


def test_series_vary_one_number_and_artists_help_more_than_clips_where_artists_differ():
    folds = [collection(seed=seed) for seed in range(3)]
    table = curve(folds, Experiment.model_validate(ASKED), seed=0)
    numbers = table.groupby("series")[["artists", "clips"]].agg(lambda n: sorted(set(n)))
    assert numbers.loc["artists"].tolist() == [[3, 6, 12, 24], [24]]
    assert numbers.loc["clips"].tolist() == [[3], [6, 12, 24]]
    assert set(table["n_test"]) == {96}
    assert len(table) == (4 + 3) * 4 * 3
    assert not table.duplicated(["model", "series", "repeat", "artists", "clips"]).any()
    means = table.groupby(["model", "series", "artists", "clips"])["accuracy"].mean().unstack(0)
    assert means.columns.tolist() == ["edgeless", "graphsage", "lda", "logistic"]
    # Four times as many of both.
    by_artists = means.loc["artists", 12, 24] - means.loc["artists", 3, 24]
    by_clips = means.loc["clips", 3, 24] - means.loc["clips", 3, 6]
    assert (by_artists > 0.05).all()
    assert by_artists.mean() > by_clips.mean() + 0.1
    assert means.loc["artists", 3, 24].equals(means.loc["clips", 3, 24])  # A point in common.
    assert not means["graphsage"].equals(means["edgeless"])


def test_points_have_their_artists_and_clips_and_no_test_clip():
    inputs = collection()
    drawn = points(inputs, Design([(2, 2, 2), (8, 8, 8)], [2, 4, 8]), np.random.default_rng(1))
    assert set(drawn) == {(6, 6), (6, 12), (6, 24), (24, 24)}
    for (artists, clips), positions in drawn.items():
        assert inputs.train[positions].all() and (np.arange(3) == inputs.y[positions].T).all()
        assert positions.size == len(np.unique(positions)) == clips
        assert len(np.unique(inputs.groups[positions])) == artists
    assert set(drawn[6, 6].ravel()) < set(drawn[6, 12].ravel()) < set(drawn[6, 24].ravel())


def test_artists_are_drawn_among_those_that_make_the_number_of_clips_possible():
    groups = np.repeat(list("abcdef"), [9, 4, 4, 3, 1, 1])
    rngs = map(np.random.default_rng, range(300))
    drawn = [frozenset(groups[draw(groups, 2, 7, rng)]) for rng in rngs]
    assert set(drawn) == set(map(frozenset, "ab ac ad ae af bc bd cd".split()))
    assert sum("a" in pair for pair in drawn) < 270  # The largest is not always there.
    all_artists = groups[draw(groups, 6, 16, np.random.default_rng(0))]
    assert set(all_artists[:6]) == set("abcdef")  # In turns.
    assert sorted(np.unique(all_artists, return_counts=True)[1]) == [1, 1, 3, 3, 4, 4]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([[[4, 4], [4, 4, 4]]], Design([(1, 1), (2, 2), (2, 3)], [2, 4])),
        # As many points from one artist as from two: more artists are more like what is there.
        ([[[4, 4, 3, 2, 2], [4, 4, 4, 4, 4]]], Design([(2, 2), (4, 4), (5, 5)], [2, 4, 8])),
        # What one fold lacks no repeat has.
        ([[[9, 9, 9], [9, 9, 9]], [[2, 1], [9, 9]]], Design([(1, 1), (2, 2)], [2])),
        ([[[1, 1, 1], [5, 5, 5]]], None),
        ([[[], [5, 5, 5]]], None),
    ],
)
def test_series_are_those_that_all_folds_allow(sizes, expected):
    arrays = [[np.array(groups, dtype=int) for groups in fold] for fold in sizes]
    assert design(arrays) == expected


def test_step_writes_the_same_bytes_for_each_graph_and_nothing_of_artists_of_one_clip(
    tmp_path, caplog
):
    def run(folds, **more):
        folder = tmp_path / "mine/experiments/multiclass_mine/clean"
        folder.mkdir(parents=True, exist_ok=True)
        save_inputs(folder / "inputs.npz", folds, [(0, number) for number in range(len(folds))])
        asked = Experiment.model_validate({**ASKED, **more}).model_dump_json()
        given = (folder / "inputs.npz", asked, 2, 3)
        main(*given, "torch", "cpu", tmp_path / "mine/curve.csv")
        return (tmp_path / "mine/curve.csv").read_text()

    inputs, artist = collection(artists=6, clips=2), np.arange(36) // 2
    folds = [replace(inputs, train=artist % 3 != seed) for seed in range(3)]
    first = run(folds)
    table = pd.read_csv(tmp_path / "mine/curve.csv")
    assert table.columns.tolist() == COLUMNS
    assert set(table["repeat"]) == {0, 1}  # As many folds as asked for.
    assert set(table["dataset"]) == {"mine"}
    assert run(folds) == first != run(folds, graph={"among": "artist"})
    assert run([collection(artists=6, clips=1)]) == ",".join(COLUMNS) + "\n"
    assert "there is no curve" in caplog.text
