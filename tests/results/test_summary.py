import re

import pandas as pd
import pytest

from results.summary import NO_GRAPH, describe, giant_note, graph_note, left_out_lines, note_of

SOUND = {
    "k_asked": 100,
    "k": 100,
    "homophily": 0.3,
    "chance_homophily": 0.1,
    "zero_distance_share": 0.25,
}


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "dataset": "gtzan",
            "experiment": "multiclass",
            "protocol": ["paper", "paper", "paper", "clean", "clean"],
            "model": "graphsage",
            "n_train": 900,
            "n_test": 100,
            "train_accuracy": [0.9, 1.0, 0.95, 0.8, 0.9],
            "test_accuracy": [0.7, 0.8, 0.75, 0.5, 0.6],
        }
    )


def summary(table, problems=(), paper=0.7976, **graph):
    figures = pd.DataFrame([{**SOUND, **graph}] * 2)
    notes = {"paper": graph_note(figures)}
    return describe(table, {"paper": figures}, notes, dict(problems), paper)


def line(text, start):
    [found] = [line.split() for line in text.splitlines() if line.startswith(start)]
    return found


def test_a_line_a_protocol_states_means_and_deviation(table):
    text = summary(table)
    assert line(text, "protocol") == "protocol model clips folds train test ± std paper".split()
    assert line(text, "paper") == "paper graphsage 1000 3 0.9500 0.7500 0.0500 0.7976".split()


def test_the_papers_number_stands_beside_protocol_paper_only(table):
    assert line(summary(table), "clean") == "clean graphsage 1000 2 0.8500 0.5500 0.0707 -".split()


def test_without_the_papers_number_there_is_no_column_of_it(table):
    text = summary(table, paper=None)
    assert line(text, "protocol")[-1] == "std"
    assert line(text, "paper")[-1] == "0.0500"


def test_a_single_fold_has_no_deviation(table):
    assert line(summary(table[2:4]), "clean") == "clean graphsage 1000 1 0.8000 0.5000 - -".split()


def test_each_model_has_its_line(table):
    table.loc[2, "model"] = "svm"
    text = summary(table)
    assert line(text, "paper     graphsage")[3] == "2"
    assert line(text, "paper     svm")[5] == "0.7500"


def test_the_graph_is_described(table):
    [found] = [line for line in summary(table).splitlines() if line.startswith("graph of paper")]
    assert re.findall(r"([a-z ]+) ([\d.]+)", found) == [
        (" k", "100"),
        (" homophily", "0.300"),
        ("chance", "0.100"),
        (" zero distances", "25.0"),
    ]


@pytest.mark.parametrize(("share", "warned"), [(0.0, False), (0.49, False), (0.5, True), (1, True)])
def test_a_metric_that_tells_no_clips_apart_is_warned_of(table, share, warned):
    text = summary(table, zero_distance_share=share)
    assert (NO_GRAPH in text) == ("WARNING" in text) == warned


def test_a_k_that_was_capped_is_noted(table):
    note = "a clip has {} neighbours on average, there being no more."
    assert f"NOTE: k 100 was asked for; {note.format(19)}" in summary(table, k=19)
    assert note.format("5.62") in summary(table, k=5.6183)
    assert "k 5.62, homophily" in summary(table, k=5.6183)
    many = summary(table, k=1234, k_asked=5000)
    assert f"NOTE: k 5000 was asked for; {note.format(1234)}" in many
    assert "NOTE" not in summary(table)


def test_problems_are_counted_and_their_list_named(table):
    text = summary(table, problems={"a/problems.csv": 3, "b/problems.csv": 0})
    assert "3 problem(s) are listed in a/problems.csv" in text
    assert "b/problems.csv" not in text


def folds(**groups):
    """Two repeats of a genre's groups, by their sizes."""
    rows = [
        {"genre": genre, "group": group, "repeat": repeat}
        for repeat in (0, 1)
        for genre, sizes in groups.items()
        for group, size in sizes.items()
        for _ in range(size)
    ]
    return pd.DataFrame(rows)


def test_groups_that_fill_their_genre_are_warned_of():
    small = {f"artist {i}": 5 for i in range(13)}
    note = giant_note(folds(reggae={"artist bob": 35, **small}, rock=small))
    assert note.startswith("NOTE: ")
    assert note.endswith(": artist bob hold 35 of 100 clips of reggae.")
    assert giant_note(folds(rock={f"artist {i}": 4 for i in range(5)})) == ""
    assert "a hold 2 of 4 clips of jazz; b hold 1 of 1 clips of rock." in giant_note(
        folds(jazz={"a": 2, "c": 1, "d": 1}, rock={"b": 1})
    )


def test_only_clean_folds_are_looked_at_for_large_groups(protocol):
    assert "a hold 3 of 3 clips of blues" in note_of(protocol("clean"))
    assert note_of(protocol("paper")) == ""


def test_reasons_name_experiment_and_protocol():
    assert left_out_lines({"": {"clean": "one artist"}}) == [
        "protocol clean is left out: one artist"
    ]
    assert left_out_lines({"a": {"clean": "x"}, "b": {}, "c": {"paper": "y"}}) == [
        "a, protocol clean is left out: x",
        "c, protocol paper is left out: y",
    ]
