"""Temperatures on probabilities whose right one is known, and on a fold of every model."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from learning.baselines import MODELS
from learning.graphsage import CPU, Settings
from learning.predictions import Fit, predictions, write_compared
from learning.temperature import (
    COLDEST,
    HOTTEST,
    LEAST,
    apply,
    chosen,
    classifiers,
    cross_fitted,
    ensembles,
    fitted_temperature,
    log_loss,
    main,
    networks,
    scaled,
)
from settings.model import Compared

SETTINGS = {
    "layers": 1,
    "hidden": 8,
    "learning_rate": 0.01,
    "epochs": 20,
    "messages": True,
    "weights": "similarity",
    "aggregator": "mean",
    "normalise": False,
    "adjacency_as_features": False,
}


@pytest.fixture(scope="module")
def honest():
    """Probabilities by which 20,000 genres were drawn: they are what they say."""
    rng = np.random.default_rng(0)
    probabilities = softmax(2 * rng.normal(size=(20_000, 4)), axis=1)
    y = (rng.random((20_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, y


# A temperature


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_what_made_probabilities_too_sure_or_unsure_is_found(honest, temperature):
    probabilities, y = honest
    wrong = softmax(np.log(probabilities) / temperature, axis=1)
    found = fitted_temperature(wrong, y)
    assert found == pytest.approx(1 / temperature, rel=0.03)
    assert log_loss(scaled(wrong, found), y) == pytest.approx(log_loss(wrong, y, found))
    for other in (0.9 * found, 1.1 * found):
        assert log_loss(wrong, y, other) > log_loss(wrong, y, found)


def test_no_temperature_is_beyond_its_bounds(honest):
    probabilities, _ = honest
    assert fitted_temperature(probabilities, probabilities.argmax(axis=1)) < 1.01 * COLDEST
    assert fitted_temperature(probabilities, probabilities.argmin(axis=1)) > 0.99 * HOTTEST


@pytest.mark.parametrize("temperature", [COLDEST, 0.3, 1.0, 7.0, HOTTEST])
def test_the_most_probable_genre_stays_so_votes_without_any_and_ties_included(temperature):
    rng = np.random.default_rng(0)
    votes = rng.multinomial(5, np.ones(4) / 4, size=300) / 5
    forest = rng.multinomial(500, rng.dirichlet(np.ones(4)), size=300) / 500
    sure = softmax(30 * rng.normal(size=(300, 4)), axis=1)
    for probabilities in (votes, forest, sure, np.eye(4), np.full((1, 4), 0.25)):
        found = scaled(probabilities, temperature)
        assert_array_equal(found.argmax(axis=1), probabilities.argmax(axis=1))
        assert_allclose(found.sum(axis=1), 1)
        assert (found >= 0).all()
    if temperature == 1:
        assert_allclose(scaled(sure, 1), np.maximum(sure, LEAST), rtol=1e-9)


def test_a_clip_has_the_same_probabilities_alone_as_among_others(honest):
    probabilities = honest[0][:50]
    together = scaled(probabilities, 1.7)
    for i, row in enumerate(probabilities):
        assert_array_equal(scaled(row[None], 1.7)[0], together[i])


# Clips that a model has not learnt from


@pytest.fixture
def artists(inputs):
    """Four artists a genre, three clips each, one of them tested."""
    return np.array([f"artist{i // 3:02d}" for i in range(len(inputs.y))])


def test_each_training_clip_is_predicted_by_who_has_not_heard_its_group_nor_any_test_clip(
    inputs, artists
):
    seen = []

    def train(fold, groups, known):
        assert_array_equal(groups, known)
        seen.append((set(fold.clips[fold.train]), set(fold.clips), groups[fold.train]))
        return {"parrot": np.eye(3)[fold.y] * (1 - fold.train[:, None])}

    found, y = cross_fitted(inputs, artists, artists, [train], seed=0)
    assert_array_equal(y, inputs.y[inputs.train])
    # All were held out just once: held out, the parrot knows; learnt from, it gives nothing.
    assert_array_equal(found["parrot"], np.eye(3)[y])
    training = set(inputs.clips[inputs.train])
    assert len(seen) == 3
    for learnt, there, groups in seen:
        assert there == training
        held_out = training - learnt
        of = dict(zip(inputs.clips, artists, strict=True))
        assert not {of[clip] for clip in held_out} & set(groups)


def test_genres_and_features_of_test_clips_change_no_temperature(inputs, artists):
    models = [classifiers(["logistic", "knn"], 0, False), ensembles(0, False)]
    changed = replace(
        inputs,
        x=np.where(inputs.train[:, None], inputs.x, 9).astype(np.float32),
        y=np.where(inputs.train, inputs.y, 0),
    )
    one, two = (cross_fitted(each, artists, artists, models, 0)[0] for each in (inputs, changed))
    for model, probabilities in one.items():
        assert_array_equal(probabilities, two[model])


def test_inductive_a_clip_alone_has_the_same_temperature_as_among_others(inputs, artists):
    models = [
        networks("euclidean", 5, Settings(**SETTINGS, seed=0), CPU, one_by_one=True),
        classifiers(["label_spreading"], 0, one_by_one=True),
        chosen(0, one_by_one=True),
        ensembles(0, one_by_one=True),
    ]
    few = inputs.train | (np.arange(36) == 3)
    rows = {name: getattr(inputs, name)[few] for name in ("x", "y", "train", "clips")}
    all_clips = cross_fitted(inputs, artists, artists, models, 0)
    one_clip = cross_fitted(replace(inputs, **rows), artists[few], artists[few], models, 0)
    assert set(all_clips[0]) == {
        *("graphsage", "edgeless", "label_spreading", "best"),
        *("graph_network", "graph_network_edgeless"),
    }
    for model, probabilities in all_clips[0].items():
        assert_array_equal(probabilities, one_clip[0][model])


# The step


@pytest.fixture
def run(inputs, artists, tmp_path):
    """The step on a fold of all models, whose probabilities are drawn at random."""
    rng = np.random.default_rng(0)
    names = [*get_args(Compared), "graph_network_edgeless"]
    fits = {name: Fit(rng.dirichlet(np.ones(3), 36), 0) for name in ("edgeless", *names)}
    write_compared(inputs, fits, tmp_path / "compared.parquet", tmp_path / "times.csv")
    network = predictions(inputs, rng.dirichlet(np.ones(3), 36))
    network.to_parquet(tmp_path / "predictions.parquet")
    inputs.save(tmp_path / "inputs.npz")
    dealt = pd.DataFrame({"clip": inputs.clips, "group": artists, "artist": artists})
    dealt.to_parquet(tmp_path / "folds.parquet")

    def ran(apart=True, neighbours="all"):
        outputs = [tmp_path / "temperature.csv", tmp_path / "calibrated.parquet"]
        main(
            tmp_path / "inputs.npz",
            tmp_path / "folds.parquet",
            tmp_path / "predictions.parquet",
            [tmp_path / "compared.parquet"],
            apart,
            *("euclidean", 5, neighbours),
            *SETTINGS.values(),
            *(0, 0, "auto", "cpu", 10_000),
            *outputs,
        )
        before = pd.read_parquet(tmp_path / "compared.parquet")
        before = pd.concat([network.assign(model="graphsage"), before], ignore_index=True)
        return pd.read_csv(outputs[0]), pd.read_parquet(outputs[1]), before

    return ran


def test_every_model_is_calibrated_and_no_prediction_changed(run):
    table, after, before = run()
    expected = ["graphsage", "edgeless", *MODELS, "best", "graph_network"]
    assert table["model"].tolist() == [*expected, "graph_network_edgeless"]
    assert set(table["clips"]) == {24}
    assert (table["log_loss_scaled"] <= table["log_loss"] + 1e-9).all()
    same = ["model", "clip", "true", "predicted", "part"]
    pd.testing.assert_frame_equal(after[same], before[same])
    genres = ["blues", "jazz", "rock"]
    assert (
        after[genres].to_numpy().argmax(axis=1) == before[genres].to_numpy().argmax(axis=1)
    ).all()
    by_model = table.set_index("model")["temperature"]
    for model in ("graphsage", "svm"):
        own = before.loc[before["model"] == model, genres].to_numpy()
        assert_allclose(after.loc[after["model"] == model, genres], scaled(own, by_model[model]))
    assert apply(before, dict.fromkeys(["svm"], 1.0))["model"].unique().tolist() == ["svm"]


def test_where_folds_do_not_keep_groups_apart_they_are_not_kept_apart_inside(run):
    alone, apart = (run(apart=each)[0].set_index("model")["log_loss"] for each in (False, True))
    assert (alone != apart).any()
