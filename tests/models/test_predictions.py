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


def test_each_clip_has_a_row_with_its_most_probable_genre(inputs, probabilities):
    table = predictions(inputs, probabilities, (2, 1))
    assert NAMED == ["clip", "repeat", "fold", "part", "true", "predicted"]
    assert table.columns.tolist() == [*NAMED, *GENRES]
    assert table["clip"].tolist() == [f"clip{i:03d}" for i in range(36)]
    assert table["true"].tolist() == ["blues"] * 12 + ["jazz"] * 12 + ["rock"] * 12
    assert table["part"].tolist() == ["test", "train", "train"] * 12
    assert table[["repeat", "fold"]].drop_duplicates().to_numpy().tolist() == [[2, 1]]
    assert_array_equal(table[GENRES], probabilities)
    assert table["predicted"].tolist() == table[GENRES].idxmax(axis=1).tolist()


def folds_of(inputs, probabilities, *fits):
    keys = [(0, 0), (1, 0)]
    return [
        Fitted(key, fit, predictions(inputs, probabilities, key), temperature)
        for key, fit, temperature in zip(keys, fits, [1.25, np.nan], strict=True)
    ]


def test_classifier_has_predictions_and_a_row_a_fold(inputs, probabilities, tmp_path):
    parameters = {"C": 0.1, "weights": "distance"}
    fits = Fit(probabilities, 7, 0.12345, parameters, 0.5), Fit(probabilities)
    folds = folds_of(inputs, probabilities, *fits)
    write(tmp_path, "svm", folds, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["svm.csv", "svm.parquet"]
    expected = pd.concat([fold.table for fold in folds], ignore_index=True)
    table = pd.read_parquet(tmp_path / "svm.parquet")
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    rows = pd.read_csv(tmp_path / "svm.csv")
    assert rows.columns.tolist() == (
        "repeat fold epochs seconds inner_log_loss temperature parameters".split()
    )
    assert rows.iloc[0, :6].tolist() == [0, 0, 7, 0.123, 0.5, 1.25]
    assert rows.iloc[1, :4].tolist() == [1, 0, 0, 0]
    assert rows.iloc[1, 4:6].isna().all()
    assert [json.loads(each) for each in rows["parameters"]] == [parameters, {}]


def test_network_has_history_and_weights_too(inputs, probabilities, tmp_path):
    history = pd.DataFrame({"epoch": [1, 2], "loss": [0.9, 0.5]})
    fits = [
        Fit(probabilities, history=history * scale, weights={"w": torch.full((2,), float(scale))})
        for scale in (1, 2)
    ]
    write(tmp_path, "gcn", folds_of(inputs, probabilities, *fits), {"hidden": 8, "k": None})
    written = pd.read_csv(tmp_path / "gcn.history.csv")
    assert written.columns.tolist() == ["repeat", "fold", "epoch", "loss"]
    assert written.to_numpy().tolist() == [
        *([0, 0, 1, 0.9], [0, 0, 2, 0.5]),
        *([1, 0, 2, 1.8], [1, 0, 4, 1.0]),
    ]
    saved = torch.load(tmp_path / "gcn.pt", weights_only=True)
    assert saved["settings"] == {"hidden": 8, "k": None}
    assert [weights["w"].tolist() for weights in saved["weights"]] == [[1, 1], [2, 2]]
