"""GraphSAGE with a mean aggregator, trained on the graph of one fold and without any messages.

What the network learns without messages, from the same inputs, is what they have to be compared
with.

The paper's aggregator "takes the average of the latent vectors of the node and its related
neighborhood" [2]_; the weights are those of its adjacency matrix, distances and 1 for the clip
itself. That is ``mean``, the weighted average. GraphSAGE's authors have no weights [1]_: theirs is
``mean`` of ``equal`` weights. DGL divides the weighted sum by the number of messages [3]_, so that
a clip hears the louder, the further its neighbours are: ``dgl_mean``.

References
----------
.. [1] W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs",
   NeurIPS 2017, algorithm 1.
.. [2] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "GraphSage Model",
   "Loss Function" and equations 1 and 2.
.. [3] M. Wang et al., "Deep Graph Library", arXiv:1909.01315; `dgl.nn.pytorch.SAGEConv`.
"""

import logging
import time
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, NamedTuple

import dgl
import numpy as np
import pandas as pd
import torch
import typer
from dgl.nn.pytorch import SAGEConv
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from graph.similarity import locally_scaled, scaled_rows
from inputs.inputs import Inputs
from learning import options
from learning.predictions import Fit, predictions, write_compared
from settings.errors import UserError
from settings.seeds import fold_seed
from training.adam import Adam
from training.reproducible import reproducibly

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What shapes the network and its training.

    Attributes
    ----------
    layers, hidden : int
        Hidden layers, and neurons in each.
    learning_rate : float
        Adam's.
    epochs : int
        Passes over all training clips.
    messages : bool
        Whether neighbours send messages; without, each clip hears itself alone.
    weights : {"distance", "similarity", "equal"}
        What a neighbour counts by, as `connected` has it.
    aggregator : {"mean", "dgl_mean"}
        What becomes of the messages, as `message_weights` has it.
    normalise : bool
        Whether each clip's hidden layers are scaled to length 1, as line 7 of algorithm 1 [1]_ has
        it. The paper does not speak of it; the scores are not scaled in any case.
    adjacency_as_features : bool
        Whether a clip's row of the adjacency matrix stands beside its features.
    seed : int
        Of the weights' initial values.
    """

    layers: int
    hidden: int
    learning_rate: float
    epochs: int
    messages: bool
    weights: options.Weights
    aggregator: options.Aggregator
    normalise: bool
    adjacency_as_features: bool
    seed: int


class GraphSage(nn.Module):
    """``layers`` hidden SAGE layers with ReLU, and a SAGE layer that gives a score a genre."""

    def __init__(
        self, features: int, genres: int, layers: int, hidden: int, normalise: bool = False
    ) -> None:
        super().__init__()
        widths = [features, *[hidden] * layers, genres]
        self.convolutions = nn.ModuleList(
            SAGEConv(wide, next_wide, "mean") for wide, next_wide in pairwise(widths)
        )
        self.normalise = normalise

    def forward(self, graph: dgl.DGLGraph, x: Tensor) -> Tensor:
        """Scores, shape (n, genres), of features ``x``, shape (n, features)."""
        weights = graph.edata["weight"]
        for convolution in self.convolutions[:-1]:
            x = torch.relu(convolution(graph, x, weights))
            if self.normalise:
                x = nn.functional.normalize(x)
        return self.convolutions[-1](graph, x, weights)


# Who hears whom


def connected(adjacency: sparse.csr_array, weights: options.Weights) -> sparse.csr_array:
    """The network's adjacency matrix A: how much each clip's neighbours count, and itself by 1.

    Parameters
    ----------
    adjacency : scipy.sparse.csr_array, shape (n, n)
        Distances to each clip's neighbours, as `graph.adjacency` makes it.
    weights : {"distance", "similarity", "equal"}
        ``distance`` is the paper's (equations 1 and 2 of [2]_): of all neighbours the furthest
        counts most, a replica at distance 0 is not connected at all, and the clip itself counts
        little where distances are far above 1, as those of 57 standardised features are.
        ``similarity`` turns it round: 1 for a replica, less the further away
        (`graph.similarity.locally_scaled`). By ``equal`` weights each neighbour counts 1.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Row i has whom clip i hears, all above 0, its own 1 on the diagonal among them.
    """
    found = adjacency
    if weights == "similarity":
        found = locally_scaled(adjacency)
    elif weights == "equal":
        ones = np.ones_like(adjacency.data)
        found = sparse.csr_array((ones, adjacency.indices, adjacency.indptr), adjacency.shape)
    matrix = sparse.csr_array(found + sparse.eye_array(adjacency.shape[0], format="csr"))
    matrix.eliminate_zeros()
    return matrix


def message_weights(matrix: sparse.csr_array, aggregator: options.Aggregator) -> sparse.csr_array:
    """Weights of which DGL's mean, sum(w h) over the number of messages, is the aggregator's.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, n)
        As `connected` makes it.
    aggregator : {"mean", "dgl_mean"}
        ``mean`` is the average of clip and neighbours, sum(w h) / sum(w); ``dgl_mean`` is DGL's
        own.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
    """
    if aggregator == "dgl_mean":
        return matrix
    return scaled_rows(matrix, np.diff(matrix.indptr) / matrix.sum(axis=1))


def network(weights: sparse.csr_array) -> dgl.DGLGraph:
    """The graph along which messages pass, from each neighbour to its clip.

    Parameters
    ----------
    weights : scipy.sparse.csr_array, shape (n, n)
        As `message_weights` gives them.

    Returns
    -------
    dgl.DGLGraph
        n nodes; ``edata["weight"]`` of shape (edges,).
    """
    edges = weights.tocoo()
    graph = dgl.graph((edges.col, edges.row), num_nodes=edges.shape[0])
    graph.edata["weight"] = torch.from_numpy(edges.data.astype(np.float32))
    return graph


def node_features(
    x: NDArray[np.float32], matrix: sparse.csr_array, adjacency_as_features: bool
) -> NDArray[np.float32]:
    """What a node knows before any message reaches it.

    The paper names the features of all nodes and the adjacency matrix as what the base case starts
    from ([2]_, "GraphSage Model", on the input of the network); how they join is our reading.

    Parameters
    ----------
    x : NDArray[np.float32], shape (n, d)
    matrix : scipy.sparse.csr_array, shape (n, n)
        As `connected` makes it.
    adjacency_as_features : bool

    Returns
    -------
    NDArray[np.float32], shape (n, d + n) or (n, d)
        ``x``, with row i of the adjacency matrix beside clip i's features: the weight of each clip
        that it is connected to, its own 1 among them, and 0 of all others.
    """
    return np.hstack([x, matrix.astype(np.float32).toarray()]) if adjacency_as_features else x


# Training


class Nodes(NamedTuple):
    """Clips of a fold on a device, and the graph among them."""

    graph: dgl.DGLGraph
    x: Tensor
    y: Tensor
    train: Tensor


def train(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    settings: Settings,
    device: str = "cpu",
    one_by_one: bool = False,
) -> tuple[GraphSage, pd.DataFrame, np.ndarray]:
    """Train on the training clips of a fold.

    Parameters
    ----------
    inputs : Inputs
        n clips, d features, c genres.
    adjacency : scipy.sparse.csr_array, shape (n, n)
        As `graph.adjacency` makes it.
    settings : Settings
    device : str
        Where PyTorch and DGL compute.
    one_by_one : bool
        The network learns from the training clips and the graph among them alone, and each test
        clip joins it by itself: what becomes of it does not depend on the others. Else all clips
        are in the graph while it learns (transductive).

    Returns
    -------
    model : GraphSage
        On the CPU.
    history : pd.DataFrame
        Per epoch: ``loss`` (mean cross entropy of training clips, in nats), ``train_accuracy`` and
        ``test_accuracy`` before the epoch's update, and ``seconds`` since the start.
    probabilities : np.ndarray, shape (n, c)
        After the last update.

    Raises
    ------
    UserError
        If test clips join one by one and are neighbours of others, or features of them.
    """
    if one_by_one and (~inputs.train)[adjacency.indices].any():
        raise UserError(
            "this graph has test clips for neighbours: they do not join it one by one; build it "
            "by graph.adjacency --neighbours train"
        )
    if one_by_one and settings.adjacency_as_features:
        raise UserError(
            "a clip that joins by itself has no column in the adjacency matrix: neighbours train "
            "and adjacency_as_features do not go together"
        )
    matrix = connected(adjacency, settings.weights)
    heard = matrix if settings.messages else sparse.eye_array(len(inputs.y), format="csr")
    weights = message_weights(heard, settings.aggregator)
    x = node_features(inputs.x, matrix, settings.adjacency_as_features)

    def nodes(weights: sparse.csr_array, chosen: NDArray[np.bool_] | slice) -> Nodes:
        tensors = (torch.from_numpy(a[chosen]).to(device) for a in (x, inputs.y, inputs.train))
        return Nodes(network(weights).to(device), *tensors)

    everyone = learnt = nodes(weights, slice(None))
    if one_by_one:
        learnt = nodes(weights[inputs.train][:, inputs.train], inputs.train)
    with reproducibly(settings.seed):
        model = GraphSage(
            x.shape[1], len(inputs.genres), settings.layers, settings.hidden, settings.normalise
        )
        history = _fit(model.to(device), learnt, everyone, settings)
        with torch.no_grad():
            scores = model(everyone.graph, everyone.x).double()
            probabilities = torch.softmax(scores, dim=1).cpu().numpy()
    return model.to("cpu"), history, probabilities


def _fit(model: GraphSage, learnt: Nodes, everyone: Nodes, settings: Settings) -> pd.DataFrame:
    """Learn from some nodes for all epochs, and return the history of everyone."""
    optimiser = Adam(model.parameters(), settings.learning_rate)
    history = []
    start = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        scores = model(learnt.graph, learnt.x)
        loss = nn.functional.cross_entropy(scores[learnt.train], learnt.y[learnt.train])
        if learnt is not everyone:
            with torch.no_grad():
                scores = model(everyone.graph, everyone.x)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        right = (scores.argmax(dim=1) == everyone.y).float()
        history.append(
            {
                "epoch": epoch,
                "loss": loss.item(),
                "train_accuracy": right[everyone.train].mean().item(),
                "test_accuracy": right[~everyone.train].mean().item(),
                "seconds": time.perf_counter() - start,
            }
        )
    return pd.DataFrame(history)


def fit(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    settings: Settings,
    device: str = "cpu",
    one_by_one: bool = False,
) -> Fit:
    """What `train`, which takes the same, makes of a fold, beside other models."""
    _, history, probabilities = train(inputs, adjacency, settings, device, one_by_one)
    return Fit(probabilities, len(history), history["seconds"].iloc[-1])


def train_edgeless(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    settings: Settings,
    device: str = "cpu",
    one_by_one: bool = False,
) -> Fit:
    """Train the twin that hears no neighbour: the same network, inputs and initial weights.

    Where rows of the adjacency are among the inputs, they stay: to be without messages is all that
    tells it from what `train`, which takes the same, makes of ``settings``.
    """
    return fit(inputs, adjacency, replace(settings, messages=False), device, one_by_one)


def usable_device(asked: str) -> str:
    """Device to train on: ``auto`` is a GPU if both PyTorch and DGL can use one.

    Raises
    ------
    UserError
        If ``cuda`` is asked for and cannot be used.
    """
    if asked == "cpu":
        return "cpu"
    reason = _why_no_gpu()
    if asked == "cuda" and reason:
        raise UserError(f"device: cuda: {reason}; use device: cpu or auto")
    return "cpu" if reason else "cuda"


def _why_no_gpu() -> str:
    if not torch.cuda.is_available():
        return "PyTorch sees no GPU"
    try:
        dgl.graph(([0], [0])).to("cuda")
    except dgl.DGLError:
        return "this DGL is built for the CPU alone"
    return ""


def main(
    inputs: options.InputsFile,
    graph: options.GraphFile,
    neighbours: options.Neighbours,
    layers: options.Layers,
    hidden: options.Hidden,
    learning_rate: options.LearningRate,
    epochs: options.Epochs,
    messages: options.Messages,
    weights: options.Weights,
    aggregator: options.Aggregator,
    normalise: options.Normalise,
    adjacency_as_features: options.AdjacencyAsFeatures,
    seed: options.Seed,
    fold: options.Fold,
    device: options.Device,
    model: Annotated[Path, typer.Option(help="Model, to be written (PyTorch).")],
    history: Annotated[Path, typer.Option(help="Loss and accuracies, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="Predictions, to be written (Parquet).")],
    edgeless: Annotated[
        Path, typer.Option(help="Those without messages, to be written (Parquet).")
    ],
    times: Annotated[Path, typer.Option(help="Epochs and seconds of it, to be written (CSV).")],
) -> None:
    """Train GraphSAGE on one fold, with messages and without."""
    data, adjacency = Inputs.load(inputs), sparse.load_npz(graph)
    settings = Settings(
        layers=layers,
        hidden=hidden,
        learning_rate=learning_rate,
        epochs=epochs,
        messages=messages,
        weights=weights,
        aggregator=aggregator,
        normalise=normalise,
        adjacency_as_features=adjacency_as_features,
        seed=fold_seed(seed, fold),
    )
    how = (usable_device(device), neighbours == "train")
    logger.info("%s on %s", settings, how[0])
    trained, epochs_table, probabilities = train(data, adjacency, settings, *how)
    torch.save({"settings": asdict(settings), "weights": trained.state_dict()}, model)
    epochs_table.to_csv(history, index=False)
    predictions(data, probabilities).to_parquet(output, index=False)
    logger.info("last epoch: %s", epochs_table.iloc[-1].to_dict())
    twin = train_edgeless(data, adjacency, settings, *how)
    write_compared(data, {"edgeless": twin}, edgeless, times)
