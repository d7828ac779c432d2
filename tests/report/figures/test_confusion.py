import numpy as np
import pandas as pd
import pytest

from genregraph.models.predictions import predictions
from genregraph.report.figures.confusion import confuse, draw


@pytest.fixture
def folds(inputs):
    """Predictions of two folds: all right in the first, all the first genre in the second."""
    right = np.eye(len(inputs.genres))[inputs.y]
    first = np.eye(len(inputs.genres))[np.zeros_like(inputs.y)]
    both = enumerate((right, first))
    tables = [predictions(inputs, probabilities, (0, fold)) for fold, probabilities in both]
    return pd.concat(tables, ignore_index=True)


def test_only_test_clips_count_and_rows_are_true_genres(folds, genres):
    table = confuse(folds)
    assert table.index.tolist() == table.columns.tolist() == genres
    assert table.to_numpy().tolist() == [[4, 0, 0, 0], [2, 2, 0, 0], [2, 0, 2, 0], [2, 0, 0, 2]]


def test_colours_are_shares_of_the_true_genre(folds):
    [shares] = [image.get_array() for image in draw(folds).axes[0].images]
    assert shares.sum(axis=1).tolist() == [1, 1, 1, 1]


def test_a_genre_without_test_clips_has_an_empty_row(folds):
    without = folds[folds["true"] != "blues"]
    [shares] = [image.get_array() for image in draw(without).axes[0].images]
    assert shares.sum(axis=1).tolist() == [0, 1, 1, 1]


def test_the_figure_is_legible(folds, genres, assert_legible):
    expected = [*genres, "true genre", "predicted genre", "100%"]
    title = "10 of 16 tests of clips right, over 2 folds"
    assert_legible(draw, folds, texts=[*expected, title])


def test_labels_keep_apart(folds, assert_apart):
    assert_apart(draw(folds))
