"""Training of all networks: on all training clips at once, or GraphSAGE by batches.

GraphSAGE trains by batches of clips that aggregate some of their neighbours (`models.sampling`)
where there are more clips than ``Backend.at_once``; history and predictions always aggregate all.

References
----------
.. [1] I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019: AdamW, which is
   Adam where weight decay is 0.
"""

import time
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from genregraph.config.parts import Network
from genregraph.models.attention import Attention
from genregraph.models.layers import CLASSES, GraphNetwork, GraphSage, network
from genregraph.models.messages import Backend, Messages
from genregraph.models.sampling import BATCH, neighbourhoods

COLUMNS = "epoch loss train_accuracy test_accuracy seconds".split()


class Nodes(NamedTuple):
    """Clips on a device, as inputs of a network.

    Attributes
    ----------
    prepared : tuple of Tensor, shape (n, ...)
        Inputs of the first layer (`GraphNetwork.prepared`).
    messages : Messages or Attention
    y, train : Tensor, shape (n,)
        Genres, and which clips the network learns from.
    matrix : scipy.sparse.csr_array, shape (n, n)
        As `models.propagation.propagation` makes it.
    """

    prepared: tuple[Tensor, ...]
    messages: Any
    y: Tensor
    train: Tensor
    matrix: sparse.csr_array

    def learning_from(self, train: NDArray[np.bool_]) -> "Nodes":
        """The same clips with other training clips."""
        return self._replace(train=torch.from_numpy(train).to(self.y.device))

    def alone(self) -> "Nodes":
        """The training clips alone, for a network without messages."""
        prepared = tuple(each[self.train] for each in self.prepared)
        matrix = sparse.eye_array(len(prepared[0]), format="csr")
        return Nodes(prepared, self.messages, self.y[self.train], self.train[self.train], matrix)


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
    return Nodes(CLASSES[kind].prepared(rows, messages), messages, genres, known, matrix)


def trained(
    learnt: Nodes,
    everyone: Nodes,
    genres: int,
    kind: str,
    settings: Network,
    backend: Backend,
    seed: int,
    with_history: bool = True,
) -> tuple[GraphNetwork, pd.DataFrame]:
    """Train a network for all epochs.

    Parameters
    ----------
    learnt, everyone : Nodes
        The graphs for training and for the history.
    genres : int
    kind : str
    settings : Network
    backend : Backend
    seed : int
    with_history : bool

    Returns
    -------
    model : GraphNetwork
    history : pd.DataFrame
        Per epoch: ``loss`` (mean cross entropy of training clips, in nats, under dropout),
        ``train_accuracy`` and ``test_accuracy`` without dropout, all before the epoch's update, and
        ``seconds`` since the start. Empty if it is not asked for.
    """
    torch.manual_seed(seed)
    by_dgl = all(each.messages.network is not None for each in (learnt, everyone))
    features = everyone.prepared[0].shape[1]
    model = network(kind, features, genres, settings, by_dgl).to(backend.device)
    optimiser = torch.optim.AdamW(
        model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    # One generator each, so that the ablation, which draws no neighbours, has the same batches
    # and masks.
    order, drawn, model.chance = (np.random.default_rng([seed, use]) for use in range(3))
    batches = isinstance(model, GraphSage) and len(learnt.y) > backend.at_once
    at_once = everyone is learnt and not batches and not settings.dropout
    history = []
    start = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        before = scores_of(model, everyone) if with_history and not at_once else None
        model.train()
        if batches:
            loss = _by_batches(model, optimiser, learnt, (order, drawn), backend.device)
        else:
            scores, loss = _at_once(model, optimiser, learnt)
            before = scores if before is None else before
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


def _at_once(
    model: GraphNetwork, optimiser: torch.optim.Optimizer, learnt: Nodes
) -> tuple[Tensor, Tensor]:
    """Learn from all training clips in one step; scores and loss before it."""
    scores = model(learnt.prepared, learnt.messages)
    known = torch.where(learnt.train, learnt.y, -100)  # The loss ignores -100.
    # Cross entropy: along the rows of the transpose, which is several times faster.
    loss = nn.functional.nll_loss(torch.log_softmax(scores.T, dim=0).T, known)
    _step(optimiser, loss)
    return scores.detach(), loss.detach()


def _by_batches(
    model: GraphNetwork,
    optimiser: torch.optim.Optimizer,
    learnt: Nodes,
    chance: tuple[np.random.Generator, np.random.Generator],
    device: str,
) -> Tensor:
    """Learn from all training clips by batches, with sampled neighbours; mean loss."""
    order, drawn = chance
    clips = order.permutation(np.flatnonzero(learnt.train.cpu().numpy()))
    layers = len(model.convolutions) - 1
    total = torch.zeros((), device=device)
    for start in range(0, len(clips), BATCH):
        batch = clips[start : start + BATCH]
        begin, layers_of_batch = neighbourhoods(learnt.matrix, batch, layers, drawn)
        rounds = [
            Messages(each.weights, Backend("torch", device), each.own) for each in layers_of_batch
        ]
        scores = model(tuple(each[begin] for each in learnt.prepared), rounds)
        loss = nn.functional.cross_entropy(scores, learnt.y[batch])
        _step(optimiser, loss)
        total += loss.detach() * len(batch)
    return total / len(clips)


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
