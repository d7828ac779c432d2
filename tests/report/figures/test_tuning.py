import pandas as pd
import pytest

from genregraph.report.figures.tuning import draw

VALUES = {"hidden": [50, 100, 150, 200], "learning_rate": [1e-4, 1e-3, 1e-2]}


@pytest.fixture
def tuning():
    """Two folds of each value."""
    rows = [
        ("demo", "multiclass", parameter, value, fold, 0.9 + fold / 50, 0.5 + i / 10 + fold / 10)
        for parameter, values in VALUES.items()
        for i, value in enumerate(values)
        for fold in range(2)
    ]
    columns = "dataset experiment parameter value fold train_accuracy test_accuracy".split()
    return pd.DataFrame(rows, columns=columns)


def test_curves_are_means_over_folds(tuning):
    for axes, values in zip(draw(tuning).axes, VALUES.values(), strict=True):
        test = axes.get_lines()[1]
        assert test.get_xdata().tolist() == values
        assert test.get_ydata().round(6).tolist() == [0.55, 0.65, 0.75, 0.85][: len(values)]


def test_the_papers_best_are_marked_and_rates_are_logarithmic(tuning):
    hidden, rate = draw(tuning).axes
    assert [axes.get_lines()[2].get_xdata()[0] for axes in (hidden, rate)] == [150, 0.001]
    assert (hidden.get_xscale(), rate.get_xscale()) == ("linear", "log")


def test_the_figure_is_legible(tuning, assert_legible):
    expected = ["neurons in the hidden layer", "learning rate", "0.001", "multiclass on demo"]
    assert_legible(draw, tuning, texts=[*expected, "the paper's best"])


def test_labels_keep_apart_where_there_are_several_experiments(tuning, assert_apart):
    assert_apart(draw(pd.concat([tuning, tuning.assign(experiment="binary")])))


def test_one_curve_alone_can_be_drawn(tuning, assert_apart):
    assert_apart(draw(tuning[tuning["parameter"] == "hidden"]))
