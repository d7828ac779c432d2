import json
import math

import numpy as np
import pandas as pd
import pytest

from genregraph.config.experiment import Experiment
from genregraph.evaluation.comparisons import RAW
from genregraph.evaluation.evaluate import COLUMNS, TABLES, main
from genregraph.evaluation.outputs import NOT_MUSIC

CONTRACT = (
    "dataset experiment protocol model aggregation repeat fold n_train n_test train_accuracy "
    "test_accuracy test_macro_f1 test_log_loss epochs seconds"
)
GENRES = ["blues", "jazz", "rock"]


def folds_of(protocol, artists=False):
    """Nine clips, three of each genre; the first two of each are of one artist, if asked for."""
    number = np.tile(range(3), 3)
    names = [f"{genre}.{i}" for genre in GENRES for i in range(3)]
    clips = pd.DataFrame({"clip": names, "genre": np.repeat(GENRES, 3), "group": names})
    if artists:
        clips["group"] = [f"artist {genre} {i // 2}" for genre in GENRES for i in range(3)]
    clips["artist"] = clips["group"]
    if protocol == "clean":
        return pd.concat([clips.assign(repeat=r, fold=number // 2) for r in (0, 1)])
    if protocol == "filtered":
        return clips.assign(repeat=0, fold=np.where(number == 0, -1, 0))
    # Hold-outs: x.0 is tested three times, x.1 twice, x.2 never.
    parts = [clips[number <= most].assign(fold=fold) for fold, most in enumerate([1, 1, 0])]
    return pd.concat([*parts, clips[number == 2].assign(fold=-1)]).assign(repeat=0)


def predictions(folds, wrong):
    """Of each fold, right but for test clips with a prefix, whose prediction is the next genre."""
    clips, tables = folds.drop_duplicates("clip"), []
    for (repeat, fold), own in folds[folds["fold"] >= 0].groupby(["repeat", "fold"]):
        part = np.where(clips["clip"].isin(own["clip"]), "test", "train")
        errs = clips["clip"].str.startswith(wrong) & (part == "test")
        chosen = (clips["genre"].map(GENRES.index) + errs) % 3
        facts = {"repeat": repeat, "fold": fold, "part": part, "true": clips["genre"]}
        table = clips[["clip"]].assign(**facts, predicted=np.array(GENRES)[chosen])
        table[GENRES] = np.where(np.eye(3)[chosen] > 0, 0.5, 0.25)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


# GraphSAGE errs on one clip, its ablation on a genre, svm never.
WRONG = {"graphsage": "blues.0", "edgeless": "blues", "svm": "none"}


@pytest.fixture
def run(write, tmp_path):
    """The step; its tables and text."""

    def evaluated(
        names, artists=False, left_out=None, problems=(), songs=None, temperatures=np.nan, **options
    ):
        assigned = []
        for name in names:
            folds = folds_of(name, artists)
            models = {model: predictions(folds, wrong) for model, wrong in WRONG.items()}
            assigned.append(write(name, folds, models, temperatures) / "folds.parquet")
        clips = folds_of("filtered")["clip"]
        listed = pd.DataFrame({"clip": clips, "source": clips.map(songs) if songs else clips})
        listed.to_parquet(tmp_path / "clips.parquet")
        counts = {"paper": {"used": 9, "excluded": 0, "without_features": 1}}
        protocols, text = tmp_path / "protocols.json", tmp_path / "result.txt"
        protocols.write_text(json.dumps({"left_out": left_out or {}, "clips": counts}))
        paths = {kind: tmp_path / f"{kind}.csv" for kind in (*TABLES, "comparisons")}
        paths["result"] = tmp_path / "mine/multiclass_a.csv"
        paths["result"].parent.mkdir()
        result, *others = paths.values()
        inputs = tmp_path / "clips.parquet", protocols, result, text
        stated = Experiment(models=["svm"]).model_dump_json()
        main(stated, *inputs, *others, assigned, list(problems), **options)
        return {kind: pd.read_csv(path) for kind, path in paths.items()}, text.read_text()

    return evaluated


def test_tables_have_a_row_a_protocol_model_and_fold(run):
    tables, _ = run(["paper", "clean"])
    assert " ".join(COLUMNS) == CONTRACT
    for kind, columns in {**TABLES, "comparisons": RAW}.items():
        assert tables[kind].columns.tolist() == columns
    result = tables["result"]
    assert not result.isna().any(axis=None)
    assert (result[["dataset", "experiment"]] == ["mine", "multiclass_a"]).all(axis=None)
    assert result["protocol"].tolist() == ["paper"] * 9 + ["clean"] * 12
    paper = result[result["protocol"] == "paper"]
    assert paper["model"].tolist() == ["graphsage"] * 3 + ["edgeless"] * 3 + ["svm"] * 3
    assert paper[["repeat", "fold"]].to_numpy().tolist() == [[0, 0], [0, 1], [0, 2]] * 3
    assert paper[["n_train", "n_test"]].to_numpy().tolist() == [[3, 6], [3, 6], [6, 3]] * 3
    # blues.0 is tested in each hold-out, blues.1 in two, blues.2 in none.
    accuracies = [5 / 6, 5 / 6, 2 / 3, 4 / 6, 4 / 6, 2 / 3, 1, 1, 1]
    assert paper["test_accuracy"].tolist() == pytest.approx(accuracies)
    assert set(result["epochs"]) == {40} and set(result["seconds"]) == {1.5}
    own = tables["accuracies"].set_index("model").loc["edgeless"].iloc[0]
    assert own["mean"] == pytest.approx((4 / 6 + 4 / 6 + 2 / 3) / 3)
    # Of six groups those of blues.0 (three tests) and blues.1 (two) have no right one.
    assert (own["artist_mean"], own["n_groups"]) == (pytest.approx(4 / 6), 6)
    assert own["artist_low"] < own["artist_mean"] < own["artist_high"]
    assert math.isnan(own["song_mean"])
    messages = tables["comparisons"].set_index("question").loc["messages"].iloc[0]
    assert messages["difference"] == pytest.approx((1 / 6 + 1 / 6 + 0) / 3)
    # blues.1 is better by two tests, and that is one group of six: p is 1.
    assert messages["p_groups"] == 1


def test_artists_with_several_clips_give_both_aggregations(run):
    tables, said = run(["paper", "clean"], artists=True)
    for kind in TABLES:
        counts = tables[kind].groupby("protocol")["aggregation"].value_counts().unstack()
        assert (counts["none"] == counts["artist"]).all(), kind
    own = tables["result"].query("protocol == 'paper' and aggregation == 'artist'")
    # blues.1, of the same artist, mends blues.0 of graphsage, but for the hold-out without it.
    accuracies = [1, 1, 2 / 3, 4 / 6, 4 / 6, 2 / 3, 1, 1, 1]
    assert own["test_accuracy"].tolist() == pytest.approx(accuracies)
    words = said.splitlines()[2].split()
    assert words == "protocol model aggregation clips folds train test std".split()


def test_calibration_is_with_and_without_temperature(run):
    tables, _ = run(["filtered"], artists=True, temperatures=2.0)
    assert set(tables["result"]["n_test"]) == {6}  # Clips in no fold are not tested.
    assert set(tables["accuracies"]["interval"]) == {"groups, bootstrap"}
    scores = tables["calibration"].set_index(["model", "aggregation", "scaling"])
    assert len(scores) == 3 * 2 * 2
    for aggregation in ("none", "artist"):
        plain, scaled = (scores.loc[("svm", aggregation, s)] for s in ("none", "temperature"))
        assert math.isnan(plain["temperature"]) and scaled["temperature"] == 2
        assert scaled["confidence"] < plain["confidence"] == 0.5
        assert scaled["accuracy"] == plain["accuracy"] == 1
    assert len(tables["reliability"]) == 12 * 10


def test_songs_are_predicted_within_a_fold(run):
    songs = {f"{g}.{i}": g if i < 2 else f"{g}.2" for g in GENRES for i in range(3)}
    accuracies = run(["paper"], songs=songs)[0]["accuracies"].set_index("model")
    # Three songs in each of three hold-outs; edgeless has all of blues wrong.
    assert accuracies.loc["edgeless", "song_mean"] == pytest.approx(6 / 9)


def test_text_says_what_the_tables_say(run, tmp_path):
    problems = [tmp_path / "problems.csv", tmp_path / "none.csv"]
    for path, row in zip(problems, ("a,a.wav,silent,rejected\n", ""), strict=True):
        path.write_text(f"clip,path,problem,what_was_done\n{row}")
    _, said = run(["paper", "clean"], problems=problems, paper=0.7976)
    lines = said.splitlines()
    assert lines[1] == "multiclass_a on mine"
    assert lines[2].split() == "protocol model clips folds train test std paper".split()
    assert lines[3].split() == "paper graphsage 9 3 1.0000 0.7778 0.0962 0.7976".split()
    assert lines[4].split()[-1] == "-"
    assert "graph of paper: k 5, homophily 0.600 (chance 0.250), zero distances 0.0 %" in lines
    assert f"1 problem(s) are listed in {problems[0]}" in lines
    assert "none.csv" not in said
    assert "clips of paper: 9 used, 0 excluded, 1 without features" in lines
    assert lines[-1].startswith(f"table: {tmp_path}/mine/multiclass_a.csv; protocols: {tmp_path}")
    assert NOT_MUSIC not in said


def test_experiments_without_protocols_have_tables_without_rows(run):
    tables, said = run([], left_out={"clean": "one artist"}, paper=0.5, synthesised=True)
    assert all(table.empty for table in tables.values())
    assert tables["result"].columns.tolist() == COLUMNS
    assert said.startswith("\nmulticlass_a on mine\nno protocol could be evaluated\n")
    assert f"protocol clean is left out: one artist\n{NOT_MUSIC}\n" in said
