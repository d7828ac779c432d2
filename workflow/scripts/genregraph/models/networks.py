"""Graph neural networks fitted to a fold, with messages and without.

An ablation is the same network without messages: their difference is the effect of messages. Each
chooses its weight decay and dropout inside the training clips.
"""

from itertools import product
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from genregraph.common.device import reproducibly
from genregraph.common.errors import UserError
from genregraph.config.experiment import SEARCHED, Network
from genregraph.models.base import Fit, Fold, HeldOut, Matrix
from genregraph.models.layers import GraphAttention, GraphNetwork, network
from genregraph.models.messages import Backend
from genregraph.models.propagation import connected, nearest, propagation
from genregraph.models.temperature import log_loss
from genregraph.models.training import Nodes, nodes, scores_of, trained

CPU = Backend()
WEIGHT_DECAY = (1.0, 10.0)
DROPOUT = (0.0, 0.5)


class GraphModel(NamedTuple):
    """A network of a kind (`config.registry.NETWORKS`); without messages it is the ablation."""

    kind: str
    settings: Network

    def fit_predict(self, fold: Fold) -> Fit:
        """Train on the training clips of a fold, and predict all its clips.

        With ``fold.search``, weight decay and dropout are those of `WEIGHT_DECAY` and `DROPOUT`
        with the lowest log loss on the training clips that the first inner split holds out. These
        stay in the graph, without labels. A `UserError` is raised if test clips are neighbours in
        the graph of an inductive fold.
        """
        settings, clips, loss = self.settings, None, np.nan
        searches = fold.search and bool(fold.splits)
        with reproducibly(fold.seed):
            learnt, everyone = self._graphs(fold)
            if searches or (fold.calibrate and fold.splits):
                points = product(WEIGHT_DECAY, DROPOUT) if searches else [()]
                changes = (dict(zip(SEARCHED, point, strict=False)) for point in points)
                grid = [settings.model_copy(update=each) for each in changes]
                held_out = [_held_out(learnt, fold, each) for each in grid]
                losses = [log_loss(*each) for each in held_out]
                best = int(np.argmin(np.nan_to_num(losses, nan=np.inf)))
                settings, clips, loss = grid[best], held_out[best], losses[best]
            fitted, history = trained(learnt, everyone, settings, fold)
            probabilities = _probabilities(scores_of(fitted, everyone))
        return Fit(
            probabilities,
            settings.epochs,
            parameters=settings.model_dump(include=set(SEARCHED if searches else ())),
            inner_log_loss=loss,
            held_out=clips,
            history=history,
            weights={name: each.cpu() for name, each in fitted.state_dict().items()},
        )

    def _graphs(self, fold: Fold) -> tuple[Nodes, Nodes]:
        """The graphs for training and for prediction: the same one unless inductive."""
        inputs, settings, known = fold.inputs, self.settings, fold.inputs.train
        if fold.inductive and (~known)[fold.graph.indices].any():
            said = "an inductive model must not see test clips, which are neighbours in this graph"
            raise UserError(f"{said}; build it by graph.adjacency --neighbours train")
        matrix = connected(nearest(fold.graph, settings.k, fold.seed), settings.weights)
        x = inputs.x
        if settings.adjacency_as_features:
            # The paper's section "GraphSage Model" begins with both; to join them is our reading.
            x = np.hstack([x, matrix.astype(np.float32).toarray()])
        weights = propagation(matrix, self.kind, settings, known if fold.inductive else None)
        everyone = nodes(x, inputs.y, known, weights, self.kind, fold.backend)
        if not fold.inductive:
            return everyone, everyone
        among = weights[known][:, known]
        learnt = nodes(x[known], inputs.y[known], known[known], among, self.kind, fold.backend)
        return learnt, everyone


def _held_out(graph: Nodes, fold: Fold, settings: Network) -> HeldOut:
    """Predict training clips of the first split by a network that learns from the others."""
    y, known = graph.y.cpu().numpy(), np.flatnonzero(graph.train.cpu().numpy())
    train, valid = (known[part] for part in fold.splits[0])
    valid = valid[np.isin(y[valid], y[train])]  # The network cannot predict other genres.
    mask = torch.from_numpy(np.isin(np.arange(len(y)), train))
    learnt = graph._replace(train=mask.to(graph.y.device))
    # Without messages the other clips need not be computed.
    few = learnt if settings.messages else learnt.alone()
    model, _ = trained(few, graph, settings, fold, with_history=False)
    return HeldOut(_probabilities(scores_of(model, graph))[valid], y[valid])


def _probabilities(scores: Tensor) -> Matrix:
    return torch.softmax(scores.cpu().double(), dim=1).numpy()


class FittedNetwork(NamedTuple):
    """A trained network without ``adjacency_as_features``, on the CPU and by PyTorch alone."""

    kind: str
    settings: Network
    genres: int
    weights: dict[str, Tensor]
    seed: int = 0

    def predict_new(
        self,
        x: NDArray[np.float32],
        graph: sparse.csr_array,
        x_new: NDArray[np.float32],
        neighbours: NDArray[np.int64],
        distances: Matrix,
    ) -> tuple[Matrix, Matrix]:
        """Predict m clips, each by itself, that join the n training clips.

        ``x`` and ``graph`` are the training clips' inputs and distances; ``neighbours`` and
        ``distances``, shape (m, k), are each new clip's (`graph.adjacency.joined`). It returns
        probabilities, shape (m, c), those of test clips under protocol ``inductive``, and the
        weight of each neighbour in what the first layer aggregates, shape (m, k), the rest being
        the clip's own: 0 without messages, the mean over heads of gat.
        """
        n, m, count = len(x), len(x_new), neighbours.shape[1]
        parts = (
            np.concatenate([graph.data, distances.ravel()]),
            np.concatenate([graph.indices, neighbours.ravel()]),
            np.concatenate([graph.indptr, graph.nnz + np.arange(1, m + 1) * count]),
        )
        both = nearest(sparse.csr_array(parts, shape=(n + m, n + m)), self.settings.k, self.seed)
        matrix = connected(both, self.settings.weights)
        weights = propagation(matrix, self.kind, self.settings, np.arange(n + m) < n)
        probabilities, shares = np.empty((m, self.genres)), np.empty((m, count))
        model = network(self.kind, x.shape[1], self.genres, self.settings).eval()
        model.load_state_dict(self.weights)
        nobody = np.zeros(n + 1, dtype=np.int64)
        with reproducibly(self.seed):
            for i, row in enumerate(x_new):
                rows = np.append(np.arange(n), n + i)
                own = weights[rows][:, rows]
                joined = nodes(np.vstack([x, row]), nobody, nobody > 0, own, self.kind, CPU)
                probabilities[i] = _probabilities(scores_of(model, joined)[-1:])[0]
                shares[i] = _shares(model, joined, own)[neighbours[i]]
        return probabilities, shares


def _shares(model: GraphNetwork, joined: Nodes, matrix: sparse.csr_array) -> Matrix:
    """Weight of each clip, shape (n,), in what the last one aggregates first."""
    if isinstance(first := model.convolutions[0], GraphAttention) and not joined.messages.alone:
        with torch.no_grad():
            mean = first.shares(joined.prepared[0], joined.messages)[-1].mean(dim=1)
        columns = joined.messages.columns[-1].numpy()
        return cast("Matrix", np.bincount(columns, mean.double().numpy(), len(joined.y)))
    row = cast("Matrix", matrix[[-1]].toarray()[0])
    return row / row.sum()
