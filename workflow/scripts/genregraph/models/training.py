"""Training of all networks: on all training clips at once, or GraphSAGE by batches.

GraphSAGE trains by batches of clips that aggregate some of their neighbours where there are more
clips than ``Backend.at_once``; history and predictions always aggregate all. The plain average of
neighbours drawn by their weights has the weighted average as its expectation, whatever their
number: algorithm 2 of [2]_ draws without weights.

References
----------
.. [1] I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019: AdamW, which is
   Adam where weight decay is 0.
.. [2] W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs",
   NeurIPS 2017, appendix A.
"""

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.optim.adamw import adamw

from genregraph.config.experiment import Network
from genregraph.models.base import Fold
from genregraph.models.layers import GraphNetwork, network, prepared
from genregraph.models.messages import Attention, Backend, Messages

Rows = NDArray[np.int64]

COLUMNS = "epoch loss train_accuracy test_accuracy seconds".split()
BATCH = 1024  # Clips; the authors of [2]_ have 512.
DRAWN = 25  # Neighbours of each clip, as in [2]_.


class Nodes(NamedTuple):
    """Clips on a device, for a network of a kind.

    They have what is `prepared` of their inputs, messages, genres, whether they train, and the
    matrix of the messages.
    """

    kind: str
    prepared: tuple[Tensor, ...]
    messages: Any
    y: Tensor
    train: Tensor
    matrix: sparse.csr_array

    def alone(self) -> "Nodes":
        """The training clips alone, for a network without messages."""
        known = self.train
        few = tuple(each[known] for each in self.prepared)
        matrix = sparse.eye_array(len(few[0]), format="csr")
        return Nodes(self.kind, few, self.messages, self.y[known], known[known], matrix)


class AdamW:
    """AdamW [1]_ by the function that `torch.optim.AdamW` calls, bit for bit the same.

    The class imports PyTorch's compiler, which costs each job about a second of CPU. Learning rate
    and weight decay are those of the settings; betas and epsilon are PyTorch's defaults.
    """

    def __init__(self, parameters: Iterable[Tensor], settings: Network) -> None:
        self.settings, self.parameters = settings, list(parameters)
        self.state: list[list[Tensor]] = []  # Mean gradients, mean squared gradients, steps.

    def step(self, loss: Tensor) -> None:
        """Update all parameters that a loss depends on: the same in every step."""
        if not self.state:
            every = torch.autograd.grad(loss, self.parameters, retain_graph=True, allow_unused=True)
            self.parameters = [
                p for p, g in zip(self.parameters, every, strict=True) if g is not None
            ]
            self.state = [[torch.zeros_like(p) for p in self.parameters] for _ in range(2)]
            self.state.append([torch.zeros((), device=p.device) for p in self.parameters])
        means, squares, steps = self.state
        adamw(
            *(self.parameters, list(torch.autograd.grad(loss, self.parameters))),
            *(means, squares, [], steps),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            beta1=0.9,
            beta2=0.999,
            eps=1e-8,
            fused=True,
            amsgrad=False,
            maximize=False,
        )


def nodes(
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    train: NDArray[np.bool_],
    matrix: sparse.csr_array,
    kind: str,
    backend: Backend,
) -> Nodes:
    """Clips of a fold, as inputs of a network of some kind."""
    rows, genres, known = (torch.from_numpy(each).to(backend.device) for each in (x, y, train))
    messages = Attention(matrix, backend) if kind == "gat" else Messages(matrix, backend)
    return Nodes(kind, prepared(kind, rows, messages), messages, genres, known, matrix)


def trained(
    learnt: Nodes,
    everyone: Nodes,
    settings: Network,
    fold: Fold,
    with_history: bool = True,
) -> tuple[GraphNetwork, pd.DataFrame]:
    """Train a network for all epochs on ``learnt``.

    Its history has a row an epoch: ``loss`` (mean cross entropy of training clips, in nats, under
    dropout), ``train_accuracy`` and ``test_accuracy`` on ``everyone`` without dropout, all before
    the epoch's update, and ``seconds`` since the start.
    """
    torch.manual_seed(fold.seed)
    by_dgl = all(each.messages.network is not None for each in (learnt, everyone))
    features, genres = everyone.prepared[0].shape[1], len(fold.inputs.genres)
    model = network(learnt.kind, features, genres, settings, by_dgl).to(fold.backend.device)
    optimiser = AdamW(model.parameters(), settings)
    # One generator each, so that the ablation, which draws no neighbours, has the same batches
    # and masks.
    order, drawn, model.chance = (np.random.default_rng([fold.seed, use]) for use in range(3))
    batches = learnt.kind == "graphsage" and len(learnt.y) > fold.backend.at_once
    # Then scores before the update are those of the training itself.
    at_once = everyone is learnt and not batches and not settings.dropout
    history, start = [], time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        before = scores_of(model, everyone) if with_history and not at_once else None
        model.train()
        if batches:
            loss = _by_batches(model, optimiser, learnt, order, drawn)
        else:
            scores = model(learnt.prepared, learnt.messages)
            known = torch.where(learnt.train, learnt.y, -100)  # The loss ignores -100.
            # Cross entropy: along the rows of the transpose, which is several times faster.
            loss = nn.functional.nll_loss(torch.log_softmax(scores.T, dim=0).T, known)
            optimiser.step(loss)
            before = scores.detach() if before is None else before
        if with_history and before is not None:
            right = (before.argmax(dim=1) == everyone.y).float()
            accuracies = [right[part].mean().item() for part in (everyone.train, ~everyone.train)]
            history.append([epoch, loss.item(), *accuracies, time.perf_counter() - start])
    return model, pd.DataFrame(history, columns=COLUMNS)


def scores_of(model: GraphNetwork, everyone: Nodes) -> Tensor:
    """Scores, shape (n, genres), without dropout and gradients."""
    model.eval()
    with torch.no_grad():
        return model(everyone.prepared, everyone.messages)


def _by_batches(
    model: GraphNetwork,
    optimiser: AdamW,
    learnt: Nodes,
    order: np.random.Generator,
    drawn: np.random.Generator,
) -> Tensor:
    """Learn from all training clips by batches, with sampled neighbours; mean loss."""
    clips = order.permutation(np.flatnonzero(learnt.train.cpu().numpy()))
    backend = Backend("torch", learnt.y.device.type)
    total = torch.zeros((), device=backend.device)
    for start in range(0, len(clips), BATCH):
        batch = clips[start : start + BATCH]
        layers = len(model.convolutions) - 1
        begin, rounds = neighbourhoods(learnt.matrix, batch, layers, drawn)
        messages = [Messages(weights, backend, own) for own, weights in rounds]
        scores = model(tuple(each[begin] for each in learnt.prepared), messages)
        loss = nn.functional.cross_entropy(scores, learnt.y[batch])
        optimiser.step(loss)
        total += loss.detach() * len(batch)
    return total / len(clips)


def sampled(
    averages: sparse.csr_array, clips: Rows, rng: np.random.Generator, most: int = DRAWN
) -> sparse.csr_array:
    """Rows of a matrix of averages, shape (b, n), with no more than ``most`` entries each.

    Entries are drawn with replacement, a neighbour by its share of the row's sum, and weigh the
    same: the expectation is the row. Where no row of the matrix has more entries, all are taken.
    """
    if np.diff(averages.indptr).max() <= most:
        return averages[clips]
    bounds = np.concatenate([[0.0], np.cumsum(averages.data)])
    first, last = bounds[averages.indptr[clips]], bounds[averages.indptr[clips + 1]]
    points = first[:, None] + rng.random((len(clips), most)) * (last - first)[:, None]
    entries = np.searchsorted(bounds, points, side="right") - 1
    # Rounding may lead over the end of a row.
    entries = entries.clip(averages.indptr[clips, None], averages.indptr[clips + 1, None] - 1)
    sums = np.repeat((last - first) / most, most)
    starts = np.arange(len(clips) + 1) * most
    shape = (len(clips), averages.shape[1])
    return sparse.csr_array((sums, averages.indices[entries].ravel(), starts), shape=shape)


def neighbourhoods(
    averages: sparse.csr_array, clips: Rows, layers: int, rng: np.random.Generator
) -> tuple[Rows, list[tuple[Rows, sparse.csr_array]]]:
    """Clips that a batch aggregates, and those that these aggregate, over some layers.

    Returned are the clips that the first layer begins with; and of each layer in turn, its clips'
    rows among those before, shape (m,), and weights, shape (m, before).
    """
    rounds = []
    for _ in range(layers):
        rows = sampled(averages, clips, rng)
        before = np.union1d(clips, rows.indices)
        columns = np.searchsorted(before, rows.indices)
        shape = (len(clips), len(before))
        weights = sparse.csr_array((rows.data, columns, rows.indptr), shape=shape)
        rounds.append((np.searchsorted(before, clips), weights))
        clips = before
    return clips, rounds[::-1]
