import pandas as pd
import pytest

from genregraph.evaluation.notes import (
    NO_GRAPH,
    count_lines,
    giant_note,
    graph_line,
    graph_note,
    left_out_lines,
    note_of,
    number,
    table_lines,
)

SOUND = {
    "k_asked": 100,
    "k": 100,
    "homophily": 0.3,
    "chance_homophily": 0.1,
    "zero_distance_share": 0.25,
    "degenerate": False,
}


def figures(**graph):
    return pd.DataFrame([{**SOUND, **graph}] * 2)


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [{"model": "svm", "test": "0.5"}, {"model": "graphsage", "test": "-"}]
    assert table_lines(rows, ["model"]) == [
        "model      test",
        "svm         0.5",
        "graphsage     -",
    ]
    assert (number(float("nan"), ".3f"), number(0.5, "+.2f")) == ("-", "+0.50")


def test_the_graph_is_described():
    expected = "k 5.62, homophily 0.300 (chance 0.100), zero distances 25.0 %"
    assert graph_line(figures(k=5.6183)) == expected


def test_a_metric_that_does_not_distinguish_clips_is_warned_of():
    assert graph_note(figures()) == ""
    assert graph_note(figures(degenerate=True)) == NO_GRAPH


@pytest.mark.parametrize(("k", "asked", "said"), [(19, 100, "19"), (5.6183, 100, "5.62")])
def test_a_k_that_was_capped_is_noted(k, asked, said):
    note = f"NOTE: k {asked} was asked for; a clip has {said} neighbours on average"
    assert graph_note(figures(k=k)).startswith(note)
    assert graph_note(figures(k=1234, k_asked=5000)).startswith("NOTE: k 5000")


def test_clips_are_counted_by_protocol():
    counts = {"paper": {"used": 6, "without_features": 1}}
    assert count_lines(counts) == ["clips of paper: 6 used, 1 without features"]


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


def test_only_clean_folds_are_looked_at_for_large_groups(write):
    table = folds(rock={"a": 2, "b": 1, "c": 1}).assign(fold=0)
    assert "a hold 2 of 4 clips of rock" in note_of(write("clean", table, {}))
    assert note_of(write("paper", table, {})) == ""


def test_reasons_name_experiment_and_protocol():
    assert left_out_lines({"": {"clean": "one artist"}}) == [
        "protocol clean is left out: one artist"
    ]
    assert left_out_lines({"a": {"clean": "x"}, "b": {}, "c": {"paper": "y"}}) == [
        "a, protocol clean is left out: x",
        "c, protocol paper is left out: y",
    ]
