"""GraphSAGE with a mean aggregator, trained on the graph of each fold and without any messages.

What the network learns without messages, from the same inputs, is what they have to be compared
with.

The paper's aggregator "takes the average of the latent vectors of the node and its related
neighborhood" [2]_; the weights are those of its adjacency matrix, distances and 1 for the clip
itself. That is ``mean``, the weighted average. GraphSAGE's authors have no weights [1]_: theirs is
``mean`` of ``equal`` weights. DGL divides the weighted sum by the number of messages [3]_, so that
a clip hears the louder, the further its neighbours are: ``dgl_mean``.

A backend passes the messages (`learning.messages`); all else is said here, once. Inputs do not
change while a network learns: what clips hear of them is found once, before, and once for all folds
that share inputs and graph. Of more clips than the backend takes at once the network learns by
batches that hear some of their neighbours (`learning.sampling`); history and predictions are always
those of all neighbours.

References
----------
.. [1] W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs",
   NeurIPS 2017, algorithm 1.
.. [2] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "GraphSage Model",
   "Loss Function" and equations 1 and 2.
.. [3] M. Wang et al., "Deep Graph Library", arXiv:1909.01315; `dgl.nn.pytorch.SAGEConv`, whose
   initial weights, too, are the network's.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Annotated, NamedTuple, cast

import numpy as np
import pandas as pd
import torch
import typer
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from graph.similarity import locally_scaled, scaled_rows
from inputs.inputs import Inputs
from learning import options
from learning.every_fold import every_fold, remembered, write_archive
from learning.messages import Backend, Messages, usable_backend
from learning.predictions import Compared, Fit, compared, predictions, write_compared
from learning.sampling import BATCH, hearings
from settings.errors import UserError
from settings.seeds import fold_seed
from training.adam import Adam
from training.reproducible import reproducibly

logger = logging.getLogger(__name__)

CPU = Backend()


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


class SageLayer(nn.Module):
    """``W_self h_v + b + W_neigh m_v``, m_v what clip v hears, as in DGL's SAGEConv [3]_."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        # Weights are drawn in DGL's order, so that a seed gives the same network.
        self.fc_neigh = nn.Linear(features, outputs, bias=False)
        self.fc_self = nn.Linear(features, outputs)
        gain = nn.init.calculate_gain("relu")
        nn.init.xavier_uniform_(self.fc_self.weight, gain=gain)
        nn.init.xavier_uniform_(self.fc_neigh.weight, gain=gain)

    def forward(self, x: Tensor, heard: Tensor) -> Tensor:
        """Values, shape (n, outputs), of clips' own and what they hear, shape (n, features)."""
        return self.fc_self(x).addmm_(heard, self.fc_neigh.weight.T)

    def hearing(self, x: Tensor, messages: Messages) -> Tensor:
        """Values, shape (n, outputs), by those before, shape (m, features), the narrower sent."""
        if self.fc_neigh.out_features >= self.fc_neigh.in_features:
            return self(messages.own(x), messages(x))
        both = nn.functional.linear(x, torch.cat([self.fc_self.weight, self.fc_neigh.weight]))
        own, sent = both.chunk(2, dim=1)
        return messages.own(own) + messages(sent) + self.fc_self.bias


class GraphSage(nn.Module):
    """``layers`` hidden SAGE layers with ReLU, and a SAGE layer that gives a score a genre."""

    def __init__(
        self, features: int, genres: int, layers: int, hidden: int, normalise: bool = False
    ) -> None:
        super().__init__()
        widths = [features, *[hidden] * layers, genres]
        self.convolutions = nn.ModuleList(
            SageLayer(wide, next_wide) for wide, next_wide in pairwise(widths)
        )
        self.normalise = normalise

    def forward(self, x: Tensor, heard: Tensor, messages: Messages | Sequence[Messages]) -> Tensor:
        """Scores of clips.

        Parameters
        ----------
        x : Tensor, shape (m, features)
        heard : Tensor, shape (m, features)
            What clips hear of each other's features.
        messages : Messages, or a sequence of them
            What clips hear of each other in all further layers, by `averages`, or in each.

        Returns
        -------
        Tensor, shape (n, genres)
        """
        layers = cast("list[SageLayer]", list(self.convolutions))
        rounds = [messages] * len(layers[1:]) if isinstance(messages, Messages) else messages
        x = layers[0](x, heard)
        for convolution, heard_then in zip(layers[1:], rounds, strict=True):
            x = convolution.hearing(self.activated(x), heard_then)
        return x

    def activated(self, x: Tensor) -> Tensor:
        """What the next layer sees of a layer's values, which are overwritten."""
        x = torch.relu_(x)
        return nn.functional.normalize(x) if self.normalise else x


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


def averages(matrix: sparse.csr_array, aggregator: options.Aggregator) -> sparse.csr_array:
    """The matrix by which values are multiplied to give what each clip hears.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, n)
        As `connected` makes it.
    aggregator : {"mean", "dgl_mean"}
        ``mean`` is the average of clip and neighbours, sum(w h) / sum(w); ``dgl_mean`` is DGL's,
        sum(w h) over the number of messages.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
    """
    divisors = np.diff(matrix.indptr) if aggregator == "dgl_mean" else matrix.sum(axis=1)
    return scaled_rows(matrix, 1 / divisors)


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
    """Clips of a fold on a device, what they hear of each other's inputs, and by what averages."""

    x: Tensor
    heard: Tensor
    messages: Messages
    y: Tensor
    train: Tensor
    averages: sparse.csr_array


def train(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    settings: Settings,
    backend: Backend = CPU,
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
    backend : Backend
        What computes, and where.
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
    alone = sparse.eye_array(len(inputs.y), format="csr")
    weights = averages(matrix if settings.messages else alone, settings.aggregator)
    x = node_features(inputs.x, matrix, settings.adjacency_as_features)

    y, trained = (torch.from_numpy(each).to(backend.device) for each in (inputs.y, inputs.train))

    with reproducibly(settings.seed):
        # The twin hears nothing that would have to be found: the network's is what is remembered.
        hear = _hear_once if settings.messages else _hear
        everyone = learnt = Nodes(*hear(x, weights, backend), y, trained, weights)
        if one_by_one:
            among = weights[inputs.train][:, inputs.train]
            heard = _hear(x[inputs.train], among, backend)
            learnt = Nodes(*heard, y[trained], trained[trained], among)
        model = GraphSage(
            x.shape[1], len(inputs.genres), settings.layers, settings.hidden, settings.normalise
        ).to(backend.device)
        history = _fit(model, learnt, everyone, settings, backend)
        with torch.no_grad():
            scores = model(everyone.x, everyone.heard, everyone.messages)
            probabilities = torch.softmax(scores.cpu().double(), dim=1).numpy()
    return model.to("cpu"), history, probabilities


def _hear(
    x: NDArray[np.float32], weights: sparse.csr_array, backend: Backend
) -> tuple[Tensor, Tensor, Messages]:
    """Inputs on a device, what clips hear of them, and by what they hear."""
    rows, messages = torch.from_numpy(x).to(backend.device), Messages(weights, backend)
    return rows, messages(rows), messages


_hear_once = remembered(_hear)


def _fit(
    model: GraphSage, learnt: Nodes, everyone: Nodes, settings: Settings, backend: Backend
) -> pd.DataFrame:
    """Learn from some nodes for all epochs, and return the history of everyone."""
    optimiser = Adam(model.parameters(), settings.learning_rate)
    # Each of its own, so that the twin without messages, which draws nobody, sees the same batches.
    order, neighbours = (np.random.default_rng([settings.seed, use]) for use in range(2))
    history = []
    start = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        if len(learnt.y) > backend.at_once:
            scores = _scores(model, everyone)
            loss = _by_batches(model, optimiser, learnt, (order, neighbours), backend.device)
        elif learnt is everyone:
            scores, loss = _at_once(model, optimiser, learnt)
        else:
            scores = _scores(model, everyone)
            _, loss = _at_once(model, optimiser, learnt)
        right = (scores.argmax(dim=1) == everyone.y).float()
        history.append(
            {
                "epoch": epoch,
                "loss": loss,
                "train_accuracy": right[everyone.train].mean().item(),
                "test_accuracy": right[~everyone.train].mean().item(),
                "seconds": time.perf_counter() - start,
            }
        )
    return pd.DataFrame(history)


def _scores(model: GraphSage, nodes: Nodes) -> Tensor:
    with torch.no_grad():
        return model(nodes.x, nodes.heard, nodes.messages)


def _at_once(model: GraphSage, optimiser: Adam, nodes: Nodes) -> tuple[Tensor, float]:
    """Learn from all training clips in one step; scores and loss before it."""
    scores = model(nodes.x, nodes.heard, nodes.messages)
    known = torch.where(nodes.train, nodes.y, -100)  # The loss leaves -100 out.
    # Cross entropy: along the rows of the transpose, which is several times faster.
    loss = nn.functional.nll_loss(torch.log_softmax(scores.T, dim=0).T, known)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return scores.detach(), loss.item()


def _by_batches(
    model: GraphSage,
    optimiser: Adam,
    nodes: Nodes,
    chance: tuple[np.random.Generator, np.random.Generator],
    device: str,
) -> float:
    """Learn from all training clips, some at a time and hearing some neighbours; mean loss."""
    order, neighbours = chance
    clips = order.permutation(np.flatnonzero(nodes.train.cpu().numpy()))
    layers = len(model.convolutions) - 1
    total = 0.0
    for start in range(0, len(clips), BATCH):
        batch = clips[start : start + BATCH]
        begin, heard = hearings(nodes.averages, batch, layers, neighbours)
        rounds = [Messages(each.weights, Backend("torch", device), each.own) for each in heard]
        scores = model(nodes.x[begin], nodes.heard[begin], rounds)
        loss = nn.functional.cross_entropy(scores, nodes.y[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(batch)
    return total / len(clips)


def fit(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    settings: Settings,
    backend: Backend = CPU,
    one_by_one: bool = False,
) -> Fit:
    """What `train`, which takes the same, makes of a fold, beside other models."""
    _, history, probabilities = train(inputs, adjacency, settings, backend, one_by_one)
    return Fit(probabilities, len(history), history["seconds"].iloc[-1])


def train_edgeless(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    settings: Settings,
    backend: Backend = CPU,
    one_by_one: bool = False,
) -> Fit:
    """Train the twin that hears no neighbour: the same network, inputs and initial weights.

    Where rows of the adjacency are among the inputs, they stay: to be without messages is all that
    tells it from what `train`, which takes the same, makes of ``settings``.
    """
    return fit(inputs, adjacency, replace(settings, messages=False), backend, one_by_one)


class Learnt(NamedTuple):
    """What a fold leaves.

    Attributes
    ----------
    files : mapping of str to bytes
        Of GraphSAGE by name: the model (PyTorch), its history and its predictions.
    edgeless : Compared
        What its twin predicted, and what it took.
    """

    files: Mapping[str, bytes]
    edgeless: Compared


def learn(
    inputs: Path,
    fold: int,
    graphs: Sequence[Path],
    settings: Settings,
    backend: Backend,
    one_by_one: bool,
) -> Learnt:
    """Train on one fold, with messages and without.

    Parameters
    ----------
    inputs, fold
        As `learning.every_fold` gives them.
    graphs : sequence of Path
        Of all folds.
    settings : Settings
        The seed is the configuration's.
    backend, one_by_one
        As `train` takes them.
    """
    data, adjacency = Inputs.load(inputs), sparse.load_npz(graphs[fold])
    how = (replace(settings, seed=fold_seed(settings.seed, fold)), backend, one_by_one)
    model, history, probabilities = train(data, adjacency, *how)
    logger.info("fold %d, last epoch: %s", fold, history.iloc[-1].to_dict())
    weights = BytesIO()
    torch.save({"settings": asdict(how[0]), "weights": model.state_dict()}, weights)
    files = {
        "graphsage.pt": weights.getvalue(),
        "history.csv": history.to_csv(index=False).encode(),
        "predictions.parquet": predictions(data, probabilities).to_parquet(index=False),
    }
    return Learnt(files, compared(data, {"edgeless": train_edgeless(data, adjacency, *how)}))


def main(
    inputs: options.InputsFiles,
    graph: options.GraphFiles,
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
    backend: options.Backend,
    device: options.Device,
    at_once: options.AtOnce,
    archive: Annotated[
        Path, typer.Option(help="Model, history and predictions by fold, to be written (tar).")
    ],
    edgeless: Annotated[
        Path, typer.Option(help="Predictions without messages, to be written (Parquet).")
    ],
    times: Annotated[Path, typer.Option(help="Epochs and seconds of it, to be written (CSV).")],
    jobs: options.Jobs = 1,
) -> None:
    """Train GraphSAGE on every fold of a protocol, with messages and without."""
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
        seed=seed,
    )
    by = usable_backend(backend, device, at_once)
    logger.info("%s by %s", settings, by)
    one_by_one = neighbours == "train"
    one = partial(learn, graphs=graph, settings=settings, backend=by, one_by_one=one_by_one)
    folds = every_fold(one, inputs, jobs, by.device)
    write_archive([fold.files for fold in folds], archive)
    write_compared([fold.edgeless for fold in folds], edgeless, times)
