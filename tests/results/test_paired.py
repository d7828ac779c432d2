import numpy as np
import pandas as pd
import pytest

from results.paired import COLUMNS, over_folds, over_twins, twin_of
from results.statistics import corrected_interval, corrected_paired_test

SCORES = {"a": [0.7, 0.8, 0.75], "b": [0.6, 0.75, 0.55]}


def folds_of(scores):
    rows = [
        {"model": model, "repeat": 0, "fold": i, "n_train": 90, "n_test": 9, "test_accuracy": value}
        for model, values in scores.items()
        for i, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_models_are_compared_on_the_same_folds_whatever_their_order():
    folds = folds_of(SCORES).sample(frac=1, random_state=0)
    table = over_folds(folds, "b")
    assert table.columns.tolist() == COLUMNS
    difference = np.subtract(SCORES["a"], SCORES["b"])
    interval = corrected_interval(difference, 90, 9, limits=(-1, 1))
    p = corrected_paired_test(SCORES["a"], SCORES["b"], 90, 9)
    expected = [interval.mean, interval.low, interval.high, p]
    assert table.loc["a"].tolist() == pytest.approx(expected)
    assert table.loc["b"].isna().all()


def test_a_single_fold_has_a_difference_alone():
    row = over_folds(folds_of({"a": [0.75], "b": [0.5]}), "b").loc["a"]
    assert row["gain"] == 0.25
    assert row[["gain_low", "gain_high", "p"]].isna().all()


def test_without_the_reference_there_is_no_comparison():
    assert over_folds(folds_of(SCORES), "edgeless").isna().all(axis=None)


def test_each_model_is_compared_with_its_own_twin():
    models = ["graphsage", "edgeless", "svm", "graph_network", "graph_network_edgeless"]
    assert [twin_of(model, models) for model in models] == [
        *("edgeless", "", "edgeless", "graph_network_edgeless", "edgeless")
    ]
    assert twin_of("graphsage", ["graphsage", "svm"]) == ""


def test_gains_are_over_twins():
    scores = {
        "graphsage": [0.7, 0.8, 0.75],
        "edgeless": [0.6, 0.75, 0.55],
        "graph_network": [0.8, 0.85, 0.9],
        "graph_network_edgeless": [0.8, 0.75, 0.8],
    }
    folds = folds_of(scores)
    table = over_twins(folds)
    assert table.columns.tolist() == ["against", *COLUMNS]
    assert table.index.tolist() == [*scores]
    for model, twin in {
        "graphsage": "edgeless",
        "graph_network": "graph_network_edgeless",
        "graph_network_edgeless": "edgeless",
    }.items():
        assert table.loc[model, "against"] == twin
        expected = over_folds(folds, twin).loc[model].tolist()
        assert table.loc[model, COLUMNS].tolist() == expected
    assert table.loc["edgeless", "against"] == ""
    assert table.loc["edgeless", COLUMNS].isna().all()
