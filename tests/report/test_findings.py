"""The template with tables made up so that each of its sentences has to be right."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import jinja2
import pandas as pd
import pytest
import yaml
from tests.report.found import comparisons, curve, summary, tables

from genregraph.config.load import load
from genregraph.datasets.sheet import read_sheet
from genregraph.plan.runnable import not_runnable
from genregraph.report.findings import findings, main
from genregraph.report.page.words import fill

ROOT = Path(__file__).parents[2]


def text(not_run=None, **changed):
    return findings(tables(**changed), not_run or {})


def in_one_line(markdown):
    return " ".join(markdown.split())


CLIPS = {
    "binary_b": {"clean": {"used": 90, "excluded": 7, "rejected": 2, "without_features": 1}},
    "binary_none": {},
}
# The published findings hold the other tables.
ROWS = [
    "`binary_b` | 0.9500 | 0.6100 | 0.5600 to 0.6600 | -34.0 | no | 1.0000",
    "clean | none | 3 | 2 | 0 | 1 | 1",
    "filtered | none | 1 | 1 | 0 | 0 | 0",
    "`multiclass_c` | clean | none | graphsage | 0.5600 | 0.5400 | +2.0 | -3.0 to +3.0 "
    "| 0.400 | 0.800 | 0.002 | 0.006 | 3 | no | +5.0",
    "`multiclass_a` | clean | jaccard | 30 | 100.0 % | 11.0 % | 10.0 %",
    "`multiclass_d` | clean | lda | 0.5600 | 0.5100 to 0.6100 | 0.6700 | 0.6200 to 0.7200",
    "`multiclass_a` | clean | svm | 0.5500 | 0.5000 to 0.6000 | 0.5700 | 0.4500 to 0.6500 | 30",
]


def test_tables_have_the_numbers():
    markdown = text()
    assert [row for row in ROWS if f"\n| {row} |" not in markdown] == []


def test_sentences_depend_on_the_numbers():
    said = in_one_line(text())
    for sentence in (
        "2 of the paper's 3 accuracies were computed here. 1 was not computed"
        ": `multiclass_lacking`. The paper",
        "- `multiclass_a` (paper), `binary_b` (paper): Not scaled.",
        "They are **not** adjusted for the number of comparisons.",
        "those marked * are of a single fold",
        "GraphSAGE has the accuracy of `edgeless` in every fold in 2 of 2 evaluations.",
    ):
        assert sentence in said
    assert "jaccard_scipy" not in said and "about music" not in said
    assert "near" not in said.partition("# What artist labels add ")[2].partition(" #")[0]
    lacking = in_one_line(text(not_run={"multiclass_lacking": "no audio"}))
    assert "1 needs features that were not available: `multiclass_lacking`." in lacking


def test_sections_without_rows_are_left_out():
    others = comparisons().query("question != 'paper'")
    without = text(comparisons=others, summary=summary().query("aggregation == 'none'"))
    assert "The paper's numbers" not in without and "What artist labels add" not in without
    for title in ("Learning curves", "Not computed here", "Clips used and excluded"):
        assert title not in without
    elsewhere = in_one_line(text(facts={"synthesised": True}))
    assert "Models that were removed" not in elsewhere and "Earlier published" not in elsewhere
    assert "say nothing about music" in elsewhere


def test_uses_of_test_parts_are_counted():
    tuning = pd.DataFrame({"parameter": ["hidden"] * 4 + ["rate"], "value": [1, 2, 1, 2, 1]})
    markdown = text(tuning=tuning, learning_curve=curve())
    for row in ("paper | 2 | 5 | 3", "clean | 3 | 9 | 8", "random | 1 | 3 | 0"):
        assert f"| {row} |\n" in markdown


def test_names_are_no_markup():
    reason = "no more of <img src=x onerror=alert(1)>|a*b*`c`"
    noted = summary().assign(note=f"NOTE: Artist {reason}")
    left_out = {"binary_b": {"clean": reason}}
    markdown = text(not_run={"binary_c": reason}, left_out=left_out, summary=noted)
    escaped = r"no more of &lt;img src=x onerror=alert(1)&gt;\|a\*b\*\`c\`"
    assert markdown.count(f"{escaped}.") == 2 and f"Artist {escaped}" in markdown
    assert "<img" not in markdown


def test_reasons_where_nothing_could_be_evaluated():
    none = {"summary": summary().iloc[:0], "comparisons": comparisons().iloc[:0]}
    markdown = text(**none, left_out={"binary_b": {"clean": "one artist"}})
    assert "No experiment could be evaluated." in markdown
    assert "- `binary_b`, protocol clean: one artist." in markdown
    assert "| " not in markdown


@pytest.mark.parametrize("more", [{}, {"clips": CLIPS, "learning_curve": curve()}])
def test_blank_lines_between_paragraphs_tables_and_lists(more):
    left_out = {"binary_b": {"clean": "one artist"}}
    markdown = text(not_run={"x": "no audio"}, left_out=left_out, **more)
    assert "\n\n\n" not in markdown
    for before, line in pairwise(markdown.splitlines()):
        kinds = [each[:1] if each[:1] in {"|", "#", ""} else "words" for each in (before, line)]
        assert "" in kinds or kinds[0] == kinds[1], (before, line)


def test_unknown_facts_are_errors():
    with pytest.raises(jinja2.UndefinedError, match="tempo"):
        fill("{{ tempo }}", {})


PUBLISHED = ROOT / "docs/results/gtzan"


def test_published_findings_are_those_of_the_published_results(tmp_path):
    """As written by `rule findings` on the public table of GTZAN; see docs/README.md."""
    merged = {"dataset": "gtzan", "tables": {"handcrafted": "the public table"}}
    for name in ("config", "experiments"):
        merged = {**yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()), **merged}
    config, rows = load(merged), read_sheet(ROOT / "config/datasets/gtzan.tsv")
    files = {"handcrafted": {"30s": "the public table"}}
    not_run = not_runnable(config, rows, no_audio=True, files=files)
    output = shutil.copytree(PUBLISHED, tmp_path, dirs_exist_ok=True) / "findings.md"
    main(
        [PUBLISHED / f"{name}.csv" for name in config.experiments if name not in not_run],
        json.dumps(config.model_dump(mode="json")),
        output,
        learning_curve=PUBLISHED / "learning-curve.csv",
        not_run=[f"{name}={reason}" for name, reason in not_run.items()],
    )
    assert output.read_text() == (ROOT / "docs/findings.md").read_text()
