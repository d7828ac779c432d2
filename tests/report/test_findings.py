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
def standard():
    return text()


def in_one_line(markdown):
    """The text in one line."""
    return " ".join(markdown.split())


def part(markdown, title):
    """Lines of a section."""
    return markdown.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]


def cells(markdown, *start):
    """Cells of the one row that begins so, after these."""
    lines = [line.strip("|").split("|") for line in markdown.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line] for line in lines]
    [row] = [each for each in rows if each[: len(start)] == list(start)]
    return row[len(start) :]


def test_papers_numbers_with_ours(standard):
    own = part(standard, "The paper's numbers, by the paper's protocol")
    assert cells(own, "`multiclass_a`") == [
        *("0.7200", "0.7000", "0.6500 to 0.7500", "+0.0", "yes", "1.0000")
    ]
    assert cells(own, "`binary_b`")[3:5] == ["-34.0", "no"]
    assert in_one_line(own).startswith(
        "2 of the paper's 3 accuracies were computed here. "
        "1 needs features that were not available: `multiclass_lacking`. The paper"
    )
    without = comparisons().query("question != 'paper'")
    assert "The paper's numbers" not in text(comparisons=without)


def test_notes_are_written_once(standard):
    assert "- `multiclass_a` (paper), `binary_b` (paper): Not scaled.\n" in standard


def test_networks_with_their_ablations(standard):
    own = part(standard, "Does message passing help?")
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


def test_intervals_are_not_adjusted(standard):
    assert "They are **not** adjusted for the number of comparisons." in in_one_line(standard)
    assert "those marked * are of a single fold" in in_one_line(standard)
    assert "0.4500 to 0.5500 *" in part(standard, "By artist and by clip")


def test_accuracies_with_and_without_artist_labels(standard):
    own = part(standard, "What artist labels add")
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


def test_readings_of_jaccard(standard):
    own = part(standard, "Jaccard's distance in both readings")
    assert "GraphSAGE equals `edgeless` in every fold in 2 of 2 evaluations." in own
    assert "before" not in own
    experiments = dict(tables().experiments)
    old = experiments["multiclass_a"].graph.model_copy(
        update={"metric": "jaccard_scipy_before_1_15"}
    )
    experiments["binary_b"] = experiments["binary_b"].model_copy(update={"graph": old})
    own = part(text(experiments=experiments), "Jaccard's distance in both readings")
    assert "by 2 points or more, in 1 of 1 evaluation." in own


def test_variants_with_their_networks(standard):
    own = part(standard, "Variants of the networks")
    assert cells(own, "`multiclass_c`", "clean", "none", "near", "k: 5", "graphsage") == [
        *("0.5300", "0.5600", "-3.0", *SAME[1:])
    ]


def test_leaks_and_effect_of_the_split(standard):
    own = part(standard, "The folds")
    assert cells(own, "`multiclass_a`", "paper") == ["90", "10", "4.5", "0.0", "1.5", "0.7000"]
    assert cells(own, "`multiclass_a`", "clean") == ["90", "10", "0.0", "0.0", "0.0", "0.5000"]
    costs = part(standard, "Effect of the split")
    row = cells(costs, "`multiclass_c`", "none", "random")
    assert row[:3] == ["0.5600", "0.7100", "-15.0"]
    assert row[4:6] == ["-", "-"]


def test_accuracy_by_artist_and_by_clip(standard):
    own = part(standard, "By artist and by clip")
    assert cells(own, "`multiclass_a`", "clean", "svm") == [
        *("0.5500", "0.5000 to 0.6000", "0.5700", "0.4500 to 0.6500", "30")
    ]
    assert "| random |" not in own


def test_uses_of_test_parts_are_counted():
    tuning = pd.DataFrame({"parameter": ["hidden"] * 4 + ["rate"], "value": [1, 2, 1, 2, 1]})
    markdown = text(tuning=tuning, learning_curve=curve())
    own = part(markdown, "How often the test parts were used")
    assert cells(own, "paper") == ["2", "5", "3"]
    assert cells(own, "clean") == ["3", "9", "8"]
    assert cells(own, "random") == ["1", "3", "0"]
    assert "Earlier published versions" in own
    elsewhere = in_one_line(text(facts=Dataset()))
    assert "Earlier published versions" not in elsewhere
    assert "Models that were removed" in markdown
    assert "Models that were removed" not in elsewhere


def test_graph_models_with_the_best_other(standard):
    own = part(standard, "Graph models and the best other model")
    assert cells(own, "`multiclass_a`", "clean", "none", "graphsage")[:4] == [
        *("0.5000", "svm", "0.5500", "-5.0")
    ]


def test_calibration_of_graphsage_and_the_best_log_loss(standard):
    own = part(standard, "Calibration")
    assert cells(own, "`multiclass_a`", "clean", "graphsage", "-") == [
        *("1.500", "1.400 to 1.600", "0.600", "0.9000", "0.5100", "0.3900", "0.3000 to 0.4500"),
        "0.0800",
    ]
    assert cells(own, "`multiclass_a`", "clean", "svm", "-")[0] == "1.250"
    assert cells(own, "`multiclass_a`", "clean", "graphsage", "2.25")[0] == "1.100"
    assert "edgeless" not in own
    assert "| 0.50 |" not in own


def test_learning_curves(standard):
    assert "Learning curves" not in standard
    own = part(text(learning_curve=curve()), "Learning curves")
    assert cells(own, "artists", "6") == ["24", "0.6000", "0.5000"]
    assert cells(own, "clips", "4", "12") == ["0.4500", "0.3500"]


def test_experiments_not_computed_and_synthesised_clips(standard):
    assert "Not computed here" not in standard
    left_out = {"binary_b": {"clean": "one artist"}}
    markdown = text(not_run={"binary_c": "no audio"}, left_out=left_out)
    assert "- `binary_c`: no audio." in markdown
    assert "- `binary_b`, protocol clean: one artist." in markdown
    assert "say nothing about music" in in_one_line(text(facts=Dataset(synthesised=True)))
    assert "about music" not in standard


def test_names_are_no_markup():
    reason = "no more of <img src=x onerror=alert(1)>|a*b*`c`"
    markdown = text(not_run={"binary_c": reason}, left_out={"binary_b": {"clean": reason}})
    assert markdown.count(r"no more of &lt;img src=x onerror=alert(1)&gt;\|a\*b\*\`c\`.") == 2
    assert "<img" not in markdown


CLIPS = {
    "binary_b": {"clean": {"used": 90, "excluded": 7, "rejected": 2, "without_features": 1}},
    "binary_none": {},
}


def test_clips_used_and_excluded(standard):
    assert "Clips used and excluded" not in standard
    assert "| `binary_b` | clean | 90 | 7 | 2 | 1 |\n" in text(clips=CLIPS)


def test_reasons_where_nothing_could_be_evaluated():
    none = {name: getattr(tables(), name).iloc[:0] for name in ("summary", "comparisons")}
    none |= {"calibration": tables().calibration.iloc[:0]}
    markdown = text(**none, left_out={"binary_b": {"clean": "one artist"}})
    assert "No experiment could be evaluated." in markdown
    assert "- `binary_b`, protocol clean: one artist." in markdown
    assert "| " not in markdown


@pytest.mark.parametrize("more", [{}, {"clips": CLIPS, "learning_curve": curve()}])
def test_blank_lines_between_paragraphs_tables_and_lists(more):
    """As Markdown wants it: a blank line before and after each, and never two."""
    left_out = {"binary_b": {"clean": "one artist"}}
    markdown = text(not_run={"x": "no audio"}, left_out=left_out, **more)
    assert "\n\n\n" not in markdown
    for before, line in pairwise(markdown.splitlines()):
        kinds = [each[:1] if each[:1] in {"|", "#", ""} else "words" for each in (before, line)]
        assert "" in kinds or kinds[0] == kinds[1], (before, line)


def test_unknown_facts_are_errors():
    with pytest.raises(jinja2.UndefinedError, match="tempo"):
        findings("{{ tempo }}", {})


PUBLISHED = ROOT / "docs/results/gtzan"


def test_published_findings_are_those_of_the_published_results(tmp_path):
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
