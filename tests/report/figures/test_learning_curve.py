import pytest
from tests.report.found import curve

from genregraph.report.figures.learning_curve import draw, levels


def test_levels_are_counted_in_each_repeat():
    found = levels(curve()).set_index(["series", "level", "model"])
    assert len(found) == 8
    last = found.loc["artists", 2, "graphsage"]
    assert (last["artists"], last["clips"], last["repeats"]) == (6.5, 24, 2)
    assert last["mean"] == pytest.approx(0.6)


def test_lines_are_means_by_what_varies():
    left, right = draw(curve()).axes
    graphsage, lda = left.containers
    assert graphsage[0].get_xdata().tolist() == [3.5, 6.5]
    assert lda[0].get_ydata().tolist() == pytest.approx([0.4, 0.5])
    assert right.containers[0][0].get_xdata().tolist() == [12, 24]


def test_the_figure_is_legible(assert_legible):
    expected = ["multiclass_c on mine: learning curves", "training artists, at equal clips", "lda"]
    assert_legible(draw, curve(), texts=expected)


def test_labels_keep_apart(assert_apart):
    assert_apart(draw(curve()))
