import json

import pandas as pd
import pytest

from genregraph.config.model import Experiment
from genregraph.evaluation.outputs import (
    counts_of,
    genres_of,
    left_out_of,
    model_names,
    read_models,
    read_result,
    read_tables,
    songs_of,
    stacked,
)


def test_models_are_networks_with_ablations_and_variants_and_then_all_others():
    experiment = Experiment(models=["svm", "gcn", "blend"], variants={"wide": {"hidden": 9}})
    assert model_names(experiment) == [
        *("graphsage", "edgeless", "gcn", "gcn_edgeless", "wide", "wide_edgeless"),
        *("svm", "blend"),
    ]


def test_models_are_read_in_the_order_that_is_asked_for(write, predicted):
    folds = predicted[["clip"]].assign(repeat=0, fold=0)
    tables = {name: predicted.assign(predicted=name) for name in ("b", "a", "c")}
    folder = write("paper", folds, tables)
    (folder / "models" / "a.history.csv").write_text("epoch\n1\n")
    found = [*read_models(folder, ["c", "b"])]
    assert [model.name for model in found] == ["c", "b"]
    assert set(found[0].predictions["predicted"]) == {"c"}
    assert found[1].fits[["repeat", "fold", "epochs"]].to_numpy().tolist() == [[0, 0, 40]]
    assert [model.name for model in read_models(folder)] == ["a", "b", "c"]
    with pytest.raises(FileNotFoundError):
        [*read_models(folder, ["d"])]


def test_every_column_but_the_named_ones_is_a_genre(predicted):
    assert genres_of(predicted) == ["blues", "jazz", "rock"]


def test_reasons_and_counts_are_read_by_protocol(tmp_path):
    path = tmp_path / "protocols.json"
    path.write_text(json.dumps({"left_out": {"clean": "one artist"}, "clips": {"paper": {"n": 2}}}))
    assert left_out_of(path) == {"clean": "one artist"}
    assert counts_of(path) == {"paper": {"n": 2}}


def test_clips_know_their_song(tmp_path):
    clips = pd.DataFrame({"clip": ["a.0", "a.1"], "source": "a", "genre": "rock"})
    clips.to_parquet(tmp_path / "clips.parquet")
    assert songs_of(tmp_path / "clips.parquet").to_dict() == {"a.0": "a", "a.1": "a"}


def test_tables_without_rows_change_no_type(tmp_path):
    texts = {"none.csv": "name,n\n", "two.csv": "name,n\na,1\nb,2\n", "one.csv": "name,n\nc,3\n"}
    paths = [tmp_path / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    assert read_tables(paths)["n"].tolist() == [1, 2, 3]
    assert read_tables(paths)["n"].dtype == int
    assert read_tables(paths[:1]).columns.tolist() == ["name", "n"]
    assert stacked([], ["a", "b"]).columns.tolist() == ["a", "b"]


@pytest.mark.parametrize("name", ["001", "64", "1e3", "null", "NA", "true"])
def test_a_name_is_a_text_whatever_it_looks_like(tmp_path, name):
    texts = {"dataset": [name, "b"], "model": [name, "edgeless"], "mean": [0.5, None]}
    pd.DataFrame(texts).to_csv(tmp_path / "a.csv", index=False)
    found = read_result(tmp_path / "a.csv")
    assert found["dataset"].tolist() == [name, "b"] and found["model"].iloc[0] == name
    assert found["mean"].isna().tolist() == [False, True]
