import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from genregraph.datasets.groups import group_name
from genregraph.evaluation.scores import (
    artist_labels,
    by_artist,
    by_song,
    mean_interval,
    of_clips,
    of_folds,
    of_training,
)
from genregraph.evaluation.statistics import draw_groups

GENRES = ["blues", "jazz", "rock"]


def test_scores_of_folds_by_hand(predicted):
    clips = of_clips(predicted)
    # .5^2 + 2 (.25^2), .75^2 + .5^2 + .25^2, .25^2 + 2 (.125^2), .375.
    assert clips["brier"].tolist() == pytest.approx([0.375, 0.875, 0.09375, 0.375])
    assert clips["confidence"].tolist() == [0.5, 0.5, 0.75, 0.5]
    # F1: blues 2 * 1 / (2 + 1), jazz 2 * 1 / (1 + 2), rock 1.
    loss = -math.log(0.5 * 0.25 * 0.75 * 0.5) / 4
    scored = of_folds(clips)
    assert scored.columns.tolist() == "n_test test_accuracy test_macro_f1 test_log_loss".split()
    assert scored.loc[(0, 0)].tolist() == pytest.approx([4, 3 / 4, 7 / 9, loss])
    assert of_training(predicted).to_dict("records") == [{"n_train": 3, "train_accuracy": 2 / 3}]
    # Genres may be named like scores.
    renamed = {"blues": "Zydeco", "jazz": "right", "rock": "a b"}
    other = predicted.replace(renamed).rename(columns=renamed)
    assert_frame_equal(of_folds(of_clips(other)), scored)


def test_macro_f1_is_over_genres_tested_or_predicted_and_log_loss_finite(predicted):
    assert of_folds(of_clips(predicted[:-1]))["test_macro_f1"].item() == pytest.approx(2 / 3)
    predicted.loc[3, ["predicted", *GENRES]] = ["rock", 0.0, 0.0, 1.0]
    scored = of_folds(of_clips(predicted[:4]))
    assert scored["test_macro_f1"].item() == 0
    assert 30 < scored["test_log_loss"].item() < math.inf


def test_mean_interval_of_a_single_fold_is_by_groups(predicted):
    clips = of_clips(predicted).assign(group=pd.Categorical(["a", "a", "b", "c"]))
    scored = mean_interval(clips, "right", 3, draw_groups(3))
    # Of a, one of two clips is right, of b and c all: 1/2 where a alone is drawn, 1 without it.
    assert (scored.mean, scored.low, scored.high) == (0.75, 0.5, 1) and math.isnan(scored.std)
    assert math.isnan(mean_interval(clips, "right", 3, np.empty((0, 3), dtype=np.uint8)).low)


ARTISTS = pd.Series({"clip0": "artist a", "clip3": "artist a", "clip4": "artist a"})


def folds_of(artists, repeats=1):
    clips = pd.DataFrame({"clip": [f"clip{i}" for i in range(len(artists))], "artist": artists})
    return pd.concat([clips.assign(repeat=repeat, fold=0) for repeat in range(repeats)])


def test_artist_labels_are_those_of_the_sheet():
    names = [group_name("", artist, f"s{i}", "blues", "alone") for i, artist in enumerate("aa b")]
    folds = folds_of([*names[:2], "song s2", names[3], "group g"], repeats=2)
    known = artist_labels(folds, "clean")
    assert known.to_dict() == {"clip0": "artist a", "clip1": "artist a", "clip3": "artist b"}
    # They need two clips of one artist under a transductive protocol.
    assert artist_labels(folds_of(["artist a", "artist b", "song c", "song c"], 2), "clean").empty
    assert artist_labels(folds, "inductive").empty


def test_by_artist_averages_test_clips_of_a_fold_only(predicted):
    scored = by_artist(predicted, ARTISTS)
    mean = [0.375, 0.375, 0.25]
    assert_allclose(scored.loc[[3, 4], GENRES], [mean, mean])
    assert scored.loc[[3, 4], "predicted"].tolist() == ["blues", "blues"]
    others = [0, 1, 2, 5, 6]  # The artist's training clip among them.
    assert_frame_equal(scored.loc[others], predicted.loc[others])
    assert predicted.loc[4, "predicted"] == "jazz"
    later = predicted.assign(repeat=1, blues=0.0, jazz=0.0, rock=1.0, predicted="rock")
    both = by_artist(pd.concat([predicted, later], ignore_index=True), ARTISTS)
    assert_frame_equal(both, pd.concat([scored, later], ignore_index=True))


def test_by_song_averages_test_segments_of_a_fold(predicted):
    songs = pd.Series([f"s{i}" for i in (0, 1, 2, 3, 3, 2, 6)], index=predicted["clip"])
    other = predicted.assign(fold=1, part=["test"] + ["train"] * 6)
    scored = by_song(pd.concat([predicted, other], ignore_index=True), songs)
    assert scored["clip"].tolist() == ["s3", "s2", "s6", "s0"]
    assert scored["fold"].tolist() == [0, 0, 0, 1]
    assert set(scored["part"]) == {"test"}
    assert_allclose(scored[GENRES].iloc[0], [0.375, 0.375, 0.25])
    assert scored["predicted"].tolist() == ["blues", "jazz", "rock", "blues"]
