from typing import get_args

import numpy as np
import pandas as pd
import pytest

from learning.baselines import MODELS, ONE_BY_ONE
from results.ahead import COLUMNS, GRAPH_MODELS, TOLD_ARTISTS, ahead, main
from results.paired import over_folds
from results.pooled import compare
from results.statistics import holm
from results.variants import worth
from results.votes import Verdicts
from settings.model import Compared

# Of ten clips of five groups, how many each model judges rightly, in two folds of five.
RIGHT = {
    "graphsage": "++++++++++",
    "edgeless": "+--+-+--++",
    "svm": "++-++-+-++",
    "forest": "-++++----+",
    "best": "+-----+---",
}
GROUPS = "aabbccddee"


def evaluated(right):
    """Folds and verdicts of models that judge some songs once, in two folds or in one."""
    songs = [f"s{i}" for i in range(len(GROUPS))]
    index = pd.MultiIndex.from_product([[0], songs], names=["repeat", "song"])
    table = pd.DataFrame({name: [c == "+" for c in row] for name, row in right.items()}, index)
    verdicts = Verdicts(table, pd.Series(list(GROUPS), index=pd.Index(songs, name="song")))
    rows = [
        {
            **{"model": model, "repeat": 0, "fold": fold, "n_train": 5, "n_test": 5},
            **{"train_accuracy": 1.0, "test_accuracy": table[model].iloc[part].mean()},
        }
        for model in right
        for fold, part in enumerate((slice(0, 5), slice(5, 10)))
    ]
    return pd.DataFrame(rows), verdicts


def test_the_best_classifier_is_the_best_of_all_that_hear_no_other_clip():
    table = ahead(*evaluated(RIGHT)).set_index("model")
    assert table.index.tolist() == ["graphsage", "best"]
    assert set(table["classifier"]) == {"svm"}
    assert set(table["classifier_mean"]) == {0.7}
    assert table["difference"].tolist() == pytest.approx([0.3, -0.5])
    silent = {name: row for name, row in RIGHT.items() if name not in ("svm", "forest")}
    assert set(ahead(*evaluated(silent))["classifier"]) == {"edgeless"}


def test_to_be_ahead_is_to_be_ahead_of_every_classifier():
    folds, verdicts = evaluated(RIGHT)
    table = ahead(folds, verdicts).set_index("model")
    by_folds = {
        c: over_folds(folds, c).loc["graphsage", "p"] for c in ("edgeless", "svm", "forest")
    }
    by_group = {c: compare(verdicts, c).loc["graphsage", "p_by_group"] for c in by_folds}
    assert table.loc["graphsage", "p"] == max(by_folds.values()) < 1
    assert table.loc["graphsage", "p_by_group"] == max(by_group.values()) < 1
    # The best classifier need not be the one that it is hardest to be told from.
    assert max(by_folds, key=by_folds.get) != "svm"


def test_behind_any_classifier_is_not_ahead():
    folds, verdicts = evaluated(RIGHT)
    assert worth(folds, verdicts, "svm").loc["best", "p_by_group"] < 1
    table = ahead(folds, verdicts).set_index("model")
    assert table.loc["best", ["p", "p_by_group"]].tolist() == [1, 1]
    level = {**RIGHT, "best": RIGHT["svm"]}
    assert ahead(*evaluated(level)).set_index("model").loc["best", "p"] == 1


def test_a_single_fold_has_an_interval_by_group_and_no_test_over_folds():
    folds, verdicts = evaluated(RIGHT)
    table = ahead(folds.query("fold == 0").assign(n_test=10), verdicts)
    assert table["p"].isna().all()
    assert table["p_by_group"].notna().all()
    assert table["ci_low"].notna().all()


def test_classifiers_are_those_that_are_no_other_where_clips_join_one_by_one():
    alone = [name for name, model in MODELS.items() if ONE_BY_ONE[name] is model]
    assert set(get_args(Compared)) | {"graphsage", TOLD_ARTISTS} == {*alone, *GRAPH_MODELS}
    assert not set(alone) & set(GRAPH_MODELS)


@pytest.fixture
def clips(predicted, tmp_path):
    predicted[["clip"]].assign(source=predicted["clip"]).to_parquet(tmp_path / "clips.parquet")
    return tmp_path / "clips.parquet"


def test_main_adjusts_over_graph_models_and_protocols(
    protocol, add_baselines, predicted, clips, tmp_path
):
    folders = [protocol("paper"), protocol("clean")]
    for folder in folders:
        add_baselines(folder)
        for number in range(4):
            predicted.to_parquet(folder / f"fold-{number:02d}" / "predictions.parquet")
    main(clips, "mine", "multiclass_a", tmp_path / "ahead.csv", folders, ["edgeless", "baselines"])
    table = pd.read_csv(tmp_path / "ahead.csv")
    assert table.columns.tolist() == COLUMNS
    assert table[["protocol", "model", "classifier"]].to_numpy().tolist() == [
        ["paper", "graphsage", "svm"],
        ["clean", "graphsage", "svm"],
    ]
    assert set(table["p_tests"]) == set(table["p_by_group_tests"]) == {2}
    np.testing.assert_allclose(table["p"], holm([1, 1]))
    assert table["difference"].tolist() == [-0.25, -0.25]


def test_an_experiment_without_any_protocol_has_a_table_without_rows(clips, tmp_path):
    main(clips, "mine", "multiclass_a", tmp_path / "ahead.csv")
    assert (tmp_path / "ahead.csv").read_text().strip() == ",".join(COLUMNS)
