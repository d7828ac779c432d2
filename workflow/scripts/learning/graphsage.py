"""GraphSAGE with the mean aggregator, trained on the graph of one fold and without any edges.

What the network learns from the features alone is what any graph has to be compared with.

References
----------
.. [1] W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs",
   NeurIPS 2017, algorithm 1.
.. [2] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "GraphSage Model",
   "Loss Function" and equations 1 and 2.
.. [3] M. Wang et al., "Deep Graph Library", arXiv:1909.01315.
"""

import logging
import time
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import dgl
import numpy as np
import pandas as pd
import torch
import typer
from dgl.nn.pytorch import SAGEConv
from scipy import sparse
from torch import Tensor, nn

from inputs.inputs import Inputs
from learning.predictions import Fit, predictions, write_compared
from settings.errors import UserError
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
    distance_weights : bool
        Whether a neighbour counts by its distance, as in the paper, or all count the same.
    adjacency_as_features : bool
        Whether a clip's row of the adjacency matrix stands beside its features.
    seed : int
        Of the weights' initial values.
    """

    layers: int
    hidden: int
    learning_rate: float
    epochs: int
    distance_weights: bool
    adjacency_as_features: bool
    seed: int


class GraphSage(nn.Module):
    """``layers`` hidden SAGE layers with ReLU, and a SAGE layer that gives a score a genre."""

    def __init__(self, features: int, genres: int, layers: int, hidden: int) -> None:
        super().__init__()
        widths = [features, *[hidden] * layers, genres]
        self.convolutions = nn.ModuleList(
            SAGEConv(wide, next_wide, "mean") for wide, next_wide in pairwise(widths)
        )

    def forward(self, graph: dgl.DGLGraph, x: Tensor) -> Tensor:
        """Scores, shape (n, genres), of features ``x``, shape (n, features)."""
        weights = graph.edata["weight"]
        for convolution in self.convolutions[:-1]:
            x = torch.relu(convolution(graph, x, weights))
        return self.convolutions[-1](graph, x, weights)


def network(adjacency: sparse.csr_array, distance_weights: bool) -> dgl.DGLGraph:
    """The graph along which messages pass, from each neighbour to its clip.

    As in the paper's adjacency matrix, a zero means that two clips are not connected, and each clip
    is connected to itself with weight 1.

    Parameters
    ----------
    adjacency : scipy.sparse.csr_array, shape (n, n)
        Distances to each clip's neighbours.
    distance_weights : bool
        Weigh messages by distance; else every stored neighbour has weight 1, at distance 0 too.

    Returns
    -------
    dgl.DGLGraph
        n nodes; ``edata["weight"]`` of shape (edges,).
    """
    n = adjacency.shape[0]
    to = np.repeat(np.arange(n), np.diff(adjacency.indptr))
    weight = adjacency.data if distance_weights else np.ones_like(adjacency.data)
    kept = weight != 0
    itself = np.arange(n)
    graph = dgl.graph(
        (np.append(adjacency.indices[kept], itself), np.append(to[kept], itself)), num_nodes=n
    )
    weights = np.append(weight[kept], np.ones(n)).astype(np.float32)
    graph.edata["weight"] = torch.from_numpy(weights)
    return graph


def node_features(graph: dgl.DGLGraph, x: Tensor, adjacency_as_features: bool) -> Tensor:
    """What a node knows before any message reaches it.

    The paper names the features of all nodes and the adjacency matrix as what the base case starts
    from ([2]_, "GraphSage Model", on the input of the network); how they join is our reading.

    Parameters
    ----------
    graph : dgl.DGLGraph
        As `network` makes it, of n nodes.
    x : Tensor, shape (n, d)
    adjacency_as_features : bool

    Returns
    -------
    Tensor, shape (n, d + n) or (n, d)
        ``x``, with row i of the adjacency matrix beside clip i's features: the weight of each clip
        that sends it a message, its own 1 among them, and 0 of all others.
    """
    if not adjacency_as_features:
        return x
    source, target = graph.edges()
    rows = x.new_zeros(len(x), len(x))
    rows[target, source] = graph.edata["weight"]
    return torch.cat([x, rows], dim=1)


def train(
    inputs: Inputs, adjacency: sparse.csr_array, settings: Settings, device: str = "cpu"
) -> tuple[GraphSage, pd.DataFrame, np.ndarray]:
    """Train on the training clips of a fold, with all its clips in the graph.

    Parameters
    ----------
    inputs : Inputs
        n clips, d features, c genres.
    adjacency : scipy.sparse.csr_array, shape (n, n)
        As `graph.adjacency` makes it.
    settings : Settings
    device : str
        Where PyTorch and DGL compute.

    Returns
    -------
    model : GraphSage
        On the CPU.
    history : pd.DataFrame
        Per epoch: ``loss`` (mean cross entropy of training clips, in nats), ``train_accuracy`` and
        ``test_accuracy`` before the epoch's update, and ``seconds`` since the start.
    probabilities : np.ndarray, shape (n, c)
        After the last update.
    """
    graph = network(adjacency, settings.distance_weights).to(device)
    x, y, training = (torch.from_numpy(a).to(device) for a in (inputs.x, inputs.y, inputs.train))
    x = node_features(graph, x, settings.adjacency_as_features)
    with reproducibly(settings.seed):
        model = GraphSage(x.shape[1], len(inputs.genres), settings.layers, settings.hidden)
        history = _fit(model.to(device), graph, x, y, training, settings)
        with torch.no_grad():
            probabilities = torch.softmax(model(graph, x).double(), dim=1).cpu().numpy()
    return model.to("cpu"), history, probabilities


def _fit(
    model: GraphSage,
    graph: dgl.DGLGraph,
    x: Tensor,
    y: Tensor,
    training: Tensor,
    settings: Settings,
) -> pd.DataFrame:
    """Train for all epochs and return their history."""
    optimiser = Adam(model.parameters(), settings.learning_rate)
    history = []
    start = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        scores = model(graph, x)
        loss = nn.functional.cross_entropy(scores[training], y[training])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        right = (scores.argmax(dim=1) == y).float()
        history.append(
            {
                "epoch": epoch,
                "loss": loss.item(),
                "train_accuracy": right[training].mean().item(),
                "test_accuracy": right[~training].mean().item(),
                "seconds": time.perf_counter() - start,
            }
        )
    return pd.DataFrame(history)


def train_edgeless(inputs: Inputs, settings: Settings, device: str = "cpu") -> Fit:
    """Train the same network without neighbours: what it learns from the features alone.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres.
    settings : Settings
        ``distance_weights`` and ``adjacency_as_features`` make no difference.
    device : str
        Where PyTorch and DGL compute.

    Returns
    -------
    Fit
        Just what `train` gives for an empty graph and features without adjacency.
    """
    n = len(inputs.y)
    settings = replace(settings, adjacency_as_features=False)
    _, history, probabilities = train(inputs, sparse.csr_array((n, n)), settings, device)
    return Fit(probabilities, len(history), history["seconds"].iloc[-1])


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
    inputs: Annotated[Path, typer.Option(help="Inputs of the fold (NPZ).")],
    graph: Annotated[Path, typer.Option(help="Its graph (SciPy NPZ).")],
    layers: Annotated[int, typer.Option(help="Hidden layers.")],
    hidden: Annotated[int, typer.Option(help="Neurons in each.")],
    learning_rate: Annotated[float, typer.Option(help="Adam's.")],
    epochs: Annotated[int, typer.Option(help="Passes over the training clips.")],
    distance_weights: Annotated[bool, typer.Option(help="Weigh neighbours by distance.")],
    adjacency_as_features: Annotated[bool, typer.Option(help="Rows of the graph beside features.")],
    seed: Annotated[int, typer.Option(help="Seed of the initial weights.")],
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")],
    weights: Annotated[Path, typer.Option(help="Model, to be written (PyTorch).")],
    history: Annotated[Path, typer.Option(help="Loss and accuracies, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="Predictions, to be written (Parquet).")],
    edgeless: Annotated[Path, typer.Option(help="Those without edges, to be written (Parquet).")],
    times: Annotated[Path, typer.Option(help="Epochs and seconds of it, to be written (CSV).")],
) -> None:
    """Train GraphSAGE on one fold, with its graph and without edges."""
    data = Inputs.load(inputs)
    settings = Settings(
        layers, hidden, learning_rate, epochs, distance_weights, adjacency_as_features, seed
    )
    chosen = usable_device(device)
    logger.info("%s on %s", settings, chosen)
    model, epochs_table, probabilities = train(data, sparse.load_npz(graph), settings, chosen)
    torch.save({"settings": asdict(settings), "weights": model.state_dict()}, weights)
    epochs_table.to_csv(history, index=False)
    predictions(data, probabilities).to_parquet(output, index=False)
    logger.info("last epoch: %s", epochs_table.iloc[-1].to_dict())
    write_compared(data, {"edgeless": train_edgeless(data, settings, chosen)}, edgeless, times)
