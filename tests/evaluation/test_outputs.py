import pandas as pd
import pytest

from genregraph.config.experiment import Experiment
from genregraph.evaluation.outputs import model_names, read_result, read_tables, stacked


def test_model_names_start_with_networks_ablations_and_variants():
    experiment = Experiment(models=["svm", "gcn", "blend"], variants={"wide": {"hidden": 9}})
    assert model_names(experiment) == [
        *("graphsage", "edgeless", "gcn", "gcn_edgeless", "wide", "wide_edgeless"),
        *("svm", "blend"),
    ]


def test_stacked_tables_keep_types(tmp_path):
    paths = [tmp_path / f"{name}.csv" for name in ("none", "two", "one")]
    for path, rows in zip(paths, ("", "a,1\nb,2\n", "c,3\n"), strict=True):
        path.write_text(f"name,n\n{rows}")
    assert read_tables(paths)["n"].tolist() == [1, 2, 3]
    assert read_tables(paths)["n"].dtype == int
    assert read_tables(paths[:1]).columns.tolist() == ["name", "n"]
    assert stacked([], ["a", "b"]).columns.tolist() == ["a", "b"]


@pytest.mark.parametrize("name", ["001", "64", "1e3", "null", "NA", "true"])
def test_names_are_read_as_texts(tmp_path, name):
    texts = {"dataset": [name, "b"], "model": [name, "edgeless"], "mean": [0.5, None]}
    pd.DataFrame(texts).to_csv(tmp_path / "a.csv", index=False)
    result = read_result(tmp_path / "a.csv")
    assert result["dataset"].tolist() == [name, "b"] and result["model"].iloc[0] == name
    assert result["mean"].isna().tolist() == [False, True]
