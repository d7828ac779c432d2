import math

import numpy as np
import pandas as pd
import pytest

from results.pooled import COLUMNS, between, compare, compare_with_twins, main, pool
from results.statistics import holm, sign_flip_test
from results.votes import Verdicts


def verdicts(models, groups, repeats=1):
    """By model whether it was right on songs s0, s1, ... of a repeat, then of the next."""
    songs = [f"s{i}" for i in range(len(groups))]
    index = pd.MultiIndex.from_product([range(repeats), songs], names=["repeat", "song"])
    right = pd.DataFrame({name: list(values) for name, values in models.items()}, index=index)
    return Verdicts(right == "+", pd.Series(list(groups), index=pd.Index(songs, name="song")))


@pytest.fixture
def judged():
    """Seven songs of four groups, judged twice."""
    models = {
        "graphsage": "++++++-" + "++++--+",
        "svm": "-----+-" + "-------",
        "edgeless": "+-+---+" + "+-+---+",
    }
    return verdicts(models, "aaabbcd", repeats=2)


def test_verdicts_are_counted_over_songs_and_repeats(judged):
    row = compare(judged, "edgeless").loc["graphsage"]
    assert row[["repeats", "songs", "groups"]].tolist() == [2, 7, 4]
    assert row[["both", "only_model", "only_reference", "neither"]].tolist() == [5, 6, 1, 2]
    assert row["accuracy"] == 11 / 14
    assert row["gain"] == pytest.approx(5 / 14)


def test_signs_are_flipped_by_group(judged):
    # Ahead by song and repeat: a 0 1 0 0 1 0, b 1 1 1 0, c 1 0, d -1 0.
    table = compare(judged, "edgeless")
    assert table.loc["graphsage", "p_by_group"] == sign_flip_test([2, 3, 1, -1]) == 6 / 16
    assert table.loc["svm", "p_by_group"] == sign_flip_test([-4, 0, 1, -2])


def test_the_reference_is_not_compared_with_itself(judged):
    row = compare(judged, "edgeless").loc["edgeless"]
    assert row[["gain", "gain_low", "gain_high", "p_by_group"]].isna().all()
    assert row[["both", "only_model", "only_reference", "neither"]].tolist() == [6, 0, 0, 8]
    assert row["ci_low"] < row["accuracy"] == 6 / 14 < row["ci_high"]


def test_each_model_is_compared_with_its_own_twin():
    models = {
        "graphsage": "++++-",
        "edgeless": "+-+--",
        "graph_network": "-+++-",
        "graph_network_edgeless": "-----",
    }
    own = verdicts(models, "aabcd")
    table = compare_with_twins(own)
    assert table["against"].tolist() == ["edgeless", "", "graph_network_edgeless", "edgeless"]
    assert table.index.tolist() == [*models]
    for model, twin in (("graphsage", "edgeless"), ("graph_network", "graph_network_edgeless")):
        expected = compare(own, twin).loc[model]
        pd.testing.assert_series_equal(table.loc[model, expected.index], expected)
    assert table.loc["graph_network", "gain"] == pytest.approx(3 / 5)
    assert math.isnan(table.loc["edgeless", "gain"])


def test_intervals_know_that_songs_of_a_group_and_repeats_are_not_independent():
    rng = np.random.default_rng(0)
    signs = rng.choice(["+", "-"], size=60)
    apart = verdicts({"graphsage": signs, "edgeless": signs[::-1]}, np.arange(60).astype(str))
    tied = verdicts(
        {"graphsage": signs.repeat(4), "edgeless": signs[::-1].repeat(4)},
        np.arange(60).astype(str).repeat(4),
    )
    again = verdicts(
        {"graphsage": np.tile(signs, 3), "edgeless": np.tile(signs[::-1], 3)},
        np.arange(60).astype(str),
        repeats=3,
    )
    kept = ["accuracy", "ci_low", "ci_high", "gain", "gain_low", "gain_high", "p_by_group"]
    one, *others = (compare(each, "edgeless")[kept] for each in (apart, tied, again))
    for other in others:
        pd.testing.assert_frame_equal(one, other)
    assert one.loc["graphsage", "ci_high"] - one.loc["graphsage", "ci_low"] > 0.2


# Between protocols


def test_protocols_are_compared_on_the_songs_that_both_judged(judged):
    other = verdicts({"graphsage": "+-++-", "svm": "++++-"}, "aaabb")
    # Shares of repeats: 1 1 1 1 1/2 against 1 0 1 1 0; twice the differences: a 2, b 1.
    found = between(judged, other)
    assert found["graphsage"] == sign_flip_test([2, 1]) == 2 / 4
    assert found["svm"] == sign_flip_test([-6, -2])
    assert between(other, judged)["svm"] == found["svm"]


def test_songs_that_are_tied_under_either_protocol_are_of_one_group():
    first = verdicts({"graphsage": "++++"}, "abcd")
    assert between(first, verdicts({"graphsage": "----"}, "abcd"))["graphsage"] == 2 / 16
    assert between(first, verdicts({"graphsage": "----"}, "aacd"))["graphsage"] == 2 / 8
    assert between(first, verdicts({"graphsage": "----"}, "aabb"))["graphsage"] == 2 / 4


def test_protocols_without_common_songs_are_not_compared(judged):
    elsewhere = verdicts({"graphsage": "+"}, "a")
    renamed = Verdicts(elsewhere.right.rename({"s0": "other"}), elsewhere.group.rename({"s0": "o"}))
    assert math.isnan(between(judged, renamed)["graphsage"])


# The table


def test_each_p_is_adjusted_over_all_protocols_and_models_of_its_question(judged):
    paper = verdicts({"graphsage": "+++++++", "svm": "+++++++", "edgeless": "-----++"}, "abcdefg")
    table = pool({"paper": paper, "clean": judged}, "mine", "multiclass_a")
    assert table.columns.tolist() == COLUMNS
    assert table["model"].tolist() == ["graphsage", "svm", "edgeless"] * 2
    alone = pd.concat([compare(each, "edgeless")["p_by_group"] for each in (paper, judged)])
    np.testing.assert_allclose(table["p_by_group"], holm(alone))
    assert set(table["p_by_group_tests"]) == {4}
    np.testing.assert_allclose(table["p_paper_vs_clean"][3:], holm(between(paper, judged)))
    assert table["p_paper_vs_clean"][:3].isna().all()
    assert set(table["p_paper_vs_clean_tests"]) == {3}
    assert table["p_random_vs_clean"].isna().all()
    assert set(table["p_random_vs_clean_tests"]) == {0}


def test_main_compares_models_and_protocols(protocol, add_baselines, predicted, tmp_path):
    folders = [protocol("random"), protocol("clean")]
    for folder in folders:
        add_baselines(folder)
        for number in range(4):
            predicted.to_parquet(folder / f"fold-{number:02d}" / "predictions.parquet")
    clips = predicted[["clip"]].assign(source=predicted["clip"])
    clips.to_parquet(tmp_path / "clips.parquet")
    output = tmp_path / "pooled.csv"
    main(tmp_path / "clips.parquet", "mine", "binary_a", output, folders, ["edgeless", "baselines"])
    table = pd.read_csv(output)
    assert table.columns.tolist() == COLUMNS
    assert table["protocol"].tolist() == ["random"] * 3 + ["clean"] * 3
    assert set(table["repeats"]) == {2}
    assert set(table["songs"]) == {4}
    assert set(table["groups"]) == {3}
    assert table["only_model"].tolist() == [0, 0, 2] * 2
    assert table["p_random_vs_clean"][3:].tolist() == [1, 1, 1]


def test_an_experiment_without_any_protocol_has_a_table_without_rows(tmp_path, predicted):
    predicted[["clip"]].assign(source="a").to_parquet(tmp_path / "clips.parquet")
    main(tmp_path / "clips.parquet", "mine", "binary_a", tmp_path / "pooled.csv")
    table = pd.read_csv(tmp_path / "pooled.csv")
    assert (table.columns.tolist(), len(table)) == (COLUMNS, 0)
