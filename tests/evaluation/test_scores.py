import math

import numpy as np
import pandas as pd
import pytest

from genregraph.evaluation.aggregate import by_song
from genregraph.evaluation.scores import (
    ACCURACIES,
    BY_FOLDS,
    BY_GROUPS,
    accuracies,
    mean_interval,
    of_clips,
    of_folds,
    of_training,
)
from genregraph.evaluation.statistics import corrected_interval, draw_groups

GROUPS = pd.Series({"clip3": "a", "clip4": "a", "clip5": "b", "clip6": "c"}, dtype="category")


def clips_of(predicted):
    clips = of_clips(predicted)
    return clips.assign(group=GROUPS.loc[clips["clip"]].array)


def test_scores_of_a_fold_by_hand(predicted):
    # F1: blues 2 * 1 / (2 + 1), jazz 2 * 1 / (1 + 2), rock 1.
    [found] = of_folds(of_clips(predicted)).reset_index().to_dict("records")
    assert found == pytest.approx(
        {
            "repeat": 0,
            "fold": 0,
            "n_test": 4,
            "test_accuracy": 3 / 4,
            "test_macro_f1": (2 / 3 + 2 / 3 + 1) / 3,
            "test_log_loss": -math.log(0.5 * 0.25 * 0.75 * 0.5) / 4,
        }
    )
    [train] = of_training(predicted).to_dict("records")
    assert train == {"n_train": 3, "train_accuracy": 2 / 3}


def test_brier_scores_and_confidences_by_hand(predicted):
    clips = of_clips(predicted)
    # .5^2 + 2 (.25^2), .75^2 + .5^2 + .25^2, .25^2 + 2 (.125^2), .375.
    assert clips["brier"].tolist() == pytest.approx([0.375, 0.875, 0.09375, 0.375])
    assert clips["confidence"].tolist() == [0.5, 0.5, 0.75, 0.5]


def test_macro_f1_is_over_the_genres_that_are_tested_or_predicted(predicted):
    assert of_folds(of_clips(predicted[:-1]))["test_macro_f1"].item() == pytest.approx(2 / 3)
    predicted.loc[3, "predicted"] = "rock"
    assert of_folds(of_clips(predicted[:4]))["test_macro_f1"].item() == 0


def test_a_certain_error_has_a_finite_log_loss(predicted):
    predicted.loc[3, ["blues", "jazz", "rock"]] = [0.0, 1.0, 0.0]
    assert 30 < of_folds(of_clips(predicted[:4]))["test_log_loss"].item() < math.inf


def test_genres_named_like_scores_or_in_any_case_are_genres(predicted):
    renamed = {"blues": "Zydeco", "jazz": "right", "rock": "a b"}
    expected = of_folds(of_clips(predicted))
    other = predicted.replace(renamed).rename(columns=renamed)
    pd.testing.assert_frame_equal(of_folds(of_clips(other)), expected)


def test_several_folds_have_the_corrected_interval(predicted):
    better = predicted.assign(fold=1, predicted=predicted["true"])
    clips = clips_of(pd.concat([predicted, better]))
    found = mean_interval(clips, "right", 3, draw_groups(3))
    assert found == corrected_interval([0.75, 1], 3, 4)


def test_a_single_fold_has_an_interval_by_groups(predicted):
    found = mean_interval(clips_of(predicted), "right", 3, draw_groups(3))
    # Of a, one of two clips is right, of b and c all: 1/2 where a alone is drawn, 1 without it.
    assert (found.mean, found.low, found.high) == (0.75, 0.5, 1)
    assert math.isnan(found.std)
    assert math.isnan(
        mean_interval(clips_of(predicted), "right", 3, draw_groups(1)[:, [0] * 3]).low
    )


def test_each_group_counts_once_by_artist(predicted):
    clips = clips_of(predicted)
    found = accuracies(clips, clips, of_training(predicted), draw_groups(3))
    assert list(found) == ACCURACIES
    assert found["mean"] == 3 / 4
    assert found["artist_mean"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert found["artist_low"] < found["artist_mean"] < found["artist_high"] == 1
    assert (found["n_groups"], found["n_folds"], found["interval"]) == (3, 1, BY_GROUPS)
    assert math.isnan(found["song_mean"])


def test_a_group_counts_once_however_often_it_is_tested(predicted):
    again = [predicted.assign(fold=1, predicted=predicted["true"]), predicted.assign(fold=2)]
    again[1].loc[:5, "part"] = "train"  # clip6, of c, is tested three times, the others twice.
    clips = clips_of(pd.concat([predicted, *again]))
    train = of_training(pd.concat([predicted, *again]))
    found = accuracies(clips, clips, train, draw_groups(3))
    assert found["mean"] == pytest.approx((3 / 4 + 1 + 1) / 3)
    assert found["artist_mean"] == pytest.approx((3 / 4 + 1 + 1) / 3)
    assert found["train_mean"] == pytest.approx(train["train_accuracy"].mean())
    assert found["interval"] == BY_FOLDS


def test_songs_have_an_accuracy_of_their_own_where_clips_are_segments(predicted):
    songs = pd.Series([f"s{i}" for i in (0, 1, 2, 3, 3, 5, 6)], index=predicted["clip"])
    own = of_clips(by_song(predicted, songs))
    found = accuracies(clips_of(predicted), own, of_training(predicted), draw_groups(3))
    assert found["song_mean"] == 1 and len(own) == 3
    assert np.isclose(found["mean"], 0.75)
