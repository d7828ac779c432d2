import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from learning.graphsage import Settings, train
from learning.predictions import NAMED, Fit, compared, predictions, write_compared


@pytest.fixture
def probabilities(inputs):
    return np.random.default_rng(0).dirichlet(np.ones(3), size=36)


def test_columns_are_the_contracts(inputs, probabilities):
    table = predictions(inputs, probabilities)
    assert table.columns.tolist() == [*NAMED, "blues", "jazz", "rock"]
    assert NAMED == ["clip", "true", "predicted", "part"]


def test_each_clip_has_its_own_row(inputs, probabilities):
    table = predictions(inputs, probabilities)
    assert table["clip"].tolist() == [f"clip{i:02d}" for i in range(36)]
    assert table["true"].tolist() == ["blues"] * 12 + ["jazz"] * 12 + ["rock"] * 12
    assert table["part"].tolist() == ["test", "train", "train"] * 12
    assert_array_equal(table[["blues", "jazz", "rock"]], probabilities)


def test_the_predicted_genre_is_the_most_probable(inputs, probabilities):
    table = predictions(inputs, probabilities)
    assert table["predicted"].tolist() == table[["blues", "jazz", "rock"]].idxmax(axis=1).tolist()
    assert table["predicted"].nunique() == 3


def test_probabilities_of_a_model_sum_to_1(inputs, graph):
    settings = Settings(
        layers=1,
        hidden=8,
        learning_rate=0.1,
        epochs=30,
        messages=True,
        weights="distance",
        aggregator="mean",
        normalise=False,
        adjacency_as_features=False,
        seed=0,
    )
    table = predictions(inputs, train(inputs, graph, settings)[2])
    values = table[["blues", "jazz", "rock"]].to_numpy()
    assert_allclose(values.sum(axis=1), 1, rtol=1e-12)
    assert (values >= 0).all()


def test_compared_models_stand_one_below_the_other_fold_by_fold(inputs, probabilities, tmp_path):
    fits = {"svm": Fit(probabilities, 0, 0.12345), "knn": Fit(probabilities[::-1], 7, 2.0)}
    folds = [compared(inputs, fits), compared(inputs, {"knn": fits["svm"]})]
    write_compared(folds, tmp_path / "table.parquet", tmp_path / "times.csv")
    table = pd.read_parquet(tmp_path / "table.parquet")
    assert table.columns.tolist() == ["fold", "model", *NAMED, "blues", "jazz", "rock"]
    for fold, model, fit in [
        (0, "svm", fits["svm"]),
        (0, "knn", fits["knn"]),
        (1, "knn", fits["svm"]),
    ]:
        own = table[(table["fold"] == fold) & (table["model"] == model)]
        alone = own.drop(columns=["fold", "model"]).reset_index(drop=True)
        expected = predictions(inputs, fit.probabilities)
        pd.testing.assert_frame_equal(alone, expected, check_exact=True)
    assert (tmp_path / "times.csv").read_text() == (
        "fold,model,epochs,seconds\n0,svm,0,0.123\n0,knn,7,2.0\n1,knn,0,0.123\n"
    )
