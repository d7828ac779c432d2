"""One way to train all networks: on all training clips at once, or GraphSAGE by batches.

Of more clips than the backend takes at once GraphSAGE trains by batches that aggregate some of
their neighbours (`models.sampling`); history and predictions are always those of all neighbours.
Other networks have no batches.

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

from genregraph.config.model import Network
from genregraph.models.attention import Attention
from genregraph.models.layers import GraphNetwork, GraphSage, network
from genregraph.models.messages import Backend, Messages
from genregraph.models.sampling import BATCH, neighbourhoods


class Nodes(NamedTuple):
    """Clips on a device, as a network takes them.

    Attributes
    ----------
    prepared : tuple of Tensor, shape (n, ...)
        As the network's `prepared` makes them.
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
        """The same clips, of which others are learnt from."""
        return self._replace(train=torch.from_numpy(train).to(self.y.device))

    def alone(self) -> "Nodes":
        """Those that are learnt from, of a network without messages."""
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
    """Clips of a fold, as a network of some kind takes them."""
    rows, genres, known = (torch.from_numpy(each).to(backend.device) for each in (x, y, train))
    messages = Attention(matrix, backend) if kind == "gat" else Messages(matrix, backend)
    return Nodes(PREPARED[kind](rows, messages), messages, genres, known, matrix)


PREPARED = {
    kind: type(network(kind, 1, 1, 0, 1)).prepared for kind in ("graphsage", "gcn", "gat", "appnp")
}


def trained(
    learnt: Nodes,
    everyone: Nodes,
    genres: int,
    kind: str,
    settings: Network,
    backend: Backend,
    seed: int,
    with_history: bool = True,
) -> tuple[GraphNetwork, pd.DataFrame | None]:
    """Train a network for all epochs.

    Parameters
    ----------
    learnt : Nodes
        The graph while it learns.
    everyone : Nodes
        The graph by which it is evaluated.
    genres : int
    kind, settings, backend, seed
        As `models.networks.train` takes them.
    with_history : bool

    Returns
    -------
    model : GraphNetwork
    history : pd.DataFrame, optional
        Per epoch: ``loss`` (mean cross entropy of training clips, in nats, under dropout),
        ``train_accuracy`` and ``test_accuracy`` without dropout, all before the epoch's update, and
        ``seconds`` since the start.
    """
    torch.manual_seed(seed)
    by_dgl = kind != "graphsage" and all(
        getattr(each.messages, "network", None) is not None for each in (learnt, everyone)
    )
    features = everyone.prepared[0].shape[1]
    shape = (settings.layers, settings.hidden, settings.normalise, settings.dropout)
    model = network(kind, features, genres, *shape, by_dgl=by_dgl).to(backend.device)
    optimiser = torch.optim.AdamW(
        model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    # Each its own, so that the ablation, which draws no neighbours, has the same batches and masks.
    order, drawn, model.chance = (np.random.default_rng([seed, use]) for use in range(3))
    batches = isinstance(model, GraphSage) and len(learnt.y) > backend.at_once
    at_once = everyone is learnt and not batches and not settings.dropout
    history = []
    start = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        found = scores_of(model, everyone) if with_history and not at_once else None
        model.train()
        if batches:
            loss = _by_batches(model, optimiser, learnt, (order, drawn), backend.device)
        else:
            scores, loss = _at_once(model, optimiser, learnt)
            found = scores if found is None else found
        if with_history:
            assert found is not None
            right = (found.argmax(dim=1) == everyone.y).float()
            accuracies = [right[part].mean().item() for part in (everyone.train, ~everyone.train)]
            history.append([epoch, loss.item(), *accuracies, time.perf_counter() - start])
    columns = ["epoch", "loss", "train_accuracy", "test_accuracy", "seconds"]
    return model, pd.DataFrame(history, columns=columns) if with_history else None


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
    known = torch.where(learnt.train, learnt.y, -100)  # The loss leaves -100 out.
    # Cross entropy: along the rows of the transpose, which is several times faster.
    loss = nn.functional.nll_loss(torch.log_softmax(scores.T, dim=0).T, known)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return scores.detach(), loss.detach()


def _by_batches(
    model: GraphNetwork,
    optimiser: torch.optim.Optimizer,
    learnt: Nodes,
    chance: tuple[np.random.Generator, np.random.Generator],
    device: str,
) -> Tensor:
    """Learn from all training clips, some at a time and of some neighbours; mean loss."""
    order, drawn = chance
    clips = order.permutation(np.flatnonzero(learnt.train.cpu().numpy()))
    layers = len(model.convolutions) - 1
    total = torch.zeros((), device=device)
    for start in range(0, len(clips), BATCH):
        batch = clips[start : start + BATCH]
        begin, found = neighbourhoods(learnt.matrix, batch, layers, drawn)
        rounds = [Messages(each.weights, Backend("torch", device), each.own) for each in found]
        scores = model(tuple(each[begin] for each in learnt.prepared), rounds)
        loss = nn.functional.cross_entropy(scores, learnt.y[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.detach() * len(batch)
    return total / len(clips)
