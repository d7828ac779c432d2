import numpy as np
import pandas as pd
import pytest

from genregraph.report.figures.importances import draw, first_fold


@pytest.fixture
def selection():
    """30 features; every fourth is selected, and one has a name that pandas takes for missing."""
    before = np.random.default_rng(0).dirichlet(np.ones(30))
    selected = np.arange(30) % 4 == 0
    names = ["nan", "pcm_fftMag_spectralRollOff25.0_sma_de_meanRisingSlope", "a$b$"]
    return pd.DataFrame(
        {
            "feature": names + [f"feature{i}" for i in range(27)],
            "importance_before": before,
            "importance_after": before * selected / before[selected].sum(),
            "selected": selected,
        }
    )


def test_the_most_important_features_come_first_and_selected_ones_are_bold(selection):
    [axes] = draw(selection, 5).axes
    best = selection.nlargest(5, "importance_before")
    labels = axes.get_yticklabels()
    assert len(labels) == 5
    assert [label.get_fontweight() == "bold" for label in labels] == best["selected"].tolist()
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == best["importance_before"].tolist() + best["importance_after"].tolist()


def test_the_title_counts_selected_features_that_are_not_shown(selection):
    title = draw(selection, 5).get_suptitle()
    shown = selection.nlargest(5, "importance_before")["selected"].sum()
    assert title.startswith("ControlBurn keeps 8 of 30 features;")
    assert f"{shown} of them (bold)" in title


def test_the_first_fold_is_drawn_whatever_features_are_called(selection, tmp_path):
    both = pd.concat([selection.assign(fold=fold) for fold in (0, 1)]).assign(repeat=0)
    both.to_csv(tmp_path / "selection.csv", index=False)
    first = first_fold(tmp_path / "selection.csv")
    assert first["feature"].tolist() == selection["feature"].tolist()


def test_the_figure_is_legible(selection, assert_legible):
    expected = ["nan", "a$b$", "pcm_fftMag_spectr…_meanRisingSlope", "after: selected", "feature"]
    assert_legible(draw, selection, 30, texts=expected)


def test_labels_keep_apart(selection, assert_apart):
    assert_apart(draw(selection, 25))
