import pandas as pd
import pytest

from genregraph.common.errors import UserError
from genregraph.report.figures.folds import draw


@pytest.fixture
def results():
    """Two protocols, two repeats of three folds, of two models."""
    rows = [
        {
            "dataset": "demo",
            "experiment": "multiclass",
            "protocol": protocol,
            "model": model,
            "aggregation": aggregation,
            "repeat": repeat,
            "fold": fold,
            "train_accuracy": 1 - fold / 100,
            "test_accuracy": mean + fold / 50 - repeat / 50,
        }
        for protocol, mean in (("paper", 0.8), ("clean", 0.6))
        for model in ("graphsage", "knn")
        for repeat in (1, 0)
        for fold in range(3)
        for aggregation in ("none", "artist")
    ]
    return pd.DataFrame(rows)


def test_folds_stand_in_their_order_and_titles_state_the_means(results):
    paper, clean = draw(results, "graphsage", None).axes
    points = paper.get_lines()[2]
    assert points.get_ydata().round(6).tolist() == [0.8, 0.82, 0.84, 0.78, 0.8, 0.82]
    assert points.get_xdata().tolist() == list(range(6))
    assert clean.get_title(loc="left") == "clean: mean train 0.990, test 0.610"


def test_no_point_lies_below_the_axis(results):
    low = results.assign(test_accuracy=0.02)
    for table, paper in ((results, 0.31), (low, None)):
        axes = draw(table, "graphsage", paper).axes[0]
        bottom = axes.get_ylim()[0]
        assert 0 <= bottom <= min(line.get_ydata()[0] for line in axes.get_lines())


def test_a_model_that_is_not_there_is_named(results):
    with pytest.raises(UserError, match="no model 'svm'; they have graphsage, knn"):
        draw(results, "svm", None)


@pytest.mark.parametrize("paper", [None, 0.7976])
def test_the_figure_is_legible(paper, results, assert_legible):
    expected = ["multiclass on demo: graphsage, by protocol", "fold", "mean train", "mean test"]
    expected += [] if paper is None else ["paper, test: 0.7976"]
    assert_legible(draw, results, "graphsage", paper, texts=expected)


@pytest.mark.parametrize("paper", [None, 0.7976])
def test_labels_keep_apart_under_all_protocols(paper, results, assert_apart):
    others = [
        results[results["protocol"] == "clean"].assign(protocol=protocol)
        for protocol in ("random", "inductive", "filtered")
    ]
    others[2] = others[2].query("repeat == 0 and fold == 0")
    figure = draw(pd.concat([results, *others]), "knn", paper)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title.split(":")[0] for title in titles] == [
        *("paper", "clean", "random", "inductive", "filtered")
    ]
    assert_apart(figure)
    assert [tick for tick in figure.axes[-1].get_xticks() if abs(tick) <= 0.5] == [0]


def test_where_nothing_could_be_evaluated_the_figure_says_so(results, assert_legible):
    expected = ["no protocol could be evaluated"]
    assert_legible(draw, results.iloc[:0], "graphsage", 0.5, texts=expected)
