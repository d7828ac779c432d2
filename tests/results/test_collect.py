import json
import math

import pandas as pd
import pytest

from results.collect import COLUMNS, collect, main, score
from results.summary import NOT_MUSIC

CONTRACT = (
    "dataset,experiment,protocol,model,repeat,fold,n_train,n_test,"
    "train_accuracy,test_accuracy,test_macro_f1,test_log_loss,epochs,seconds"
)


def test_scores_are_those_computed_by_hand(predicted):
    # F1: blues 2 * 1 / (2 + 1), jazz 2 * 1 / (1 + 2), rock 1.
    assert score(predicted) == pytest.approx(
        {
            "n_train": 3,
            "n_test": 4,
            "train_accuracy": 2 / 3,
            "test_accuracy": 3 / 4,
            "test_macro_f1": (2 / 3 + 2 / 3 + 1) / 3,
            "test_log_loss": -math.log(0.5 * 0.25 * 0.75 * 0.5) / 4,
        }
    )


def test_macro_f1_is_over_the_genres_of_the_test_part(predicted):
    assert score(predicted[:-1])["test_macro_f1"] == pytest.approx(2 / 3)


def test_a_genre_predicted_in_error_counts_as_f1_0(predicted):
    predicted.loc[3, "predicted"] = "rock"
    assert score(predicted[:4])["test_macro_f1"] == 0


def test_a_certain_error_has_a_finite_log_loss(predicted):
    predicted.loc[3, ["blues", "jazz", "rock"]] = [0.0, 1.0, 0.0]
    assert 30 < score(predicted[:4])["test_log_loss"] < math.inf


def test_genres_named_like_scores_or_in_any_case_are_genres(predicted):
    renamed = {"blues": "Zydeco", "jazz": "epochs", "rock": "a b"}
    expected = score(predicted)
    columns = ["clip", "true", "predicted", "part", "Zydeco", "a b", "epochs"]
    assert score(predicted.replace(renamed).rename(columns=renamed)[columns]) == expected


def test_a_row_a_fold_numbered_on_over_repeats(protocol):
    both = collect(protocol("paper"), "gtzan", "multiclass")
    table = both[both["model"] == "graphsage"]
    assert table[["repeat", "fold"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert table["n_test"].tolist() == [4, 3, 2, 1]
    assert table["seconds"].tolist() == [0.123, 1.123, 2.123, 3.123]
    assert table["epochs"].tolist() == [3] * 4
    for column, value in {
        "dataset": "gtzan",
        "experiment": "multiclass",
        "protocol": "paper",
        "model": "graphsage",
    }.items():
        assert set(table[column]) == {value}


def test_rows_are_ordered_by_model_and_then_by_fold(protocol, add_baselines):
    folder = protocol("paper")
    add_baselines(folder)
    table = collect(folder, "gtzan", "multiclass", ["edgeless", "baselines"])
    assert table["model"].tolist() == ["graphsage"] * 4 + ["edgeless"] * 4 + ["svm"] * 4
    assert table[["repeat", "fold"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] * 3
    assert table["n_test"].tolist() == [4, 3, 2, 1] + [4] * 8


def test_clips_that_are_never_tested_are_no_fold(protocol):
    folder = protocol("filtered")
    folds = pd.DataFrame({"repeat": 0, "fold": [-1, 0, -1, 0]})
    folds.to_parquet(folder / "folds.parquet")
    table = collect(folder, "gtzan", "multiclass", ["edgeless"])
    assert table[["repeat", "fold", "n_test"]].to_numpy().tolist() == [[0, 0, 4]] * 2


def test_compared_models_are_scored_as_graphsage_is(protocol, add_baselines, predicted):
    folder = protocol("paper")
    add_baselines(folder)
    table = collect(folder, "gtzan", "multiclass", ["edgeless", "baselines"]).set_index("model")
    assert table.loc["svm", "test_accuracy"].tolist() == [1] * 4
    assert table.loc["edgeless", "test_accuracy"].tolist() == [3 / 4] * 4
    assert table.loc["edgeless", "epochs"].tolist() == [40] * 4


@pytest.fixture
def run(protocol, tmp_path):
    def collected(names, left_out=None, **options):
        problems = [tmp_path / "problems.csv", tmp_path / "none.csv"]
        problems[0].write_text("clip,path,problem,what_was_done\na,a.wav,silent,refused\n")
        problems[1].write_text("clip,path,problem,what_was_done\n")
        protocols = tmp_path / "protocols.json"
        clips = {"paper": {"used": 6, "excluded": 0, "refused": 2, "without_features": 1}}
        judged = {"evaluations": {}, "left_out": left_out or {}, "clips": clips}
        protocols.write_text(json.dumps(judged))
        output, text = tmp_path / "results.csv", tmp_path / "results.txt"
        folders = [protocol(name) for name in names]
        models = {"compared": ["edgeless"], **options}
        main("gtzan", "multiclass", protocols, output, text, folders, problems, **models)
        return output, text.read_text()

    return collected


def test_main_writes_exactly_the_contracts_columns_without_empty_cells(run):
    output, _ = run(["paper", "clean"])
    assert output.read_text().splitlines()[0] == CONTRACT
    assert ",".join(COLUMNS) == CONTRACT
    table = pd.read_csv(output)
    assert not table.isna().any(axis=None)
    assert table["protocol"].tolist() == ["paper"] * 8 + ["clean"] * 8
    assert table.loc[0, "test_macro_f1"] == pytest.approx(7 / 9)


def test_main_says_what_the_table_says_and_names_the_files(run, tmp_path):
    output, said = run(["paper", "clean"], paper=0.7976)
    for file in [output, tmp_path / "paper", tmp_path / "clean", tmp_path / "problems.csv"]:
        assert str(file) in said
    assert "multiclass on gtzan" in said
    assert "0.7976" in said
    assert f"1 problem(s) are listed in {tmp_path / 'problems.csv'}" in said
    assert "none.csv" not in said
    assert "clips of paper: 6 used, 0 excluded, 2 refused, 1 without features\n" in said
    assert "a hold 3 of 3 clips of blues" in said
    assert NOT_MUSIC not in said


def test_main_says_so_if_clips_are_no_music(run):
    assert NOT_MUSIC in run(["paper"], synthesised=True)[1]


def test_main_says_which_protocols_are_left_out_and_why(run):
    reason = "genres of a single group cannot be judged: rock=pop"
    said = run(["paper"], {"clean": reason, "filtered": "no split"})[1]
    assert f"protocol clean is left out: {reason}\n" in said
    assert "protocol filtered is left out: no split\n" in said
    assert "left out" not in run(["inductive"])[1]


def test_where_all_protocols_are_left_out_there_is_a_table_without_rows_and_the_reason(run):
    output, said = run([], {"clean": "one artist"}, paper=0.5)
    assert output.read_text() == CONTRACT + "\n"
    assert said.startswith("\nmulticlass on gtzan\nno protocol could be evaluated\n")
    assert "protocol clean is left out: one artist\n" in said
