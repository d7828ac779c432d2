import json
import math

import numpy as np
import pandas as pd
import pytest

from genregraph.config.experiment import Experiment
from genregraph.evaluation.comparisons import RAW
from genregraph.evaluation.evaluate import COLUMNS, TABLES, main
from genregraph.evaluation.notes import NOT_MUSIC

CONTRACT = (
    "dataset,experiment,protocol,model,aggregation,repeat,fold,n_train,n_test,"
    "train_accuracy,test_accuracy,test_macro_f1,test_log_loss,epochs,seconds"
)
EXPERIMENT = Experiment(models=["svm"])
GENRES = ["blues", "jazz", "rock"]


def clips_of(artists):
    """Nine clips, three of each genre; the first two of each are of one artist, if asked for."""
    genre = np.repeat(GENRES, 3)
    artist = [
        f"artist {g} {i // 2}" if artists else f"song {g} {i}" for g in GENRES for i in range(3)
    ]
    clip = [f"{g}.{i}" for g in GENRES for i in range(3)]
    return pd.DataFrame({"clip": clip, "genre": genre, "group": artist, "artist": artist})


def folds_of(protocol, artists=False):
    clips = clips_of(artists)
    if protocol == "clean":
        return pd.concat([clips.assign(repeat=r, fold=(clips.index % 3) // 2) for r in (0, 1)])
    if protocol == "filtered":
        return clips.assign(repeat=0, fold=np.where(clips.index % 3 == 0, -1, 0))
    # Hold-outs: x.0 is tested three times, x.1 twice, x.2 never.
    parts = [
        clips[clips.index % 3 <= most].assign(fold=fold) for fold, most in enumerate([1, 1, 0])
    ]
    return pd.concat([*parts, clips[clips.index % 3 == 2].assign(fold=-1)]).assign(repeat=0)


@pytest.fixture
def run(write, predict, tmp_path):
    """The step; GraphSAGE errs on blues.0, its ablation on all of blues, svm never."""
    errors = {
        "graphsage": lambda clip, *_: clip == "blues.0",
        "edgeless": lambda clip, *_: clip.startswith("blues"),
        "svm": lambda *_: False,
    }

    def evaluated(names, artists=False, left_out=None, problems=(), songs=None, **options):
        folders = []
        for name in names:
            folds = folds_of(name, artists)
            models = {model: predict(folds, wrong) for model, wrong in errors.items()}
            folders.append(write(name, folds, models, options.pop("temperatures", np.nan)))
        clips = clips_of(artists)["clip"]
        source = songs or dict.fromkeys(clips)
        listed = pd.DataFrame({"clip": clips, "source": [source[c] or c for c in clips]})
        listed.to_parquet(tmp_path / "clips.parquet")
        counts = {"paper": {"used": 9, "excluded": 0, "without_features": 1}}
        protocols = tmp_path / "protocols.json"
        protocols.write_text(json.dumps({"left_out": left_out or {}, "clips": counts}))
        kinds = [*TABLES, "comparisons"]
        paths = {kind: tmp_path / f"{kind}.csv" for kind in kinds}
        text = tmp_path / "result.txt"
        main(
            "mine",
            "multiclass_a",
            EXPERIMENT.model_dump_json(),
            tmp_path / "clips.parquet",
            protocols,
            paths["result"],
            text,
            paths["accuracies"],
            paths["calibration"],
            paths["reliability"],
            paths["comparisons"],
            folders,
            list(problems),
            **options,
        )
        tables = {kind: pd.read_csv(path) for kind, path in paths.items()}
        return tables, text.read_text()

    return evaluated


def test_result_has_the_columns_of_the_contract(run):
    tables, _ = run(["paper", "clean"])
    assert ",".join(COLUMNS) == CONTRACT
    for kind, columns in TABLES.items():
        assert tables[kind].columns.tolist() == columns
        assert set(tables[kind]["dataset"]) == {"mine"}
    assert tables["comparisons"].columns.tolist() == RAW
    assert not tables["result"].isna().any(axis=None)


def test_result_has_a_row_a_protocol_model_and_fold(run):
    result = run(["paper", "clean"])[0]["result"]
    assert result["protocol"].tolist() == ["paper"] * 9 + ["clean"] * 12
    paper = result[result["protocol"] == "paper"]
    assert paper["model"].tolist() == ["graphsage"] * 3 + ["edgeless"] * 3 + ["svm"] * 3
    assert paper[["repeat", "fold"]].to_numpy().tolist() == [[0, 0], [0, 1], [0, 2]] * 3
    assert paper["n_test"].tolist() == [6, 6, 3] * 3
    assert (paper["n_train"] + paper["n_test"] == 9).all()
    # blues.0 is tested in each hold-out, blues.1 in two, blues.2 in none.
    assert paper["test_accuracy"].tolist() == pytest.approx(
        [5 / 6, 5 / 6, 2 / 3, 4 / 6, 4 / 6, 2 / 3, 1, 1, 1]
    )
    assert set(result["epochs"]) == {40} and set(result["seconds"]) == {1.5}


def test_accuracies_count_every_test_of_a_clip(run):
    tables, _ = run(["paper"])
    own = tables["accuracies"].set_index("model").loc["edgeless"]
    assert own["mean"] == pytest.approx((4 / 6 + 4 / 6 + 2 / 3) / 3)
    # Of six groups those of blues.0 (three tests) and blues.1 (two) have no right one.
    assert (own["artist_mean"], own["n_groups"]) == (pytest.approx(4 / 6), 6)
    messages = tables["comparisons"].set_index("question").loc["messages"]
    assert messages["difference"] == pytest.approx((1 / 6 + 1 / 6 + 0) / 3)
    # blues.1 is better by two tests, and that is one group of six: p is 1.
    assert messages["p_groups"] == 1


def test_clips_in_no_fold_are_not_tested(run):
    tables, _ = run(["filtered"])
    assert tables["result"]["n_test"].tolist() == [6] * 3
    assert set(tables["accuracies"]["interval"]) == {"groups, bootstrap"}


def test_artists_with_several_clips_give_both_aggregations(run):
    tables, said = run(["paper", "clean"], artists=True)
    for kind in TABLES:
        counts = tables[kind].groupby("protocol")["aggregation"].value_counts().unstack()
        assert (counts["none"] == counts["artist"]).all(), kind
    own = tables["result"].query("protocol == 'paper' and aggregation == 'artist'")
    accuracies = own.groupby("model")["test_accuracy"].agg(list)
    # blues.1, of the same artist, mends blues.0, but for the hold-out without it.
    assert accuracies["graphsage"] == pytest.approx([1, 1, 2 / 3])
    assert accuracies["edgeless"] == pytest.approx([4 / 6, 4 / 6, 2 / 3])
    assert accuracies["svm"] == [1, 1, 1]
    words = said.splitlines()[2].split()
    assert words == "protocol model aggregation clips folds train test std".split()


def test_calibration_is_with_and_without_temperature(run):
    tables, _ = run(["filtered"], artists=True, temperatures=2.0)
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
    assert accuracies.loc["svm", "song_mean"] == 1


def test_text_says_what_the_tables_say(run, tmp_path):
    problems = [tmp_path / "problems.csv", tmp_path / "none.csv"]
    problems[0].write_text("clip,path,problem,what_was_done\na,a.wav,silent,rejected\n")
    problems[1].write_text("clip,path,problem,what_was_done\n")
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
    assert lines[-1].startswith(f"table: {tmp_path / 'result.csv'}; protocols: {tmp_path}")
    assert NOT_MUSIC not in said and "aggregation" not in said


def test_experiments_without_protocols_have_tables_without_rows(run):
    tables, said = run([], left_out={"clean": "one artist"}, paper=0.5, synthesised=True)
    assert all(table.empty for table in tables.values())
    assert tables["result"].columns.tolist() == CONTRACT.split(",")
    assert said.startswith("\nmulticlass_a on mine\nno protocol could be evaluated\n")
    assert f"protocol clean is left out: one artist\n{NOT_MUSIC}\n" in said
