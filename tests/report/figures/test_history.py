import numpy as np
import pandas as pd
import pytest

from genregraph.report.figures.history import draw, over_folds


@pytest.fixture
def histories():
    """Two folds, of 20 and of 30 epochs."""
    tables = []
    for fold, (epochs, shift) in enumerate(((20, 0), (30, 0.1))):
        epoch = np.arange(1, epochs + 1)
        rise = 1 - np.exp(-epoch / 10)
        tables.append(
            pd.DataFrame(
                {
                    "repeat": 0,
                    "fold": fold,
                    "epoch": epoch,
                    "loss": 2.3 - 2 * rise + shift,
                    "train_accuracy": rise,
                    "test_accuracy": 0.8 * rise - shift,
                    "seconds": 0.01 * epoch,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def test_a_mean_is_over_the_folds_that_came_so_far(histories):
    mean, deviation = over_folds(histories)
    assert mean.index.tolist() == list(range(1, 31))
    assert mean.loc[20, "loss"] == pytest.approx(histories["loss"][19] + 0.05)
    assert deviation.loc[20, "loss"] == pytest.approx(0.1 / np.sqrt(2))
    assert mean.loc[21, "loss"] == histories["loss"][40]
    assert deviation.loc[21:].to_numpy().max() == 0


def test_the_figure_is_legible(histories, assert_legible):
    expected = [
        "Loss",
        "Accuracy",
        "epoch (logarithmic)",
        "20",
        "train",
        "test",
        "Mean over 2 folds ± standard deviation",
    ]
    assert_legible(draw, histories, texts=expected)


def test_labels_keep_apart(histories, assert_apart):
    assert_apart(draw(histories))


def test_a_single_epoch_can_be_drawn(histories, assert_apart):
    assert_apart(draw(histories.head(1)))
