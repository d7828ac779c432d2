"""Graph neural networks fitted to a fold, with messages and without.

What a network learns without messages, from the same inputs, is what messages have to be compared
with: its ablation differs in nothing else (`models.layers`). Weight decay and dropout of each are
chosen for itself, inside the training clips.

Under protocol ``inductive`` a network learns from the training clips and the graph among them
alone, and each test clip joins that graph by itself. So does a new clip.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from genregraph.common.errors import UserError
from genregraph.common.reproducible import reproducibly
from genregraph.config.model import Network
from genregraph.models.layers import GraphAttention, GraphNetwork, network
from genregraph.models.messages import Backend
from genregraph.models.predictions import Fit, HeldOut
from genregraph.models.propagation import connected, nearest, node_features, propagation
from genregraph.models.temperature import log_loss
from genregraph.models.training import Nodes, nodes, scores_of, trained
from genregraph.preprocessing.inputs import Inputs

CPU = Backend()
WEIGHT_DECAY = (1.0, 10.0)
DROPOUT = (0.0, 0.5)

Floats = NDArray[np.float64]
Split = tuple[NDArray[np.int64], NDArray[np.int64]]


def fit_network(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    kind: str,
    settings: Network,
    backend: Backend = CPU,
    inductive: bool = False,
    seed: int = 0,
    search: bool = False,
    calibrate: bool = False,
    splits: Sequence[Split] = (),
) -> Fit:
    """Train a network on the training clips of a fold.

    Parameters
    ----------
    inputs : Inputs
        n clips, d features, c genres.
    adjacency : scipy.sparse.csr_array, shape (n, n)
        As `graph.adjacency` makes it.
    kind : str
        One of `config.registry.NETWORKS`.
    settings : Network
        Without ``messages`` it is the ablation.
    backend : Backend
        What computes, and where.
    inductive : bool
        The network learns from the training clips and the graph among them alone, and each test
        clip joins it by itself: its prediction does not depend on other test clips. Else all clips
        are in the graph while it learns (transductive).
    seed : int
        Of initial weights, dropout, batches, and choice among equally near neighbours.
    search : bool
        Choose weight decay and dropout, from `WEIGHT_DECAY` and `DROPOUT`, by the log loss of the
        training clips that the first split holds out. They stay in the graph, without labels.
    calibrate : bool
        Hold these clips out also where nothing is chosen, at the settings as they are.
    splits : sequence of (NDArray[np.int64], NDArray[np.int64])
        As `models.search.inner_splits` makes them; without any, nothing is held out.

    Returns
    -------
    Fit
        With ``parameters`` ``weight_decay`` and ``dropout`` if they were chosen, with ``history``
        as `models.training.trained` makes it, and with ``weights`` on the CPU.

    Raises
    ------
    UserError
        If test clips join one by one and are neighbours of others, or features of them.
    """
    start = time.perf_counter()
    with reproducibly(seed):
        learnt, everyone = _graphs(inputs, adjacency, kind, settings, backend, inductive, seed)
        genres, held_out, loss, chosen = len(inputs.genres), None, float("nan"), settings
        if splits and (search or calibrate):
            found = [
                (each, _held_out(learnt, splits[0], genres, kind, each, backend, seed))
                for each in (_grid(settings) if search else [settings])
            ]
            losses = [log_loss(*clips) for _, clips in found]
            loss = min(losses)
            chosen, held_out = found[losses.index(loss)]
        model, history = trained(learnt, everyone, genres, kind, chosen, backend, seed)
        probabilities = _probabilities(scores_of(model, everyone))
    searched = chosen.model_dump(include={"weight_decay", "dropout"}) if search and held_out else {}
    weights = {name: each.cpu() for name, each in model.state_dict().items()}
    spent = time.perf_counter() - start
    return Fit(probabilities, chosen.epochs, spent, searched, loss, held_out, history, weights)


def train(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    kind: str,
    settings: Network,
    backend: Backend = CPU,
    inductive: bool = False,
    seed: int = 0,
) -> Fit:
    """Train a network at given settings: `fit_network` without search."""
    return fit_network(inputs, adjacency, kind, settings, backend, inductive, seed)


def _graphs(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    kind: str,
    settings: Network,
    backend: Backend,
    inductive: bool,
    seed: int,
) -> tuple[Nodes, Nodes]:
    """The graph while a network learns, and that by which it is evaluated: one, or two."""
    if inductive and (~inputs.train)[adjacency.indices].any():
        raise UserError(
            "this graph has test clips for neighbours: they do not join it one by one; build it "
            "by graph.adjacency --neighbours train"
        )
    if inductive and settings.adjacency_as_features:
        raise UserError(
            "a clip that joins by itself has no column in the adjacency matrix: neighbours train "
            "and adjacency_as_features do not go together"
        )
    matrix = connected(nearest(adjacency, settings.k, seed), settings.weights)
    x = node_features(inputs.x, matrix, settings.adjacency_as_features)
    weights = propagation(matrix, kind, settings, inputs.train if inductive else None)
    everyone = nodes(x, inputs.y, inputs.train, weights, kind, backend)
    if not inductive:
        return everyone, everyone
    known = inputs.train
    among = weights[known][:, known]
    return nodes(x[known], inputs.y[known], known[known], among, kind, backend), everyone


def _grid(settings: Network) -> list[Network]:
    return [
        settings.model_copy(update={"weight_decay": weight_decay, "dropout": dropout})
        for weight_decay, dropout in product(WEIGHT_DECAY, DROPOUT)
    ]


def _held_out(
    graph: Nodes,
    split: Split,
    genres: int,
    kind: str,
    settings: Network,
    backend: Backend,
    seed: int,
) -> HeldOut:
    """Predict training clips of a split by a network that learns from the others."""
    y, known = graph.y.cpu().numpy(), np.flatnonzero(graph.train.cpu().numpy())
    train, valid = (known[part] for part in split)
    valid = valid[np.isin(y[valid], y[train])]  # Of other genres none could be right.
    learnt = graph.learning_from(np.isin(np.arange(len(y)), train))
    # Without messages the other clips need not be computed.
    few = learnt if settings.messages else learnt.alone()
    model, _ = trained(few, graph, genres, kind, settings, backend, seed, with_history=False)
    return HeldOut(_probabilities(scores_of(model, graph))[valid], y[valid])


def _probabilities(scores: Tensor) -> Floats:
    return torch.softmax(scores.cpu().double(), dim=1).numpy()


# New clips


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network.

    Attributes
    ----------
    kind : str
        One of `config.registry.NETWORKS`.
    settings : Network
    genres, features : int
        Scores and inputs of a clip.
    weights : dict of str to Tensor
        As `Fit` has them.
    seed : int
        By which it was trained.
    """

    kind: str
    settings: Network
    genres: int
    features: int
    weights: dict[str, Tensor]
    seed: int = 0

    def module(self) -> GraphNetwork:
        """The network itself, by PyTorch alone."""
        asked = self.settings
        shape = (self.features, self.genres, asked.layers, asked.hidden, asked.normalise)
        model = network(self.kind, *shape)
        model.load_state_dict(self.weights)
        return model.eval()

    def nodes(self, x: NDArray[np.float32], matrix: sparse.csr_array) -> Nodes:
        """Clips of inputs ``x``, shape (n, features), and a matrix of messages, shape (n, n)."""
        nobody = np.zeros(len(x), dtype=np.int64)
        return nodes(x, nobody, nobody > 0, matrix, self.kind, CPU)

    def probabilities(self, x: NDArray[np.float32], matrix: sparse.csr_array) -> Floats:
        """Probabilities, shape (n, genres), of such clips; the matrix is of `propagation`."""
        with reproducibly(self.seed):
            return _probabilities(scores_of(self.module(), self.nodes(x, matrix)))


def predict_new(
    fitted: FittedNetwork,
    x_train: NDArray[np.float32],
    graph_train: sparse.csr_array,
    x_new: NDArray[np.float32],
    neighbours: NDArray[np.int64],
    distances: Floats,
) -> tuple[Floats, Floats]:
    """Predict clips that join the graph of the training clips, each by itself.

    Parameters
    ----------
    fitted : FittedNetwork
        Without ``adjacency_as_features``.
    x_train : NDArray[np.float32], shape (n, d)
    graph_train : scipy.sparse.csr_array, shape (n, n)
        Distances among them, as the network learnt from them.
    x_new : NDArray[np.float32], shape (m, d)
    neighbours, distances : NDArray, shape (m, k)
        Training clips that are nearest to each new one, as `graph.adjacency.joined` gives them.

    Returns
    -------
    probabilities : NDArray[np.float64], shape (m, c)
        Those that protocol ``inductive`` gives to test clips. What a clip gets does not depend on
        the others, to the last bit.
    shares : NDArray[np.float64], shape (m, k)
        How much each neighbour counts in what the clip aggregates in the first layer, the clip
        itself being the rest: 0 without messages; of gat the mean over heads.
    """
    (n, m), settings = (len(x_train), len(x_new)), fitted.settings
    count = neighbours.shape[1]
    joins = graph_train.nnz + np.arange(1, m + 1) * count
    graph = sparse.csr_array(
        (
            np.concatenate([graph_train.data, distances.ravel()]),
            np.concatenate([graph_train.indices, neighbours.ravel()]),
            np.concatenate([graph_train.indptr, joins]),
        ),
        shape=(n + m, n + m),
    )
    matrix = connected(nearest(graph, settings.k, fitted.seed), settings.weights)
    weights = propagation(matrix, fitted.kind, settings, np.arange(n + m) < n)
    probabilities, shares = np.empty((m, fitted.genres)), np.empty((m, count))
    model = fitted.module()
    with reproducibly(fitted.seed):
        for i, x in enumerate(x_new):
            rows = np.append(np.arange(n), n + i)
            joined = fitted.nodes(np.vstack([x_train, x]), weights[rows][:, rows])
            probabilities[i] = _probabilities(scores_of(model, joined)[-1:])[0]
            shares[i] = _shares(model, joined)[neighbours[i]]
    return probabilities, shares


def _shares(model: GraphNetwork, joined: Nodes) -> Floats:
    """How much each clip counts in what the last one aggregates first, shape (n,)."""
    if isinstance(first := model.convolutions[0], GraphAttention) and not joined.messages.alone:
        with torch.no_grad():
            mean = first.shares(joined.prepared[0], joined.messages)[-1].mean(dim=0)
        columns = joined.messages.columns[-1].numpy()
        return cast("Floats", np.bincount(columns, mean.double().numpy(), len(joined.y)))
    row = cast("Floats", joined.matrix[[-1]].toarray()[0])
    return row / row.sum()
