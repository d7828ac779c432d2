import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from results.calibration import (
    BINS,
    COLUMNS,
    CURVES,
    calibration_error,
    main,
    reliability,
)
from results.collect import collect
from results.statistics import corrected_interval


def test_bins_hold_their_upper_end_and_know_how_sure_and_how_right_their_clips_are():
    confidence = np.array([0.31, 0.4, 0.35, 0.41, 0.95, 1.0, 0.0])
    right = np.array([True, False, False, True, True, True, False])
    curve = reliability(confidence, right)
    assert curve["clips"].tolist() == [1, 0, 0, 3, 1, 0, 0, 0, 0, 2]
    assert_allclose(curve.loc[3, ["confidence", "accuracy"]], [1.06 / 3, 1 / 3])
    assert curve.loc[1, ["confidence", "accuracy"]].isna().all()
    assert curve["low"].tolist() == pytest.approx([i / 10 for i in range(10)])
    assert len(curve) == BINS == 10


def test_each_tenth_lies_in_the_bin_that_it_ends():
    tenths = np.arange(1, 11) / 10
    assert reliability(tenths, tenths > 0)["clips"].tolist() == [1] * 10


def test_the_calibration_error_counts_bins_by_their_clips():
    curve = reliability(np.array([0.35, 0.35, 0.95, 0.95]), np.array([1, 1, 1, 0]) > 0)
    assert calibration_error(curve) == pytest.approx((2 * 0.65 + 2 * 0.45) / 4)
    sure = reliability(np.ones(5), np.ones(5) > 0)
    assert calibration_error(sure) == 0


@pytest.fixture
def run(protocol, add_baselines, predicted, tmp_path):
    """The step on two protocols; temperatures double what is said of each clip's true genre."""
    folders = [protocol("paper"), protocol("clean")]
    models = ["graphsage", "edgeless", "svm"]
    flat = predicted.assign(blues=0.4, jazz=0.3, rock=0.3)
    stacked = [flat.assign(fold=fold, model=model) for fold in range(4) for model in models]
    fits = pd.DataFrame({"fold": np.arange(4).repeat(3), "model": models * 4})
    # Where there was one to be found: of the twin none, of GraphSAGE not in the first fold.
    fits["temperature"] = [each for fold in range(4) for each in (fold or np.nan, np.nan, 3)]
    for folder in folders:
        add_baselines(folder)
        pd.concat(stacked).to_parquet(folder / "models/calibrated.parquet")
        fits.to_csv(folder / "models/temperature.csv", index=False)

    def ran(**options):
        output, curves = tmp_path / "calibration.csv", tmp_path / "reliability.csv"
        main("mine", "multiclass_a", output, curves, folders, ["edgeless", "baselines"], **options)
        return folders, pd.read_csv(output), pd.read_csv(curves)

    return ran


def test_losses_are_those_of_the_result_with_their_interval(run):
    folders, table, _ = run()
    assert table.columns.tolist() == COLUMNS
    assert table["model"].tolist() == ["graphsage", "edgeless", "svm"] * 2
    assert set(table["scaling"]) == {"none"}
    result = collect(folders[0], "mine", "multiclass_a", ["edgeless", "baselines"])
    for model, row in table.query("protocol == 'paper'").set_index("model").iterrows():
        own = result[result["model"] == model]
        sizes = own["n_train"].mean(), own["n_test"].mean()
        interval = corrected_interval(own["test_log_loss"], *sizes, limits=(0, math.inf))
        found = row[["log_loss", "log_loss_low", "log_loss_high"]].tolist()
        assert found == pytest.approx([interval.mean, interval.low, interval.high])
        assert row["clips"] == own["n_test"].sum()
        assert row["n_folds"] == 4
    assert table["temperature"].isna().all()


def test_brier_and_reliability_are_those_of_the_test_clips(run):
    _, table, curves = run()
    svm, edgeless = (
        table.query("protocol == 'clean'").set_index("model").loc[m] for m in ("svm", "edgeless")
    )
    assert svm[["brier", "calibration_error", "log_loss"]].tolist() == pytest.approx([0, 0, 0])
    assert svm[["confidence", "accuracy"]].tolist() == [1, 1]
    # Of the four test clips: .5^2 + 2 (.25^2), .75^2 + .5^2 + .25^2, .25^2 + 2 (.125^2), .375.
    assert edgeless["brier"] == pytest.approx((0.375 + 0.875 + 0.09375 + 0.375) / 4)
    assert edgeless["confidence"] == pytest.approx((0.5 + 0.5 + 0.75 + 0.5) / 4)
    assert edgeless["calibration_error"] == pytest.approx((3 * abs(2 / 3 - 0.5) + 0.25) / 4)
    assert curves.columns.tolist() == CURVES
    own = curves.query("protocol == 'clean' and model == 'edgeless'")
    assert own["clips"].tolist() == [0, 0, 0, 0, 12, 0, 0, 4, 0, 0]


def test_what_was_scaled_stands_beside_what_was_not(run):
    _, table, curves = run(scaled=True)
    assert table["scaling"].tolist() == (["none"] * 3 + ["temperature"] * 3) * 2
    own = table.query("scaling == 'temperature' and protocol == 'paper'").set_index("model")
    np.testing.assert_array_equal(own["temperature"], [2, np.nan, 3])
    assert set(own["confidence"].round(9)) == {0.4}
    assert len(curves) == 2 * 6 * BINS


def test_an_experiment_without_any_protocol_has_tables_without_rows(tmp_path):
    paths = tmp_path / "calibration.csv", tmp_path / "reliability.csv"
    main("mine", "binary_a", *paths)
    assert [path.read_text().strip() for path in paths] == [",".join(COLUMNS), ",".join(CURVES)]
