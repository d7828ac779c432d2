import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax
from sklearn import metrics
from tests.predict.conftest import SMALL, drawn, fold_of, learnt, listed, small

from genregraph.common.errors import UserError
from genregraph.models.temperature import log_loss
from genregraph.predict.predictor import Predictor
from genregraph.predict.train import evaluated, learn, main, own_distances

GENRES = ["folk", "jazz", "rock"]


def write_model(folder, name: str, temperatures: list, strength: float = 2) -> pd.DataFrame:
    """Predictions of two folds of 40 clips, half of them for training; those of test clips."""
    rng = np.random.default_rng(len(name))
    folder.mkdir(parents=True, exist_ok=True)
    true = rng.choice(GENRES, 80)
    logs = log_softmax(strength * (true[:, None] == GENRES) + rng.normal(size=(80, 3)), axis=1)
    parts = {"fold": np.repeat([0, 1], 40), "part": np.tile(np.repeat(["train", "test"], 20), 2)}
    named = {"true": true, "predicted": np.array(GENRES)[logs.argmax(axis=1)]}
    table = pd.DataFrame({"clip": "", "repeat": 0, **parts, **named})
    table = table.join(pd.DataFrame(np.exp(logs), columns=GENRES))
    table.to_parquet(folder / f"{name}.parquet", index=False)
    fits = {"repeat": 0, "fold": [0, 1], "epochs": 0, "temperature": temperatures}
    pd.DataFrame(fits).to_csv(folder / f"{name}.csv", index=False)
    return table[table["part"] == "test"]


def test_log_loss_of_test_clips_at_the_temperature_of_each_fold(tmp_path) -> None:
    folder = tmp_path / "inductive/models"
    plain = write_model(folder, "plain", [np.nan, np.nan])
    warm = write_model(folder, "warm", [2.0, 0.5])
    scores = evaluated(folder, ["plain", "warm"]).set_index("model")
    assert scores["protocol"].unique() == ["inductive"]
    assert scores.loc["plain", "accuracy"] == np.mean(plain["true"] == plain["predicted"])
    expected = metrics.log_loss(plain["true"], plain[GENRES])
    assert_allclose(scores.loc["plain", "log_loss"], expected)
    powers = warm[GENRES].to_numpy() ** (1 / warm["fold"].map({0: 2.0, 1: 0.5}).to_numpy()[:, None])
    at_own = powers / powers.sum(axis=1, keepdims=True)
    assert_allclose(scores.loc["warm", "log_loss"], metrics.log_loss(warm["true"], at_own))


def test_distances_of_training_clips_leave_out_their_own_song() -> None:
    x = np.array([[0.0], [0.1], [0.2], [5.0], [5.3], [9.0]], dtype=np.float32)
    songs = np.array(["a", "a", "a", "b", "b", "c"])
    distances = own_distances(x, songs, "euclidean", 1)
    assert_allclose(distances, [5.0, 4.9, 4.8, 4.0, 3.7, 3.7], atol=1e-6)
    assert own_distances(x, np.full(6, "a"), "euclidean", 1).size == 0


def test_training_on_a_single_genre_or_on_too_few_features_is_an_error() -> None:
    with pytest.raises(UserError, match=r"3 clips of 1 genre\(s\): two genres are needed"):
        learnt(drawn(9).query("genre == 'jazz'"), "lda")
    with pytest.raises(UserError, match="to: 7 is more than 6"):
        learnt(drawn(31), reduce={"to": 7})


@pytest.mark.parametrize("model", ["graphsage", "lda", "svm", "blend", "selected"])
def test_temperature_is_the_best_for_clips_held_out_in_training(model) -> None:
    table = drawn(90)
    table.iloc[:, :6] *= 0.5  # Genres overlap: some clips are wrong, and no temperature is a bound.
    predictor = learnt(table, model)
    fold = fold_of(predictor.x, table["genre"], np.ones(90, dtype=bool), small())
    held_out, _ = learn(model, fold, small())
    here = log_loss(*held_out, predictor.temperature)
    around = [log_loss(*held_out, predictor.temperature * factor) for factor in (0.9, 1.1)]
    assert here < min(around)
    # No clip was held out of a selection.
    assert learnt(table, model, select={"n_features": 3}).temperature == 1 != predictor.temperature


@pytest.fixture
def features(tmp_path) -> pd.DataFrame:
    """Tables of usable clips, one of them excluded; the features of the others."""
    table = drawn(40)
    table.loc[5, "f0"] = 1e6  # If this clip were taken, every mean would be another.
    clips = listed(table).assign(split="", excluded="")
    clips.loc[5, "excluded"] = "a copy"
    clips.to_parquet(tmp_path / "usable")
    features = table.drop(columns="genre").assign(length=1.0)
    features.insert(0, "clip", clips["clip"])
    features.sample(frac=1, random_state=0).to_parquet(tmp_path / "table", index=False)
    return features.drop(index=5)


def run(folder, name: str, evaluated_in=None, **changed: Any) -> Predictor:
    """The step's predictor, from such tables, by an experiment in which some settings differ."""
    experiment = json.dumps({**SMALL, "drop": ["length"], **changed})
    how = {"seed": 0, "backend": "torch", "device": "cpu", "models": evaluated_in}
    main([folder / "table"], folder / "usable", experiment, output=folder / name, **how)
    return Predictor.load(folder / name)


@pytest.mark.parametrize("changed", [{}, {"select": {"n_features": 3}, "reduce": {"to": 2}}])
def test_step_learns_from_all_clips_that_clean_takes(tmp_path, features, changed) -> None:
    predictor, _ = (run(tmp_path, name, **changed) for name in ("a", "b"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert predictor.choice.model == "graphsage"
    assert predictor.songs == features["clip"].tolist()
    kept = features[predictor.preparation.columns].to_numpy()
    assert "length" not in predictor.preparation.columns
    assert kept.shape[1] == (3 if changed else 6)
    assert_array_equal(predictor.x, predictor.preparation(kept))
    assert_allclose(predictor.x.mean(axis=0), 0, atol=1e-6)
    assert_allclose(predictor.x.std(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("best", ["lda", "blend", "gcn_edgeless"])
def test_step_takes_the_model_with_the_lowest_log_loss(tmp_path, features, best) -> None:
    """Of those that can predict a new clip, and of no variant, which has no predictions here."""
    models, folder = [*SMALL["models"], "gcn", "label_spreading"], tmp_path / "inductive/models"
    strengths = dict.fromkeys(["graphsage", "edgeless", "gcn_edgeless", *models], 1)
    for name, strength in (strengths | {best: 4, "label_spreading": 8}).items():
        write_model(folder, name, [1.0, 1.0], strength)
    variants = {"normalised": {"normalise": True}}
    choice = run(tmp_path, "a", folder, models=models, variants=variants).choice
    assert (choice.model, choice.protocol) == (best, "inductive")
    assert 0 < choice.log_loss < 1 and choice.accuracy > 0.5
