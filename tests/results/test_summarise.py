import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from results.collect import COLUMNS as RESULT
from results.statistics import (
    corrected_interval,
    corrected_paired_test,
    corrected_two_sample_test,
    holm,
)
from results.summarise import COLUMNS, main, summarise, table_text
from results.summary import NO_GRAPH, NOT_MUSIC

CONTRACT = (
    "experiment,protocol,model,mean,std,ci_low,ci_high,n_folds,train_mean,song_mean,"
    "paper_test_accuracy,difference,p_vs_edgeless,p_paper_vs_clean,p_mcnemar,note"
)
SCORES = {
    ("multiclass_a", "paper", "graphsage"): [0.70, 0.75, 0.72, 0.78],
    ("multiclass_a", "paper", "edgeless"): [0.60, 0.71, 0.62, 0.69],
    ("multiclass_a", "clean", "graphsage"): [0.50, 0.55, 0.52, 0.61],
    ("multiclass_a", "clean", "edgeless"): [0.52, 0.50, 0.55, 0.52],
    ("binary_b", "paper", "graphsage"): [0.9, 0.8, 0.9, 0.9],
}


def results_of(scores):
    """Result tables: folds of 90 training clips and 10, 11, ... test clips."""
    rows = [
        {
            **dict.fromkeys(RESULT, 0),
            **dict(zip(["experiment", "protocol", "model"], key, strict=True)),
            "dataset": "mine",
            "fold": fold,
            "n_train": 90,
            "n_test": 10 + fold,
            "train_accuracy": 0.875,
            "test_accuracy": value,
        }
        for key, values in scores.items()
        for fold, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=RESULT)


@pytest.fixture
def results():
    return results_of(SCORES)


def rows_of(summary):
    return {
        (row["experiment"], row["protocol"], row["model"]): row
        for row in summary.to_dict("records")
    }


def test_a_row_an_experiment_protocol_and_model_in_the_order_of_the_results(results):
    summary = summarise(results, {}, {})
    assert ",".join(summary.columns) == ",".join(COLUMNS) == CONTRACT
    assert list(rows_of(summary)) == list(SCORES)
    assert summary["n_folds"].tolist() == [4] * 5


def test_means_and_intervals_are_corrected_for_the_overlap_of_training_sets(results):
    rows = rows_of(summarise(results, {}, {}))
    for key, scores in SCORES.items():
        found = [rows[key][name] for name in ("mean", "std", "ci_low", "ci_high")]
        assert_allclose(found, corrected_interval(scores, 90, 11.5), rtol=1e-12)
        assert found[0] == pytest.approx(np.mean(scores))
        assert found[2] < found[0] < found[3]


def test_the_difference_is_ours_less_the_papers_and_for_graphsage_alone(results):
    rows = rows_of(summarise(results, {"multiclass_a": 0.8}, {}))
    ours = rows["multiclass_a", "paper", "graphsage"]
    assert ours["paper_test_accuracy"] == 0.8
    assert ours["difference"] == pytest.approx(0.7375 - 0.8)
    for key in (("multiclass_a", "paper", "edgeless"), ("binary_b", "paper", "graphsage")):
        assert math.isnan(rows[key]["paper_test_accuracy"])
        assert math.isnan(rows[key]["difference"])


def test_tests_against_edgeless_and_between_protocols_are_adjusted_by_experiment(results):
    of = {key[1:]: SCORES[key] for key in SCORES if key[0] == "multiclass_a"}
    models, protocols = ("graphsage", "edgeless"), ("paper", "clean")
    edgeless = [corrected_paired_test(*(of[p, m] for m in models), 90, 11.5) for p in protocols]
    clean = [
        corrected_two_sample_test(*(of[p, m] for p in protocols), (90, 90), (11.5, 11.5))
        for m in models
    ]
    rows = rows_of(summarise(results, {}, {}))
    for column, keys, alone in (
        ("p_vs_edgeless", [(p, "graphsage") for p in protocols], edgeless),
        ("p_paper_vs_clean", [("clean", m) for m in models], clean),
    ):
        found = [rows["multiclass_a", *key][column] for key in keys]
        assert found == pytest.approx(holm(alone), rel=1e-12)
        assert min(alone) > 0
        assert found != pytest.approx(alone)


def test_protocols_are_compared_in_the_rows_of_clean_alone(results):
    rows = rows_of(summarise(results, {}, {}))
    compared = {key for key, row in rows.items() if not math.isnan(row["p_paper_vs_clean"])}
    assert compared == {("multiclass_a", "clean", m) for m in ("graphsage", "edgeless")}


def test_there_is_no_comparison_of_edgeless_with_itself_or_without_it(results):
    rows = rows_of(summarise(results, {}, {}))
    compared = [key for key, row in rows.items() if not math.isnan(row["p_vs_edgeless"])]
    assert compared == [
        ("multiclass_a", "paper", "graphsage"),
        ("multiclass_a", "clean", "graphsage"),
    ]


def test_a_single_fold_has_a_mean_and_no_interval():
    one = {("binary_b", "paper", model): [0.7] for model in ("graphsage", "edgeless")}
    row = summarise(results_of(one), {"binary_b": 0.5}, {}).iloc[0]
    assert (row["mean"], row["n_folds"]) == (0.7, 1)
    assert row["difference"] == pytest.approx(0.2)
    assert row[["std", "ci_low", "ci_high", "p_vs_edgeless"]].isna().all()


def test_notes_stand_beside_every_model_of_their_protocol(results):
    rows = rows_of(summarise(results, {}, {("multiclass_a", "paper"): "leaky"}))
    assert [row["note"] for row in rows.values()] == ["leaky", "leaky", "", "", ""]


def test_songs_and_pooled_comparisons_stand_beside_their_model(results):
    keys = ["experiment", "protocol", "model"]
    songs = pd.DataFrame(
        [["binary_b", "paper", "graphsage", 0.75], ["binary_b", "paper", "graphsage", 1.0]],
        columns=[*keys, "test_accuracy"],
    )
    pooled = pd.DataFrame(
        [["multiclass_a", "clean", "graphsage", 0.03], ["binary_b", "clean", "svm", 0.5]],
        columns=[*keys, "p"],
    )
    summary = summarise(results, {}, {}, songs, pooled).set_index(keys)
    assert summary["song_mean"].dropna().to_dict() == {("binary_b", "paper", "graphsage"): 0.875}
    assert summary["p_mcnemar"].dropna().to_dict() == {("multiclass_a", "clean", "graphsage"): 0.03}
    text = table_text(summary.reset_index())
    assert line(text, "binary_b", "paper", "graphsage")[3] == "0.875"
    assert line(text, "multiclass_a", "clean", "graphsage")[-2] == "0.030"


# The terminal


def line(text, *start):
    [found] = [words for words in map(str.split, text.splitlines()) if words[:3] == list(start)]
    return found[3:]


def test_the_text_has_a_line_a_row_with_the_papers_number(results):
    text = table_text(summarise(results, {"multiclass_a": 0.8}, {}))
    low, high = corrected_interval(SCORES["multiclass_a", "paper", "graphsage"], 90, 11.5)[2:]
    expected = ["0.875", "0.7375", f"{low:.3f}-{high:.3f}", "-", "0.8000", "-0.0625"]
    words = line(text, "multiclass_a", "paper", "graphsage")
    assert words[:-3] == expected
    assert 0 <= float(words[-3]) <= 1
    assert line(text, "binary_b", "paper", "graphsage")[-6:] == ["-"] * 6
    assert "nan" not in text


def test_the_text_has_a_dash_for_the_interval_of_a_single_fold():
    one = results_of({("binary_b", "paper", "graphsage"): [0.7]})
    text = table_text(summarise(one, {"binary_b": 0.5}, {}))
    assert line(text, "binary_b", "paper", "graphsage") == [
        *("0.875", "0.7000", "-", "-", "0.5000", "+0.2000"),
        *("-", "-", "-"),
    ]


def test_the_text_tells_each_note_once(results):
    text = table_text(summarise(results, {}, {("multiclass_a", "paper"): "Segments leak."}))
    assert text.count("Segments leak.") == 1
    assert "\nmulticlass_a, paper: Segments leak.\n" in text


# The step


@pytest.fixture
def run(results, tmp_path, capsys):
    """Run the step on two result tables; all distances of binary_b's graphs are zero."""
    health = {"k_asked": 100, "k": 100, "homophily": 0.5, "chance_homophily": 0.5}
    for experiment, protocol, _ in SCORES:
        folder = tmp_path / "experiments" / experiment / protocol
        folder.mkdir(parents=True, exist_ok=True)
        share = float(experiment == "binary_b")
        table = pd.DataFrame([{**health, "zero_distance_share": share}] * 4)
        table.to_csv(folder / "graph-health.csv", index=False)
    paths = [tmp_path / "multiclass_a.csv", tmp_path / "binary_b.csv"]
    for path in paths:
        results[results["experiment"] == path.stem].to_csv(path, index=False)

    def summarised(**options):
        output = tmp_path / "summary.csv"
        main(paths, tmp_path / "experiments", output, **options)
        return pd.read_csv(output).fillna({"note": ""}), capsys.readouterr().out

    return summarised


def test_main_writes_the_summary_of_all_tables(run, results):
    found, _ = run(paper=["multiclass_a=0.8"], note=["binary_b=Few clips."])
    expected = summarise(
        results, {"multiclass_a": 0.8}, {("binary_b", "paper"): f"Few clips. {NO_GRAPH}"}
    )
    pd.testing.assert_frame_equal(found, expected)


def test_main_notes_graphs_that_connect_nothing(run):
    table, printed = run(note=["binary_b=k=80, as in the paper."])
    notes = table.set_index(["experiment", "protocol", "model"])["note"]
    assert notes["binary_b", "paper", "graphsage"] == f"k=80, as in the paper. {NO_GRAPH}"
    assert set(notes["multiclass_a"]) == {""}
    assert printed.count("WARNING") == 1


def test_main_prints_the_experiments_and_the_table(run, tmp_path):
    _, printed = run()
    for name in ["multiclass_a", "binary_b", f"table: {tmp_path / 'summary.csv'}"]:
        assert name in printed
    assert NOT_MUSIC not in printed


def test_main_says_so_if_clips_are_no_music(run):
    assert NOT_MUSIC in run(synthesised=True)[1]
