import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from genregraph.evaluation.calibration import (
    calibration_error,
    describe,
    error_interval,
    expected_error,
    reliability,
    scalings,
)
from genregraph.evaluation.scores import of_clips
from genregraph.evaluation.statistics import corrected_interval, draw_groups


def test_reliability_and_its_error_by_bins():
    confidence = np.array([0.31, 0.4, 0.35, 0.41, 0.95, 1.0, 0.0])
    right = np.array([True, False, False, True, True, True, False])
    curve = reliability(confidence, right)
    assert curve["bin"].tolist() == [*range(10)]
    assert_allclose(curve["low"], np.arange(10) / 10)
    assert curve["clips"].tolist() == [1, 0, 0, 3, 1, 0, 0, 0, 0, 2]
    assert_allclose(curve.loc[3, ["confidence", "accuracy"]], [1.06 / 3, 1 / 3])
    assert curve.loc[1, ["confidence", "accuracy"]].isna().all()
    # Bins 3, 4 and 9 differ by .06 / 3, .59 and .05 / 2.
    assert calibration_error(confidence, right) == pytest.approx((0.06 + 0.59 + 0.05) / 7)
    tenths = np.arange(1, 11) / 10
    assert reliability(tenths, tenths > 0)["clips"].tolist() == [1] * 10


def confidences(n):
    """Mean 0.7."""
    return np.sqrt(np.random.default_rng(5).uniform(0.1, 1, n))


def test_expected_error_is_that_of_a_calibrated_model():
    confidence = confidences(948)
    expected = expected_error(confidence, np.arange(948))
    assert 0.024 < expected < 0.032
    rng = np.random.default_rng(1)
    result = [calibration_error(confidence, rng.random(948) < confidence) for _ in range(400)]
    assert_allclose(np.mean(result), expected, rtol=0.05)
    assert expected_error(confidences(290), np.arange(290)) > 0.04


def test_expected_error_is_not_lowered_by_repeated_tests():
    once = confidences(300)
    thrice, units = np.tile(once, 3), np.tile(np.arange(300), 3)
    assert_allclose(expected_error(thrice, units), expected_error(once, units[:300]))
    assert expected_error(thrice, np.arange(900)) < 0.7 * expected_error(thrice, units)


def calibrated(rng, gap, groups=150, songs=5):
    """Clips of groups that hang together, and whose accuracy is less than confidence by a gap."""
    confidence = rng.uniform(0.5, 0.9, (groups, songs))
    shared = np.where(rng.random((groups, songs)) < 0.5, rng.random((groups, 1)), 2)
    draws = np.where(shared < 2, shared, rng.random((groups, songs)))
    group = pd.Categorical(np.arange(groups).repeat(songs))
    right = (draws < confidence - gap).ravel()
    return pd.DataFrame({"confidence": confidence.ravel(), "right": right, "group": group})


@pytest.mark.parametrize("gap", [0.0, 0.15])
def test_interval_of_error_covers_at_its_nominal_rate(gap):
    rng, draws = np.random.default_rng(0), draw_groups(150)[:1000]
    clips = [calibrated(rng, gap) for _ in range(300)]
    errors = [calibration_error(each["confidence"], each["right"].to_numpy()) for each in clips]
    low, high = np.transpose([error_interval(each, draws) for each in clips])
    assert (low <= errors).all() and (errors <= high).all()
    assert 0.92 < np.mean((low <= np.mean(errors)) & (np.mean(errors) <= high)) <= 1


def test_described_losses_are_means_over_folds(predicted):
    clips = of_clips(pd.concat([predicted, predicted[:-1].assign(fold=1)], ignore_index=True))
    clips = clips.assign(group=pd.Categorical([*"aabcaab"]), unit=clips["clip"])
    scores = describe(clips, 3, draw_groups(3))
    losses = clips.groupby("fold")["loss"].mean()
    interval = corrected_interval(losses, 3, 3.5, limits=(0, math.inf))
    result = [scores[name] for name in ("log_loss", "log_loss_low", "log_loss_high")]
    assert result == pytest.approx([interval.mean, interval.low, interval.high])
    assert scores["brier"] == pytest.approx(clips.groupby("fold")["brier"].mean().mean())
    assert (scores["n_folds"], scores["clips"]) == (2, 7)
    assert scores["accuracy"] == pytest.approx(5 / 7)
    assert scores["confidence"] == pytest.approx((5 * 0.5 + 2 * 0.75) / 7)
    assert scores["calibration_error"] == pytest.approx((5 * abs(3 / 5 - 0.5) + 2 * 0.25) / 7)
    single = describe(clips[clips["fold"] == 0], 3, draw_groups(3))
    assert single["log_loss_low"] < single["log_loss"] < single["log_loss_high"]


def test_temperature_scales_its_fold(predicted):
    both = pd.concat([predicted, predicted.assign(fold=1)], ignore_index=True)
    fits = pd.DataFrame({"repeat": 0, "fold": [0, 1], "temperature": [2.0, np.nan]})
    none, scaled = scalings(both, fits)
    assert none[0] == "none" and math.isnan(none[1]) and none[2] is both
    assert scaled[:2] == ("temperature", 2.0)
    table = scaled[2].set_index(["fold", "clip"])[["blues", "jazz", "rock"]]
    roots = np.sqrt([0.5, 0.25, 0.25])
    assert_allclose(table.loc[(0, "clip3")], roots / roots.sum())
    assert_allclose(table.loc[(1, "clip3")], [0.5, 0.25, 0.25])
    assert both.loc[3, "blues"] == 0.5
