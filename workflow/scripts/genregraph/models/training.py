"""Training of all networks, on all training clips at once.

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

from genregraph.config.experiment import Network
from genregraph.models.base import Fold
from genregraph.models.layers import GraphNetwork, network, prepared
from genregraph.models.messages import Attention, Backend, Messages

COLUMNS = "epoch loss train_accuracy test_accuracy seconds".split()


class Nodes(NamedTuple):
    """Clips on a device, as a network of a kind gets them."""

    kind: str
    prepared: tuple[Tensor, ...]
    messages: Any
    y: Tensor
    train: Tensor

    def alone(self) -> "Nodes":
        """The training clips alone, for a network without messages."""
        few = tuple(each[self.train] for each in self.prepared)
        return self._replace(prepared=few, y=self.y[self.train], train=self.train[self.train])


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
    backend = backend._replace(name="torch") if kind == "appnp" else backend
    messages = Attention(matrix, backend) if kind == "gat" else Messages(matrix, backend)
    return Nodes(kind, prepared(kind, rows, messages), messages, genres, known)


def trained(
    learnt: Nodes, everyone: Nodes, settings: Network, fold: Fold, with_history: bool = True
) -> tuple[GraphNetwork, pd.DataFrame]:
    """Train a network for all epochs on ``learnt``, by AdamW [1]_.

    Its history has a row an epoch: ``loss`` (mean cross entropy of training clips, in nats, under
    dropout), ``train_accuracy`` and ``test_accuracy`` on ``everyone`` without dropout, all before
    the epoch's update, and ``seconds`` since the start.
    """
    torch.manual_seed(fold.seed)
    by_dgl = all(each.messages.network is not None for each in (learnt, everyone))
    features, genres = everyone.prepared[0].shape[1], len(fold.inputs.genres)
    model = network(learnt.kind, features, genres, settings, by_dgl).to(fold.backend.device)
    optimiser = torch.optim.AdamW(
        model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    model.chance = np.random.default_rng([fold.seed, 2])
    # Else scores before the update are those of the training itself.
    apart = with_history and (everyone is not learnt or settings.dropout > 0)
    known = torch.where(learnt.train, learnt.y, -100)  # The loss ignores -100.
    history, start = [], time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        before = scores_of(model, everyone) if apart else None
        model.train()
        scores = model(learnt.prepared, learnt.messages)
        # Cross entropy: along the rows of the transpose, which is several times faster.
        loss = nn.functional.nll_loss(torch.log_softmax(scores.T, dim=0).T, known)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if with_history:
            right = ((scores if before is None else before).argmax(dim=1) == everyone.y).float()
            accuracies = [right[part].mean().item() for part in (everyone.train, ~everyone.train)]
            history.append([epoch, loss.item(), *accuracies, time.perf_counter() - start])
    return model, pd.DataFrame(history, columns=COLUMNS)


def scores_of(model: GraphNetwork, everyone: Nodes) -> Tensor:
    """Scores, shape (n, genres), without dropout and gradients."""
    model.eval()
    with torch.no_grad():
        return model(everyone.prepared, everyone.messages)
