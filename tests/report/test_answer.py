"""Each sentence of the answer with numbers made up so that it has to be right."""

import numpy as np
import pandas as pd
import pytest

from report.answer import answer

COLUMNS = "experiment protocol model mean ci_low ci_high gain gain_low gain_high".split()
COLUMNS += ["p_by_group", "paper_test_accuracy"]
NAN = np.nan
ROWS = [
    ["one", "paper", "graphsage", 0.70, 0.65, 0.75, 0.02, -0.01, 0.05, 0.3, 0.72],
    ["one", "paper", "edgeless", 0.68, 0.63, 0.73, 0.0, 0.0, 0.0, NAN, NAN],
    ["one", "clean", "graphsage", 0.50, 0.45, 0.55, 0.04, 0.01, 0.07, 0.0004, NAN],
    ["one", "clean", "edgeless", 0.46, 0.41, 0.51, 0.0, 0.0, 0.0, NAN, NAN],
    ["one", "clean", "svm", 0.48, 0.43, 0.53, 0.02, -0.02, 0.06, 0.5, NAN],
]
OTHERS = [
    ["two", "paper", "graphsage", 0.90, 0.85, 0.95, 0.00, 0.0, 0.0, 1.0, 0.80],
    ["two", "clean", "graphsage", 0.60, 0.55, 0.65, -0.0004, -0.1, 0.1, 0.9, NAN],
    ["three", "clean", "graphsage", 0.55, 0.50, 0.60, 0.0, 0.0, 0.0, 1.0, NAN],
]


def said(rows, zero_shares=(), of_artists=(), **genres):
    summary = pd.DataFrame(rows, columns=COLUMNS)
    keys = map(tuple, summary[["experiment", "protocol"]].to_numpy())
    shares = dict.fromkeys(keys, 0.1) | dict(zero_shares)
    counts = dict.fromkeys(summary["experiment"], 10) | genres
    return answer(summary, shares, counts, of_artists)


def test_one_experiment_is_told_with_its_intervals():
    right, messages, paper = said(ROWS)
    assert right.startswith("Under protocol clean (artists, songs and copies kept on one side")
    assert "0.5000 (95 % interval 0.4500 to 0.5500, one)" in right
    assert right.endswith("guessing would reach 0.1000.")
    assert "is +4.0 (+1.0 to +7.0) points, in the experiment whose graph has edges" in messages
    assert messages.endswith("p < .001 by groups of clips.")
    assert "reaches 0.7000 (95 % interval 0.6500 to 0.7500, one); the paper states 0.7200" in paper
    assert paper.endswith("within our 95 % interval under its protocol.")


def test_several_experiments_are_told_from_the_lowest_to_the_highest():
    right, messages, paper = said([*ROWS, *OTHERS], {("three", "clean"): 1.0}.items(), two=2)
    assert "0.5000 (one) to 0.6000 (two)" in right
    assert right.endswith("guessing would reach 0.1000 to 0.5000.")
    assert "+0.0 (two, -10.0 to +10.0) to +4.0 (one, +1.0 to +7.0) points" in messages
    assert "the 2 experiments whose graphs have edges" in messages
    assert "in 1 of 2 that could be tested" in messages
    assert "0.7000 (one) to 0.9000 (two)" in paper
    assert "1 of 2 accuracies that the paper states lie within" in paper


def test_networks_that_are_told_artists_have_a_sentence_of_their_own():
    right, messages, paper, told = said([*ROWS, *OTHERS], of_artists=["one"])
    assert "0.5500 (three) to 0.6000 (two)" in right
    assert "+0.0 (two, -10.0 to +10.0) to +0.0 (three, +0.0 to +0.0) points" in messages
    assert "0.9000 (95 % interval 0.8500 to 0.9500, two)" in paper
    assert "one artist, messages are worth +4.0 (+1.0 to +7.0) points: p < .001 by" in told
    right, messages, _, told = said(ROWS, of_artists=["one"])
    assert "0.5000" in right and "+4.0" in messages and "+4.0" in told


def test_a_model_that_is_told_artists_is_no_rival():
    told = ["one", "paper", "best_known_artists", 0.9, 0.8, 1.0, 0.2, 0.1, 0.3, 0.01, NAN]
    svm = ["one", "paper", "svm", 0.75, 0.7, 0.8, 0.05, 0.0, 0.1, 0.1, NAN]
    assert "svm reaches most: 0.7500 (one)" in said([*ROWS[:2], told, svm])[-1]


def test_graphs_in_which_no_clip_has_a_neighbour_say_nothing_of_messages():
    _, messages, _ = said(ROWS, {("one", "clean"): NAN}.items())
    assert messages.endswith("cannot be said: no clip has a neighbour.")


def test_graphs_without_edges_say_nothing_of_messages():
    _, messages, _ = said(ROWS, {("one", "clean"): 1.0}.items())
    assert messages.startswith("Whether messages of neighbours help cannot be said")


def test_what_could_not_be_tested_is_not_called_chance():
    rows = [[*row[:9], NAN, row[10]] for row in ROWS]
    assert said(rows)[1].endswith("whether that is chance could not be tested.")


def test_without_an_interval_none_is_told():
    rows = [[*row[:4], NAN, NAN, row[6], NAN, NAN, *row[9:]] for row in ROWS]
    right, messages, _ = said(rows)
    assert "accuracy of 0.5000 (one) on" in right
    assert "is +4.0 points" in messages


@pytest.mark.parametrize(
    "protocol, third",
    [
        ("clean", "Of the other models on the same folds, svm reaches most: 0.4800 (one)."),
        ("paper", "The same network without messages reaches 0.6800 (95 % interval 0.6300 to"),
    ],
)
def test_where_there_is_one_protocol_the_third_sentence_is_of_others(protocol, third):
    rows = [row for row in ROWS if row[1] == protocol]
    assert said(rows)[2].startswith(third)


def test_where_nothing_could_be_evaluated_it_is_said():
    assert said([]) == ["No protocol of any experiment could be evaluated."]
