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
    ],
)
def test_ticks_are_round_and_within(low, high, expected):
    assert charts.ticks(low, high) == expected


def test_scale_holds_all_values():
    assert charts.tenths([0.5, 0.42, 0.58, np.nan]) == pytest.approx((0.4, 0.6))
    assert charts.tenths([0.5, -0.2, 1.3]) == (0.0, 1.0)
    assert charts.tenths([0.5, np.nan]) == pytest.approx((0.5, 0.6))
    assert charts.tenths([]) == (0.0, 1.0)


def test_share_is_in_percent_and_cut_off_at_the_edge():
    places = [charts.share(value, (0.4, 0.8)) for value in (0.2, 0.4, 0.5, 0.8, 1.2)]
    assert places == ["0.00%", "0.00%", "25.00%", "100.00%", "100.00%"]


def points_of(plot, style):
    """Places, radii and titles of the points of a class."""
    return [
        (*(float(point.get(key)) for key in ("cx", "cy", "r")), point[0].text)
        for point in plot.svg.iter("circle")
        if point.get("class") == style
    ]


def test_calibrated_model_lies_on_the_diagonal():
    """The line from (0, 0) to (1, 1); bins without clips are no points, more clips larger ones."""
    bins = pd.DataFrame({"clips": [0, 10, 90], "confidence": [np.nan, 0.3, 0.8]})
    bins = bins.assign(accuracy=bins["confidence"], low=0.0, high=1.0)
    both = [bins.assign(scaling=scaling) for scaling in ("none", "temperature")]
    plot = charts.reliability(pd.concat(both), "label")
    (x0, y0, small, _), (x1, y1, large, title) = points_of(plot, "trust none")
    height = (charts.BOTTOM - charts.TOP) / (charts.RIGHT - charts.LEFT)
    for x, y in ((x0, y0), (x1, y1)):
        assert charts.BOTTOM - y == pytest.approx(height * (x - charts.LEFT), abs=0.1)
    assert x0 == pytest.approx(charts.LEFT + 0.3 * (charts.RIGHT - charts.LEFT), abs=0.1)
    assert small < large
    assert title.startswith("90 clips")
    assert len(points_of(plot, "trust temperature")) == 2


def test_learning_curves_rise_with_their_numbers():
    models, plots = charts.learning_curve(curve())
    assert models == ["graphsage", "lda"]
    ticks = [[t.text for t in plot.svg.iter("text") if t.get("y") == "200.0"] for plot in plots]
    assert ticks == [["4", "6"], ["12", "24"]]
    for plot in plots:
        above, below = (points_of(plot, f"series{i}") for i in range(2))
        assert [x for x, *_ in above] == [charts.LEFT, charts.RIGHT]
        assert above[1][1] < above[0][1] < below[0][1]  # SVG counts downward.
    assert points_of(plots[0], "series1")[1][3] == "lda: accuracy 0.500, 6 artists, 24 clips"
