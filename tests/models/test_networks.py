"""What networks learn, what they choose inside the training clips, and how new clips join them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from tests.models.conftest import train

from genregraph.common.errors import UserError
from genregraph.config.parts import Network
from genregraph.config.registry import NETWORKS
from genregraph.graph.adjacency import adjacency, joined
from genregraph.models import training
from genregraph.models.messages import Backend
from genregraph.models.networks import (
    DROPOUT,
    WEIGHT_DECAY,
    FittedNetwork,
)
from genregraph.models.search import inner_splits
from genregraph.models.temperature import log_loss
from genregraph.preprocessing.inputs import Inputs

SETTINGS = Network(hidden=8, learning_rate=0.01, epochs=20, weights="distance")
by_kind = pytest.mark.parametrize("kind", NETWORKS)
SCORES = ["loss", "train_accuracy", "test_accuracy"]


def asked(**settings):
    return SETTINGS.model_copy(update=settings)


def edgeless(n):
    return sparse.csr_array((n, n))


@pytest.fixture
def noisy(inputs):
    """Features that do not tell genres apart, so that predictions differ."""
    rng = np.random.default_rng(1)
    return replace(inputs, x=rng.normal(size=inputs.x.shape).astype(np.float32))


# Training


@by_kind
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("messages", [True, False])
def test_it_learns_genres_that_lie_apart(inputs, graph, kind, layers, messages):
    settings = asked(epochs=150, layers=layers, messages=messages)
    fit = train(inputs, graph, kind, settings)
    assert fit.history["train_accuracy"].iloc[-1] == 1
    assert fit.history["loss"].iloc[-1] < 0.15 < fit.history["loss"].iloc[0]
    assert (fit.probabilities.argmax(axis=1) == inputs.y).all()
    assert_allclose(fit.probabilities.sum(axis=1), 1)
    assert (fit.epochs, fit.parameters, fit.held_out) == (150, {}, None)


def test_the_history_has_a_row_an_epoch(inputs, graph):
    history = train(inputs, graph, "graphsage", SETTINGS).history
    assert history.columns.tolist() == "epoch loss train_accuracy test_accuracy seconds".split()
    assert history["epoch"].tolist() == list(range(1, 21))
    assert (history["seconds"].diff().dropna() > 0).all()
    assert history["seconds"].iloc[0] > 0


@by_kind
@pytest.mark.parametrize("dropout", [0, 0.5])
def test_histories_are_of_the_network_before_each_step_without_dropout(noisy, graph, kind, dropout):
    still = asked(learning_rate=1e-30, epochs=1, dropout=dropout)
    fit = train(noisy, graph, kind, still)
    right = fit.probabilities.argmax(axis=1) == noisy.y
    first = fit.history.iloc[0]
    expected = log_loss(fit.probabilities[noisy.train], noisy.y[noisy.train])
    assert first["train_accuracy"] == pytest.approx(right[noisy.train].mean())
    assert first["test_accuracy"] == pytest.approx(right[~noisy.train].mean())
    assert (first["loss"] == pytest.approx(expected, rel=1e-5)) == (dropout == 0)


def test_the_first_step_is_as_long_as_the_learning_rate(inputs, graph):
    """As Adam's is by construction; weight decay shrinks the weights before it."""
    initial = train(inputs, graph, "graphsage", asked(learning_rate=1e-30, epochs=1)).weights
    for rate, decay in ((0.1, 0), (0.001, 0), (0.01, 10)):
        settings = asked(learning_rate=rate, epochs=1, weight_decay=decay)
        weights = train(inputs, graph, "graphsage", settings).weights
        for name, before in initial.items():
            step = (weights[name] - (1 - rate * decay) * before).abs().max().item()
            assert step == pytest.approx(rate, rel=1e-2)


@pytest.mark.parametrize("adjacency_as_features", [True, False])
@by_kind
def test_the_genres_of_test_clips_change_no_prediction(inputs, graph, kind, adjacency_as_features):
    settings = asked(adjacency_as_features=adjacency_as_features)
    other = replace(inputs, y=np.where(inputs.train, inputs.y, (inputs.y + 1) % 3))
    splits = inner_splits(inputs, 0)
    expected, found = (
        train(each, graph, kind, settings, search=True, splits=splits) for each in (inputs, other)
    )
    assert_array_equal(found.probabilities, expected.probabilities)
    assert_array_equal(found.history["loss"], expected.history["loss"])
    assert found.inner_log_loss == expected.inner_log_loss
    assert not found.history["test_accuracy"].equals(expected.history["test_accuracy"])


def test_by_their_rows_clips_that_are_all_alike_are_learnt_by_heart(noisy):
    neighbours = adjacency(noisy.x, "euclidean", 9)
    alike = replace(noisy, x=np.ones((36, 2), dtype=np.float32))
    alone, beside = (
        train(alike, neighbours, "graphsage", asked(epochs=200, adjacency_as_features=rows)).history
        for rows in (False, True)
    )
    assert alone["train_accuracy"].iloc[-1] < 0.9
    assert beside["train_accuracy"].iloc[-1] == 1


def test_a_genre_without_training_clips_does_no_harm(inputs, graph):
    absent = replace(inputs, train=inputs.train & (inputs.y != 1))
    fit = train(absent, graph, "graphsage", asked(epochs=100))
    assert np.isfinite(fit.history.to_numpy()).all()
    assert not (fit.probabilities[absent.train].argmax(axis=1) == 1).any()


@by_kind
def test_a_seed_gives_the_same_bytes_whatever_was_drawn_before(noisy, graph, kind):
    settings = asked(dropout=0.5, weight_decay=1)
    first = train(noisy, graph, kind, settings)
    torch.manual_seed(99)
    again, other = (train(noisy, graph, kind, settings, seed=seed) for seed in (0, 1))
    assert first.probabilities.tobytes() == again.probabilities.tobytes()
    assert first.probabilities.tobytes() != other.probabilities.tobytes()


def test_of_k_neighbours_the_nearest_are_taken(noisy):
    many, few = (adjacency(noisy.x, "euclidean", k) for k in (9, 3))
    found = train(noisy, many, "gcn", asked(k=3)).probabilities
    assert_allclose(found, train(noisy, few, "gcn", SETTINGS).probabilities, rtol=1e-5)
    assert np.abs(found - train(noisy, many, "gcn", SETTINGS).probabilities).max() > 1e-3


# Without messages


@by_kind
@pytest.mark.parametrize("weights", ["distance", "similarity", "equal"])
def test_the_ablation_is_the_network_on_a_graph_without_edges(noisy, graph, kind, weights):
    """By the same masks of dropout, too."""
    settings = asked(weights=weights, dropout=0.5)
    without = edgeless(36)
    expected = train(noisy, without, kind, settings).probabilities
    alone = settings.model_copy(update={"messages": False})
    assert train(noisy, graph, kind, alone).probabilities.tobytes() == expected.tobytes()
    assert np.abs(train(noisy, graph, kind, settings).probabilities - expected).max() > 1e-3


@by_kind
def test_both_begin_from_the_same_weights(noisy, graph, kind):
    still = asked(learning_rate=1e-30, epochs=1, adjacency_as_features=True)
    alone = still.model_copy(update={"messages": False})
    first, ablation, other = (
        train(noisy, graph, kind, settings, seed=seed).weights
        for settings, seed in ((still, 0), (alone, 0), (still, 1))
    )
    assert first.keys() == ablation.keys()
    assert all(torch.allclose(first[n], ablation[n], rtol=0, atol=1e-20) for n in first)
    assert any(not torch.allclose(first[n], other[n]) for n in first)


@by_kind
def test_in_the_ablation_no_clip_depends_on_another(noisy, graph, kind):
    x = noisy.x.copy()
    x[0] += 10  # A test clip.
    before, after = (
        train(each, graph, kind, asked(messages=False)).probabilities
        for each in (noisy, replace(noisy, x=x))
    )
    assert (before[0] != after[0]).any()
    assert_array_equal(before[1:], after[1:])


def test_rows_alone_rows_and_messages_and_messages_alone_are_three_networks(noisy, graph):
    networks = [
        train(noisy, graph, "graphsage", asked(adjacency_as_features=r, messages=m)).probabilities
        for r in (True, False)
        for m in (True, False)
    ]
    for i, one in enumerate(networks):
        assert all(np.abs(one - other).max() > 1e-3 for other in networks[:i])


# Search


def crowd(n, d=5, k=8, noise=2.0):
    """Noisy clips of three genres, two of each song, each with k neighbours."""
    rng = np.random.default_rng(0)
    y = np.arange(n) // 2 % 3
    x = (rng.normal(scale=noise, size=(n, d)) + 4 * np.eye(3, d)[y]).astype(np.float32)
    names = [np.arange(each).astype(str) for each in (n, 3, d)]
    groups = (np.arange(n) // 2).astype(str)
    inputs = Inputs(x, y, np.arange(n) % 5 != 0, *names, groups, groups)
    return inputs, adjacency(x, "euclidean", k)


@by_kind
@pytest.mark.parametrize("messages", [True, False])
def test_what_is_chosen_is_best_of_the_grid_on_clips_held_out(kind, messages):
    inputs, graph = crowd(120, d=40)
    (split, *_) = splits = inner_splits(inputs, 0)
    settings = asked(messages=messages, epochs=60)
    fit = train(inputs, graph, kind, settings, search=True, splits=splits)
    known = np.flatnonzero(inputs.train)
    inner, valid = (np.isin(np.arange(120), known[part]) for part in split)
    losses = {}
    for decay in WEIGHT_DECAY:
        for dropout in DROPOUT:
            point = settings.model_copy(update={"weight_decay": decay, "dropout": dropout})
            found = train(replace(inputs, train=inner), graph, kind, point).probabilities[valid]
            losses[decay, dropout] = log_loss(found, inputs.y[valid])
    chosen = fit.parameters["weight_decay"], fit.parameters["dropout"]
    # Of an ablation fewer clips are computed, and so other masks of dropout drawn.
    assert fit.inner_log_loss == pytest.approx(losses[chosen], rel=1e-4 if messages else 0.1)
    assert losses[chosen] < min(losses.values()) + (1e-4 if messages else 0.1)
    assert fit.inner_log_loss == log_loss(*fit.held_out)
    assert_array_equal(fit.held_out.y, inputs.y[valid])
    again = settings.model_copy(update=fit.parameters)
    expected = train(inputs, graph, kind, again)
    assert fit.probabilities.tobytes() == expected.probabilities.tobytes()


def test_clips_are_held_out_at_the_settings_as_they_are_where_nothing_is_chosen():
    inputs, graph = crowd(60)
    splits = inner_splits(inputs, 0)
    plain, calibrated = (
        train(inputs, graph, "gcn", SETTINGS, calibrate=calibrate, splits=splits)
        for calibrate in (False, True)
    )
    assert (plain.held_out, calibrated.parameters) == (None, {})
    assert np.isnan(plain.inner_log_loss)
    assert len(calibrated.held_out.y) == len(splits[0][1])
    assert calibrated.inner_log_loss == log_loss(*calibrated.held_out)
    assert calibrated.probabilities.tobytes() == plain.probabilities.tobytes()


def test_without_splits_settings_stay():
    inputs, graph = crowd(60)
    fit = train(inputs, graph, "gcn", SETTINGS, search=True, calibrate=True)
    assert (fit.parameters, fit.held_out) == ({}, None)
    expected = train(inputs, graph, "gcn", SETTINGS)
    assert fit.probabilities.tobytes() == expected.probabilities.tobytes()


def test_a_held_out_clip_whose_genre_nobody_learns_is_left_out():
    inputs, graph = crowd(60)
    known = np.flatnonzero(inputs.train)
    valid = inputs.y[known] == 2
    split = (np.flatnonzero(~valid), np.flatnonzero(valid | (np.arange(len(known)) < 9)))
    fit = train(inputs, graph, "gcn", SETTINGS, calibrate=True, splits=[split])
    assert 0 < len(fit.held_out.y) < 9
    assert 2 not in fit.held_out.y


# Test clips that join one by one


def test_a_graph_in_which_test_clips_are_neighbours_is_refused(inputs, graph):
    with pytest.raises(UserError, match=r"build it by graph\.adjacency --neighbours train"):
        train(inputs, graph, "gcn", SETTINGS, inductive=True)


def test_rows_of_the_adjacency_are_refused_for_clips_that_join(inputs):
    among = adjacency(inputs.x, "euclidean", 5, inputs.train)
    with pytest.raises(UserError, match="no column in the adjacency matrix"):
        train(inputs, among, "gcn", asked(adjacency_as_features=True), inductive=True)


@pytest.mark.parametrize("kind", ["graphsage", "gat"])
def test_where_test_clips_send_nothing_both_ways_to_train_are_one(noisy, kind):
    """Not by degrees: there test clips count in a transductive graph."""
    among = adjacency(noisy.x, "euclidean", 5, noisy.train)
    found, expected = (
        train(noisy, among, kind, SETTINGS, inductive=inductive) for inductive in (True, False)
    )
    assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)
    assert_allclose(found.history[SCORES], expected.history[SCORES], atol=1e-5)


@by_kind
@pytest.mark.parametrize("messages", [True, False])
def test_alone_a_test_clip_gets_what_it_gets_among_others(kind, messages):
    inputs, _ = crowd(90)
    splits = inner_splits(inputs, 0)
    test = np.flatnonzero(~inputs.train)

    def of(chosen):
        rows = {name: getattr(inputs, name)[chosen] for name in ("x", "y", "train", "clips")}
        more = {name: getattr(inputs, name)[chosen] for name in ("groups", "artists")}
        some = replace(inputs, **rows, **more)
        among = adjacency(some.x, "euclidean", 10, some.train)
        settings = asked(weights="similarity", messages=messages, layers=2, k=6)
        how = {"inductive": True, "search": True, "splits": splits}
        return train(some, among, kind, settings, **how).probabilities

    expected = of(np.ones(90, dtype=bool))
    for clip in test[:3]:
        chosen = inputs.train | (np.arange(90) == clip)
        assert_allclose(of(chosen), expected[chosen], atol=1e-5, rtol=0)


@by_kind
@pytest.mark.parametrize("weights", ["distance", "similarity", "equal"])
@pytest.mark.parametrize("messages", [True, False])
def test_a_new_clip_gets_what_protocol_inductive_gives_a_test_clip(kind, weights, messages):
    inputs, _ = crowd(90)
    among = adjacency(inputs.x, "euclidean", 10, inputs.train)
    settings = asked(weights=weights, messages=messages, layers=2, k=6, normalise=True)
    fit = train(inputs, among, kind, settings, inductive=True, seed=5)
    fitted = FittedNetwork(kind, settings, 3, 5, fit.weights, seed=5)
    known, new = inputs.x[inputs.train], inputs.x[~inputs.train]
    graph = adjacency(known, "euclidean", 10)
    neighbours, distances = joined(known, new, "euclidean", 10)
    probabilities, shares = fitted.predict_new(known, graph, new, neighbours, distances)
    assert_allclose(probabilities, fit.probabilities[~inputs.train], atol=1e-5)
    one, _ = fitted.predict_new(known, graph, new[3:4], neighbours[3:4], distances[3:4])
    assert one[0].tobytes() == probabilities[3].tobytes()
    # Six neighbours count, each less than all, and the clip itself is the rest.
    assert ((shares > 0).sum(axis=1) == (6 if messages else 0)).all()
    assert (shares.sum(axis=1) < 1).all()


def test_shares_are_those_of_the_average(inputs):
    known, new = inputs.x[:30], inputs.x[30:]
    neighbours, distances = joined(known, new, "euclidean", 4)
    fit = train(inputs, adjacency(inputs.x, "euclidean", 4), "graphsage", SETTINGS)
    fitted = FittedNetwork("graphsage", SETTINGS, 3, 5, fit.weights)
    graph = adjacency(known, "euclidean", 4)
    _, shares = fitted.predict_new(known, graph, new, neighbours, distances)
    assert_allclose(shares, distances / (1 + distances.sum(axis=1, keepdims=True)))


# By batches


@pytest.mark.parametrize("layers", [1, 2])
def test_a_batch_of_all_clips_and_neighbours_is_the_whole_graph(inputs, graph, layers):
    settings = asked(layers=layers, epochs=10)
    whole, batches = (
        train(inputs, graph, "graphsage", settings, Backend(at_once=n)) for n in (36, 35)
    )
    assert_allclose(batches.probabilities, whole.probabilities, atol=1e-5)
    assert_allclose(batches.history[SCORES], whole.history[SCORES], atol=1e-5)


def test_batches_of_some_neighbours_learn_as_well():
    inputs, graph = crowd(1500, k=60, noise=3.0)
    fits = (
        train(inputs, graph, "graphsage", asked(weights="equal", epochs=60, messages=m), backend)
        for m, backend in ((True, Backend()), (False, Backend()), (True, Backend(at_once=1499)))
    )
    whole, alone, batches = (fit.history["test_accuracy"].iloc[-1] for fit in fits)
    assert batches > whole - 0.02
    assert batches > alone + 0.02


def test_the_ablation_has_the_same_batches(monkeypatch):
    """Although it draws no neighbour."""
    seen: dict[bool, list] = {True: [], False: []}
    draw, fold = training.neighbourhoods, crowd(1500, k=60)
    for messages, batches in seen.items():

        def spy(matrix, batch, layers, rng, batches=batches):
            batches.append(batch)
            return draw(matrix, batch, layers, rng)

        monkeypatch.setattr(training, "neighbourhoods", spy)
        train(*fold, "graphsage", asked(messages=messages, epochs=3), Backend(at_once=1))
    for ours, theirs in zip(*seen.values(), strict=True):
        assert_array_equal(ours, theirs)


def test_batches_are_the_same_every_time():
    first, second = (
        train(*crowd(1500, k=60), "graphsage", asked(epochs=2), Backend(at_once=1000)).probabilities
        for _ in range(2)
    )
    assert_array_equal(first, second)
