import json

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from genregraph.models.base import Fit
from genregraph.models.predictions import NAMED, Fitted, predictions, write

GENRES = ["blues", "jazz", "rock"]


@pytest.fixture
def probabilities():
    return np.random.default_rng(0).dirichlet(np.ones(3), size=36)


def test_each_clip_has_its_own_row(inputs, probabilities):
    table = predictions(inputs, probabilities, (2, 1))
    assert table.columns.tolist() == [
        "clip",
        "repeat",
        "fold",
        "part",
        "true",
        "predicted",
        *GENRES,
    ]
    assert table.columns[:6].tolist() == NAMED
    assert table["clip"].tolist() == [f"clip{i:02d}" for i in range(36)]
    assert table["true"].tolist() == ["blues"] * 12 + ["jazz"] * 12 + ["rock"] * 12
    assert table["part"].tolist() == ["test", "train", "train"] * 12
    assert table[["repeat", "fold"]].drop_duplicates().to_numpy().tolist() == [[2, 1]]
    assert_array_equal(table[GENRES], probabilities)


def test_the_predicted_genre_is_the_most_probable(inputs, probabilities):
    table = predictions(inputs, probabilities, (0, 0))
    assert table["predicted"].tolist() == table[GENRES].idxmax(axis=1).tolist()
    assert table["predicted"].nunique() == 3


def folds_of(inputs, probabilities, *fits):
    keys = [(0, 0), (1, 0)]
    return [
        Fitted(key, fit, predictions(inputs, probabilities, key), temperature)
        for key, fit, temperature in zip(keys, fits, [1.25, np.nan], strict=True)
    ]


def test_a_classifier_has_predictions_and_a_row_a_fold(inputs, probabilities, tmp_path):
    fits = (
        Fit(probabilities, 7, 0.12345, {"C": 0.1, "weights": "distance"}, 0.5),
        Fit(probabilities),
    )
    folds = folds_of(inputs, probabilities, *fits)
    write(tmp_path, "svm", folds, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["svm.csv", "svm.parquet"]
    table = pd.read_parquet(tmp_path / "svm.parquet")
    pd.testing.assert_frame_equal(
        table, pd.concat([fold.table for fold in folds], ignore_index=True), check_exact=True
    )
    rows = pd.read_csv(tmp_path / "svm.csv")
    assert rows.columns.tolist() == (
        "repeat fold epochs seconds inner_log_loss temperature parameters".split()
    )
    assert rows.iloc[0, :6].tolist() == [0, 0, 7, 0.123, 0.5, 1.25]
    assert rows.iloc[1, :4].tolist() == [1, 0, 0, 0]
    assert rows.iloc[1, 4:6].isna().all()
    assert [json.loads(each) for each in rows["parameters"]] == [fits[0].parameters, {}]


def test_a_network_also_has_its_history_and_weights(inputs, probabilities, tmp_path):
    history = pd.DataFrame({"epoch": [1, 2], "loss": [0.9, 0.5], "seconds": [0.1, 0.2]})
    fits = [
        Fit(probabilities, history=history * scale, weights={"w": torch.full((2,), float(scale))})
        for scale in (1, 2)
    ]
    write(tmp_path, "gcn", folds_of(inputs, probabilities, *fits), {"hidden": 8, "k": None})
    written = pd.read_csv(tmp_path / "gcn.history.csv")
    assert written.to_numpy().tolist() == [
        [0, 0, 1, 0.9, 0.1],
        [0, 0, 2, 0.5, 0.2],
        [1, 0, 2, 1.8, 0.2],
        [1, 0, 4, 1.0, 0.4],
    ]
    assert written.columns[:2].tolist() == ["repeat", "fold"]
    saved = torch.load(tmp_path / "gcn.pt", weights_only=True)
    assert saved["settings"] == {"hidden": 8, "k": None}
    assert [weights["w"].tolist() for weights in saved["weights"]] == [[1, 1], [2, 2]]
