import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from genregraph.config.model import Experiment
from genregraph.evaluation.comparisons import (
    COLUMNS,
    RAW,
    View,
    adjusted,
    asked,
    between,
    compare,
    of_experiment,
    with_best,
)
from genregraph.evaluation.statistics import draw_groups, holm, over_folds, sign_flip_test


def view(models, groups, tests, n_train=67, songs=None):
    """Tests of songs s0, s1, ...: of each fold, the songs tested; by model, + where it is right.

    A wrong prediction is genre 1, unless the model says ``x``: then genre 2.
    """
    rows = [(0, fold, f"s{i}", groups[i]) for fold, tested in enumerate(tests) for i in tested]
    index = pd.MultiIndex.from_tuples(rows, names=["repeat", "fold", "song", "group"])
    signs = pd.DataFrame({name: list(values.replace(" ", "")) for name, values in models.items()})
    signs.index = index
    right = signs == "+"
    folds = right.groupby(level=["repeat", "fold"]).mean().stack().rename("test_accuracy")
    folds = folds.rename_axis(["repeat", "fold", "model"]).reset_index()
    sizes = [len(tested) for tested in tests]
    folds = folds.assign(n_train=n_train, n_test=[sizes[fold] for fold in folds["fold"]])
    draws = draw_groups(index.unique("group").size)
    return View(folds, signs.replace({"+": 0, "-": 1, "x": 2}), right, right, draws)


@pytest.fixture
def hold_outs():
    """Hold-outs in which s0 is tested three times, s1 twice, s2 to s4 once, and s5 never."""
    models = {"a": "+++ ++- +-", "b": "+-- +-+ --", "c": "+-- +-+ -x"}
    return view(models, "aabbcc", [[0, 1, 2], [0, 1, 3], [0, 4]])


# Two models on the same tests


def test_effects_are_over_folds_with_the_sizes_of_the_folds(hold_outs):
    found = compare(hold_outs, "a", "b")
    expected = over_folds([2 / 3, 0, 1 / 2], 67, 8 / 3)._asdict()
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_a_song_counts_by_group_as_often_as_it_is_tested(hold_outs):
    # a: s0 three times 0 0 1, s1 twice 1 1; b: s2 1, s3 -1; c: s4 0.
    assert compare(hold_outs, "a", "b")["p_groups"] == sign_flip_test([3, 0, 0]) == 1
    several = view({"a": "++++ +-", "b": "---- ++"}, "aabbc", [[0, 1, 2, 3], [4, 0]])
    # a: s0 1 and -1, s1 1; b: 2; c: 0.
    assert compare(several, "a", "b")["p_groups"] == pytest.approx(sign_flip_test([1, 2, 0]))


def test_models_that_predict_the_same_in_every_test_have_no_p(hold_outs):
    same = compare(hold_outs, "b", "b")
    assert (same["difference"], same["ci_low"], same["equivalent_within"]) == (0, 0, 0)
    assert all(math.isnan(same[name]) for name in ("p_folds", "p_groups", "smallest_detectable"))
    # As often right, but not the same: there is a test, and it finds nothing.
    other = compare(hold_outs, "b", "c")
    assert (other["p_folds"], other["p_groups"]) == (1, 1)


def test_a_single_fold_is_compared_by_groups():
    groups = [f"g{i // 2}" for i in range(60)]
    models = {"a": "++-" * 20, "b": "+--" * 20}
    single = view(models, groups, [range(60)])
    found = compare(single, "a", "b")
    assert found["difference"] == pytest.approx(1 / 3)
    assert math.isnan(found["p_folds"])
    assert found["p_groups"] == pytest.approx(2.0**-19)
    assert 0.2 < found["ci_low"] < 1 / 3 < found["ci_high"] < 0.5
    assert 1 / 3 < found["equivalent_within"] < found["ci_high"]
    # Of thirty groups ten have 1, ten 1 and ten 0 of two songs more: standard error sqrt(2/9/30)/2.
    error = math.sqrt(2 / 9 / 30) / 2
    assert found["smallest_detectable"] == pytest.approx(2.8015852 * error, rel=0.03)


# The best of several


def test_p_is_the_largest_against_any_and_the_difference_that_from_the_best():
    models = {"a": "+++-+ ++++-", "b": "+---- --++-", "c": "++--- +++--", "d": "----+ -----"}
    own = view(models, "abcde", [range(5), range(5)])
    found = with_best(own, "a", ["b", "c", "d"])
    against = {name: compare(own, "a", name) for name in "bcd"}
    assert found["reference"] == "c"
    assert found["difference"] == against["c"]["difference"]
    for test in ("p_folds", "p_groups"):
        assert found[test] == max(each[test] for each in against.values())
    assert found["p_groups"] > against["b"]["p_groups"]


def test_a_model_that_is_one_of_the_baselines_by_construction_is_not_tested():
    own = view({"a": "++-- +--+", "b": "++-- +--+", "c": "-++- -++-"}, "abcd", [range(4)] * 2)
    assert math.isnan(with_best(own, "a", ["b", "c"])["p_groups"])


# Protocols


def test_protocols_are_compared_on_the_songs_of_both_by_the_share_of_their_tests():
    clean = view({"a": "++-+", "b": "----"}, "abcd", [range(4)])
    paper = view({"a": "+- -+- -", "b": "++ +++ +"}, "abcdz", [[0, 1], [0, 1, 4], [0]])
    rows = {row["model"]: row for row in between(clean, paper, ["a", "b"])}
    # s0: 1 - 1/3, s1: 1 - 1/2; s2 and s3 are not tested under paper, s4 not under clean.
    assert rows["a"]["difference"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert rows["a"]["p_groups"] == pytest.approx(sign_flip_test([4, 3]))
    assert rows["b"]["difference"] == -1
    assert (rows["b"]["ci_low"], rows["b"]["ci_high"]) == (-1, -1)
    assert all(math.isnan(row["p_folds"]) for row in rows.values())


def test_songs_that_are_tied_under_either_protocol_are_of_one_group():
    def p(first, second):
        one, other = (
            view({"a": signs * 4}, groups, [range(4)])
            for signs, groups in (("+", first), ("-", second))
        )
        [row] = between(one, other, ["a"])
        return row["p_groups"]

    found = [p("abcd", "abcd"), p("abcd", "aacd"), p("aacd", "abdd")]
    assert found == pytest.approx([2 / 16, 2 / 8, 2 / 4])


def test_protocols_without_common_songs_are_not_compared():
    one = view({"a": "++"}, "ab", [[0, 1]])
    other = view({"a": "+"}, "zzz", [[2]])
    assert [*between(one, other, ["a"])] == []


# Questions


EXPERIMENT = Experiment(
    models=["gcn", "svm", "label_spreading", "blend"],
    variants={"wide": {"hidden": 9}, "near": {"k": 3, "model": "gcn"}},
)


def test_what_is_asked_of_an_experiment():
    silent = ["edgeless", "gcn_edgeless", "wide_edgeless"]
    baselines = ["svm", "blend", *silent]
    assert [*asked(EXPERIMENT, "none")] == [
        ("messages", "graphsage", ["edgeless"]),
        ("messages", "gcn", ["gcn_edgeless"]),
        ("messages", "wide", ["wide_edgeless"]),
        ("messages", "near", ["gcn_edgeless"]),
        *(("baseline", name, baselines) for name in ("graphsage", "gcn", "label_spreading")),
        ("variant", "wide", ["graphsage"]),
        ("variant", "near", ["gcn"]),
    ]


def test_a_graph_of_artists_is_compared_with_baselines_that_use_artists_too():
    artists = EXPERIMENT.model_copy(
        update={"graph": EXPERIMENT.graph.model_copy(update={"among": "artist"})}
    )
    asks = {aggregation: {q for q, *_ in asked(artists, aggregation)} for aggregation in AGGREGATED}
    assert asks == {"none": {"messages", "variant"}, "artist": {"messages", "baseline", "variant"}}


AGGREGATED = ("none", "artist")


@pytest.fixture
def views():
    models = {"graphsage": "+++-+", "edgeless": "+--+-", "logistic": "-+-++"}
    other = {"graphsage": "++++-", "edgeless": "+++++", "logistic": "-++++"}
    clean, paper = (
        view({name: signs * 2 for name, signs in each.items()}, "abcde", [range(5)] * 2)
        for each in (models, other)
    )
    return {"paper": {"none": paper}, "clean": {"none": clean, "artist": clean}}


def test_all_comparisons_of_an_experiment(views):
    experiment = Experiment(models=["logistic"])
    table = of_experiment(views, "multiclass_a", experiment, 0.5)
    assert table.columns.tolist() == RAW
    keys = ["protocol", "aggregation", "question", "model", "reference"]
    assert table[keys].to_numpy().tolist() == [
        ["paper", "none", "messages", "graphsage", "edgeless"],
        ["paper", "none", "baseline", "graphsage", "edgeless"],
        ["paper", "none", "paper", "graphsage", "paper"],
        ["clean", "none", "messages", "graphsage", "edgeless"],
        ["clean", "none", "baseline", "graphsage", "logistic"],
        *(
            ["clean", "none", "protocol", name, "paper"]
            for name in ("graphsage", "edgeless", "logistic")
        ),
        ["clean", "artist", "messages", "graphsage", "edgeless"],
        ["clean", "artist", "baseline", "graphsage", "logistic"],
    ]
    stated = table.query("question == 'paper'").iloc[0]
    assert stated["difference"] == pytest.approx(0.3)
    assert math.isnan(stated["p_groups"])
    without = of_experiment(views, "multiclass_a", experiment, None)
    assert len(without) == len(table) - 1 and "paper" not in set(without["question"])


def test_an_experiment_without_any_protocol_has_a_table_without_rows():
    assert of_experiment({}, "binary_a", Experiment(), None).columns.tolist() == RAW


# Many tests


def row(question, protocol, experiment, p_folds, p_groups):
    values = dict.fromkeys(RAW, 0.0)
    place = {"question": question, "protocol": protocol, "experiment": experiment}
    return {**values, **place, "p_folds": p_folds, "p_groups": p_groups}


def test_families_are_of_a_question_and_protocol_over_all_experiments():
    nan = math.nan
    raw = pd.DataFrame(
        [
            row("messages", "clean", "a", 0.01, 0.02),
            row("messages", "clean", "b", 0.03, 0.04),
            row("messages", "clean", "b", nan, nan),  # The same in every prediction.
            row("messages", "clean", "c", nan, 0.5),  # All folds differ by the same.
            row("messages", "paper", "a", 0.01, 0.02),
            row("baseline", "clean", "a", 0.01, 0.02),
        ]
    )
    table = adjusted(raw)
    assert table.columns.tolist() == COLUMNS
    assert_allclose(table["p_folds_holm"], [0.02, 0.03, nan, nan, 0.01, 0.01])
    assert_allclose(table["p_groups_holm"][:4], holm([0.02, 0.04, nan, 0.5]))
    assert table["n_tests"].tolist() == [3, 3, 3, 3, 1, 1]
    assert np.array_equal(table["p_folds"], raw["p_folds"], equal_nan=True)


def test_where_nothing_is_compared_there_is_a_table_without_rows():
    assert adjusted(pd.DataFrame(columns=RAW)).columns.tolist() == COLUMNS
