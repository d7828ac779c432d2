import pandas as pd
import pytest

from genregraph.evaluation.calibration import CURVES
from genregraph.report.figures.reliability import draw

MODELS = ["graphsage", "edgeless", "logistic", "svm", "forest", "boosting", "knn"]
MODELS += ["label_spreading", "blend", "selected", "gcn_edgeless"]


@pytest.fixture
def curves():
    """All models under two protocols, as they are and at a temperature; two bins are empty."""
    rows = [
        ["demo", "multiclass_a", protocol, model, "none", scaling, i, i / 10, (i + 1) / 10, *values]
        for protocol, fall in (("paper", 0.1), ("clean", 0.3))
        for model in MODELS
        for scaling in ("none", "temperature")
        for i in range(10)
        for values in [
            (0, None, None)
            if i < 2
            else (10 * i, i / 10 + 0.05, max(0, i / 10 + 0.05 - fall * (scaling == "none")))
        ]
    ]
    return pd.DataFrame(rows, columns=CURVES)


def test_each_model_has_a_panel_and_each_protocol_and_scaling_a_line(curves):
    panels = draw(curves).axes
    assert [axes.get_title(loc="left") for axes in panels] == MODELS
    diagonal, *lines = panels[0].get_lines()
    assert [*diagonal.get_xdata()] == [*diagonal.get_ydata()] == [0, 1]
    assert len(lines) == 4
    assert lines[0].get_xdata().round(6).tolist() == [i / 100 for i in range(25, 105, 10)]
    assert lines[0].get_ydata().round(6).tolist() == [i / 100 for i in range(15, 95, 10)]


def test_bins_without_clips_have_no_point_and_fuller_ones_larger_points(curves):
    points = draw(curves).axes[0].collections[0]
    sizes = points.get_sizes()
    assert len(points.get_offsets()) == len(sizes) == 8
    assert (sizes[1:] > sizes[:-1]).all()


def test_the_figure_is_legible(curves, assert_legible):
    two = curves[curves["model"].isin(MODELS[:2])]
    expected = ["multiclass_a on demo: reliability", "confidence (largest probability)"]
    expected += ["paper", "clean, at a fitted temperature"]
    assert_legible(draw, two, texts=expected)


def test_labels_keep_apart(curves, assert_apart):
    assert_apart(draw(curves))
    assert_apart(draw(curves.query("model == 'graphsage' and scaling == 'none'")))


def test_where_nothing_could_be_evaluated_the_figure_says_so(curves, assert_legible):
    assert_legible(draw, curves.iloc[:0], texts=["no protocol could be evaluated"])
