import numpy as np
import pandas as pd
import pytest

from genregraph.common.errors import UserError
from genregraph.features.handcrafted import COLUMNS
from genregraph.report.figures.correlation import MOST, correlate, draw


def table_of(columns, clips=12):
    values = np.random.default_rng(0).normal(size=(clips, len(columns)))
    table = pd.DataFrame(values, columns=list(columns))
    table.insert(0, "clip", [f"clip{i}" for i in range(clips)])
    return table


def test_constant_features_are_left_out():
    table = table_of(["length", "a", "b"]).assign(length=661_794.0)
    table["b"] = -2 * table["a"]
    correlations = correlate(table)
    assert correlations.columns.tolist() == ["a", "b"]
    np.testing.assert_allclose(correlations, [[1, -1], [-1, 1]])
    assert draw(table).axes[0].get_title(loc="left") == (
        "Correlations of 2 features over 12 clips (1 constant left out)"
    )


def test_of_a_wide_table_the_first_features_are_drawn():
    table = table_of([f"f{i}" for i in range(100)])
    assert correlate(table).columns.tolist() == [f"f{i}" for i in range(MOST)]
    title = draw(table).axes[0].get_title(loc="left")
    assert title == "Correlations of 60 features over 12 clips (the first of 100)"


def test_a_table_in_which_nothing_varies_is_told():
    with pytest.raises(UserError, match="none of 2 features varies over 1 clips"):
        draw(table_of(["a", "b"], clips=1))


def test_the_figure_is_legible(assert_legible):
    table = table_of([*COLUMNS[:10], "100 $ & <b>"])
    expected = ["chroma_stft_mean", "100 $ & <b>", "Pearson correlation"]
    assert_legible(draw, table, texts=expected)


def test_the_labels_of_58_features_keep_apart(assert_apart):
    assert_apart(draw(table_of(COLUMNS)))
