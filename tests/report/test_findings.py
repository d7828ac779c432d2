"""The template with results made up so that each of its sentences has to be right."""

from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
import pytest
import yaml

from report.findings import facts_of, findings, main
from results.choices import COLUMNS as CHOICES
from results.collect import COLUMNS as RESULT
from results.statistics import corrected_interval, corrected_paired_test
from results.summarise import summarise
from settings.model import load
from settings.plan import not_runnable
from settings.sheet import read_sheet

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "workflow/scripts/report/findings.md.jinja"
PAPER = {"multiclass_a": 0.72, "binary_b": 0.95}
SCORES = {
    ("multiclass_a", "paper", "graphsage"): [0.70, 0.75, 0.72, 0.78],
    ("multiclass_a", "paper", "edgeless"): [0.70, 0.75, 0.72, 0.78],
    ("multiclass_a", "paper", "svm"): [0.72, 0.75, 0.73, 0.79],
    ("multiclass_a", "clean", "graphsage"): [0.50, 0.51, 0.52, 0.51],
    ("multiclass_a", "clean", "edgeless"): [0.50, 0.51, 0.52, 0.51],
    ("multiclass_a", "clean", "best"): [0.60, 0.62, 0.61, 0.61],
    ("binary_b", "paper", "graphsage"): [0.62, 0.60, 0.61, 0.61],
    ("binary_b", "paper", "edgeless"): [0.63, 0.60, 0.56, 0.61],
}


@pytest.fixture
def results():
    rows = [
        {
            **dict.fromkeys(RESULT, 0),
            **dict(zip(["experiment", "protocol", "model"], key, strict=True)),
            "dataset": "mine",
            "fold": fold,
            "n_train": 90,
            "n_test": 10,
            "train_accuracy": 0.8 if key[0] == "binary_b" else 1.0,
            "test_accuracy": value,
        }
        for key, values in SCORES.items()
        for fold, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=RESULT)


@pytest.fixture
def tables(results):
    keys = list(dict.fromkeys(key[:2] for key in SCORES))
    health = {
        key: pd.DataFrame(
            {
                "k": [30, 30],
                "zero_distance_share": float(key[0] == "multiclass_a"),
                "homophily": [0.5, 0.6],
                "chance_homophily": 0.1,
            }
        )
        for key in keys
    }
    leaks = {
        key: pd.DataFrame({"artist": [4, 5], "song": 0, "near_identical": [1, 2]})
        * (key[1] == "paper")
        for key in keys
    }
    choices = pd.DataFrame(
        [
            ["multiclass_a", "clean", 0, fold, candidate, accuracy, chosen, 0.55 + fold / 100]
            for fold in range(4)
            for candidate, accuracy, chosen in (
                ("blend", 0.4, fold == 0),
                ("elaborate", 0.5, fold > 0),
            )
        ],
        columns=CHOICES,
    )
    notes = {("binary_b", "paper"): "Not scaled."}
    return summarise(results, PAPER, notes), results, health, leaks, choices


@pytest.fixture
def text(tables):
    template = TEMPLATE.read_text(encoding="utf-8")
    facts = {"dataset": "mine", "synthesised": False, "left_out": {}, "not_run": {}}
    return lambda **more: findings(template, {**facts_of(*tables), **facts, **more})


def row(text, *start):
    """Cells of the one row that begins so, after these."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    [found] = [each for each in cells if each[: len(start)] == list(start)]
    return found[len(start) :]


def test_the_papers_numbers_stand_beside_ours(text):
    low, high = corrected_interval(SCORES["multiclass_a", "paper", "graphsage"], 90, 10)[2:]
    assert row(text(), "`multiclass_a`", "100") == [
        "0.7200",
        "0.7375",
        f"{low:.4f} to {high:.4f}",
        "1.0000",
    ]
    assert "1 of 2 of the paper's accuracies lie within our interval" in text()
    assert "outside it: `binary_b` (ours -34.0 points)." in text()
    assert "Ours is lower in `binary_b` (0.8000)." in text()
    assert "- `binary_b`: Not scaled." in text()


def test_training_accuracies_as_high_as_the_papers_are_said_to_be(tables):
    summary, *others = tables
    summary.loc[summary["experiment"] == "binary_b", "train_mean"] = 0.992
    facts = {"dataset": "mine", "synthesised": False, "left_out": {}, "not_run": {}}
    found = findings(TEMPLATE.read_text(encoding="utf-8"), facts_of(summary, *others) | facts)
    assert "Ours is 0.9920 or more." in found
    assert "Ours is lower" not in found


def test_graphs_without_edges_are_said_to_be_none(text):
    assert row(text(), "`multiclass_a`", "clean", "30")[:3] == ["100.0 %", "55.0 %", "10.0 %"]
    assert "In all 2 such evaluations, GraphSAGE has the very accuracy" in " ".join(text().split())


def test_graphs_with_edges_are_compared_with_none(text):
    assert "+1.0 points to +1.0 points" in text()
    assert "0 of 1 evaluations" in " ".join(text().split())


def test_a_graph_of_zeros_that_differs_from_no_graph_would_be_told(tables, text):
    summary, results, health, leaks, choices = tables
    changed = results.copy()
    changed.loc[0, "test_accuracy"] += 0.01
    found = facts_of(summary, changed, health, leaks, choices)
    assert (len(found["same"]), len(found["degenerate"])) == (1, 2)
    assert "In 1 of 2 such evaluations" in " ".join(text(same=found["same"]).split())


def test_what_leaks_and_what_falls_is_stated(text):
    assert row(text(), "`multiclass_a`", "paper", "4.5") == ["0.0", "1.5", "0.7375"]
    assert row(text(), "`multiclass_a`", "clean", "0.0") == ["0.0", "0.0", "0.5100"]
    said = " ".join(text().split())
    assert "GraphSAGE goes from 0.7375 to 0.5100 (-22.8 points, p" in said
    assert "`binary_b`: with artists" not in said


def test_the_best_model_of_an_evaluation_is_named(text):
    said = " ".join(text().split())
    assert "`svm` is best, GraphSAGE -1.0 points off." in said
    assert "`best` is best, GraphSAGE -10.0 points off." in said


def test_model_best_is_compared_with_every_other(text):
    best, graphsage = (
        np.array(SCORES["multiclass_a", "clean", model]) for model in ("best", "graphsage")
    )
    low, high = corrected_interval(best - graphsage, 90, 10, limits=(-1, 1))[2:]
    p = corrected_paired_test(best, graphsage, 90, 10)
    assert row(text(), "graphsage", "+10.0 points") == [
        f"{100 * low:+.1f} points to {100 * high:+.1f} points",
        "< .001" if p < 0.001 else f"{p:.3f}",
    ]
    said = " ".join(text().split())
    assert "+10.0 points against GraphSAGE as the paper has it, which is hardly chance (p" in said
    assert "against `graphsage`, the best of the other models" in said
    assert "it is +4.5 points against `blend`, its own classifiers without any graph" in said
    assert row(text(), "blend") == ["1", "0.4000", "0.5650"]
    assert row(text(), "elaborate") == ["3", "0.5000", "0.5650"]


def test_what_was_not_computed_is_listed_and_sketches_are_no_music(text):
    assert "Not computed here" not in text()
    said = text(not_run={"binary_c": "no audio"}, left_out={"binary_b, clean": "one artist"})
    assert "- `binary_c`: no audio." in said
    assert "- binary_b, clean is left out: one artist." in said
    assert "say nothing about music" in " ".join(text(synthesised=True).split())
    assert "about music" not in text()


def test_a_fact_that_there_is_not_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="tempo"):
        findings("{{ tempo }}", {})


def test_main_reads_the_files_of_the_workflow(tables, text, tmp_path):
    summary, results, health, leaks, choices = tables
    summary.to_csv(tmp_path / "summary.csv", index=False)
    paths = [tmp_path / f"{name}.csv" for name in PAPER]
    for path in paths:
        results[results["experiment"] == path.stem].to_csv(path, index=False)
    for key in health:
        folder = tmp_path / "experiments" / key[0] / key[1]
        folder.mkdir(parents=True)
        health[key].to_csv(folder / "graph-health.csv", index=False)
        leaks[key].to_csv(folder / "leaks.csv", index=False)
    choices.to_csv(tmp_path / "choices.csv", index=False)
    output = tmp_path / "findings.md"
    main(
        paths,
        tmp_path / "summary.csv",
        tmp_path / "experiments",
        TEMPLATE,
        "mine",
        output,
        choices=[tmp_path / "choices.csv"],
        left_out=["binary_b, clean=one artist"],
    )
    assert output.read_text() == text(left_out={"binary_b, clean": "one artist"})


def test_the_published_findings_are_what_the_published_results_say(tmp_path):
    """As written by `rule findings` on the public table of GTZAN; see docs/README.md."""
    merged = {"dataset": "gtzan", "tables": {"handcrafted": "the public table"}}
    for name in ("config", "experiments"):
        merged = {**yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()), **merged}
    config, rows = load(merged), read_sheet(ROOT / "config/datasets/gtzan.tsv")
    not_run = not_runnable(config, rows, unheard=True)
    run = [name for name in config.experiments if name not in not_run]
    published, output = ROOT / "docs/results", tmp_path / "findings.md"
    main(
        [published / f"{name}.csv" for name in run],
        published / "summary.csv",
        published / "gtzan/experiments",
        TEMPLATE,
        "gtzan",
        output,
        choices=sorted(published.glob("gtzan/experiments/*/choices.csv")),
        not_run=[f"{name}={reason}" for name, reason in not_run.items()],
    )
    assert output.read_text() == (ROOT / "docs/findings.md").read_text()
