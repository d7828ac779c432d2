"""Temperatures on probabilities whose right one is known, and on a fold of every model."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from graph.adjacency import adjacency, of_one_artist
from inputs.inputs import Inputs
from learning import baselines, best, graphsage, temperature
from learning.baselines import MODELS
from learning.best import Hearing
from learning.graphsage import CPU, Settings
from learning.predictions import Fit, compared, predictions, write_compared
from learning.temperature import (
    COLDEST,
    HOTTEST,
    LEAST,
    Network,
    apply,
    chosen,
    classifiers,
    cross_fitted,
    described,
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
NETWORK = Network("euclidean", 5, "all", Settings(**SETTINGS, seed=0), CPU)


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


def test_at_a_bound_there_is_no_temperature_nor_of_no_clips_and_that_is_told(honest, caplog):
    """All are right, all are wrong, or no temperature makes a difference."""
    probabilities, y = honest
    for wrong in (probabilities.argmax(axis=1), probabilities.argmin(axis=1)):
        assert np.isnan(fitted_temperature(probabilities, wrong))
    assert np.isnan(fitted_temperature(np.full((9, 3), 1 / 3), np.zeros(9, dtype=int)))
    even, none = {"even": np.full((len(y), 4), 0.25)}, {"none": probabilities[:0]}
    table = pd.concat([described({"good": probabilities} | even, y), described(none, y[:0])])
    assert table["temperature"].isna().tolist() == [False, True, True]
    assert table["log_loss_scaled"].iloc[1] == table["log_loss"].iloc[1]
    assert table["log_loss"].iloc[1] == pytest.approx(np.log(4))
    assert table["clips"].tolist() == [20_000, 20_000, 0]
    assert [record.message.split(":")[0] for record in caplog.records] == ["even", "none"]
    assert "its probabilities stay as they are: of 20000 training clips held out" in caplog.text
    assert "no genre of the clips held out is among those learnt from" in caplog.text


def test_without_a_temperature_probabilities_stay_as_they_are(inputs):
    votes = np.eye(3)[inputs.y]  # At temperature 1 none would be quite 0.
    table = predictions(inputs, votes).assign(model="knn")
    pd.testing.assert_frame_equal(apply(table, {"knn": np.nan}), table)
    assert not apply(table, {"knn": 1.0}).equals(table)


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


def test_best_has_no_temperature_where_inside_nothing_can_be_chosen(inputs, artists, caplog):
    """Of two groups one is held out, and best has nothing to choose by in the other."""
    two = np.where(np.isin(artists, np.unique(artists)[::2]), "a", "b")
    found, y = cross_fitted(inputs, two, two, [chosen(Hearing(), best.MODELS)], 0)
    table = described(found, y)
    assert table["model"].tolist() == list(best.MODELS)
    assert table["temperature"].isna().all()
    assert "of one group, inside which none is chosen" in caplog.text


def test_a_genre_that_was_not_learnt_says_nothing_of_how_sure_a_model_should_be():
    """A genre of two artists, one of them tested: in training it has one, held out by itself."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 60)
    artist = np.array([f"{genre}-{i % (20 if genre < 2 else 2)}" for i, genre in enumerate(y)])
    x = (rng.normal(size=(3, 10))[y] + rng.normal(size=(180, 10))).astype(np.float32)
    train = ~np.isin(artist, ["2-0", "0-1", "1-1"])
    names = np.arange(180).astype(str)
    fold = Inputs(x, y, train, names, np.array(list("abc")), np.arange(10).astype(str))
    found, known = cross_fitted(fold, artist, artist, [classifiers(["logistic"], 0, False)], 0)
    assert_array_equal(known, y[train & (y < 2)])
    assert len(found["logistic"]) == len(known)
    assert 0.3 < fitted_temperature(found["logistic"], known) < 3
    alone = replace(fold, train=train & np.isin(artist, ["0-2", "1-2", "2-1"]))
    found, known = cross_fitted(alone, artist, artist, [classifiers(["logistic"], 0, False)], 0)
    assert found["logistic"].shape == (0, 3) and known.shape == (0,)


@pytest.mark.parametrize("apart", [True, False])
def test_the_model_best_that_is_calibrated_is_chosen_as_its_step_chooses(inputs, artists, apart):
    """By groups where folds keep them apart, by clips where they do not."""
    rng = np.random.default_rng(4)
    noisy = replace(inputs, x=rng.normal(size=(36, 5)).astype(np.float32) + inputs.x / 4)
    dealt = pd.DataFrame({"clip": inputs.clips, "group": artists, "artist": artists})
    hearing = Hearing(5, apart=apart)
    groups = best.held_out_whole(dealt, inputs.clips, apart)
    assert_array_equal(groups, artists if apart else inputs.clips)
    scores = best.choose(noisy, groups, artists, hearing)
    expected = best.all_probabilities(noisy, artists, best.all_of(best.MODELS), hearing)
    found = chosen(hearing, best.MODELS)(noisy, groups, artists)
    own = scores[scores["chosen"]].set_index("model")["candidate"]
    assert list(found) == own.index.tolist() == list(best.MODELS)
    for model, probabilities in found.items():
        assert_array_equal(probabilities, expected[own[model]])


def test_the_search_for_neighbours_is_told_its_limit_and_seed(inputs, artists, monkeypatch):
    told = []

    def search(x, metric, k, heard, exact, seed):
        told.append((heard, exact, seed))
        return adjacency(x, metric, k, heard, exact, seed)

    monkeypatch.setattr(temperature, "adjacency", search)
    networks(NETWORK, Hearing(7, exact=1234))(inputs, artists, artists)
    assert told == [(None, 1234, 7)]


def test_networks_on_a_graph_of_known_artists_are_calibrated_on_one(inputs):
    named = np.array([f"artist {i // 4}" for i in range(36)])
    found = networks(NETWORK._replace(among="artist"), Hearing(7))(inputs, named, named)
    graph = of_one_artist(inputs.x, "euclidean", 5, named)
    settings = replace(NETWORK.settings, seed=7)
    expected = graphsage.fit(inputs, graph, settings).probabilities
    assert_array_equal(found["graphsage"], expected)


def test_genres_and_features_of_test_clips_change_no_temperature(inputs, artists):
    models = [classifiers(["logistic", "knn"], 0, False), ensembles(Hearing())]
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
        networks(NETWORK, Hearing(one_by_one=True)),
        classifiers(["label_spreading"], 0, one_by_one=True),
        chosen(Hearing(one_by_one=True), best.MODELS),
        ensembles(Hearing(one_by_one=True)),
    ]
    few = inputs.train | (np.arange(36) == 3)
    rows = {name: getattr(inputs, name)[few] for name in ("x", "y", "train", "clips")}
    all_clips = cross_fitted(inputs, artists, artists, models, 0)
    one_clip = cross_fitted(replace(inputs, **rows), artists[few], artists[few], models, 0)
    assert set(all_clips[0]) == {
        *("graphsage", "edgeless", "label_spreading", *best.MODELS),
        *("graph_network", "graph_network_edgeless"),
    }
    for model, probabilities in all_clips[0].items():
        assert_array_equal(probabilities, one_clip[0][model])


# The step


@pytest.fixture
def run(inputs, artists, tmp_path, monkeypatch):
    """The step on a fold of all models, whose probabilities are drawn at random.

    Genres overlap, so that no model is always right and each has a temperature.
    """
    monkeypatch.setattr(baselines, "TREES", 500)  # Of fewer trees, some clip has no vote.
    rng = np.random.default_rng(0)
    x = 0.4 * inputs.x + rng.normal(size=inputs.x.shape)
    inputs = replace(inputs, x=x.astype(np.float32))
    names = [*get_args(Compared), "graph_network_edgeless"]
    fits = {name: Fit(rng.dirichlet(np.ones(3), 36), 0) for name in ("edgeless", *names)}
    network = predictions(inputs, rng.dirichlet(np.ones(3), 36))
    network.to_parquet(tmp_path / "predictions.parquet")
    inputs.save(tmp_path / "inputs.npz")
    dealt = pd.DataFrame({"clip": inputs.clips, "group": artists, "artist": artists})
    dealt.to_parquet(tmp_path / "folds.parquet")

    def ran(apart=True, neighbours="all", names=names):
        others = compared(inputs, {name: fits[name] for name in ("edgeless", *names)})
        write_compared([others], tmp_path / "compared.parquet", tmp_path / "times.csv")
        outputs = [tmp_path / "temperature.csv", tmp_path / "calibrated.parquet"]
        main(
            [tmp_path / "inputs.npz"],
            tmp_path / "folds.parquet",
            [tmp_path / "predictions.parquet"],
            [tmp_path / "compared.parquet"],
            apart,
            *("euclidean", 5, "all", 10_000, neighbours),
            *SETTINGS.values(),
            *(0, "auto", "cpu", 10_000),
            *outputs,
        )
        before = [network.assign(model="graphsage"), others.predictions]
        after = pd.read_parquet(outputs[1])
        assert after.pop("fold").eq(0).all()
        return pd.read_csv(outputs[0]), after, pd.concat(before, ignore_index=True)

    return ran


def test_every_model_is_calibrated_and_no_prediction_changed(run):
    table, after, before = run()
    assert np.isfinite(table["temperature"]).all()
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
    # Where folds do not keep groups apart, they are not kept apart inside.
    few = run(apart=False, names=["logistic"])[0].set_index("model")["log_loss"]
    assert (few != table.set_index("model")["log_loss"][few.index]).all()
