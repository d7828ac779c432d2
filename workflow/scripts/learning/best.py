"""The best graph model found for the clean protocol, chosen anew inside each fold.

Each of a few candidates is scored on the training clips by cross validation that keeps groups
together [5]_; the best of them is then trained on all training clips. Test clips are joined to the
graph by their features, and hear each other there; their genres are never used. The candidates are
few because most ideas did not earn a place: a metric learned by discriminant analysis improved no
mutual graph, and the "correct" half of [4]_ lost accuracy.

References
----------
.. [1] W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs",
   NeurIPS 2017.
.. [2] J. Ba, J. Kiros, G. Hinton, "Layer Normalization", arXiv:1607.06450.
.. [3] N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
   JMLR 15, 2014.
.. [4] Q. Huang et al., "Combining Label Propagation and Simple Models Out-performs Graph Neural
   Networks", ICLR 2021, section 2.3.
.. [5] G. Cawley, N. Talbot, "On Over-fitting in Model Selection and Subsequent Selection Bias in
   Performance Evaluation", JMLR 11, 2010.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import dgl
import numpy as np
import pandas as pd
import torch
import typer
from dgl.nn.pytorch import SAGEConv
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import QuantileTransformer
from torch import Tensor, nn

from graph.similarity import balanced, rows_to_one, similarity_graph
from inputs.inputs import Inputs
from inputs.prepare import scale
from learning.predictions import predictions
from settings.errors import UserError

logger = logging.getLogger(__name__)

Matrix = NDArray[np.float64]
INNER_FOLDS = 3
SMOOTHING_STEPS = 30
QUANTILES = 200
FURTHEST = 3.0  # Normal scores are clipped to +-3: beyond lie the few clips at either end.
LOGISTIC_C = 0.1


@dataclass(frozen=True)
class Candidate:
    """What a candidate is; the defaults are GraphSAGE as the paper's graph leaves it.

    Attributes
    ----------
    name : str
    normal_scores : bool
        Turn each feature into normal scores of its rank among training clips.
    neighbours : {"itself", "mutual", "union"}
        Whom a clip hears: only itself, or similar clips as `graph.similarity.symmetric` says.
    metric : str
        Of the neighbours, one of `graph.adjacency.METRICS`.
    k : int
        Nearest neighbours looked for.
    hidden, epochs : int
        Neurons of the hidden layer, and passes over all training clips.
    learning_rate : float
        Adam's.
    layer_norm : bool
        Normalise the hidden layer [2]_.
    dropout : float, in [0, 1)
        Share of hidden values left out at random while training [3]_.
    ensemble : int
        Networks from different seeds, whose probabilities are averaged.
    logistic_share : float, in [0, 1]
        Share of a logistic regression in the probabilities.
    smoothing : float, in [0, 1)
        How far probabilities, and genres of training clips, are spread over the graph; 0: not.
    """

    name: str
    normal_scores: bool = False
    neighbours: str = "itself"
    metric: str = "euclidean"
    k: int = 20
    hidden: int = 150
    epochs: int = 300
    learning_rate: float = 0.001
    layer_norm: bool = False
    dropout: float = 0.0
    ensemble: int = 1
    logistic_share: float = 0.0
    smoothing: float = 0.0


PAPER = Candidate("paper")
NETWORK = Candidate(
    "network", normal_scores=True, epochs=100, layer_norm=True, dropout=0.5, ensemble=3
)
SAGE = replace(NETWORK, name="sage", neighbours="mutual", k=20)

# From plain to elaborate: among equals the first is chosen.
CANDIDATES = (
    PAPER,
    NETWORK,
    replace(SAGE, name="sage_10", k=10),
    SAGE,
    replace(SAGE, name="sage_smoothed", smoothing=0.5),
    replace(SAGE, name="blend", logistic_share=0.5),
    replace(SAGE, name="blend_smoothed", logistic_share=0.5, smoothing=0.5),
)


class Trained(NamedTuple):
    """Networks of a candidate, before anything is blended or smoothed.

    Attributes
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
        Mean over networks.
    history : pd.DataFrame
        ``epoch loss train_accuracy test_accuracy seconds``: means over networks, but ``seconds``
        is the time of all.
    weights : list of dict
        State of each network.
    """

    probabilities: Matrix
    history: pd.DataFrame
    weights: list[dict[str, Tensor]]


class Sage(nn.Module):
    """A hidden SAGE layer [1]_ and one that gives a score a genre."""

    def __init__(self, features: int, genres: int, candidate: Candidate) -> None:
        super().__init__()
        hidden = candidate.hidden
        self.convolutions = nn.ModuleList(
            SAGEConv(*widths, "mean") for widths in pairwise([features, hidden, genres])
        )
        self.norm = nn.LayerNorm(hidden) if candidate.layer_norm else nn.Identity()
        self.dropout = nn.Dropout(candidate.dropout)

    def forward(self, graph: dgl.DGLGraph, x: Tensor) -> Tensor:
        """Scores, shape (n, genres), of features ``x``, shape (n, features)."""
        first, last = self.convolutions
        weights = graph.edata["weight"]
        hidden = self.dropout(torch.relu(self.norm(first(graph, x, weights))))
        return last(graph, hidden, weights)


# Inputs and graph


def normal_scores(x: NDArray[np.floating], train: NDArray[np.bool_]) -> Matrix:
    """Features by rank among training clips, as quantiles of a normal distribution.

    Parameters
    ----------
    x : NDArray[np.floating], shape (n, d)
    train : NDArray[np.bool_], shape (n,)
        Clips to whose values all are compared.

    Returns
    -------
    NDArray[np.float64], shape (n, d)
        Mean 0 and variance 1 over training clips; 0 where a feature is constant in training.
    """
    values = x.astype(np.float64)
    ranks = QuantileTransformer(
        n_quantiles=min(QUANTILES, int(train.sum())), output_distribution="normal", subsample=None
    )
    scores = ranks.fit(values[train]).transform(values).clip(-FURTHEST, FURTHEST)
    scores[:, values[train].min(axis=0) == values[train].max(axis=0)] = 0
    return scale(scores, train, "standard")


def prepared(inputs: Inputs, candidate: Candidate) -> Inputs:
    """Inputs as the candidate sees them."""
    if not candidate.normal_scores:
        return inputs
    return replace(inputs, x=normal_scores(inputs.x, inputs.train).astype(np.float32))


def similarities(x: NDArray[np.floating], candidate: Candidate) -> sparse.csr_array:
    """Graph of the candidate, shape (n, n); of ``itself``, the identity as in the paper."""
    if candidate.neighbours == "itself":
        return sparse.csr_array(sparse.eye_array(len(x)))
    return similarity_graph(x, candidate.metric, candidate.k, candidate.neighbours)


def network(weights: sparse.csr_array) -> dgl.DGLGraph:
    """Graph along which messages pass, with edge weights that make DGL's mean a weighted mean.

    Parameters
    ----------
    weights : scipy.sparse.csr_array, shape (n, n)
        Positive where clip i hears clip j.

    Returns
    -------
    dgl.DGLGraph
        n nodes; ``edata["weight"]``, shape (edges,), is 1 on average over the edges into a clip.
        A clip without edges hears 0, the mean of normal scores.
    """
    means = rows_to_one(weights)
    degrees = np.diff(means.indptr)
    to = np.repeat(np.arange(len(degrees)), degrees)
    graph = dgl.graph((means.indices, to), num_nodes=len(degrees))
    values = means.data * degrees[to]
    graph.edata["weight"] = torch.from_numpy(values.astype(np.float32))
    return graph


# Training


def train(inputs: Inputs, weights: sparse.csr_array, candidate: Candidate, seed: int) -> Trained:
    """Train the candidate's networks on training clips, with all clips in the graph.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres, as the candidate sees them.
    weights : scipy.sparse.csr_array, shape (n, n)
    candidate : Candidate
    seed : int
        The first network's; the next ones count on from it.

    Returns
    -------
    Trained
        The accuracies of its history are without dropout, after the epoch's update.
    """
    graph = network(weights)
    members = [_train_one(inputs, graph, candidate, seed + i) for i in range(candidate.ensemble)]
    history = pd.concat([table for _, table, _ in members]).groupby("epoch", as_index=False).mean()
    history["seconds"] *= len(members)
    mean = np.mean([probabilities for probabilities, _, _ in members], axis=0)
    return Trained(mean, history, [state for _, _, state in members])


def _train_one(
    inputs: Inputs, graph: dgl.DGLGraph, candidate: Candidate, seed: int
) -> tuple[Matrix, pd.DataFrame, dict[str, Tensor]]:
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    model = Sage(inputs.x.shape[1], len(inputs.genres), candidate)
    x, y, training = map(torch.from_numpy, (inputs.x, inputs.y, inputs.train))
    optimiser = torch.optim.Adam(model.parameters(), lr=candidate.learning_rate, fused=True)
    history = []
    start = time.perf_counter()
    for epoch in range(1, candidate.epochs + 1):
        model.train()
        loss = nn.functional.cross_entropy(model(graph, x)[training], y[training])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        right = (_scores(model, graph, x).argmax(dim=1) == y).float()
        history.append(
            {
                "epoch": epoch,
                "loss": loss.item(),
                "train_accuracy": right[training].mean().item(),
                "test_accuracy": right[~training].mean().item(),
                "seconds": time.perf_counter() - start,
            }
        )
    probabilities = torch.softmax(_scores(model, graph, x).double(), dim=1).numpy()
    return probabilities, pd.DataFrame(history), dict(model.state_dict())


def _scores(model: Sage, graph: dgl.DGLGraph, x: Tensor) -> Tensor:
    model.eval()
    with torch.no_grad():
        return model(graph, x)


def logistic(inputs: Inputs) -> tuple[Matrix, dict[str, Tensor]]:
    """Logistic regression, C = 0.1, on training clips.

    Returns
    -------
    probabilities : NDArray[np.float64], shape (n, c)
        0 for a genre that no training clip has.
    weights : dict of torch.Tensor
        ``genres``: those of training; ``coefficients`` and ``intercepts``: none of a single genre.
    """
    x, y = inputs.x.astype(np.float64), inputs.y[inputs.train]
    probabilities = np.zeros((len(x), len(inputs.genres)))
    if y.min() == y.max():  # scikit-learn refuses to learn a single genre.
        probabilities[:, y[0]] = 1
        return probabilities, {"genres": torch.tensor([int(y[0])])}
    model = LogisticRegression(C=LOGISTIC_C, max_iter=2000).fit(x[inputs.train], y)
    probabilities[:, model.classes_] = model.predict_proba(x)
    weights = {
        "genres": model.classes_,
        "coefficients": model.coef_,
        "intercepts": model.intercept_,
    }
    return probabilities, {name: torch.from_numpy(array) for name, array in weights.items()}


def smooth(
    probabilities: Matrix, inputs: Inputs, weights: sparse.csr_array, share: float
) -> Matrix:
    """Spread training genres and test probabilities over the graph, the "smooth" of [4]_.

    Parameters
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
    inputs : Inputs
        n clips, c genres; genres of test clips are not used.
    weights : scipy.sparse.csr_array, shape (n, n)
        Symmetric similarities.
    share : float, in [0, 1)
        That of the neighbours in each step.

    Returns
    -------
    NDArray[np.float64], shape (n, c)
        Rows add up to 1. Those of training clips have seen their genre. A test clip without
        neighbours keeps its probabilities.
    """
    known = np.eye(probabilities.shape[1])[inputs.y]
    begin = np.where(inputs.train[:, None], known, probabilities)
    spread = balanced(weights)
    now = begin
    for _ in range(SMOOTHING_STEPS):
        now = (1 - share) * begin + share * (spread @ now)
    return now / now.sum(axis=1, keepdims=True)


def finished(
    inputs: Inputs, weights: sparse.csr_array, candidate: Candidate, found: Matrix
) -> Matrix:
    """Probabilities of the candidate from those of its networks: blended, then smoothed."""
    if candidate.logistic_share:
        share = candidate.logistic_share
        found = share * logistic(inputs)[0] + (1 - share) * found
    return smooth(found, inputs, weights, candidate.smoothing) if candidate.smoothing else found


# Choice


def all_probabilities(
    inputs: Inputs, candidates: Sequence[Candidate], seed: int
) -> dict[str, Matrix]:
    """Probabilities by name of candidate; those that share their networks share the training."""
    trained: dict[Candidate, Matrix] = {}
    found = {}
    for candidate in candidates:
        seen = prepared(inputs, candidate)
        weights = similarities(seen.x, candidate)
        key = replace(candidate, name="", logistic_share=0, smoothing=0)
        if key not in trained:
            trained[key] = train(seen, weights, key, seed).probabilities
        found[candidate.name] = finished(seen, weights, candidate, trained[key])
    return found


def training_clips(inputs: Inputs) -> Inputs:
    """Inputs without the test clips."""
    keep = inputs.train
    return replace(
        inputs,
        x=inputs.x[keep],
        y=inputs.y[keep],
        train=inputs.train[keep],
        clips=inputs.clips[keep],
    )


def choose(
    inputs: Inputs, groups: NDArray[np.str_], candidates: Sequence[Candidate], seed: int
) -> pd.DataFrame:
    """Score candidates on the training clips alone, whole groups being held out in turn.

    Parameters
    ----------
    inputs : Inputs
        n clips. Test clips take no part, not even by their features. (The scaling of the inputs
        has seen the features of all training clips.)
    groups : NDArray[np.str_], shape (n,)
        Group of each clip.
    candidates : sequence of Candidate
    seed : int
        Of the inner folds and of the networks.

    Returns
    -------
    pd.DataFrame
        ``candidate inner_accuracy chosen``, a row a candidate in the order given; the accuracy is
        over all training clips, each predicted once. The first of the best is chosen.

    Raises
    ------
    UserError
        If the training clips are of fewer than two groups.
    """
    inner, kept = training_clips(inputs), groups[inputs.train]
    right = {candidate.name: np.zeros(len(inner.y), dtype=bool) for candidate in candidates}
    for held_out in inner_folds(inner.y, kept, seed):
        fold = replace(inner, train=~held_out)
        for name, found in all_probabilities(fold, candidates, seed).items():
            right[name][held_out] = (found.argmax(axis=1) == inner.y)[held_out]
    accuracy = np.array([right[candidate.name].mean() for candidate in candidates])
    return pd.DataFrame(
        {
            "candidate": [candidate.name for candidate in candidates],
            "inner_accuracy": accuracy,
            "chosen": np.arange(len(accuracy)) == accuracy.argmax(),
        }
    )


def inner_folds(
    y: NDArray[np.int64], groups: NDArray[np.str_], seed: int
) -> list[NDArray[np.bool_]]:
    """Clips held out in each of at most three folds: whole groups, genres spread evenly.

    Raises
    ------
    UserError
        If there are fewer than two groups.
    """
    folds = min(INNER_FOLDS, len(np.unique(groups)), int(np.bincount(y).max()))
    if folds < 2:
        raise UserError(
            "the training clips are all of one group: a model cannot be chosen on groups that it "
            "has not heard. Give the dataset's sheet a column group with at least two groups"
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    parts = [held_out for _, held_out in splitter.split(np.zeros((len(y), 1)), y, groups)]
    return [np.isin(np.arange(len(y)), held_out) for held_out in parts if len(held_out)]


def groups_of(folds: pd.DataFrame, clips: NDArray[np.str_]) -> NDArray[np.str_]:
    """Group of each clip; a clip of unknown group is one by itself.

    Parameters
    ----------
    folds : pd.DataFrame
        With ``clip`` and ``group``; a clip's group is the same in all repeats.
    clips : NDArray[np.str_], shape (n,)

    Returns
    -------
    NDArray[np.str_], shape (n,)

    Raises
    ------
    UserError
        If clips are not in the folds.
    """
    known = folds.drop_duplicates("clip").set_index("clip")["group"].reindex(clips)
    absent = np.setdiff1d(clips, folds["clip"].to_numpy(dtype=str))
    if len(absent):
        raise UserError(f"{len(absent)} clips of the inputs are not in the folds, as {absent[0]}")
    return np.where(known.isna(), clips, known.astype(str).to_numpy(dtype=str))


def weights_of(
    candidate: Candidate, trained: Trained, blended: Mapping[str, Tensor]
) -> dict[str, Any]:
    """What the file of the model holds; `torch.load` reads it with ``weights_only``."""
    return {"candidate": asdict(candidate), "weights": trained.weights, "logistic": dict(blended)}


def main(
    inputs: Annotated[Path, typer.Option(help="Inputs of the fold (NPZ).")],
    folds: Annotated[Path, typer.Option(help="Folds, which know groups (Parquet).")],
    seed: Annotated[int, typer.Option(help="Seed of inner folds and initial weights.")],
    choice: Annotated[Path, typer.Option(help="Candidates' scores, to be written (CSV).")],
    weights: Annotated[Path, typer.Option(help="Model, to be written (PyTorch).")],
    history: Annotated[Path, typer.Option(help="Loss and accuracies, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="Predictions, to be written (Parquet).")],
) -> None:
    """Choose a model inside the training clips of a fold, and train it on all of them."""
    data = Inputs.load(inputs)
    groups = groups_of(pd.read_parquet(folds, columns=["clip", "group"]), data.clips)
    scores = choose(data, groups, CANDIDATES, seed)
    best = CANDIDATES[int(scores["chosen"].argmax())]
    logger.info("chosen: %s\n%s", best, scores.to_string(index=False))
    seen = prepared(data, best)
    graph = similarities(seen.x, best)
    trained = train(seen, graph, best, seed)
    probabilities = finished(seen, graph, best, trained.probabilities)
    blended = logistic(seen)[1] if best.logistic_share else {}
    scores.to_csv(choice, index=False)
    torch.save(weights_of(best, trained, blended), weights)
    trained.history.to_csv(history, index=False)
    predictions(data, probabilities).to_parquet(output, index=False)
