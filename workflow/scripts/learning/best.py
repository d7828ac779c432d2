"""The best graph model found for the clean protocol, chosen anew inside each fold.

First, classifiers predict each clip by its features; then their probabilities are propagated along
a graph [1]_: of similar clips, or of clips that are probably of one artist. Each of a few such
candidates is scored on the training clips by cross validation that keeps groups together [2]_; the
best of them is then fitted to all training clips. Test clips are joined to the graph by their
features, and hear each other there; their genres are never used.

The candidates and their constants were found by exploring on the public table of GTZAN, with other
deals of its folds: the choice inside a fold guards against tuning to folds, not to GTZAN.

References
----------
.. [1] J. Gasteiger, A. Bojchevski, S. Günnemann, "Predict then Propagate: Graph Neural Networks
   meet Personalized PageRank", ICLR 2019, equation 4.
.. [2] G. Cawley, N. Talbot, "On Over-fitting in Model Selection and Subsequent Selection Bias in
   Performance Evaluation", JMLR 11, 2010.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import QuantileTransformer
from sklearn.svm import SVC

from graph.plda import group_graph
from graph.similarity import balanced, similarity_graph
from inputs.inputs import Inputs
from inputs.prepare import scale
from learning.baselines import fit
from learning.predictions import Fit, write_compared
from settings.errors import UserError

logger = logging.getLogger(__name__)

Matrix = NDArray[np.float64]
INNER_FOLDS = 3
STEPS = 30
QUANTILES = 200
FURTHEST = 3.0  # Normal scores are clipped to +-3: beyond lie the few clips at either end.
MOST_FEATURES = 200  # More are reduced to as many principal components.


class Candidate(NamedTuple):
    """Classifiers whose probabilities are averaged, and the graph that spreads them.

    Attributes
    ----------
    name : str
    classifiers : tuple of str
        Keys of what `classifiers` gives.
    graph : {"none", "similar", "artists"}
        Nearest neighbours that are mutual and weighted by similarity, or probable artists.
    share : float, in [0, 1)
        That of the neighbours in each step; 0: nothing is spread.
    """

    name: str
    classifiers: tuple[str, ...]
    graph: Literal["none", "similar", "artists"] = "none"
    share: float = 0.0


ALL = ("logistic", "discriminant", "svm")
# From plain to elaborate: among equals the first is chosen.
CANDIDATES = (
    Candidate("logistic", ("logistic",)),
    Candidate("blend", ALL),
    Candidate("blend_similar_0.5", ALL, "similar", 0.5),
    Candidate("logistic_artists_0.8", ("logistic",), "artists", 0.8),
    Candidate("blend_artists_0.6", ALL, "artists", 0.6),
    Candidate("blend_artists_0.8", ALL, "artists", 0.8),
)


# Features


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


def prepared(inputs: Inputs) -> Inputs:
    """Inputs as normal scores, or at most `MOST_FEATURES` principal components of them."""
    x = normal_scores(inputs.x, inputs.train)
    most = min(MOST_FEATURES, int(inputs.train.sum()) - 1)
    if x.shape[1] > most:
        x = PCA(most, svd_solver="full").fit(x[inputs.train]).transform(x)
    return replace(inputs, x=x.astype(np.float32))


# Prediction


def classifiers(inputs: Inputs) -> dict[str, Matrix]:
    """Probabilities by each classifier, shape (n, c).

    Parameters
    ----------
    inputs : Inputs
        As `prepared` gives them.
    """
    d = inputs.x.shape[1]
    models = {
        "logistic": LogisticRegression(C=0.2, max_iter=2000),
        "discriminant": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        "svm": SVC(C=10, gamma=0.15 / d),
    }
    return {name: fit(model, inputs).probabilities for name, model in models.items()}


# Propagation


def graphs(
    inputs: Inputs, groups: NDArray[np.str_], hear_test: bool
) -> dict[str, sparse.csr_array]:
    """Graphs along which probabilities spread, each shape (n, n).

    Parameters
    ----------
    inputs : Inputs
        As `prepared` gives them.
    groups : NDArray[np.str_], shape (n,)
        Those of test clips are not looked at.
    hear_test : bool
        Whether any clip hears a test clip; not if test clips join one by one (inductive).

    Returns
    -------
    dict
        ``similar`` and ``artists``: row i has what clip i hears, scaled as D^(-1/2) W D^(-1/2).
    """
    x = inputs.x.astype(np.float64)
    found = {
        "similar": balanced(similarity_graph(x, "euclidean", 20)),
        "artists": balanced(group_graph(x, inputs.train, groups)),
    }
    heard = np.ones(len(x)) if hear_test else inputs.train.astype(np.float64)
    return {
        name: sparse.csr_array(graph * sparse.csr_array(heard[None, :]))
        for name, graph in found.items()
    }


def propagate(
    probabilities: Matrix, inputs: Inputs, spread: sparse.csr_array, share: float
) -> Matrix:
    """Spread training genres and test probabilities over a graph, as in equation 4 of [1]_.

    Parameters
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
    inputs : Inputs
        n clips, c genres; genres of test clips are not used.
    spread : scipy.sparse.csr_array, shape (n, n)
        As `graphs` gives it.
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
    now = begin
    for _ in range(STEPS):
        now = (1 - share) * begin + share * (spread @ now)
    return now / now.sum(axis=1, keepdims=True)


def all_probabilities(
    inputs: Inputs,
    groups: NDArray[np.str_],
    candidates: Sequence[Candidate] = CANDIDATES,
    hear_test: bool = True,
) -> dict[str, Matrix]:
    """Probabilities by name of candidate, shape (n, c).

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres.
    groups, hear_test
        As `graphs` takes them.
    candidates : sequence of Candidate
    """
    seen = prepared(inputs)
    predicted, spread = classifiers(seen), graphs(seen, groups, hear_test)
    found = {}
    for candidate in candidates:
        mean = np.mean([predicted[name] for name in candidate.classifiers], axis=0)
        found[candidate.name] = (
            propagate(mean, seen, spread[candidate.graph], candidate.share)
            if candidate.share
            else mean
        )
    return found


# Choice


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
    inputs: Inputs,
    groups: NDArray[np.str_],
    seed: int,
    candidates: Sequence[Candidate] = CANDIDATES,
    hear_test: bool = True,
) -> pd.DataFrame:
    """Score candidates on the training clips alone, whole groups being held out in turn.

    Parameters
    ----------
    inputs : Inputs
        n clips. Test clips take no part, not even by their features. (The scaling of the inputs
        has seen the features of all training clips.)
    groups : NDArray[np.str_], shape (n,)
        Group of each clip.
    seed : int
        Of the inner folds.
    candidates : sequence of Candidate
    hear_test : bool
        As `graphs` takes it.

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
        for name, found in all_probabilities(fold, kept, candidates, hear_test).items():
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


def main(
    inputs: Annotated[Path, typer.Option(help="Inputs of the fold (NPZ).")],
    folds: Annotated[Path, typer.Option(help="Folds, which know groups (Parquet).")],
    neighbours: Annotated[str, typer.Option(help="Whose: of all clips, or of train.")],
    seed: Annotated[int, typer.Option(help="Seed of inner folds.")],
    choice: Annotated[
        Path, typer.Option(help="Candidates' scores inside, and afterwards in the test part (CSV).")
    ],
    times: Annotated[Path, typer.Option(help="Epochs and seconds, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="Predictions, to be written (Parquet).")],
) -> None:
    """Choose a model inside the training clips of a fold, and fit it to all of them."""
    data = Inputs.load(inputs)
    groups = groups_of(pd.read_parquet(folds, columns=["clip", "group"]), data.clips)
    hear_test = neighbours == "all"
    start = time.perf_counter()
    scores = choose(data, groups, seed, hear_test=hear_test)
    best = CANDIDATES[int(scores["chosen"].argmax())]
    logger.info("chosen: %s\n%s", best, scores.to_string(index=False))
    found = all_probabilities(data, groups, hear_test=hear_test)
    scores["test_accuracy"] = [
        (found[name].argmax(axis=1) == data.y)[~data.train].mean() for name in scores["candidate"]
    ]
    scores.to_csv(choice, index=False)
    fits = {"best": Fit(found[best.name], 0, time.perf_counter() - start)}
    write_compared(data, fits, output, times)
