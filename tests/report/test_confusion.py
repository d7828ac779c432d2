import numpy as np
import pandas as pd
import pytest

from learning.predictions import predictions
from report.confusion import confuse, draw, main


@pytest.fixture
def folds(inputs):
    """Predictions of two folds: all right in the first, all the first genre in the second."""
    right = np.eye(len(inputs.genres))[inputs.y]
    first = np.eye(len(inputs.genres))[np.zeros_like(inputs.y)]
    return [predictions(inputs, probabilities) for probabilities in (right, first)]


def test_only_test_clips_count_and_rows_are_true_genres(folds, genres):
    table = confuse(folds)
    assert table.index.tolist() == table.columns.tolist() == genres
    assert table.to_numpy().tolist() == [[4, 0, 0, 0], [2, 2, 0, 0], [2, 0, 2, 0], [2, 0, 0, 2]]


def test_colours_are_shares_of_the_true_genre(folds):
    [shares] = [image.get_array() for image in draw(folds).axes[0].images]
    assert shares.sum(axis=1).tolist() == [1, 1, 1, 1]


def test_a_genre_without_test_clips_has_an_empty_row(folds):
    without = [table[table["true"] != "blues"] for table in folds]
    [shares] = [image.get_array() for image in draw(without).axes[0].images]
    assert shares.sum(axis=1).tolist() == [0, 1, 1, 1]


def test_the_figure_is_legible(folds, genres, tmp_path, assert_legible):
    paths = [tmp_path / f"predictions{i}.parquet" for i in range(2)]
    for path, table in zip(paths, folds, strict=True):
        table.to_parquet(path, index=False)
    assert pd.read_parquet(paths[0]).columns.tolist()[4:] == genres
    expected = [*genres, "true genre", "predicted genre", "100%"]
    assert_legible(main, paths, texts=[*expected, "10 of 16 test clips right, over 2 folds"])


def test_labels_keep_apart(folds, assert_apart):
    assert_apart(draw(folds))
