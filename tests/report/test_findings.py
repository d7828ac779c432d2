"""The template with tables made up so that each of its sentences has to be right."""

import json
from itertools import pairwise
from pathlib import Path

import jinja2
import pandas as pd
import pytest
import yaml
from tests.report.found import comparisons, curve, summary, tables

from genregraph.config.load import load
from genregraph.config.model import Dataset
from genregraph.datasets.sheet import read_sheet
from genregraph.plan.runnable import not_runnable
from genregraph.report.findings import facts_of, findings, main

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "workflow/scripts/genregraph/report/findings.md.jinja"
SAME = ["+0.0", "-3.0 to +3.0", "0.400", "0.800", "0.300", "0.600", "3", "no", "+5.0"]


def text(not_run=None, **changed):
    facts = facts_of(tables(**changed), not_run or {})
    return findings(TEMPLATE.read_text(encoding="utf-8"), facts)


@pytest.fixture(scope="module")
def whole():
    return text()


def said(found):
    """The text in one line."""
    return " ".join(found.split())


def part(found, title):
    """Lines of a section."""
    return found.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]


def cells(found, *start):
    """Cells of the one row that begins so, after these."""
    lines = [line.strip("|").split("|") for line in found.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line] for line in lines]
    [row] = [each for each in rows if each[: len(start)] == list(start)]
    return row[len(start) :]


def test_the_papers_numbers_stand_with_ours_and_with_how_many_were_computed(whole):
    own = part(whole, "The paper's numbers, by the paper's protocol")
    assert cells(own, "`multiclass_a`") == [
        *("0.7200", "0.7000", "0.6500 to 0.7500", "+0.0", "yes", "1.0000")
    ]
    assert cells(own, "`binary_b`")[3:5] == ["-34.0", "no"]
    assert said(own).startswith(
        "2 of the paper's 3 accuracies were computed here. 1 needs features that were not at hand: "
        "`multiclass_lacking`. The paper"
    )
    without = comparisons().query("question != 'paper'")
    assert "The paper's numbers" not in text(comparisons=without)


def test_a_note_stands_once_with_what_it_is_of(whole):
    assert "- `multiclass_a` (paper), `binary_b` (paper): Not scaled.\n" in whole


def test_each_network_stands_with_its_ablation(whole):
    own = part(whole, "Does message passing help?")
    key = "`multiclass_c`", "clean", "none", "graphsage"
    assert cells(own, *key) == [
        *("0.5600", "0.5400", "+2.0", "-3.0 to +3.0", "0.400", "0.800", "0.002", "0.006"),
        *("3", "no", "+5.0"),
    ]
    assert cells(own, "`multiclass_c`", "clean", "artist", "graphsage")[:2] == ["0.6600", "0.6400"]
    assert cells(own, "`multiclass_c`", "clean", "artist", "graphsage")[-2] == "yes"
    assert cells(own, "clean", "none") == ["3", "2", "0", "1", "1"]
    assert cells(own, "filtered", "none") == ["1", "1", "0", "0", "0"]
    assert cells(own, "`multiclass_a`", "clean", "jaccard", "30") == ["100.0 %", "11.0 %", "10.0 %"]


def test_intervals_are_said_not_to_be_adjusted(whole):
    assert "They are **not** adjusted for the number of comparisons." in said(whole)
    assert "those marked * are of a single fold" in said(whole)
    assert "0.4500 to 0.5500 *" in part(whole, "By artist and by clip")


def test_artist_labels_stand_with_and_without_and_no_test_compares_them(whole):
    own = part(whole, "What artist labels add")
    assert cells(own, "`multiclass_d`", "clean", "lda") == [
        *("0.5600", "0.5100 to 0.6100", "0.6700", "0.6200 to 0.7200")
    ]
    assert "near" not in own
    assert cells(own, "`multiclass_d`", "clean", "0.6100") == [
        *("0.5600 to 0.6600", "0.6500", "0.6000 to 0.7000")
    ]
    assert "No test compares the two" in own
    none = text(summary=summary().query("aggregation == 'none'"))
    assert "What artist labels add" not in none


def test_both_readings_of_jaccard_are_told_by_their_graphs(whole):
    own = part(whole, "Jaccard's distance in both readings")
    assert "GraphSAGE equals `edgeless` in every fold in 2 of 2 evaluations." in own
    assert "before" not in own
    experiments = dict(tables().experiments)
    old = experiments["multiclass_a"].graph.model_copy(
        update={"metric": "jaccard_scipy_before_1_15"}
    )
    experiments["binary_b"] = experiments["binary_b"].model_copy(update={"graph": old})
    own = part(text(experiments=experiments), "Jaccard's distance in both readings")
    assert "by 2 points or more, in 1 of 1 evaluation." in own


def test_variants_stand_with_what_they_vary(whole):
    own = part(whole, "Variants of the networks")
    assert cells(own, "`multiclass_c`", "clean", "none", "near", "k: 5", "graphsage") == [
        *("0.5300", "0.5600", "-3.0", *SAME[1:])
    ]


def test_leaks_and_what_the_split_costs_are_stated(whole):
    own = part(whole, "The folds")
    assert cells(own, "`multiclass_a`", "paper") == ["90", "10", "4.5", "0.0", "1.5", "0.7000"]
    assert cells(own, "`multiclass_a`", "clean") == ["90", "10", "0.0", "0.0", "0.0", "0.5000"]
    costs = part(whole, "What the split costs")
    row = cells(costs, "`multiclass_c`", "none", "random")
    assert row[:3] == ["0.5600", "0.7100", "-15.0"]
    assert row[4:6] == ["-", "-"]


def test_accuracy_by_artist_stands_with_that_by_clip(whole):
    own = part(whole, "By artist and by clip")
    assert cells(own, "`multiclass_a`", "clean", "svm") == [
        *("0.5500", "0.5000 to 0.6000", "0.5700", "0.4500 to 0.6500", "30")
    ]
    assert "| random |" not in own


def test_how_often_test_parts_were_used_counts_all_that_was_evaluated():
    tuning = pd.DataFrame({"parameter": ["hidden"] * 4 + ["rate"], "value": [1, 2, 1, 2, 1]})
    found = text(tuning=tuning, learning_curve=curve())
    own = part(found, "How often the test parts were used")
    assert cells(own, "paper") == ["2", "5", "3"]
    assert cells(own, "clean") == ["3", "9", "8"]
    assert cells(own, "random") == ["1", "3", "0"]
    assert "Earlier published versions" in own
    elsewhere = said(text(facts=Dataset()))
    assert "Earlier published versions" not in elsewhere
    assert "What was tried and went" in found
    assert "What was tried and went" not in elsewhere


def test_graph_models_stand_with_the_best_other(whole):
    own = part(whole, "Graph models and the best other model")
    assert cells(own, "`multiclass_a`", "clean", "none", "graphsage")[:4] == [
        *("0.5000", "svm", "0.5500", "-5.0")
    ]


def test_calibration_is_of_graphsage_and_of_the_least_log_loss(whole):
    own = part(whole, "Calibration")
    assert cells(own, "`multiclass_a`", "clean", "graphsage", "-") == [
        *("1.500", "1.400 to 1.600", "0.600", "0.9000", "0.5100", "0.3900", "0.3000 to 0.4500"),
        "0.0800",
    ]
    assert cells(own, "`multiclass_a`", "clean", "svm", "-")[0] == "1.250"
    assert cells(own, "`multiclass_a`", "clean", "graphsage", "2.25")[0] == "1.100"
    assert "edgeless" not in own
    assert "| 0.50 |" not in own


def test_learning_curves_are_means_over_repeats(whole):
    assert "Learning curves" not in whole
    own = part(text(learning_curve=curve()), "Learning curves")
    assert cells(own, "artists", "6") == ["24", "0.6000", "0.5000"]
    assert cells(own, "clips", "4", "12") == ["0.4500", "0.3500"]


def test_what_was_not_computed_is_listed_and_sketches_are_no_music(whole):
    assert "Not computed here" not in whole
    found = text(not_run={"binary_c": "no audio"}, left_out={"binary_b": {"clean": "one artist"}})
    assert "- `binary_c`: no audio." in found
    assert "- `binary_b`, protocol clean: one artist." in found
    assert "say nothing about music" in said(text(facts=Dataset(synthesised=True)))
    assert "about music" not in whole


def test_a_genre_is_no_markup():
    reason = "no more of <img src=x onerror=alert(1)>|a*b*`c`"
    found = text(not_run={"binary_c": reason}, left_out={"binary_b": {"clean": reason}})
    assert found.count(r"no more of &lt;img src=x onerror=alert(1)&gt;\|a\*b\*\`c\`.") == 2
    assert "<img" not in found


CLIPS = {
    "binary_b": {"clean": {"used": 90, "excluded": 7, "rejected": 2, "without_features": 1}},
    "binary_none": {},
}


def test_what_became_of_the_clips_is_a_table(whole):
    assert "What became of the clips" not in whole
    assert "| `binary_b` | clean | 90 | 7 | 2 | 1 |\n" in text(clips=CLIPS)


def test_where_nothing_could_be_evaluated_the_reasons_stand():
    none = {name: getattr(tables(), name).iloc[:0] for name in ("summary", "comparisons")}
    none |= {"calibration": tables().calibration.iloc[:0]}
    found = text(**none, left_out={"binary_b": {"clean": "one artist"}})
    assert "No experiment could be evaluated." in found
    assert "- `binary_b`, protocol clean: one artist." in found
    assert "| " not in found


@pytest.mark.parametrize("more", [{}, {"clips": CLIPS, "learning_curve": curve()}])
def test_paragraphs_tables_and_lists_stand_apart(more):
    """As Markdown wants it: a blank line before and after each, and never two."""
    left_out = {"binary_b": {"clean": "one artist"}}
    found = text(not_run={"x": "no audio"}, left_out=left_out, **more)
    assert "\n\n\n" not in found
    for before, line in pairwise(found.splitlines()):
        kinds = [each[:1] if each[:1] in {"|", "#", ""} else "words" for each in (before, line)]
        assert "" in kinds or kinds[0] == kinds[1], (before, line)


def test_a_fact_that_there_is_not_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="tempo"):
        findings("{{ tempo }}", {})


PUBLISHED = ROOT / "docs/results/gtzan"


def test_the_published_findings_are_what_the_published_results_say(tmp_path):
    """As written by `rule findings` on the public table of GTZAN; see docs/README.md."""
    merged = {"dataset": "gtzan", "tables": {"handcrafted": "the public table"}}
    for name in ("config", "experiments"):
        merged = {**yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()), **merged}
    config, rows = load(merged), read_sheet(ROOT / "config/datasets/gtzan.tsv")
    files = {"handcrafted": {"30s": "the public table"}}
    not_run = not_runnable(config, rows, no_audio=True, files=files)
    output = tmp_path / "findings.md"
    main(
        [PUBLISHED / f"{name}.csv" for name in config.experiments if name not in not_run],
        PUBLISHED,
        json.dumps(config.model_dump(mode="json")),
        TEMPLATE,
        output,
        learning_curve=PUBLISHED / "learning-curve.csv",
        not_run=[f"{name}={reason}" for name, reason in not_run.items()],
    )
    assert output.read_text() == (ROOT / "docs/findings.md").read_text()
