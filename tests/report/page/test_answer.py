"""The table and sentences of the answer, from numbers made up, and the scale of accuracies."""

import numpy as np
import pytest
from tests.report.found import comparisons, summary, tables

from genregraph.report.page.answer import answers, papers, sentences, tenths, ticks

NUMBERS = {"multiclass_a": 10, "binary_b": 2, "multiclass_c": 10, "multiclass_d": 10}
TESTED = {key: (40, NUMBERS[key[0]]) for key in tables().health}


def answered(**changed):
    own = tables(**changed)
    return sentences(own, answers(own, "none", TESTED))


def test_each_experiment_has_a_row_under_its_strictest_protocol():
    rows = answers(tables(), "none", TESTED).set_index("experiment")
    assert [*rows.index] == ["multiclass_a", "binary_b", "multiclass_c", "multiclass_d"]
    assert [*rows["protocol"]] == ["clean", "paper", "clean", "clean"]
    assert rows["guessing"].tolist() == [0.1, 0.5, 0.1, 0.1]
    assert rows.loc["multiclass_a", ["best_baseline", "its_accuracy"]].tolist() == ["svm", 0.55]
    assert rows.loc["binary_b", "best_baseline"] == "-"
    third = rows.loc["multiclass_c", ["GraphSAGE", "ablation", "difference", "adjusted_p"]]
    assert third.tolist() == [0.56, 0.54, 0.02, 0.006]
    rows = answers(tables(), "artist", TESTED)
    assert rows["experiment"].tolist() == ["multiclass_c", "multiclass_d"]
    assert rows.loc[1, ["GraphSAGE", "its_accuracy"]].tolist() == [0.62, 0.67]


UNTESTED = "Graphs without edges and equal predictions are not tested."


def test_messages_are_counted_where_graphs_of_similar_clips_have_edges():
    of_all = "of 2 experiments that could be tested"
    assert answered()[0].endswith(f"in 1 {of_all} (multiclass_c). {UNTESTED}")
    none = comparisons().assign(p_groups_holm=0.2)
    assert answered(comparisons=none)[0].endswith(f"in none {of_all}. {UNTESTED}")
    untested = comparisons().assign(p_groups_holm=float("nan"))
    assert "could not be tested" in answered(comparisons=untested)[0]
    health = {key: table.assign(degenerate=True) for key, table in tables().health.items()}
    assert answered(health=health)[0].startswith("At most half of the distances")


def test_graph_of_artists_and_papers_numbers():
    assert answered()[1:] == [
        "GraphSAGE on a graph of artists (multiclass_d, clean) reaches 0.6100 (95 % interval "
        "0.5600 to 0.6600); without messages, its probabilities averaged over each artist's test "
        "clips, it reaches 0.6500 (95 % interval 0.6000 to 0.7000).",
        "By the paper's own protocol, 2 of the paper's 3 accuracies were computed; 1 of these lies "
        "within our 95 % interval.",
    ]
    assert [row["inside"] for row in papers(tables())["rows"]] == [True, False]


def test_notes_stand_once_with_what_they_concern():
    own = tables(summary=summary().assign(note="WARNING: k 5. NOTE: they leak.")).notes()
    assert [note for note, _ in own] == ["K 5.", "They leak."]
    assert own[0][1] == own[1][1]
    assert own[0][1][0] == ("multiclass_a", ["paper", "clean"])


def test_ticks_are_round_and_the_scale_holds_all_values():
    assert ticks(0.3, 0.8) == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    assert ticks(0.0, 1.0) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert ticks(0.62, 0.91) == [0.65, 0.7, 0.75, 0.8, 0.85, 0.9]
    assert tenths([0.5, 0.42, 0.58, np.nan]) == pytest.approx((0.4, 0.6))
    assert tenths([0.5, -0.2, 1.3]) == (0.0, 1.0)
    assert tenths([0.5, np.nan]) == pytest.approx((0.5, 0.6))
    assert tenths([]) == (0.0, 1.0)
