import math

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from genregraph.config.experiment import Experiment
from genregraph.evaluation.comparisons import (
    COLUMNS,
    RAW,
    View,
    adjusted,
    between,
    compare,
    of_experiment,
    questions,
    with_best,
)
from genregraph.evaluation.statistics import draw_groups, holm, over_folds, sign_flip_test


def view(models, groups, folds):
    """Tests of songs s0, s1, ...: of each fold, the songs tested; by model, + where it is right.

    A wrong prediction is genre 1, unless the model says ``x``: then genre 2.
    """
    tests = [(fold, f"s{i}", groups[i]) for fold, songs in enumerate(folds) for i in songs]
    tables = []
    for model, signs in models.items():
        table = pd.DataFrame(tests, columns=["fold", "clip", "group"]).assign(repeat=0, model=model)
        table["predicted"] = ["+-x".index(sign) for sign in signs.replace(" ", "")]
        tables.append(table.assign(right=table["predicted"] == 0))
    clips = pd.concat(tables, ignore_index=True).astype({"group": "category"})
    of_folds = clips.groupby(["model", "repeat", "fold"], sort=False)["right"]
    result = of_folds.agg(test_accuracy="mean", n_test="size").reset_index().assign(n_train=67)
    return View(result, clips, clips, draw_groups(clips["group"].nunique()))


@pytest.fixture
def hold_outs():
    """Hold-outs in which s0 is tested three times, s1 twice, s2 to s4 once, and s5 never."""
    models = {"a": "+++ ++- +-", "b": "+-- +-+ --", "c": "+-- +-+ -x"}
    return view(models, "aabbcc", [[0, 1, 2], [0, 1, 3], [0, 4]])


def test_effects_use_sizes_of_folds_and_every_test_of_a_song(hold_outs):
    result = compare(hold_outs, "a", "b")
    expected = over_folds([2 / 3, 0, 1 / 2], 67, 8 / 3)._asdict()
    assert {name: result[name] for name in expected} == pytest.approx(expected)
    # a: s0 three times 0 0 1, s1 twice 1 1; b: s2 1, s3 -1; c: s4 0.
    assert result["p_groups"] == sign_flip_test([3, 0, 0]) == 1
    several = view({"a": "++++ +-", "b": "---- ++"}, "aabbc", [[0, 1, 2, 3], [4, 0]])
    # a: s0 1 and -1, s1 1; b: 2; c: 0.
    assert compare(several, "a", "b")["p_groups"] == pytest.approx(sign_flip_test([1, 2, 0]))


def test_equal_predictions_have_no_p(hold_outs):
    same = compare(hold_outs, "b", "b")
    assert (same["difference"], same["ci_low"], same["equivalent_within"]) == (0, 0, 0)
    assert all(math.isnan(same[name]) for name in ("p_folds", "p_groups", "smallest_detectable"))
    # As often right, but not the same: there is a test, and it finds nothing.
    other = compare(hold_outs, "b", "c")
    assert (other["p_folds"], other["p_groups"]) == (1, 1)


def test_single_fold_is_compared_by_groups():
    groups = [f"g{i // 2}" for i in range(60)]
    single = view({"a": "++-" * 20, "b": "+--" * 20}, groups, [range(60)])
    result = compare(single, "a", "b")
    assert result["difference"] == pytest.approx(1 / 3)
    assert math.isnan(result["p_folds"])
    assert result["p_groups"] == pytest.approx(2.0**-19)
    assert 0.2 < result["ci_low"] < 1 / 3 < result["ci_high"] < 0.5
    assert 1 / 3 < result["equivalent_within"] < result["ci_high"]
    # Of thirty groups ten have 1, ten 1 and ten 0 of two songs more: standard error sqrt(2/9/30)/2.
    error = math.sqrt(2 / 9 / 30) / 2
    assert result["smallest_detectable"] == pytest.approx(2.8015852 * error, rel=0.03)


def test_best_reference_has_the_largest_p_of_all():
    models = {"a": "+++-+ ++++-", "b": "+---- --++-", "c": "++--- +++--", "d": "----+ -----"}
    own = view(models, "abcde", [range(5), range(5)])
    result = with_best(own, "a", ["b", "c", "d"])
    against = {name: compare(own, "a", name) for name in "bcd"}
    assert (result["reference"], result["difference"]) == ("c", against["c"]["difference"])
    for test in ("p_folds", "p_groups"):
        assert result[test] == max(each[test] for each in against.values())
    assert result["p_groups"] > against["b"]["p_groups"]
    # A model that is one of the baselines by construction is not tested.
    own = view({"a": "++-- +--+", "b": "++-- +--+", "c": "-++- -++-"}, "abcd", [range(4)] * 2)
    assert math.isnan(with_best(own, "a", ["b", "c"])["p_groups"])


def test_protocols_are_compared_on_common_songs():
    clean = view({"a": "++-+", "b": "----"}, "abcd", [range(4)])
    paper = view({"a": "+- -+- -", "b": "++ +++ +"}, "abcdz", [[0, 1], [0, 1, 4], [0]])
    a, b = between(clean, paper, ["a", "b"])
    # s0: 1 - 1/3, s1: 1 - 1/2; s2 and s3 are not tested under paper, s4 not under clean.
    assert (a["model"], a["difference"]) == ("a", pytest.approx((2 / 3 + 1 / 2) / 2))
    assert a["p_groups"] == pytest.approx(sign_flip_test([4, 3]))
    assert (b["model"], b["difference"], b["ci_low"], b["ci_high"]) == ("b", -1, -1, -1)
    assert math.isnan(a["p_folds"]) and math.isnan(b["p_folds"])


def test_protocols_join_groups_of_either():
    def p(first, second):
        one, other = view({"a": "++++"}, first, [range(4)]), view({"a": "----"}, second, [range(4)])
        [row] = between(one, other, ["a"])
        return row["p_groups"]

    result = [p("abcd", "abcd"), p("abcd", "aacd"), p("aacd", "abdd")]
    assert result == pytest.approx([2 / 16, 2 / 8, 2 / 4])
    # Without common songs they are not compared.
    one, other = view({"a": "++"}, "ab", [[0, 1]]), view({"a": "+"}, "zzz", [[2]])
    assert [*between(one, other, ["a"])] == []


def test_questions_about_an_experiment():
    variants = {"wide": {"hidden": 9}, "near": {"k": 3, "model": "gcn"}}
    asked = {"models": ["gcn", "svm", "label_spreading", "blend"], "variants": variants}
    baselines = ["svm", "blend", "edgeless", "gcn_edgeless", "wide_edgeless"]
    assert [*questions(Experiment(**asked), "none")] == [
        ("messages", "graphsage", ["edgeless"]),
        ("messages", "gcn", ["gcn_edgeless"]),
        ("messages", "wide", ["wide_edgeless"]),
        ("messages", "near", ["gcn_edgeless"]),
        *(("baseline", name, baselines) for name in ("graphsage", "gcn", "label_spreading")),
        ("variant", "wide", ["graphsage"]),
        ("variant", "near", ["gcn"]),
    ]
    # Graphs of artists are compared with baselines at aggregation artist.
    artists = Experiment(**asked, graph={"among": "artist"})
    asks = {each: {q for q, *_ in questions(artists, each)} for each in ("none", "artist")}
    assert asks == {"none": {"messages", "variant"}, "artist": {"messages", "baseline", "variant"}}


def test_comparisons_of_an_experiment():
    signs = {"graphsage": 2 * "++++-", "edgeless": 2 * "+++++", "logistic": 2 * "-++++"}
    paper = view(signs, "abcde", [range(5)] * 2)
    signs = {"graphsage": 2 * "+++-+", "edgeless": 2 * "+--+-", "logistic": 2 * "-+-++"}
    clean = view(signs, "abcde", [range(5)] * 2)
    views = {"paper": {"none": paper}, "clean": {"none": clean, "artist": clean}}
    experiment = Experiment(models=["logistic"])
    table = of_experiment(views, "multiclass_a", experiment, 0.5)
    assert table.columns.tolist() == RAW
    keys = ["protocol", "aggregation", "question", "model", "reference"]
    assert table[keys].apply(" ".join, axis=1).tolist() == [
        "paper none messages graphsage edgeless",
        "paper none baseline graphsage edgeless",
        "paper none paper graphsage paper",
        "clean none messages graphsage edgeless",
        "clean none baseline graphsage logistic",
        *(f"clean none protocol {name} paper" for name in signs),
        "clean artist messages graphsage edgeless",
        "clean artist baseline graphsage logistic",
    ]
    stated = table.query("question == 'paper'").iloc[0]
    assert stated["difference"] == pytest.approx(0.3)
    assert math.isnan(stated["p_groups"])
    without = of_experiment(views, "multiclass_a", experiment, None)
    assert len(without) == len(table) - 1 and "paper" not in set(without["question"])


def test_adjusted_p_are_by_question_and_protocol():
    rows = [
        ("messages", "clean", 0.01, 0.02),
        ("messages", "clean", 0.03, 0.04),
        ("messages", "clean", math.nan, math.nan),  # The same in every prediction.
        ("messages", "clean", math.nan, 0.5),  # All folds differ by the same.
        ("messages", "paper", 0.01, 0.02),
        ("baseline", "clean", 0.01, 0.02),
    ]
    keys = ["question", "protocol", "p_folds", "p_groups"]
    raw = pd.DataFrame(rows, columns=keys).reindex(columns=RAW)
    table = adjusted(raw)
    assert table.columns.tolist() == COLUMNS
    assert_allclose(table["p_folds_holm"], [0.02, 0.03, math.nan, math.nan, 0.01, 0.01])
    assert_allclose(table["p_groups_holm"][:4], holm([0.02, 0.04, math.nan, 0.5]))
    assert table["n_tests"].tolist() == [3, 3, 3, 3, 1, 1]
    pd.testing.assert_frame_equal(table[RAW], raw)
    assert adjusted(raw[:0]).columns.tolist() == COLUMNS  # Where nothing is compared.
