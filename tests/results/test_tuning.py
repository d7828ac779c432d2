import pandas as pd
import pytest

from results.tuning import COLUMNS, describe, gather, main


@pytest.fixture
def folds():
    """Three folds of a curve of two points and one of one."""
    return [
        pd.DataFrame(
            {
                "parameter": ["hidden", "hidden", "learning_rate"],
                "value": [50.0, 100.0, 0.001],
                "train_accuracy": [0.9, 0.8, 0.7],
                "test_accuracy": [0.5 + fold / 10, 0.25, 0.3 + fold / 10],
            }
        )
        for fold in range(3)
    ]


def test_a_row_a_fold_and_point(folds):
    table = gather(folds, "gtzan", "multiclass_x")
    assert table.columns.tolist() == COLUMNS
    assert table["fold"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert table.index.tolist() == list(range(9))
    assert set(table["dataset"]) == {"gtzan"}
    assert set(table["experiment"]) == {"multiclass_x"}
    for number, fold in enumerate(folds):
        rows = table.loc[table["fold"] == number, fold.columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, fold)


def test_a_line_a_point_states_the_means_over_folds(folds):
    lines = [line.split() for line in describe(gather(folds, "gtzan", "x")).splitlines()]
    assert ["hidden", "50.000", "0.9", "0.60"] in lines
    assert ["100.000", "0.8", "0.25"] in lines
    assert ["learning_rate", "0.001", "0.7", "0.40"] in lines


def test_main_writes_the_curves_and_what_they_say(folds, tmp_path):
    paths = [tmp_path / f"{number}.csv" for number in range(3)]
    for fold, path in zip(folds, paths, strict=True):
        fold.to_csv(path, index=False)
    output = tmp_path / "tuning.csv"
    main(paths[::-1], "gtzan", "multiclass_x", output, tmp_path / "tuning.txt")
    expected = gather(folds[::-1], "gtzan", "multiclass_x")
    pd.testing.assert_frame_equal(pd.read_csv(output), expected)
    said = (tmp_path / "tuning.txt").read_text()
    assert "tuning of multiclass_x on gtzan" in said
    assert describe(expected) in said
    assert f"table: {output}" in said
