"""Milliseconds that networks take an epoch, and other ways to train the same network.

    pip install torch_geometric==2.8.1
    OMP_NUM_THREADS=1 DGLBACKEND=pytorch python benchmarks/training.py

Inputs are noise about genres, neighbours and distances are random: what they are does not matter to
time. All ways take turns on one thread; what counts is an epoch's CPU time in the fastest turn, and
nothing that is done once. That all learn the same is checked by their losses.

- torch, dgl, edgeless: `models.networks.GraphModel` by both backends, and without messages.
- pyg: PyTorch Geometric's GraphConv, mean of weighted messages, on edges as its documentation has
  them; pyg_csr: the same on a sparse tensor. Left out where it is not installed.
- sageconv: DGL's SAGEConv as it comes, on weighted edges.
- dense: the products of inputs and weights, and of gradients and inputs, of the first layer alone.

The other networks are timed by both backends and without messages, with and without dropout.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise, product
from typing import Annotated

import dgl
import numpy as np
import pandas as pd
import torch
import typer
from dgl.nn.pytorch import SAGEConv
from scipy import sparse
from torch import Tensor, nn

from genregraph.common.device import reproducibly
from genregraph.config.experiment import Network
from genregraph.config.registry import NETWORKS
from genregraph.models.base import Fold
from genregraph.models.layers import network
from genregraph.models.messages import Backend
from genregraph.models.networks import GraphModel
from genregraph.models.propagation import averages, connected
from genregraph.preprocessing.inputs import Inputs

Timed = tuple[float, list[float]]  # Seconds, and the loss before each update.
GENRES = 10
CASES = [(1000, 10, 57), (1000, 100, 57), (1000, 100, 6431), (2000, 800, 58), (10000, 100, 57)]
OURS = {
    "torch": (Backend("torch"), True),
    "dgl": (Backend("dgl"), True),
    "edgeless": (Backend("torch"), False),
}
PYG = ["pyg", "pyg_csr"] if find_spec("torch_geometric") else []
OTHERS = [*PYG, "sageconv", "dense"]
# What is aimed at: case, way, against which other way, and the bound of their ratio.
AIMS = [
    *(((n, k, d), "pyg", "torch", ">=", 80 if k == 800 else 30) for n, k, d in CASES[1:]),
    ((1000, 10, 57), "torch", "edgeless", "<=", 1.2),
    ((1000, 100, 6431), "torch", "dense", "<=", 1.1),
    *((case, "dgl", "torch", "<=", 1.5) for case in CASES),
]


def settings(k: int) -> Network:
    """Of the network: 150 hidden neurons, or 80 of many neighbours."""
    return Network(hidden=80 if k == 800 else 150, weights="distance")


def fold(n: int, k: int, d: int) -> tuple[Inputs, sparse.csr_array]:
    """A fold of ``n`` clips and ``d`` features, and a graph of ``k`` neighbours a clip."""
    rng = np.random.default_rng(0)
    y = rng.integers(GENRES, size=n)
    x = (rng.normal(size=(n, d)) + 0.5 * np.eye(GENRES, d)[y]).astype(np.float32)
    others = np.stack([np.sort(rng.choice(n - 1, k, replace=False)) for _ in range(n)])
    others += others >= np.arange(n)[:, None]
    graph = sparse.csr_array(
        (rng.uniform(1, 9, n * k), others.ravel(), np.arange(n + 1) * k), shape=(n, n)
    )
    names = [np.arange(each).astype(str) for each in (n, GENRES, d, n, n)]
    return Inputs(x, y, rng.random(n) < 0.9, *names), graph


def of_ours(
    name: str, inputs: Inputs, graph: sparse.csr_array, asked: Network, epochs: int, kind: str
) -> Timed:
    """Seconds of so many epochs, with what is done once, and losses."""
    backend, messages = OURS[name]
    asked = asked.model_copy(update={"epochs": epochs, "messages": messages})
    start = time.process_time()
    history = GraphModel(kind, asked).fit_predict(Fold(inputs, graph, backend=backend)).history
    return time.process_time() - start, history["loss"].tolist()


def of_other(name: str, inputs: Inputs, graph: sparse.csr_array, asked: Network) -> Timed:
    """Seconds of the fastest epoch, and losses."""
    spent, losses = [], []
    with reproducibly(0):
        steps = dense(inputs, asked) if name == "dense" else other(name, inputs, graph, asked)
        for _ in range(4):
            start = time.process_time()
            losses.append(next(steps))
            spent.append(time.process_time() - start)
    return min(spent[1:]), losses


def other(name: str, inputs: Inputs, graph: sparse.csr_array, asked: Network) -> Iterator[float]:
    """Train another library's network with our initial weights: the loss before each update."""
    weights = averages(connected(graph, asked.weights), asked.aggregator)
    n, d = inputs.x.shape
    edges = weights.tocoo()
    ends = torch.from_numpy(np.stack([edges.col, edges.row]).astype(np.int64))
    # Theirs divide by the number of messages.
    counts = np.repeat(np.diff(weights.indptr), np.diff(weights.indptr))
    values = torch.from_numpy((weights.data * counts).astype(np.float32))
    given: tuple[object, ...] = (ends, values)
    if name == "pyg_csr":
        places = (weights.indptr.astype(np.int64), weights.indices.astype(np.int64))
        given = (torch.sparse_csr_tensor(*map(torch.from_numpy, places), values, size=(n, n)),)
    elif name == "sageconv":
        graph = dgl.graph((ends[0], ends[1]), num_nodes=n)
    layers = []
    model = network("graphsage", d, GENRES, asked)
    for ours, widths in zip(model.convolutions, pairwise([d, asked.hidden, GENRES]), strict=True):
        if name == "sageconv":
            layer = SAGEConv(*widths, "mean")
            layer.load_state_dict(ours.state_dict())
        else:
            from torch_geometric.nn import GraphConv

            layer = GraphConv(*widths, aggr="mean")
            own, others, bias = ours.fc_self.weight, ours.fc_neigh.weight, ours.fc_self.bias
            layer.load_state_dict(
                {"lin_root.weight": own, "lin_rel.weight": others, "lin_rel.bias": bias}
            )
        layers.append(layer)

    def scored(layer: nn.Module, x: Tensor) -> Tensor:
        return layer(graph, x, values) if name == "sageconv" else layer(x, *given)

    x, y, known = (torch.from_numpy(each) for each in (inputs.x, inputs.y, inputs.train))
    parameters = [each for layer in layers for each in layer.parameters()]
    optimiser = torch.optim.Adam(parameters, asked.learning_rate, fused=True)
    while True:
        scores = scored(layers[1], torch.relu(scored(layers[0], x)))
        loss = nn.functional.cross_entropy(scores[known], y[known])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield loss.item()


def dense(inputs: Inputs, asked: Network) -> Iterator[float]:
    """Multiply inputs and what is aggregated of them by weights, and gradients by them."""
    n, d = inputs.x.shape
    both = [torch.from_numpy(inputs.x), torch.from_numpy(inputs.x.copy())]
    weights = [torch.rand(asked.hidden, d), torch.rand(asked.hidden, d)]
    gradient = torch.rand(n, asked.hidden)
    while True:
        for x, weight in zip(both, weights, strict=True):
            torch.mm(x, weight.T)
            torch.mm(gradient.T, x)
        yield np.nan


def milliseconds(
    turns: int,
    inputs: Inputs,
    graph: sparse.csr_array,
    asked: Network,
    epochs: int,
    kind: str = "graphsage",
    others: Sequence[str] = (),
) -> dict[str, float]:
    """Milliseconds an epoch by way; fails if the losses of others differ from ours."""
    # Of ours, the difference of long trainings and short ones.
    least = dict.fromkeys([*product(OURS, (4, 4 + epochs)), *product(others, (0,))], np.inf)
    expected = None
    for _ in range(turns):
        for name, length in least:
            if length:
                spent, losses = of_ours(name, inputs, graph, asked, length, kind)
            else:
                spent, losses = of_other(name, inputs, graph, asked)
            least[name, length] = min(least[name, length], spent)
            expected = losses[:4] if expected is None else expected
            if others and name not in ("edgeless", "dense"):
                np.testing.assert_allclose(losses[:4], expected, rtol=1e-4, err_msg=name)
    times = {name: 1000 * (least[name, 4 + epochs] - least[name, 4]) / epochs for name in OURS}
    return times | {name: 1000 * least[name, 0] for name in others}


def of_graphsage(turns: int, n: int, k: int, d: int) -> dict[str, float]:
    """Milliseconds an epoch of GraphSAGE, by ours and other ways."""
    epochs = 10 if d > 1000 else 60 if n == 1000 else 25
    return milliseconds(turns, *fold(n, k, d), settings(k), epochs, others=OTHERS)


def of_networks(turns: int, n: int, k: int, d: int) -> pd.DataFrame:
    """Milliseconds an epoch of all networks, by backend and by dropout; seconds of a training."""
    (inputs, graph), asked, rows = fold(n, k, d), settings(k), {}
    for kind, dropout in product(NETWORKS, (0.0, 0.5)):
        point = asked.model_copy(update={"dropout": dropout})
        of_epoch = milliseconds(turns, inputs, graph, point, 30, kind)
        rows[kind, dropout] = {
            **of_epoch,
            "dgl / torch": of_epoch["dgl"] / of_epoch["torch"],
            "seconds, torch": of_epoch["torch"] * asked.epochs / 1000,
        }
    return pd.DataFrame(rows).T.rename_axis(["network", "dropout"])


def main(
    turns: int = 5, clips: Annotated[int, typer.Option(help="No more in any case.")] = 10_000
) -> None:
    """Print milliseconds an epoch, and ratios with their aims."""
    warnings.filterwarnings("ignore", message="Sparse (CSR tensor|invariant)")
    times = {case: of_graphsage(turns, *case) for case in CASES if case[0] <= clips}
    table = pd.DataFrame(times).T.rename_axis(["clips", "k", "features"])
    print(table.round(2).to_string())
    ratios = [
        (*case, f"{one} / {of}", times[case][one] / times[case][of], f"{sign} {bound}")
        for case, one, of, sign, bound in AIMS
        if case in times and {one, of} <= times[case].keys()
    ]
    columns = ["clips", "k", "features", "of", "ratio", "aim"]
    print(pd.DataFrame(ratios, columns=columns).round(2).to_string(index=False))
    print("all networks, 1,000 clips, k 10, 57 features")
    print(of_networks(turns, *CASES[0]).round(2).to_string())


if __name__ == "__main__":
    typer.run(main)
