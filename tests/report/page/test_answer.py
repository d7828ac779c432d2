"""The table and sentences of the answer, from numbers made up."""

import pytest
from tests.report.found import comparisons, summary, tables

from genregraph.report.page.answer import beside_average, papers, rows, sentences

GENRES = {"multiclass_a": 10, "binary_b": 2, "multiclass_c": 10, "multiclass_d": 10}


def answered(**changed):
    found = tables(**changed)
    return sentences(found, rows(found, "none", GENRES))


def test_each_experiment_has_a_row_under_its_strictest_protocol():
    found = rows(tables(), "none", GENRES)
    assert [(row["name"], row["protocol"]) for row in found] == [
        ("multiclass_a", "clean"),
        ("binary_b", "paper"),
        ("multiclass_c", "clean"),
        ("multiclass_d", "clean"),
    ]
    first, second, third, _ = found
    assert (first["guess"], second["guess"]) == (0.1, 0.5)
    assert first["baseline"]["mean"] == 0.55
    assert second["baseline"] is None
    assert (third["graphsage"]["mean"], third["edgeless"]["mean"]) == (0.56, 0.54)
    assert third["messages"]["p_groups_holm"] == 0.006
    assert [row["edges"] for row in found] == [False, True, True, True]


def test_what_uses_artist_labels_is_a_table_of_its_own():
    found = rows(tables(), "artist", GENRES)
    assert [row["name"] for row in found] == ["multiclass_c", "multiclass_d"]
    assert found[1]["graphsage"]["mean"] == 0.62
    assert found[1]["baseline"]["mean"] == 0.67


def test_messages_are_counted_where_graphs_of_similar_clips_have_edges():
    assert answered()[0].endswith("in 1 of 2 experiments whose graphs have edges (multiclass_c).")
    none = comparisons().assign(p_groups_holm=0.2)
    assert answered(comparisons=none)[0].endswith(
        "in none of 2 experiments whose graphs have edges."
    )
    untested = comparisons().assign(p_groups_holm=float("nan"))
    assert "could not be tested" in answered(comparisons=untested)[0]


def test_without_edges_nothing_is_said_of_messages():
    health = {key: table.assign(zero_distance_share=1.0) for key, table in tables().health.items()}
    assert answered(health=health)[0].startswith("No graph of similar clips has edges")


def test_the_graph_of_artists_stands_with_the_average_and_no_test():
    (pair,) = beside_average(tables())
    assert (pair["name"], pair["protocol"]) == ("multiclass_d", "clean")
    assert answered()[1] == (
        "GraphSAGE on a graph of artists (multiclass_d, clean) reaches 0.6100 (95 % interval "
        "0.5600 to 0.6600); without messages, its probabilities averaged over each artist's test "
        "clips, it reaches 0.6500 (95 % interval 0.6000 to 0.7000)."
    )


def test_the_papers_numbers_are_counted_with_those_that_were_not_run():
    found = papers(tables())
    assert [row["inside"] for row in found["rows"]] == [True, False]
    assert found["lacking"] == ["multiclass_lacking"]
    assert answered()[2] == (
        "By the paper's own protocol, 2 of the paper's 3 accuracies were computed; 1 of these lies "
        "within our 95 % interval."
    )


@pytest.mark.parametrize("question", ["paper", "messages"])
def test_what_was_not_compared_is_not_spoken_of(question):
    found = answered(comparisons=comparisons().query("question != @question"))
    assert ("paper's own" in found[-1]) == (question == "messages")


def test_where_nothing_could_be_evaluated_it_is_said():
    assert answered(summary=summary().iloc[:0]) == [
        "No protocol of any experiment could be evaluated."
    ]
