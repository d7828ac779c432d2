from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.special import log_softmax
from sklearn.metrics import log_loss
from tests.predict.conftest import small

from genregraph.common.errors import UserError
from genregraph.predict.choose import best, candidates, evaluated

GENRES = ["folk", "jazz", "rock"]


def test_candidates_leave_out_label_spreading_and_variants() -> None:
    experiment = small(
        models=["logistic", "gcn", "label_spreading", "blend"],
        variants={"normalised": {"normalise": True}},
    )
    networks = ["graphsage", "edgeless", "gcn", "gcn_edgeless"]
    assert candidates(experiment) == [*networks, "logistic", "blend"]


def write_model(
    folder: Path, name: str, rng: np.random.Generator, temperatures: list, strength: float = 2
) -> pd.DataFrame:
    """Predictions of two folds of 40 clips, half of them for training; those of test clips."""
    tables = []
    for fold in range(2):
        true = rng.choice(GENRES, 40)
        logits = strength * (true[:, None] == GENRES) + rng.normal(size=(40, 3))
        logs = log_softmax(logits, axis=1)
        clips = {"clip": [f"{i}" for i in range(40)], "repeat": 0, "fold": fold}
        clips |= {"part": np.repeat(["train", "test"], 20), "true": true}
        clips |= {"predicted": np.array(GENRES)[logs.argmax(axis=1)]}
        tables.append(pd.DataFrame(clips).join(pd.DataFrame(np.exp(logs), columns=GENRES)))
    table = pd.concat(tables, ignore_index=True)
    table.to_parquet(folder / f"{name}.parquet", index=False)
    fits = {"repeat": 0, "fold": [0, 1], "epochs": 0, "temperature": temperatures}
    pd.DataFrame(fits).to_csv(folder / f"{name}.csv", index=False)
    return table[table["part"] == "test"]


def test_log_loss_of_test_clips_at_the_temperature_of_each_fold(tmp_path) -> None:
    rng = np.random.default_rng(0)
    plain = write_model(tmp_path, "plain", rng, [np.nan, np.nan])
    warm = write_model(tmp_path, "warm", rng, [2.0, 0.5])
    scores = evaluated(tmp_path, ["plain", "warm"]).set_index("model")
    assert scores.loc["plain", "accuracy"] == np.mean(plain["true"] == plain["predicted"])
    assert_allclose(scores.loc["plain", "log_loss"], log_loss(plain["true"], plain[GENRES]))
    powers = warm[GENRES].to_numpy() ** (1 / warm["fold"].map({0: 2.0, 1: 0.5}).to_numpy()[:, None])
    at_own = powers / powers.sum(axis=1, keepdims=True)
    assert_allclose(scores.loc["warm", "log_loss"], log_loss(warm["true"], at_own))


def test_best_model_has_the_lowest_log_loss_and_is_the_first_of_equals() -> None:
    rows = [["a", 0.9, 0.7], ["b", 0.5, 0.6], ["c", 0.4, 0.6]]
    choice = best(pd.DataFrame(rows, columns=["model", "accuracy", "log_loss"]), "inductive")
    assert choice == ("b", "inductive", 0.5, 0.6)


def test_predictions_without_test_clips_are_an_error(tmp_path) -> None:
    table = write_model(tmp_path, "plain", np.random.default_rng(0), [1.0, 1.0])
    table.assign(part="train").to_parquet(tmp_path / "plain.parquet", index=False)
    with pytest.raises(UserError, match="no test clips"):
        evaluated(tmp_path, ["plain"])
