import numpy as np
import pandas as pd
import pytest
from tests.report.found import curve

from genregraph.report.page import charts


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0.3, 0.8, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.62, 0.91, [0.65, 0.7, 0.75, 0.8, 0.85, 0.9]),
        (0, 4.3, [0, 1, 2, 3, 4]),
        (0, 1000.0, [0, 1000.0]),
    ],
)
def test_ticks_are_round_and_within(low, high, expected):
    assert charts.ticks(low, high) == expected
    assert all(str(tick) != "-0.0" for tick in charts.ticks(low, high))


def summary(*rows):
    return pd.DataFrame(rows, columns=["mean", "ci_low", "ci_high", "paper_test_accuracy"])


def test_the_scale_holds_all_that_is_drawn():
    nan = np.nan
    assert charts.scale(summary([0.5, 0.42, 0.58, nan])) == pytest.approx((0.4, 0.6))
    assert charts.scale(summary([0.5, 0.42, 0.58, 0.97])) == pytest.approx((0.4, 1.0))
    assert charts.scale(summary([0.5, -0.2, 1.3, nan])) == (0.0, 1.0)
    assert charts.scale(summary([0.5, nan, nan, nan])) == pytest.approx((0.5, 0.6))
    assert charts.scale(summary()) == (0.0, 1.0)


def test_what_lies_outside_is_drawn_at_the_edge():
    assert [charts.share(v, 0.4, 0.8) for v in (0.2, 0.4, 0.5, 0.8, 1.2)] == [0, 0, 25, 100, 100]


def test_a_calibrated_model_lies_on_the_diagonal():
    """The line from (0, 0) to (1, 1); bins without clips are no points, more clips larger ones."""
    curve = pd.DataFrame({"clips": [0, 10, 90], "confidence": [np.nan, 0.3, 0.8]})
    curve = curve.assign(accuracy=curve["confidence"], low=0.0, high=1.0)
    none, scaled = charts.reliability(
        pd.concat([curve.assign(scaling="none"), curve.assign(scaling="temperature")])
    )
    (x0, y0, small, _), (x1, y1, large, title) = none["points"]
    corners = charts.LEFT, charts.BOTTOM, charts.RIGHT, charts.TOP
    slope = (corners[3] - corners[1]) / (corners[2] - corners[0])
    for x, y in ((x0, y0), (x1, y1)):
        assert y == pytest.approx(corners[1] + slope * (x - corners[0]), abs=0.1)
    assert x0 == pytest.approx(corners[0] + 0.3 * (corners[2] - corners[0]), abs=0.1)
    assert small < large
    assert title.startswith("90 clips")
    assert scaled["points"] == none["points"]


def test_folds_are_drawn_in_their_order_and_up_is_better():
    table = pd.DataFrame(
        {
            "repeat": [1, 0, 0],
            "fold": [0, 1, 0],
            "train_accuracy": [1.0, 1.0, 0.9],
            "test_accuracy": [0.5, 0.6, 0.7],
        }
    )
    drawn = charts.folds(table, 0.3)
    x, y = np.array(drawn["points"]["test"]).T
    assert (np.diff(x) > 0).all()
    assert (np.diff(y) > 0).all()  # SVG counts downward: .7, .6, .5.
    assert drawn["points"]["train"][1][1] == charts.TOP
    assert drawn["means"]["test"][1] == "0.600"
    assert drawn["means"]["test"][0] == pytest.approx(y[1], abs=0.1)
    assert y.max() < drawn["paper"][0] <= charts.BOTTOM


def numbers(path):
    return np.array([point.split() for point in path.strip("MZ").split("L")], dtype=float)


def test_lines_run_from_the_first_epoch_to_the_last_and_bands_about_them():
    epochs = np.arange(1, 301)
    histories = [
        pd.DataFrame(
            {
                "repeat": 0,
                "fold": fold,
                "epoch": epochs,
                "loss": 2 / epochs + fold,
                "train_accuracy": 1.0,
                "test_accuracy": 0.5 + fold / 10,
            }
        )
        for fold in (0, 1)
    ]
    drawn = charts.history(pd.concat(histories))
    line = numbers(drawn["accuracy"]["lines"]["test"]["line"])
    assert line[[0, -1], 0].tolist() == [charts.LEFT, charts.RIGHT]
    assert len(line) <= charts.MOST
    assert (np.diff(line[:, 0]) > 0).all()
    height = charts.BOTTOM - charts.TOP
    assert (charts.BOTTOM - line[:, 1]) / height == pytest.approx(0.55, abs=0.005)
    band = numbers(drawn["accuracy"]["lines"]["test"]["band"])
    upper, lower = (charts.BOTTOM - band[[0, -1], 1]) / height
    assert (upper - lower) / 2 == pytest.approx(np.std([0.5, 0.6], ddof=1), abs=0.01)
    assert [text for _, text in drawn["xticks"]] == "1 2 5 10 20 50 100 200".split()


def test_a_single_epoch_is_drawn():
    history = {"repeat": [0], "fold": [0], "epoch": [1], "loss": [0.0]}
    history |= {"train_accuracy": [1.0], "test_accuracy": [1.0]}
    assert "nan" not in str(charts.history(pd.DataFrame(history)))


def test_learning_curves_rise_with_their_numbers():
    artists, clips = charts.learning_curve(curve())
    assert [text for _, text in artists["xticks"]] == ["4", "6"]
    assert [text for _, text in clips["xticks"]] == ["12", "24"]
    for series in (artists, clips):
        above, below = series["models"]
        assert (above["name"], below["name"]) == ("graphsage", "lda")
        x, y = np.array([point[:2] for point in above["points"]]).T
        assert x.tolist() == [charts.LEFT, charts.RIGHT]
        assert y[1] < y[0] < below["points"][0][1]  # SVG counts downward.
    assert artists["models"][1]["points"][1][2] == "lda: accuracy 0.500, 6 artists, 24 clips"
