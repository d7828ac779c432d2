"""Training by batches of clips and sampled neighbours."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from tests.models.conftest import SCORES, asked, crowd, train
from torch import nn

from genregraph.config.experiment import Network
from genregraph.models import training
from genregraph.models.messages import Backend
from genregraph.models.training import AdamW, neighbourhoods, sampled


@pytest.fixture
def averages():
    """Rows of 40 clips that aggregate 30 others, by weights from very small to large."""
    rng = np.random.default_rng(0)
    columns = np.stack([np.sort(rng.choice(40, 30, replace=False)) for _ in range(40)])
    values = rng.random((40, 30)) ** 4
    return sparse.csr_array((values.ravel(), columns.ravel(), np.arange(41) * 30), shape=(40, 40))


def test_sampled_entries_keep_sums_and_the_expectation(averages):
    rng, clips = np.random.default_rng(1), np.array([7, 3, 3, 39])
    rows = [sampled(averages, clips, rng, most=5) for _ in range(4000)]
    assert_allclose((sum(rows) / 4000).toarray(), averages[clips].toarray(), atol=0.05)
    assert np.diff(rows[0].indptr).tolist() == [5] * 4
    assert_allclose(rows[0].sum(axis=1), averages[clips].sum(axis=1))
    assert (averages[clips.repeat(5), rows[0].indices] > 0).all()


def test_neighbourhoods_of_all_neighbours_are_the_product_over_all_clips(averages):
    x = np.random.default_rng(2).normal(size=(40, 3))
    clips = np.array([5, 0, 21])
    # Of 30 some would be sampled: each has 20 here.
    averages.data[np.arange(1200) % 30 >= 20] = 0
    averages.eliminate_zeros()
    begin, rounds = neighbourhoods(averages, clips, 2, np.random.default_rng(0))
    aggregated, own = x[begin], x[begin]
    for rows, weights in rounds:
        aggregated, own = weights @ aggregated, own[rows]
    assert_allclose(aggregated, (averages @ (averages @ x))[clips])
    assert_array_equal(own, x[clips])
    assert set(begin) >= set(clips)


@pytest.mark.parametrize("layers", [1, 2])
def test_batch_of_all_clips_and_neighbours_is_training_at_once(inputs, graph, layers):
    settings = asked(layers=layers, epochs=10)
    at_once, batches = (
        train(inputs, graph, "graphsage", settings, Backend(at_once=n)) for n in (36, 35)
    )
    assert_allclose(batches.probabilities, at_once.probabilities, atol=1e-5)
    assert_allclose(batches.history[SCORES], at_once.history[SCORES], atol=1e-5)


def test_batches_of_sampled_neighbours_learn_as_well():
    inputs, graph = crowd(1500, k=60, noise=3.0)
    fits = (
        train(inputs, graph, "graphsage", asked(weights="equal", epochs=60, messages=m), backend)
        for m, backend in ((True, Backend()), (False, Backend()), (True, Backend(at_once=1499)))
    )
    at_once, alone, batches = (fit.history["test_accuracy"].iloc[-1] for fit in fits)
    assert batches > at_once - 0.02
    assert batches > alone + 0.02


def test_ablation_has_the_same_batches_every_time(monkeypatch):
    """Although it samples no neighbour."""
    seen: list[list] = []
    draw, fold = training.neighbourhoods, crowd(1500, k=60)

    def spy(matrix, batch, layers, rng):
        seen[-1].append(batch)
        return draw(matrix, batch, layers, rng)

    monkeypatch.setattr(training, "neighbourhoods", spy)
    fits = []
    for messages in (True, True, False):
        seen.append([])
        settings = asked(messages=messages, epochs=2)
        fits.append(train(*fold, "graphsage", settings, Backend(at_once=1)).probabilities)
    for first, again, ablation in zip(*seen, strict=True):
        assert_array_equal(first, again)
        assert_array_equal(first, ablation)
    assert_array_equal(fits[0], fits[1])


def test_the_optimiser_is_pytorchs() -> None:
    """Bit for bit; what no loss depends on stays."""
    x, y = torch.randn(8, 5, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 3
    learnt = []
    for ours in (True, False):
        torch.manual_seed(1)
        model, unused = nn.Linear(5, 3), nn.Parameter(torch.ones(2))
        parameters = [*model.parameters(), unused]
        settings = Network(learning_rate=0.1, weight_decay=0.5)
        own = AdamW(parameters, settings)
        theirs = torch.optim.AdamW(parameters, 0.1, weight_decay=0.5, fused=True)
        for _ in range(20):
            loss = nn.functional.cross_entropy(model(x), y)
            if ours:
                own.step(loss)
            else:
                theirs.zero_grad()
                loss.backward()
                theirs.step()
        learnt.append([each.detach() for each in parameters])
    assert all(torch.equal(*both) for both in zip(*learnt, strict=True))
