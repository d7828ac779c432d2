import pandas as pd
import pytest

from results.pooled import COLUMNS, compare, main, verdicts
from results.statistics import holm, mcnemar


@pytest.fixture
def folder(protocol, add_baselines, predicted):
    folder = protocol("paper")
    for number in range(4):
        add_baselines(folder / f"fold-{number:02d}")
        predicted.to_parquet(folder / f"fold-{number:02d}" / "predictions.parquet")
    return folder


@pytest.fixture
def itself(predicted):
    return {clip: clip for clip in predicted["clip"]}


def test_there_is_a_verdict_a_test_clip_fold_and_model_of_the_first_repeat(folder, itself):
    right = verdicts(folder, itself, ["baselines"])
    assert right.columns.tolist() == ["graphsage", "svm", "edgeless"]
    assert right.index.tolist() == [(f, f"clip{i}") for f in (0, 1) for i in (3, 4, 5, 6)]
    assert right["svm"].tolist() == [True] * 8
    assert right["edgeless"].tolist() == [True, False, True, True] * 2


def test_the_segments_of_a_song_give_one_verdict(folder, itself):
    right = verdicts(folder, {**itself, "clip4": "clip3"}, ["baselines"])
    assert right.loc[0].index.tolist() == ["clip3", "clip5", "clip6"]


def test_models_are_compared_with_edgeless():
    right = pd.DataFrame(
        {
            "graphsage": [True] * 12 + [False] * 4,
            "svm": [True] * 4 + [False] * 12,
            "edgeless": [True] * 4 + [False] * 8 + [True] * 1 + [False] * 3,
        }
    )
    table = compare(right, "multiclass_a", "clean").set_index("model")
    assert [*COLUMNS[:2], *COLUMNS[3:]] == table.columns.tolist()
    assert set(table["experiment"] + table["protocol"]) == {"multiclass_aclean"}
    assert table.loc["graphsage", COLUMNS[3:-1]].tolist() == [16, 4, 8, 1, 3]
    assert table.loc["svm", COLUMNS[3:-1]].tolist() == [16, 4, 0, 1, 11]
    alone = [mcnemar(right[model], right["edgeless"]) for model in ("graphsage", "svm")]
    assert alone[0] < 0.05 < alone[1]
    assert table["p"].tolist() == pytest.approx(holm(alone))


def test_main_compares_in_every_protocol(folder, predicted, tmp_path):
    clips = predicted[["clip"]].assign(source=predicted["clip"])
    clips.to_parquet(tmp_path / "clips.parquet")
    output = tmp_path / "pooled.csv"
    main([folder, folder], tmp_path / "clips.parquet", "binary_a", output, compared=["baselines"])
    table = pd.read_csv(output)
    assert table.columns.tolist() == COLUMNS
    assert table["model"].tolist() == ["graphsage", "svm"] * 2
    assert table["n"].tolist() == [8] * 4
    assert table["only_model"].tolist() == [0, 2] * 2
    assert table["only_edgeless"].tolist() == [0] * 4
