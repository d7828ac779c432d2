"""What networks learn, choose inside the training clips, and predict of new clips."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from tests.models.conftest import SCORES, SETTINGS, asked, by_kind, crowd, train

from genregraph.common.errors import UserError
from genregraph.graph.adjacency import adjacency, joined
from genregraph.models import networks
from genregraph.models.base import inner_splits
from genregraph.models.networks import DROPOUT, WEIGHT_DECAY, FittedNetwork
from genregraph.models.temperature import log_loss

with_and_without_messages = pytest.mark.parametrize("messages", [True, False])
NOISE = np.random.default_rng(1).normal(size=(36, 5)).astype(np.float32)


@by_kind
@with_and_without_messages
def test_separable_genres_are_learnt(inputs, graph, kind, messages):
    fit = train(inputs, graph, kind, asked(epochs=150, layers=2, messages=messages))
    assert fit.history.columns.tolist() == ["epoch", *SCORES, "seconds"]
    assert fit.history["epoch"].tolist() == list(range(1, 151))
    assert fit.history["train_accuracy"].iloc[-1] == 1
    assert fit.history["loss"].iloc[-1] < 0.15 < fit.history["loss"].iloc[0]
    assert (fit.probabilities.argmax(axis=1) == inputs.y).all()
    assert_allclose(fit.probabilities.sum(axis=1), 1)
    assert (fit.epochs, fit.parameters, fit.held_out) == (150, {}, None)


@by_kind
@pytest.mark.parametrize("dropout", [0, 0.5])
def test_history_is_before_each_step_and_accuracies_without_dropout(inputs, graph, kind, dropout):
    unclear = replace(inputs, x=NOISE)
    fit = train(unclear, graph, kind, asked(learning_rate=1e-30, epochs=1, dropout=dropout))
    first = fit.history.iloc[0]
    expected = log_loss(fit.probabilities[unclear.train], unclear.y[unclear.train])
    assert first[SCORES[1:]].tolist() == pytest.approx(fit.accuracies(unclear))
    assert (first["loss"] == pytest.approx(expected, rel=1e-5)) == (dropout == 0)


@by_kind
def test_adjacency_as_features_is_each_clips_row_and_genres_of_test_clips_change_nothing(
    inputs, graph, kind
):
    settings, rows = asked(adjacency_as_features=True), graph.toarray() + np.eye(36)
    joined = replace(inputs, x=np.hstack([inputs.x, rows.astype(np.float32)]))
    same = [
        train(*each).probabilities
        for each in ((inputs, graph, kind, settings), (joined, graph, kind, asked()))
    ]
    assert_array_equal(*same)
    other = replace(inputs, y=np.where(inputs.train, inputs.y, (inputs.y + 1) % 3))
    splits = inner_splits(inputs, 0)
    expected, changed = (
        train(each, graph, kind, settings, search=True, splits=splits) for each in (inputs, other)
    )
    assert_array_equal(changed.probabilities, expected.probabilities)
    assert_array_equal(changed.history["loss"], expected.history["loss"])
    assert changed.inner_log_loss == expected.inner_log_loss
    assert not changed.history["test_accuracy"].equals(expected.history["test_accuracy"])


@by_kind
def test_seed_gives_the_same_bytes_and_the_ablation_those_without_edges(inputs, graph, kind):
    """Whatever was drawn before; of the ablation with the same masks of dropout."""
    settings = asked(weights="similarity", dropout=0.5, weight_decay=1)
    alone, none = settings.model_copy(update={"messages": False}), sparse.csr_array((36, 36))

    def predicted(graph, settings, **how):
        return train(replace(inputs, x=NOISE), graph, kind, settings, **how).probabilities

    first = predicted(graph, settings)
    torch.manual_seed(99)
    again, other = predicted(graph, settings), predicted(graph, settings, seed=1)
    ablation, without = predicted(graph, alone), predicted(none, settings)
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert ablation.tobytes() == without.tobytes()
    assert np.abs(first - without).max() > 1e-3


@by_kind
@with_and_without_messages
def test_search_takes_the_point_with_the_lowest_log_loss_inside(kind, messages, monkeypatch):
    # An ablation computes fewer clips, and so would draw other masks of dropout.
    dropouts = DROPOUT if messages else (0.0,)
    monkeypatch.setattr(networks, "DROPOUT", dropouts)
    inputs, graph = crowd(120, d=40)
    (split, *_) = splits = inner_splits(inputs, 0)
    settings = asked(messages=messages, epochs=60)
    fit = train(inputs, graph, kind, settings, search=True, splits=splits)
    known = np.flatnonzero(inputs.train)
    inner, valid = (np.isin(np.arange(120), known[part]) for part in split)
    losses = {}
    for point in product(WEIGHT_DECAY, dropouts):
        at_point = settings.model_copy(update=dict(zip(fit.parameters, point, strict=True)))
        outer = train(replace(inputs, train=inner), graph, kind, at_point)
        losses[point] = log_loss(outer.probabilities[valid], inputs.y[valid])
    chosen = losses[fit.parameters["weight_decay"], fit.parameters["dropout"]]
    assert fit.inner_log_loss == pytest.approx(chosen, rel=1e-4)
    assert chosen < min(losses.values()) + 1e-4
    assert fit.inner_log_loss == log_loss(*fit.held_out)
    assert_array_equal(fit.held_out.y, inputs.y[valid])
    expected = train(inputs, graph, kind, settings.model_copy(update=fit.parameters))
    assert fit.probabilities.tobytes() == expected.probabilities.tobytes()


def test_calibration_holds_clips_of_learnt_genres_out_at_the_settings_as_they_are():
    inputs, graph = crowd(60)
    y = inputs.y[inputs.train]
    valid = (y == 2) | (np.arange(len(y)) < 9)
    split = (np.flatnonzero(~valid), np.flatnonzero(valid))
    plain = train(inputs, graph, "gcn", SETTINGS, splits=[split])
    calibrated = train(inputs, graph, "gcn", SETTINGS, splits=[split], calibrate=True)
    unsplit = train(inputs, graph, "gcn", SETTINGS, search=True, calibrate=True)
    assert plain.held_out is unsplit.held_out is None
    assert calibrated.parameters == unsplit.parameters == {}
    assert np.isnan(plain.inner_log_loss)
    assert 0 < len(calibrated.held_out.y) < 9 and 2 not in calibrated.held_out.y
    for each in (calibrated, unsplit):
        assert each.probabilities.tobytes() == plain.probabilities.tobytes()


def test_inductive_graph_with_test_clips_as_neighbours_is_rejected(inputs, graph):
    with pytest.raises(UserError, match=r"build it by graph\.adjacency --neighbours train"):
        train(inputs, graph, "gcn", SETTINGS, inductive=True)


@by_kind
@with_and_without_messages
@pytest.mark.parametrize("weights", ["distance", "similarity", "equal"])
def test_new_clips_are_predicted_as_inductive_test_clips(kind, weights, messages):
    inputs, _ = crowd(90)
    among = adjacency(inputs.x, "euclidean", 10, inputs.train)
    settings = asked(weights=weights, messages=messages, layers=2, k=6, normalise=True)
    fit = train(inputs, among, kind, settings, inductive=True, seed=5)
    fitted = FittedNetwork(kind, settings, 3, fit.weights, seed=5)
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
    if kind == "graphsage" and messages and weights == "distance":
        kept = distances * (shares > 0)
        assert_allclose(shares, kept / (1 + kept.sum(axis=1, keepdims=True)))
