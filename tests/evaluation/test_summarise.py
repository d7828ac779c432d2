import json
import math

import numpy as np
import pandas as pd
import pytest

from genregraph.evaluation.comparisons import COLUMNS as COMPARISONS
from genregraph.evaluation.comparisons import RAW
from genregraph.evaluation.outputs import NO_GRAPH, NOT_MUSIC, PLACE
from genregraph.evaluation.scores import ACCURACIES, BY_FOLDS, BY_GROUPS
from genregraph.evaluation.summarise import main

CONTRACT = (
    "dataset experiment protocol model aggregation mean std ci_low ci_high interval n_folds "
    "train_mean song_mean artist_mean artist_low artist_high n_groups paper_test_accuracy "
    "difference note"
).split()
PLACES = [
    ("multiclass_a", "paper", "graphsage", "none"),
    ("multiclass_a", "paper", "edgeless", "none"),
    ("multiclass_a", "paper", "graphsage", "artist"),
    ("multiclass_a", "filtered", "graphsage", "none"),
    ("binary_b", "clean", "graphsage", "none"),
]


@pytest.fixture
def accuracies():
    table = pd.DataFrame(PLACES, columns=PLACE[1:]).assign(
        dataset="mine", **dict.fromkeys(ACCURACIES, 0.5)
    )
    table["mean"] = [0.70, 0.60, 0.80, 0.55, 0.90]
    table["interval"] = [BY_FOLDS, BY_FOLDS, BY_FOLDS, BY_GROUPS, ""]
    table["song_mean"] = [np.nan] * 4 + [0.9]
    table["ci_low"], table["ci_high"] = [0.45] * 4 + [np.nan], [0.55] * 4 + [np.nan]
    return table[[*PLACE, *ACCURACIES]]


@pytest.fixture
def comparisons():
    rows = pd.DataFrame([PLACES[0], PLACES[4]], columns=PLACE[1:])
    tests = {"difference": [0.1, 0.25], "p_folds": [0.0004, np.nan], "p_groups": 0.25}
    return rows.assign(question="messages", reference="edgeless", **tests).reindex(columns=RAW)


@pytest.fixture
def run(accuracies, comparisons, write, tmp_path):
    """Run the step on three experiments; graphs of binary_b connect nothing."""
    folds = pd.DataFrame({"genre": "rock", "repeat": 0, "group": list("aabcde")})
    for name, protocol in {place[:2] for place in PLACES}:
        write(protocol, folds, {}, experiment=name, degenerate=name == "binary_b")
    for name in ("multiclass_a", "binary_b", "binary_none"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for kind, table in {"accuracies": accuracies, "comparisons": comparisons}.items():
            table[table["experiment"] == name].to_csv(folder / f"{kind}.csv", index=False)
        left_out = {"clean": "one artist"} if name == "binary_none" else {}
        (folder / "protocols.json").write_text(json.dumps({"left_out": left_out}))

    def summarised(names=("multiclass_a", "binary_b", "binary_none"), **options):
        *tables, text = (tmp_path / name for name in ("summary.csv", "compared.csv", "summary.txt"))
        main([tmp_path / name / "accuracies.csv" for name in names], *tables, text, **options)
        return *map(pd.read_csv, tables), text.read_text()

    return summarised


def test_tables_have_all_experiments(run):
    summary, compared, _ = run(paper=["multiclass_a=0.8"], note=["multiclass_a=Few clips."])
    assert summary.columns.tolist() == CONTRACT
    assert summary[PLACE[1:]].apply(tuple, axis=1).tolist() == PLACES
    assert summary["difference"].dropna().tolist() == pytest.approx([-0.1, -0.25])
    assert summary["paper_test_accuracy"].notna().tolist() == [True, False, False, True, False]
    assert compared.columns.tolist() == COMPARISONS
    assert compared["p_folds"].tolist()[0] == 0.0004 and math.isnan(compared["p_folds"][1])
    assert compared["n_tests"].tolist() == [1, 1]
    giant = "NOTE: large groups cannot be split evenly: 2 of 6 clips of rock are of a."
    assert summary["note"].fillna("").tolist() == ["Few clips."] * 3 + ["", f"{NO_GRAPH} {giant}"]


def line(text, *start):
    [cells] = [w for w in map(str.split, text.splitlines()) if w[: len(start)] == list(start)]
    return cells[len(start) :]


def test_text_has_a_line_a_row_with_the_effect_of_messages(run):
    text = run(paper=["multiclass_a=0.8"])[2]
    heads = "train test interval by artist songs paper differ. messages p folds p groups".split()
    assert line(text, "experiment", "protocol", "model", "aggregation") == heads
    cells = "0.500 0.7000 0.450-0.550 0.5000 - 0.8000 -0.1000 +0.1000 < .001 0.250".split()
    assert line(text, "multiclass_a", "paper", "graphsage", "none") == cells
    assert line(text, "multiclass_a", "paper", "edgeless", "none")[5:] == ["-"] * 5
    assert line(text, "multiclass_a", "filtered", "graphsage")[3] == "0.450-0.550*"
    cells = "- 0.5000 0.900 - - +0.2500 - 0.250".split()
    assert line(text, "binary_b", "clean", "graphsage", "none")[2:] == cells
    assert "nan" not in text


def test_text_has_each_note_once_and_reasons(run, tmp_path):
    text = run(note=["multiclass_a=They leak."])[2]
    assert text.count("They leak.") == 1
    assert "\nmulticlass_a, paper: They leak.\n" in text
    assert text.count("WARNING") == 1
    assert "binary_none, protocol clean is left out: one artist\n" in text
    assert text.endswith(f"table: {tmp_path / 'summary.csv'}\n")
    assert NOT_MUSIC not in text


def test_tables_of_nothing_have_no_rows(run):
    summary, compared, text = run(["binary_none"], synthesised=True)
    assert (summary.columns.tolist(), len(summary)) == (CONTRACT, 0)
    assert (compared.columns.tolist(), len(compared)) == (COMPARISONS, 0)
    assert "nothing could be evaluated" in text and NOT_MUSIC in text
