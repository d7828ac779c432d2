import json
import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from results.collect import COLUMNS as RESULT
from results.pooled import COLUMNS as POOLED
from results.statistics import corrected_interval, corrected_paired_test, holm
from results.summarise import BY_FOLDS, BY_GROUPS, COLUMNS, main, summarise, table_text
from results.summary import NO_GRAPH, NOT_MUSIC

CONTRACT = (
    "dataset experiment protocol model mean std ci_low ci_high interval n_folds train_mean "
    "song_mean paper_test_accuracy difference against gain gain_low gain_high p_vs_edgeless "
    "p_vs_edgeless_tests p_by_group p_by_group_tests p_paper_vs_clean p_paper_vs_clean_tests "
    "p_random_vs_clean p_random_vs_clean_tests note"
).split()
SCORES = {
    ("multiclass_a", "paper", "graphsage"): [0.70, 0.75, 0.72, 0.78],
    ("multiclass_a", "paper", "edgeless"): [0.60, 0.71, 0.62, 0.69],
    ("multiclass_a", "clean", "graphsage"): [0.50, 0.55, 0.52, 0.61],
    ("multiclass_a", "clean", "edgeless"): [0.52, 0.50, 0.55, 0.52],
    ("multiclass_a", "filtered", "graphsage"): [0.5],
    ("multiclass_a", "filtered", "edgeless"): [0.4],
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


def pooled_of(results):
    """As if each song had one clip; the figures of row i are i hundredths more than 0.2."""
    keys = ["dataset", "experiment", "protocol", "model"]
    tested = results.groupby(keys, sort=False)["n_test"].sum()
    table = tested.rename("songs").reset_index().assign(repeats=1)
    figures = [column for column in POOLED if column not in table and "_tests" not in column]
    for column, (i, row) in product(figures, table.iterrows()):
        clean_alone = "_vs_clean" in column and row["protocol"] != "clean"
        table.loc[i, column] = np.nan if clean_alone else 0.2 + i / 100
    for column in POOLED:
        if column.endswith("_tests"):
            table[column] = table[column.removesuffix("_tests")].count()
    return table[POOLED]


@pytest.fixture
def results():
    return results_of(SCORES)


@pytest.fixture
def pooled(results):
    return pooled_of(results)


def rows_of(summary):
    return {
        (row["experiment"], row["protocol"], row["model"]): row
        for row in summary.to_dict("records")
    }


def test_a_row_an_experiment_protocol_and_model_in_the_order_of_the_results(results, pooled):
    summary = summarise(results, pooled.sample(frac=1, random_state=0), {}, {})
    assert summary.columns.tolist() == COLUMNS == CONTRACT
    assert list(rows_of(summary)) == list(SCORES)
    assert set(summary["dataset"]) == {"mine"}
    assert summary["n_folds"].tolist() == [4, 4, 4, 4, 1, 1, 4]


def test_means_and_intervals_are_corrected_for_the_overlap_of_training_sets(results, pooled):
    rows = rows_of(summarise(results, pooled, {}, {}))
    for key, scores in SCORES.items():
        if len(scores) > 1:
            found = [rows[key][name] for name in ("mean", "std", "ci_low", "ci_high")]
            assert_allclose(found, corrected_interval(scores, 90, 11.5), rtol=1e-12)
            assert rows[key]["interval"] == BY_FOLDS


def test_the_difference_is_ours_less_the_papers_and_for_graphsage_alone(results, pooled):
    rows = rows_of(summarise(results, pooled, {"multiclass_a": 0.8}, {}))
    ours = rows["multiclass_a", "paper", "graphsage"]
    assert ours["paper_test_accuracy"] == 0.8
    assert ours["difference"] == pytest.approx(0.7375 - 0.8)
    for key in (("multiclass_a", "paper", "edgeless"), ("binary_b", "paper", "graphsage")):
        assert math.isnan(rows[key]["paper_test_accuracy"])
        assert math.isnan(rows[key]["difference"])


def test_the_gain_is_over_edgeless_on_the_same_folds(results, pooled):
    rows = rows_of(summarise(results, pooled, {}, {}))
    own, edgeless = (SCORES["multiclass_a", "clean", m] for m in ("graphsage", "edgeless"))
    interval = corrected_interval(np.subtract(own, edgeless), 90, 11.5, limits=(-1, 1))
    row = rows["multiclass_a", "clean", "graphsage"]
    found = [row[name] for name in ("gain", "gain_low", "gain_high")]
    assert_allclose(found, [interval.mean, interval.low, interval.high])
    for key in (("multiclass_a", "clean", "edgeless"), ("binary_b", "paper", "graphsage")):
        for name in ("gain", "gain_low", "gain_high", "p_vs_edgeless"):
            assert math.isnan(rows[key][name])


def test_a_network_with_a_twin_of_its_own_is_compared_with_that():
    network = {"graph_network": [0.8, 0.9], "graph_network_edgeless": [0.75, 0.8]}
    models = {"graphsage": [0.7, 0.8], "edgeless": [0.45, 0.65], **network}
    results = results_of({("multiclass_a", "clean", name): s for name, s in models.items()})
    summary = summarise(results, pooled_of(results), {}, {}).set_index("model")
    assert summary["against"].tolist() == [*("edgeless", "", "graph_network_edgeless", "edgeless")]
    found = summary.loc[["graphsage", "graph_network", "graph_network_edgeless"], "gain"]
    assert found.tolist() == pytest.approx([0.2, 0.075, 0.225])
    p = [
        corrected_paired_test(models[m], models[summary.loc[m, "against"]], 90, 10.5)
        for m in found.index
    ]
    assert summary.loc[found.index, "p_vs_edgeless"].tolist() == pytest.approx(holm(p))


def test_tests_over_folds_are_adjusted_over_the_protocols_and_models_of_an_experiment(
    results, pooled
):
    alone = [
        corrected_paired_test(
            *(SCORES["multiclass_a", protocol, m] for m in ("graphsage", "edgeless")), 90, 11.5
        )
        for protocol in ("paper", "clean")
    ]
    summary = summarise(results, pooled, {}, {})
    rows = rows_of(summary)
    found = [rows["multiclass_a", p, "graphsage"]["p_vs_edgeless"] for p in ("paper", "clean")]
    assert found == pytest.approx(holm(alone), rel=1e-12)
    assert found != pytest.approx(alone)
    assert summary["p_vs_edgeless_tests"].tolist() == [2] * 6 + [0]


def test_tests_by_group_are_those_of_the_pooled_table(results, pooled):
    summary = summarise(results, pooled, {}, {})
    for test in ("p_by_group", "p_paper_vs_clean", "p_random_vs_clean"):
        for column in (test, f"{test}_tests"):
            np.testing.assert_array_equal(summary[column], pooled[column])


def test_a_single_fold_has_intervals_by_group_and_no_test_over_folds(results, pooled):
    found = rows_of(summarise(results, pooled, {}, {}))["multiclass_a", "filtered", "graphsage"]
    own = pooled.query("protocol == 'filtered' and model == 'graphsage'").iloc[0]
    assert (found["mean"], found["n_folds"], found["interval"]) == (0.5, 1, BY_GROUPS)
    assert found["gain"] == pytest.approx(0.1)
    for name in ("ci_low", "ci_high", "gain_low", "gain_high"):
        assert found[name] == own[name]
    assert math.isnan(found["std"])
    assert math.isnan(found["p_vs_edgeless"])


def test_a_single_fold_of_segments_has_no_interval_of_its_clips(results, pooled):
    pooled.loc[pooled["protocol"] == "filtered", "songs"] -= 1
    found = rows_of(summarise(results, pooled, {}, {}))["multiclass_a", "filtered", "graphsage"]
    assert found["interval"] == ""
    assert math.isnan(found["ci_low"])


def test_songs_have_an_accuracy_of_their_own_where_clips_are_segments(results, pooled):
    assert summarise(results, pooled, {}, {})["song_mean"].isna().all()
    binary = pooled["experiment"] == "binary_b"
    pooled.loc[binary, "songs"] = 5
    found = summarise(results, pooled, {}, {})["song_mean"].dropna()
    assert found.tolist() == pooled.loc[binary, "accuracy"].tolist()


def test_every_row_must_have_been_compared(results, pooled):
    with pytest.raises(KeyError):
        summarise(results, pooled[1:], {}, {})


def test_notes_stand_beside_every_model_of_their_protocol(results, pooled):
    rows = rows_of(summarise(results, pooled, {}, {("multiclass_a", "paper"): "leaky"}))
    assert [row["note"] for row in rows.values()] == ["leaky", "leaky", *[""] * 5]


# What it says


def line(text, *start):
    [found] = [words for words in map(str.split, text.splitlines()) if words[:3] == list(start)]
    return found[3:]


def test_the_text_has_a_line_a_row_with_the_papers_number(results, pooled):
    text = table_text(summarise(results, pooled, {"multiclass_a": 0.8}, {}))
    scores = (SCORES["multiclass_a", "paper", m] for m in ("graphsage", "edgeless"))
    own, edgeless = map(np.array, scores)
    low, high = corrected_interval(own, 90, 11.5)[2:]
    words = line(text, "multiclass_a", "paper", "graphsage")
    assert words[:4] == ["0.875", "0.7375", f"{low:.3f}-{high:.3f}", "-"]
    assert words[4:7] == ["0.8000", "-0.0625", f"{np.mean(own - edgeless):+.4f}"]
    assert words[8:] == ["0.200", "-", "-"]
    assert line(text, "multiclass_a", "clean", "graphsage")[-3:] == ["0.220"] * 3
    assert line(text, "binary_b", "paper", "graphsage")[3:8] == ["-"] * 5
    assert "nan" not in text


def test_a_small_p_is_not_said_to_be_none(results, pooled):
    text = table_text(summarise(results, pooled.assign(p_by_group=0.0004), {}, {}))
    assert line(text, "multiclass_a", "paper", "graphsage")[8:10] == ["<", ".001"]


def test_an_interval_of_a_single_fold_is_marked(results, pooled):
    text = table_text(summarise(results, pooled, {}, {}))
    assert line(text, "multiclass_a", "filtered", "graphsage")[2] == "0.240-0.240*"


def test_the_text_says_over_how_many_tests_and_how_many_there_could_not_be(results, pooled):
    text = table_text(summarise(results, pooled, {}, {}))
    [told] = [each for each in text.splitlines() if each.startswith("multiclass_a: tests")]
    assert "p folds over 2, p groups over 7, p paper over 2, p random over 2" in told
    assert "1 could not be tested over folds" in told


def test_the_text_tells_each_note_once(results, pooled):
    notes = {("multiclass_a", protocol): "They leak." for protocol in ("paper", "filtered")}
    text = table_text(summarise(results, pooled, {}, notes))
    assert text.count("They leak.") == 1
    assert "\nmulticlass_a, paper, filtered: They leak.\n" in text


# The step


@pytest.fixture
def run(results, pooled, tmp_path):
    """Run the step on three result tables; all distances of binary_b's graphs are zero."""
    health = {"k_asked": 100, "k": 100, "homophily": 0.5, "chance_homophily": 0.5}
    for experiment, protocol, _ in SCORES:
        folder = tmp_path / "experiments" / experiment / protocol
        folder.mkdir(parents=True, exist_ok=True)
        share = float(experiment == "binary_b")
        table = pd.DataFrame([{**health, "zero_distance_share": share}] * 4)
        table.to_csv(folder / "graph-health.csv", index=False)
        group = ["a", "a", "b", "c", "d", "e"] if protocol == "clean" else "a"
        folds = pd.DataFrame({"genre": ["rock"] * 6, "repeat": 0, "group": group})
        folds.to_parquet(folder / "folds.parquet")
    names = ["multiclass_a", "binary_b", "binary_none"]
    for name in names:
        left_out = {"clean": "one artist"} if name == "binary_none" else {}
        (tmp_path / "experiments" / name).mkdir(exist_ok=True)
        path = tmp_path / "experiments" / name / "protocols.json"
        path.write_text(json.dumps({"evaluations": {}, "left_out": left_out}))
        for kind, table in {"results": results, "pooled": pooled}.items():
            (tmp_path / kind).mkdir(exist_ok=True)
            own = table[table["experiment"] == name]
            own.to_csv(tmp_path / kind / f"{name}.csv", index=False)

    def summarised(**options):
        output, text = tmp_path / "summary.csv", tmp_path / "summary.txt"
        tables = [
            [tmp_path / kind / f"{name}.csv" for name in names] for kind in ("results", "pooled")
        ]
        main(tables[0], tmp_path / "experiments", tables[1], output, text, **options)
        return pd.read_csv(output).fillna(
            dict.fromkeys(["note", "interval", "against"], "")
        ), text.read_text()

    return summarised


def test_main_writes_the_summary_of_all_tables(run, results, pooled):
    found, _ = run(paper=["multiclass_a=0.8"], note=["binary_b=Few clips."])
    notes = {
        ("binary_b", "paper"): f"Few clips. {NO_GRAPH}",
        ("multiclass_a", "clean"): "NOTE: large groups cannot be dealt evenly: "
        "a hold 2 of 6 clips of rock.",
    }
    expected = summarise(results, pooled, {"multiclass_a": 0.8}, notes)
    pd.testing.assert_frame_equal(found, expected)


def test_main_notes_graphs_that_connect_nothing(run):
    table, said = run(note=["binary_b=k=80, as in the paper."])
    rows = rows_of(table)
    expected = f"k=80, as in the paper. {NO_GRAPH}"
    assert rows["binary_b", "paper", "graphsage"]["note"] == expected
    assert rows["multiclass_a", "paper", "graphsage"]["note"] == ""
    assert said.count("WARNING") == 1


def test_main_says_what_is_left_out_and_where_the_table_is(run, tmp_path):
    _, said = run()
    for name in ["multiclass_a", "binary_b", f"table: {tmp_path / 'summary.csv'}"]:
        assert name in said
    assert "binary_none, protocol clean is left out: one artist\n" in said
    assert NOT_MUSIC not in said


def test_main_says_so_if_clips_are_no_music(run):
    assert NOT_MUSIC in run(synthesised=True)[1]


def test_where_nothing_could_be_evaluated_the_summary_has_no_rows(tmp_path):
    for name, columns in {"multiclass_a": RESULT, "pooled": POOLED}.items():
        pd.DataFrame(columns=columns).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "multiclass_a").mkdir()
    reasons = tmp_path / "multiclass_a" / "protocols.json"
    reasons.write_text(json.dumps({"evaluations": {}, "left_out": {"clean": "one artist"}}))
    output, text = tmp_path / "summary.csv", tmp_path / "summary.txt"
    main([tmp_path / "multiclass_a.csv"], tmp_path, [tmp_path / "pooled.csv"], output, text)
    assert output.read_text().strip() == ",".join(CONTRACT)
    assert "multiclass_a, protocol clean is left out: one artist" in text.read_text()
