import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from results.outputs import fitted, folds_of, genres_of, left_out_of, read_result, read_tables


def test_folds_are_numbered_on_over_repeats(protocol):
    folder = protocol("paper")
    assert [tuple(fold) for fold in folds_of(folder)] == [
        (0, 0, folder / "fold-00"),
        (0, 1, folder / "fold-01"),
        (1, 0, folder / "fold-02"),
        (1, 1, folder / "fold-03"),
    ]


def test_clips_that_are_never_tested_are_no_fold(protocol):
    folder = protocol("filtered")
    pd.DataFrame({"repeat": 0, "fold": [-1, 0, -1, 0]}).to_parquet(folder / "folds.parquet")
    assert [fold[:2] for fold in folds_of(folder)] == [(0, 0)]


def test_graphsage_comes_first_and_then_what_is_asked_for(protocol, add_baselines, predicted):
    folder = protocol("paper")
    add_baselines(folder)
    graphsage, edgeless, svm = fitted(folds_of(folder)[3], ["edgeless", "baselines"])
    assert (graphsage.model, graphsage.epochs) == ("graphsage", 3)
    assert graphsage.seconds == pytest.approx(3.12345)
    assert (svm.model, svm.epochs, svm.seconds) == ("svm", 0, 3.25)
    assert (edgeless.model, edgeless.epochs, edgeless.seconds) == ("edgeless", 40, 1.5)
    assert_frame_equal(graphsage.predictions, predicted[:-3])
    assert svm.predictions["predicted"].equals(predicted["true"])
    assert_frame_equal(edgeless.predictions, predicted)


def test_files_that_are_not_asked_for_are_not_read(protocol, add_baselines):
    folder = protocol("paper")
    add_baselines(folder)
    first = folds_of(folder)[0]
    assert [each.model for each in fitted(first, ["edgeless"])] == ["graphsage", "edgeless"]


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_a_fold_has_its_own_rows_of_a_table_of_all(protocol, name):
    first, *_, last = folds_of(protocol("paper"))
    table = pd.DataFrame({"fold": [3, 0, 3], "candidate": ["a", "b", "c"], "n": [1, 2, 3]})
    path = first.outputs.parent / "models" / name
    table.to_csv(path, index=False) if name.endswith("csv") else table.to_parquet(path)
    assert last.read(name).to_dict("list") == {"candidate": ["a", "c"], "n": [1, 3]}
    assert first.read(name).to_dict("list") == {"candidate": ["b"], "n": [2]}


def test_every_column_but_the_named_ones_is_a_genre(predicted):
    assert genres_of(predicted) == ["blues", "jazz", "rock"]


def test_reasons_are_read_by_protocol(tmp_path):
    path = tmp_path / "protocols.json"
    path.write_text('{"evaluations": {"paper": {"folds": 2}}, "left_out": {"clean": "one artist"}}')
    assert left_out_of(path) == {"clean": "one artist"}


def test_tables_without_rows_change_no_type(tmp_path):
    texts = {"none.csv": "name,n\n", "two.csv": "name,n\na,1\nb,2\n", "one.csv": "name,n\nc,3\n"}
    paths = [tmp_path / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    assert read_tables(paths)["n"].tolist() == [1, 2, 3]
    assert read_tables(paths)["n"].dtype == int
    assert read_tables(paths[:1]).columns.tolist() == ["name", "n"]


@pytest.mark.parametrize("name", ["001", "64", "1e3", "null", "NA", "true"])
def test_a_name_is_a_text_whatever_it_looks_like(tmp_path, name):
    texts = {"dataset": [name, "b"], "model": [name, "edgeless"], "mean": [0.5, None]}
    pd.DataFrame(texts).to_csv(tmp_path / "a.csv", index=False)
    found = read_result(tmp_path / "a.csv")
    assert found["dataset"].tolist() == [name, "b"] and found["model"].iloc[0] == name
    assert found["mean"].isna().tolist() == [False, True]
