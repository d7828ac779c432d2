"""What each figure shows; all of them are legible, and their labels keep apart."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from tests.report.conftest import assert_legible
from tests.report.dataset import GENRES, SKILL, history_of
from tests.report.found import curve

from genregraph.common.errors import UserError
from genregraph.evaluation.outputs import read_result
from genregraph.features.handcrafted import COLUMNS as HANDCRAFTED
from genregraph.graph.adjacency import adjacency
from genregraph.report.figures import draw, places
from genregraph.report.figures.experiment_figures import draw_folds, draw_reliability
from genregraph.report.figures.protocol_figures import draw_confusion, draw_history
from genregraph.report.figures.style import counted, in_style, new_figure, plain, save

RNG = np.random.default_rng(0)


def features(columns, clips=12):
    table = pd.DataFrame(RNG.normal(size=(clips, len(columns))), columns=list(columns))
    table.insert(0, "clip", [f"clip{i}" for i in range(clips)])
    return table


def tuning():
    """Two folds of each value."""
    table = pd.DataFrame({"parameter": ["hidden"] * 4 + ["learning_rate"] * 6, "fold": [0, 1] * 5})
    table["value"] = np.repeat([50, 100, 1e-4, 1e-3, 1e-2], 2)
    mean = 0.5 + np.repeat([0, 1, 0, 1, 2], 2) / 10 + table["fold"] / 10
    table = table.assign(train_accuracy=0.9 + table["fold"] / 50, test_accuracy=mean)
    return table.assign(dataset="demo", experiment="multiclass")


def selection():
    """30 features; every fourth is selected, and one has a name that pandas takes for missing."""
    before, selected = np.random.default_rng(0).dirichlet(np.ones(30)), np.arange(30) % 4 == 0
    names = ["nan", "pcm_fftMag_spectralRollOff25.0_sma_de_meanRisingSlope", "a$b$"]
    table = pd.DataFrame({"repeat": 0, "fold": 0, "importance_before": before})
    table["feature"] = names + [f"feature{i}" for i in range(27)]
    return table.assign(importance_after=before * selected, selected=selected)


def histories():
    """Two folds, of 20 and of 30 epochs."""
    folds = [history_of(0).head(20).assign(fold=0), history_of(1).head(30).assign(fold=1)]
    return pd.concat(folds, ignore_index=True).assign(repeat=0)


def results():
    """Two protocols, two repeats of three folds, of two models, and a protocol of one fold."""
    means, ways = {"paper": 0.8, "clean": 0.6, "filtered": 0.5}, ["none", "artist"]
    levels = [means, ["graphsage", "knn"], ways, [1, 0], range(3)]
    names = ["protocol", "model", "aggregation", "repeat", "fold"]
    table = pd.MultiIndex.from_product(levels, names=names).to_frame(index=False)
    table = table[(table["protocol"] != "filtered") | (table["repeat"] + table["fold"] == 0)]
    test = table["protocol"].map(means) + (table["fold"] - table["repeat"]) / 50
    table = table.assign(train_accuracy=1 - table["fold"] / 100, test_accuracy=test)
    return table.assign(dataset="demo", experiment="multiclass")


LEGIBLE = {
    draw.correlation: ([features([*HANDCRAFTED, "100 $ & <b>"])], ["100 $ & <b>"]),
    draw.tuning: ([tuning()], ["learning rate", "0.001", "the paper's best"]),
    draw.learning_curve: ([curve()], ["multiclass_c on mine: learning curves", "lda"]),
    draw.importances: ([selection()], ["nan", "pcm_fftMag_spectr…_meanRisingSlope"]),
    draw_history: (
        [histories()],
        ["epoch (logarithmic)", "Mean over 2 folds ± standard deviation"],
    ),
    draw_folds: (
        [results(), 0.7976],
        ["multiclass on demo: graphsage, by protocol", "mean train", "paper, test: 0.7976"],
    ),
}


@pytest.mark.parametrize("drawing", LEGIBLE, ids=lambda drawing: drawing.__name__)
def test_figures_of_tables_are_legible(drawing, tmp_path):
    arguments, texts = LEGIBLE[drawing]
    assert_legible(tmp_path, drawing, *arguments, texts=texts)


@pytest.mark.parametrize("metric", ["euclidean", "jaccard"])
def test_figures_of_clips_are_legible(metric, inputs, tmp_path):
    texts, placed = [*GENRES, "PCA", "60 clips by 6 features", "genre"], places.place(inputs.x, 0)
    assert_legible(tmp_path, places.draw, inputs, placed, texts=texts)
    graph = adjacency(inputs.x, metric, 5)
    edges = [places.NO_EDGES] if metric == "jaccard" else ["edge between genres"]
    assert_legible(tmp_path, places.draw_graph, inputs, graph, placed.tsne, texts=edges)


def test_confusion_is_legible(report, tmp_path):
    table = pd.read_parquet(report.options["maps"][0].with_name("models") / "graphsage.parquet")
    right = (table["true"] == table["predicted"])[table["part"] == "test"].sum()
    texts = [*GENRES, f"{right} of 60 tests of clips right, over 4 folds"]
    assert_legible(tmp_path, draw_confusion, table, texts=texts)


def test_empty_results_are_said_to_be_empty(tmp_path):
    texts = ["no protocol could be evaluated"]
    assert_legible(tmp_path, draw_folds, results().iloc[:0], 0.5, texts=texts)
    assert_legible(tmp_path, draw_reliability, results().iloc[:0], texts=texts)


@pytest.mark.parametrize("extension", ["png", "svg"])
def test_style_of_the_user_changes_nothing_and_is_left_alone(extension, tmp_path):
    @in_style()
    def draw():
        figure = new_figure(2, 2)
        figure.subplots().plot([1, 2])
        return figure

    one, two = (tmp_path / f"{name}.{extension}" for name in ("one", "two"))
    save(draw(), one)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10}):
        save(draw(), two)
        assert matplotlib.rcParams["font.size"] == 30
    assert one.read_bytes() == two.read_bytes()


def test_names_are_printable_and_short_and_numbers_have_plurals():
    names = ["blues", "a\x00b\nc", "0123456789", "0123456789A"]
    drawn = ["blues", "a\ufffdb\ufffdc", "0123456789", "01234…789A"]
    assert [plain(name, 10) for name in names] == drawn
    assert [counted(n, "fold") for n in (0, 1, 1000)] == ["0 folds", "1 fold", "1,000 folds"]


def test_correlation_leaves_out_constant_features_and_those_after_60():
    table = features(["length", "a", "b"]).assign(length=661_794.0)
    table["b"] = -2 * table["a"]
    axes = draw.correlation(table).axes[0]
    assert_allclose(axes.images[0].get_array(), [[1, -1], [-1, 1]])
    said = axes.get_title(loc="left")
    assert said == "Correlations of 2 features over 12 clips (1 constant left out)"
    wide = draw.correlation(features([f"f{i}" for i in range(100)])).axes[0]
    assert wide.get_title(loc="left").endswith("60 features over 12 clips (the first of 100)")
    with pytest.raises(UserError, match="none of 2 features varies over 1 clips"):
        draw.correlation(features(["a", "b"], clips=1))


def test_tuning_shows_means_over_folds_and_the_papers_best():
    hidden, rate = draw.tuning(tuning()).axes
    assert hidden.get_lines()[1].get_ydata().round(6).tolist() == [0.55, 0.65]
    assert [axes.get_lines()[2].get_xdata()[0] for axes in (hidden, rate)] == [150, 0.001]
    assert (hidden.get_xscale(), rate.get_xscale()) == ("linear", "log")


def test_levels_of_learning_curve_are_counted_in_each_repeat():
    left, right = draw.learning_curve(curve()).axes
    points = left.containers[0][0]
    assert (points.get_xdata().tolist(), points.get_ydata().tolist()) == ([3.5, 6.5], [0.5, 0.6])
    assert right.containers[0][0].get_xdata().tolist() == [12, 24]


def test_importances_show_the_top_features_and_mark_the_selected():
    figure, best = draw.importances(selection(), 5), selection().nlargest(5, "importance_before")
    [axes] = figure.axes
    bold = [label.get_fontweight() == "bold" for label in axes.get_yticklabels()]
    assert bold == best["selected"].tolist()
    assert [bar.get_width() for bar in axes.patches[:5]] == best["importance_before"].tolist()
    assert figure.get_suptitle().startswith("ControlBurn keeps 8 of 30 features;")
    assert f"{best['selected'].sum()} of them (bold)" in figure.get_suptitle()


def test_step_draws_first_fold_of_selection_with_any_names(tmp_path):
    both = pd.concat([selection(), selection().assign(fold=1)])
    both.to_csv(tmp_path / "selection.csv", index=False)
    draw.main([tmp_path / "selection.csv"], tmp_path / "importances.svg")
    text = (tmp_path / "importances.svg").read_text()
    assert ">nan<" in text and "8 of 30 features" in text


def test_folds_are_in_order_and_titles_state_means():
    paper, clean, single = draw_folds(results(), None).axes
    points = paper.get_lines()[2]
    assert points.get_ydata().round(6).tolist() == [0.8, 0.82, 0.84, 0.78, 0.8, 0.82]
    assert clean.get_title(loc="left") == "clean: mean train 0.990, test 0.610"
    assert [tick for tick in single.get_xticks() if abs(tick) <= 0.5] == [0]


def test_reliability_has_a_panel_a_model_and_a_line_a_protocol_and_scaling(report, tmp_path):
    table = read_result(report.options["maps"][0].parents[1] / "reliability.csv")
    texts = ["multiclass_small on mine: reliability", "paper", "clean, at a fitted temperature"]
    assert_legible(tmp_path, draw_reliability, table, texts=texts)
    panels = draw_reliability(table).axes
    assert {axes.get_title(loc="left") for axes in panels} == {*SKILL}
    diagonal, first, *others = panels[0].get_lines()
    assert [*diagonal.get_xdata()] == [*diagonal.get_ydata()] == [0, 1]
    own = table.query("protocol == 'paper' and model == 'graphsage' and scaling == 'none'")
    filled = own.query("aggregation == 'none' and clips > 0")
    assert len(filled) < 10
    assert first.get_xydata().tolist() == filled[["confidence", "accuracy"]].to_numpy().tolist()
    assert len(others) == 3
    assert panels[0].collections[0].get_sizes().argmax() == filled["clips"].argmax()


def test_history_means_are_over_the_folds_that_reach_an_epoch():
    table = histories()
    axes = draw_history(table).axes[0]
    epochs, means = axes.get_lines()[0].get_data()
    assert epochs.tolist() == list(range(1, 31))
    assert means[19] == pytest.approx(1 / 20 + 0.05)
    low, high = axes.collections[0].get_datalim(axes.transData).get_points()[:, 1]
    assert high == pytest.approx(means[0] + 0.1 / np.sqrt(2))
    assert low == pytest.approx(means[19] - 0.1 / np.sqrt(2))
    draw_history(table.head(1))
