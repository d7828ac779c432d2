"""The template with results made up so that each of its sentences has to be right."""

import json
from itertools import pairwise
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
import pytest
import yaml

from report.findings import facts_of, findings, main, tuned
from results.ahead import COLUMNS as AHEAD
from results.calibration import COLUMNS as CALIBRATION
from results.choices import COLUMNS as CHOICES
from results.collect import COLUMNS as RESULT
from results.pooled import COLUMNS as POOLED
from results.statistics import corrected_interval, corrected_paired_test, holm
from results.summarise import summarise
from results.variants import COLUMNS as VARIANTS
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
    ("multiclass_a", "clean", "best_known_artists"): [0.64, 0.67, 0.66, 0.67],
    ("multiclass_a", "clean", "graph_network"): [0.59, 0.58, 0.60, 0.59],
    ("multiclass_a", "clean", "graph_network_edgeless"): [0.55, 0.57, 0.54, 0.56],
    ("binary_b", "paper", "graphsage"): [0.62, 0.60, 0.61, 0.61],
    ("binary_b", "paper", "edgeless"): [0.63, 0.60, 0.56, 0.61],
    ("multiclass_c", "paper", "graphsage"): [0.77, 0.75, 0.76, 0.76],
    ("multiclass_c", "paper", "edgeless"): [0.72, 0.70, 0.71, 0.72],
    ("multiclass_c", "random", "graphsage"): [0.70, 0.72, 0.71, 0.71],
    ("multiclass_c", "random", "edgeless"): [0.69, 0.71, 0.71, 0.70],
    ("multiclass_c", "clean", "graphsage"): [0.55, 0.56, 0.54, 0.55],
    ("multiclass_c", "clean", "edgeless"): [0.55, 0.53, 0.54, 0.56],
    ("multiclass_c", "filtered", "graphsage"): [0.5],
    ("multiclass_c", "filtered", "edgeless"): [0.4],
}
SETTINGS = {"multiclass_a.all_ones": "weights: equal", "multiclass_a.wide": "hidden: 999"}


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def pooled():
    """By group, messages help multiclass_c everywhere but under clean."""
    rows = []
    for (experiment, protocol, model), values in SCORES.items():
        helped = experiment == "multiclass_c" and protocol != "clean"
        row = dict.fromkeys(POOLED, 0.25) | {
            "dataset": "mine",
            "experiment": experiment,
            "protocol": protocol,
            "model": model,
            "songs": 10 * len(values),
            "repeats": 1,
            "p_by_group": np.nan if model == "edgeless" else 0.002 if helped else 0.4,
            "p_by_group_tests": 4,
            "p_paper_vs_clean": 0.003 if protocol == "clean" else np.nan,
            "p_paper_vs_clean_tests": 2,
            "p_random_vs_clean": 0.004
            if (experiment, protocol) == ("multiclass_c", "clean")
            else np.nan,
            "p_random_vs_clean_tests": 2 * (experiment == "multiclass_c"),
        }
        rows.append(row)
    return pd.DataFrame(rows, columns=POOLED)


@pytest.fixture(scope="module")
def tables(results, pooled):
    keys = list(dict.fromkeys(key[:2] for key in SCORES))
    health = {
        key: pd.DataFrame(
            {
                "k": [30, 30],
                "zero_distance_share": float(key[0] == "multiclass_a"),
                "homophily": [0.105, 0.115] if key[0] == "multiclass_a" else [0.5, 0.6],
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
            [
                "mine",
                "multiclass_a",
                "clean",
                0,
                fold,
                model,
                candidate,
                accuracy,
                brier,
                chosen,
                score / 100,
            ]
            for fold in range(4)
            for model, candidate, accuracy, brier, chosen, score in (
                ("best", "blend", 0.4, 0.75, fold == 0, 55 + fold),
                ("best", "elaborate", 0.5, 0.65, fold > 0, 56 + fold),
                ("best_known_artists", "blend", 0.4, 0.75, False, 55 + fold),
                ("best_known_artists", "told", 0.6, 0.55, True, 60 + fold),
            )
        ],
        columns=CHOICES,
    )
    variants = pd.DataFrame(
        [
            ["graphsage", 4, 1.0, 0.7375, np.nan, np.nan, np.nan, np.nan, 3, np.nan, 3],
            ["edgeless", 4, 1.0, 0.7375, 0, 0, 0, 1, 3, 1, 3],
            ["all_ones", 4, 0.9, 0.7405, 0.003, -0.02, 0.026, 0.6, 3, 0.7, 3],
            ["wide", 4, 0.95, 0.7, -0.0375, -0.06, -0.01, 0.02, 3, 0.03, 3],
        ],
        columns=VARIANTS[3:],
    )
    variants = variants.assign(dataset="mine", experiment="multiclass_a", protocol="paper")
    ahead = pd.DataFrame(
        [
            ["clean", "graphsage", 4, 0.51, -0.045, -0.06, -0.03, 1, 3, 1, 3],
            ["clean", "graph_network", 4, 0.59, 0.035, -0.01, 0.08, 0.09, 3, 0.2, 3],
            ["clean", "best", 4, 0.61, 0.055, 0.03, 0.08, 0.012, 3, 0.06, 3],
            ["clean", "best_known_artists", 4, 0.66, 0.105, 0.05, 0.15, 0.002, 3, 0.03, 3],
        ],
        columns=[each for each in AHEAD[2:] if not each.startswith("classifier")],
    ).assign(
        dataset="mine",
        experiment="multiclass_a",
        classifier="graph_network_edgeless",
        classifier_mean=0.555,
    )
    none = (np.nan, np.nan)
    calibration = pd.DataFrame(
        [
            ["graphsage", "none", np.nan, 4, 40, 1.5, 1.2, 1.8, 0.6, 0.5, 0.7, 0.9, 0.51, 0.39],
            ["svm", "none", np.nan, 4, 40, 1.25, 1.1, 1.4, 0.55, 0.5, 0.6, 0.6, 0.5, 0.11],
            ["edgeless", "none", np.nan, 4, 40, 1.4, 1.3, 1.5, 0.6, 0.5, 0.7, 0.9, 0.51, 0.39],
            ["graphsage", "temperature", 2.25, 4, 40, 1.1, *none, 0.5, *none, 0.53, 0.51, 0.03],
            ["svm", "temperature", 0.5, 4, 40, 1.2, 1, 1.4, 0.54, 0.5, 0.6, 0.52, 0.5, 0.02],
        ],
        columns=CALIBRATION[3:],
    ).assign(dataset="mine", experiment="multiclass_a", protocol="clean")
    notes = {("binary_b", "paper"): "Not scaled."}
    notes |= {("multiclass_c", protocol): "Rather few." for protocol in ("paper", "clean")}
    return {
        "summary": summarise(results, pooled, PAPER, notes),
        "results": results,
        "health": health,
        "leaks": leaks,
        "choices": choices,
        "ahead": ahead[AHEAD],
        "calibration": calibration[CALIBRATION],
        "variants": variants[VARIANTS],
        "metrics": {"multiclass_a": "jaccard", "binary_b": "euclidean"},
        "settings": SETTINGS,
    }


@pytest.fixture
def text(tables):
    """Render the template; what is given stands for the tables and facts of that name."""

    def rendered(**changed):
        facts = facts_of(**{name: changed.pop(name, table) for name, table in tables.items()})
        facts |= {"dataset": "mine", "synthesised": False, "left_out": {}, "not_run": {}}
        facts |= {"clips": {}}
        return findings(TEMPLATE.read_text(encoding="utf-8"), {**facts, "tuning": None, **changed})

    return rendered


def said(text):
    """The text in one line."""
    return " ".join(text.split())


def row(text, *start):
    """Cells of the one row that begins so, after these."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    [found] = [each for each in cells if each[: len(start)] == list(start)]
    return found[len(start) :]


# The paper's numbers


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


def test_without_the_papers_numbers_there_is_no_section_of_them(text, tables):
    summary = tables["summary"].assign(paper_test_accuracy=np.nan, difference=np.nan)
    found = text(summary=summary)
    assert "The paper's numbers" not in found
    assert "The paper reports" not in found
    assert "- `binary_b`, paper: Not scaled." in found


def test_training_accuracies_as_high_as_the_papers_are_said_to_be(text, tables):
    summary = tables["summary"].copy()
    summary.loc[summary["experiment"] == "binary_b", "train_mean"] = 0.992
    found = text(summary=summary)
    assert "Ours is 0.9920 or more." in found
    assert "Ours is lower" not in found


def test_a_note_stands_once_with_its_protocols(text):
    assert (
        "- `binary_b`, paper: Not scaled.\n- `multiclass_c`, paper, clean: Rather few.\n" in text()
    )


# Messages


def test_gains_have_interval_and_both_tests(text):
    own, edgeless = (
        np.array(SCORES["multiclass_c", "paper", m]) for m in ("graphsage", "edgeless")
    )
    low, high = corrected_interval(own - edgeless, 90, 10, limits=(-1, 1))[2:]
    assert row(text(), "`multiclass_c`", "paper", "-", "30")[-4:-2] == [
        "+4.8 points",
        f"{100 * low:+.1f} to {100 * high:+.1f}",
    ]
    assert row(text(), "`multiclass_c`", "paper", "-", "30")[-1] == "0.002"
    assert row(text(), "`multiclass_c`", "filtered", "-", "30")[-3:] == [
        "+25.0 to +25.0 *",
        "-",
        "0.002",
    ]


def test_whether_messages_help_is_answered_by_protocol_from_graphs_with_edges(text):
    found = said(text())
    assert (
        "Protocol paper: in 2 experiments whose graphs have edges, messages change the accuracy by "
        "+1.0 points to +4.8 points. Significant (p < .05) over folds: 1 of 2 that could be "
        "tested: `multiclass_c` (+4.8 points)." in found
    )
    assert (
        "+0.8 points. Significant (p < .05) over folds: 0 of 1 that could be tested. Significant "
        "(p < .05) by group: 1 of 1 that could be tested: `multiclass_c` (+0.8 points)." in found
    )


def test_a_single_fold_counts_as_not_tested_and_not_as_not_significant(text):
    found = said(text())
    assert (
        "Protocol filtered: in 1 experiment whose graphs have edges, messages change the accuracy "
        "by +10.0 points. Significant (p < .05) over folds: none could be tested. Significant "
        "(p < .05) by group: 1 of 1" in found
    )
    assert (
        "Over folds: `multiclass_a` 7, `binary_b` 1, `multiclass_c` 3; over folds could not"
        in found
    )
    assert "there being a single one, or all differing by the same: `multiclass_c` 1." in found


def test_without_any_edges_nothing_is_said_of_messages(text, tables):
    degenerate = {key: t.assign(zero_distance_share=1.0) for key, t in tables["health"].items()}
    found = text(health=degenerate)
    assert "nothing here says whether messages help" in said(found)
    assert "- Protocol" not in found


def test_a_graph_of_artists_is_said_to_be_told_of(text, tables):
    metrics = {**tables["metrics"], "multiclass_c": "cosine of one artist"}
    assert row(text(metrics=metrics), "`multiclass_c`", "clean", "cosine of one artist", "30")
    found = said(text(metrics=metrics))
    assert "the network is told which are of one artist" in found
    assert "- Protocol clean, neighbours of one artist: in 1 experiment whose graphs have" in found
    assert "- Protocol clean: " not in found  # multiclass_a has no edges there.
    assert "told which are of one artist" not in said(text())


def test_a_network_that_is_told_artists_is_not_called_the_best(text, tables):
    metrics = {**tables["metrics"], "multiclass_a": "cosine of one artist"}
    summary = tables["summary"].copy()
    own = (summary["experiment"] == "multiclass_a") & (summary["model"] == "graphsage")
    summary.loc[own, "mean"] = 0.99
    found = said(text(metrics=metrics, summary=summary))
    assert "`graphsage` has the highest accuracy" not in found
    assert "Of models that are not told artists, `best` has the highest accuracy" in found
    assert "against GraphSAGE (which is told artists), which is hardly chance" in found


def test_a_graph_in_which_no_clip_has_a_neighbour_is_not_said_to_have_edges(text, tables):
    health = dict(tables["health"])
    for key in [key for key in health if key[0] == "multiclass_c"]:
        health[key] = health[key].assign(zero_distance_share=np.nan, homophily=np.nan, k=0)
    assert row(text(health=health), "`multiclass_c`", "clean", "-", "0")[:2] == ["-", "-"]
    assert "Protocol random: in" not in said(text(health=health))


def test_graphs_without_edges_are_said_to_send_no_messages(text, tables):
    assert row(text(), "`multiclass_a`", "clean", "jaccard", "30")[:3] == [
        "100.0 %",
        "11.0 %",
        "10.0 %",
    ]
    assert "In all 2 such evaluations, GraphSAGE has the very accuracy of edgeless" in said(text())
    changed = tables["results"].copy()
    changed.loc[0, "test_accuracy"] += 0.01
    assert "In 1 of 2 such evaluations" in said(text(results=changed))


def test_jaccard_says_nothing_by_either_reading(text):
    assert row(text(), "`multiclass_a`", "paper", "`all_ones`") == [
        *("0.7405", "+0.3 points", "-2.0 to +2.6", "0.600", "0.700")
    ]
    assert "the metric carries no information by either reading." in said(text())


def test_without_the_other_reading_jaccard_says_nothing_by_the_one(text, tables):
    found = said(text(settings={"multiclass_a.wide": "hidden: 999"}))
    assert "the metric carries no information." in found
    assert "That reading is a variant" not in found
    assert "Jaccard" not in text(metrics={"multiclass_a": "matching"})


def test_where_neighbours_are_alike_the_metric_is_not_said_to_carry_nothing(text, tables):
    informed = {key: t.assign(homophily=0.3) for key, t in tables["health"].items()}
    found = text(health=informed)
    assert "Jaccard's distance" in found
    assert "carries no information" not in found


def test_variants_stand_beside_what_they_change(text):
    assert row(text(), "`wide`") == [
        *("hidden: 999", "0.9500", "0.7000", "-3.8 points", "-6.0 to -1.0", "0.020", "0.030")
    ]
    assert "Adjusted over 3 tests over folds and 3 by group" in text()
    none = pd.DataFrame(columns=VARIANTS)
    assert "What each choice" not in text(variants=none)


# Folds


def test_what_leaks_is_stated(text):
    assert row(text(), "`multiclass_a`", "paper", "100", "4.5") == ["0.0", "1.5", "0.7375"]
    assert row(text(), "`multiclass_a`", "clean", "100", "0.0") == ["0.0", "0.0", "0.5100"]


def test_a_fall_is_the_artists_where_the_control_shows_it(text, tables):
    found = said(text())
    assert "`multiclass_c`: 0.7600 under paper, 0.7100 under random, 0.5500 under clean." in found
    artists = "this fall is that of artists, songs and copies in both parts, not of fewer clips"
    assert (
        f"From random to clean it is -16.0 points, which is hardly chance (p = 0.004): {artists}."
        in found
    )
    assert "From paper to random it is -5.0 points" in found
    assert "clean it is -21.0 points, which is hardly chance (p = 0.003)." in found
    unsure = tables["summary"].assign(p_random_vs_clean=0.2)
    found = said(text(summary=unsure))
    assert "which may be chance (p = 0.200). From paper" in found
    assert artists not in found


def test_without_the_control_a_fall_has_two_reasons(text, tables):
    found = said(text())
    assert (
        "`multiclass_a`: 0.7375 under paper, 0.5100 under clean (-22.8 points, which is hardly "
        "chance (p = 0.003)). Without protocol random, artists that are kept apart cannot be told "
        "from clips that are fewer." in found
    )
    assert "`binary_b`: " not in found
    without = tables["summary"].query("protocol != 'random'")
    assert "Protocol random deals" not in text(summary=without)


def test_how_often_test_parts_were_looked_at_is_told_by_protocol(text):
    found = said(text(tuning={"name": "multiclass_c", "points": 9, "folds": 3}))
    assert (
        "- paper: once by each of 7 models in 3 experiments; also by 2 variants of networks; also "
        "by 9 points of the tuning of `multiclass_c`, in 3 folds. These decide nothing." in found
    )
    assert (
        "- clean: once by each of 8 models in 2 experiments; also by 3 candidates of `best` and "
        "`best_known_artists`, after the choice. These decide nothing." in found
    )
    assert "- random: once by each of 2 models in 1 experiment. -" in found
    assert "of the tuning" not in text()


def test_the_tuning_is_counted():
    curves = pd.DataFrame(
        {
            "experiment": "multiclass_c",
            "parameter": ["hidden", "hidden", "rate"] * 2,
            "value": [50, 100, 50] * 2,
            "fold": [0, 0, 0, 1, 1, 1],
        }
    )
    assert tuned(curves) == {"name": "multiclass_c", "points": 3, "folds": 2}


# Other models


def test_the_best_model_of_an_evaluation_is_named(text):
    found = said(text())
    assert "`svm` has the highest accuracy, GraphSAGE is -1.0 points off." in found
    assert (
        "Of models that are not told artists, `best` has the highest accuracy, GraphSAGE is -10.0 "
        "points off." in found
    )
    assert "Adjusted over 7 tests over folds and 4 by group: all models and protocols" in found


def test_model_best_is_compared_with_every_other_and_all_are_adjusted_together(text):
    best, *others = (
        np.array(SCORES["multiclass_a", "clean", model])
        for model in (
            *("best", "graphsage", "edgeless", "graph_network", "graph_network_edgeless"),
            "best_known_artists",
        )
    )
    others.append(np.array([0.55, 0.56, 0.57, 0.58]))
    adjusted = holm([corrected_paired_test(best, other, 90, 10) for other in others])
    low, high = corrected_interval(best - others[-1], 90, 10, limits=(-1, 1))[2:]
    assert row(text(), "blend", "+4.5 points") == [
        f"{100 * low:+.1f} to {100 * high:+.1f}",
        f"{adjusted[-1]:.3f}",
    ]
    found = said(text())
    assert "Adjusted over 6 tests: all of `best` against another in `multiclass_a`" in found
    assert f"against GraphSAGE, which is hardly chance (p = {adjusted[0]:.3f})" in found
    assert "+2.0 points against `graph_network`, the best of the other models" in found
    assert "it is +4.5 points against `blend`, its own classifiers without any" in found
    assert "Told which clips are of one artist, it is right in 0.6600 (0.6" in found
    assert (
        f"`best` is -5.0 points against that, which is hardly chance (p = {adjusted[-2]:.3f})"
        in found
    )
    assert row(text(), "best", "blend", "1") == ["0.7500", "0.4000", "0.5650"]
    assert row(text(), "best_known_artists", "told") == ["4", "0.5500", "0.6000", "0.6150"]
    assert row(text(), "best", "elaborate") == ["3", "0.6500", "0.5000", "0.5750"]


def test_model_best_on_a_single_fold_is_not_tested(text, tables):
    results = tables["results"].query("protocol != 'clean' or fold == 0")
    assert "against GraphSAGE, which could not be tested, and" in said(text(results=results))


def test_the_graph_network_stands_beside_its_own_twin(text, tables):
    own, twin = (
        np.array(SCORES["multiclass_a", "clean", f"graph_network{end}"])
        for end in ("", "_edgeless")
    )
    low, high = corrected_interval(own - twin, 90, 10, limits=(-1, 1))[2:]
    assert row(text(), "`multiclass_a`", "clean", "graph_network")[:4] == [
        *("0.5900", "0.5550", "+3.5 points", f"{100 * low:+.1f} to {100 * high:+.1f}")
    ]
    assert "| +3.5 points | graph_network_edgeless |" in text()
    without = tables["summary"][~tables["summary"]["model"].str.startswith("graph_network")]
    assert "its twin" not in text(summary=without)


def test_the_best_graph_model_stands_beside_the_best_classifier(text, tables):
    found = said(text())
    assert (
        "The best graph model that is not told artists, `best` (0.6100), is +5.5 points against "
        "`graph_network_edgeless`, the best classifier (0.5550). That it is ahead of every "
        "classifier is hardly chance (p = 0.012) over folds, and may be chance (p = 0.060) by "
        "group." in found
    )
    assert row(text(), "graphsage", "0.5100", "-4.5 points") == ["-6.0 to -3.0", "1.000", "1.000"]
    assert "Adjusted over 3 tests over folds and 3 by group: all graph models" in found
    behind = said(text(ahead=tables["ahead"].query("model == 'graphsage'")))
    assert "The best graph model, `graphsage` (0.5100)" in behind
    assert "ahead of every classifier" not in behind


def test_where_no_artists_are_known_nothing_is_said_of_knowing_them(text, tables):
    names = ("summary", "results", "ahead", "choices")
    without = {name: tables[name].query("model != 'best_known_artists'") for name in names}
    assert "told which" not in said(text(**without)).lower()
    assert "not told" not in said(text(**without))
    assert "by 2 candidates of `best`, after the choice" in said(text(**without))
    assert "`best` has the highest accuracy" in text(**without)


def test_probabilities_are_judged_of_graphsage_and_of_the_model_of_the_least_loss(text, tables):
    found = text()
    cells = row(found, "`multiclass_a`", "clean", "graphsage", "-")
    assert cells == ["1.500", "1.200 to 1.800", "0.600", "0.9000", "0.5100", "0.3900"]
    assert row(found, "`multiclass_a`", "clean", "svm", "-")[0] == "1.250"
    assert "| `multiclass_a` | clean | edgeless |" not in found
    scaled = row(found, "`multiclass_a`", "clean", "graphsage", "2.25")
    assert scaled[:2] == ["1.100", "-"]
    assert "| 0.50 | 1.200 |" not in found
    assert "are scaled by it" in said(found)
    as_they_are = tables["calibration"].query("scaling == 'none'")
    assert "are scaled by it" not in said(text(calibration=as_they_are))
    assert "can be trusted" not in text(calibration=as_they_are.iloc[:0])


# All of it


def test_what_was_not_computed_is_listed_and_sketches_are_no_music(text):
    assert "Not computed here" not in text()
    left_out = {"binary_b": {"clean": "one artist"}, "multiclass_a": {}}
    found = text(not_run={"binary_c": "no audio"}, left_out=left_out)
    assert "- `binary_c`: no audio." in found
    assert "- `binary_b`, protocol clean is left out: one artist." in found
    assert "say nothing about music" in said(text(synthesised=True))
    assert "about music" not in text()


def test_a_genre_is_no_markup(text):
    reason = "no more of <img src=x onerror=alert(1)>|a*b*`c`"
    found = text(not_run={"binary_c": reason}, left_out={"binary_b": {"clean": reason}})
    assert found.count(r"no more of &lt;img src=x onerror=alert(1)&gt;\|a\*b\*\`c\`.") == 2
    assert "<img" not in found


def test_where_nothing_could_be_evaluated_the_reasons_stand(text, tables):
    kept = ("health", "leaks", "metrics", "settings")
    none = {name: table.iloc[:0] for name, table in tables.items() if name not in kept}
    found = text(**none, left_out={"binary_b": {"clean": "one artist"}})
    assert "No experiment could be evaluated." in found
    assert "- `binary_b`, protocol clean is left out: one artist." in found
    assert "| " not in found


CLIPS = {
    "binary_b": {"clean": {"used": 90, "excluded": 7, "refused": 2, "without_features": 1}},
    "binary_none": {},
}


def test_what_became_of_the_clips_is_a_table(text):
    assert "What became of the clips" not in text()
    assert "| `binary_b` | clean | 90 | 7 | 2 | 1 |\n" in text(clips=CLIPS)


def test_paragraphs_tables_and_lists_stand_apart(text):
    """As Markdown wants it: a blank line before and after each, and never two."""
    left_out = {"binary_b": {"clean": "one artist"}}
    found = text(not_run={"x": "no audio"}, left_out=left_out, clips=CLIPS)
    assert "\n\n\n" not in found
    lines = found.splitlines()
    for before, line in pairwise(lines):
        kinds = [each[:1] if each[:1] in {"|", "#", ""} else "words" for each in (before, line)]
        assert "" in kinds or kinds[0] == kinds[1], (before, line)


def test_a_fact_that_there_is_not_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="tempo"):
        findings("{{ tempo }}", {})


def test_main_reads_the_files_of_the_workflow(tables, text, tmp_path):
    tables["summary"].to_csv(tmp_path / "summary.csv", index=False)
    names = [*dict.fromkeys(key[0] for key in SCORES), "binary_none"]
    left_out = {"binary_none": {"clean": "one artist"}}
    for name in names:
        own = tables["results"]["experiment"] == name
        tables["results"][own].to_csv(tmp_path / f"{name}.csv", index=False)
        (tmp_path / "experiments" / name).mkdir(parents=True)
        path = tmp_path / "experiments" / name / "protocols.json"
        judged = {"left_out": left_out.get(name, {}), "clips": CLIPS.get(name, {})}
        path.write_text(json.dumps({"evaluations": {}, **judged}))
    for key, health in tables["health"].items():
        folder = tmp_path / "experiments" / key[0] / key[1]
        folder.mkdir()
        health.to_csv(folder / "graph-health.csv", index=False)
        tables["leaks"][key].to_csv(folder / "leaks.csv", index=False)
    for name in ("choices", "ahead", "calibration", "variants"):
        tables[name].to_csv(tmp_path / f"{name}.csv", index=False)
    tuning = {"experiment": ["multiclass_c"], "parameter": ["hidden"], "value": [50], "fold": [0]}
    pd.DataFrame(tuning).to_csv(tmp_path / "tuning.csv", index=False)
    output = tmp_path / "findings.md"
    main(
        [tmp_path / f"{name}.csv" for name in names],
        tmp_path / "summary.csv",
        tmp_path / "experiments",
        TEMPLATE,
        "mine",
        output,
        choices=[tmp_path / "choices.csv"],
        ahead=[tmp_path / "ahead.csv"],
        calibration=[tmp_path / "calibration.csv"],
        variants=[tmp_path / "variants.csv"],
        tuning=tmp_path / "tuning.csv",
        metric=["multiclass_a=jaccard", "binary_b=euclidean"],
        variant=[f"{name}={settings}" for name, settings in SETTINGS.items()],
    )
    tuning = {"name": "multiclass_c", "points": 1, "folds": 1}
    assert output.read_text() == text(left_out=left_out, tuning=tuning, clips=CLIPS)


PUBLISHED = ROOT / "docs/results/gtzan"


def test_the_published_findings_are_what_the_published_results_say(tmp_path):
    """As written by `rule findings` on the public table of GTZAN; see docs/README.md."""
    merged = {"dataset": "gtzan", "tables": {"handcrafted": "the public table"}}
    for name in ("config", "experiments"):
        merged = {**yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()), **merged}
    config, rows = load(merged), read_sheet(ROOT / "config/datasets/gtzan.tsv")
    files = {"handcrafted": {"30s": "the public table"}}
    not_run = not_runnable(config, rows, unheard=True, files=files)
    run = {name: e for name, e in config.experiments.items() if name not in not_run}
    output = tmp_path / "findings.md"
    main(
        [PUBLISHED / f"{name}.csv" for name in run],
        PUBLISHED / "summary.csv",
        PUBLISHED / "experiments",
        TEMPLATE,
        "gtzan",
        output,
        choices=[
            PUBLISHED / f"experiments/{name}/choices.csv"
            for name, experiment in run.items()
            if "best" in experiment.models
        ],
        ahead=[
            PUBLISHED / f"experiments/{name}/ahead.csv"
            for name, experiment in run.items()
            if {"best", "graph_network"} & set(experiment.models)
        ],
        calibration=[PUBLISHED / f"experiments/{name}/calibration.csv" for name in run],
        variants=[
            PUBLISHED / f"experiments/{name}/variants.csv"
            for name, experiment in run.items()
            if experiment.variants
        ],
        metric=[f"{name}={experiment.graph.nearness}" for name, experiment in run.items()],
        variant=[
            f"{name}.{variant}={', '.join(f'{key}: {value}' for key, value in changed.items())}"
            for name, experiment in run.items()
            for variant, changed in experiment.variants.items()
        ],
        not_run=[f"{name}={reason}" for name, reason in not_run.items()],
    )
    assert output.read_text() == (ROOT / "docs/findings.md").read_text()
