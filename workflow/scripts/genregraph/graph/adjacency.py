"""The k-nearest-neighbour graph of a fold's clips, with distances as adjacency.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "KNN" and
   "Adjacency Matrix", equations 1 and 2.
.. [2] W. Dong, M. Charikar, K. Li, "Efficient K-Nearest Neighbor Graph Construction for Generic
   Similarity Measures", WWW 2011; L. McInnes, `pynndescent`.
"""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy import sparse

from genregraph.datasets.groups import names_artist
from genregraph.graph.health import health, recall
from genregraph.graph.metrics import METRICS, Mask, Matrix
from genregraph.graph.search import Draws, Rows, by_search, draws_of, number_of_row
from genregraph.graph.store import save_graphs
from genregraph.preprocessing.inputs import Inputs, InputsFile

logger = logging.getLogger(__name__)

EXACT = 50_000  # Clips up to which all distances are computed, if nothing else is said.
LOOKED_FOR = 30  # Neighbours that descent looks for at least: with fewer it gets stuck sooner.


def adjacency(
    x: NDArray[np.floating],
    metric: str,
    k: int,
    candidates: Mask | None = None,
    exact: int = EXACT,
    seed: int = 0,
) -> sparse.csr_array:
    """Each clip's k nearest other clips and their distances.

    Parameters
    ----------
    x : NDArray[np.floating], shape (n, d)
        A fold's inputs.
    metric : str
        One of `graph.metrics.METRICS`. ``matching`` is the share of features whose deciles differ.
        ``jaccard`` is that of sets, for which any non-zero value is simply true, as scikit-learn
        and SciPy from 1.15 on have it: on real-valued features all distances are 0.
        ``jaccard_scipy_before_1_15`` compares the values themselves, of which few are equal.
        ``ruzicka`` is the generalisation of Jaccard to real values, on features scaled to [0, 1].
    k : int
        Neighbours; at most all other candidates are taken.
    candidates : NDArray[np.bool_], shape (n,), optional
        Clips that may be neighbours; by default all. Where they are the training clips, no test
        clip sends a message to any other: it joins a finished graph.
    exact : int
        Of more candidates than these not all distances are computed, which takes time by the square
        of their number, but neighbours of neighbours are tried until few nearer ones are found
        [2]_: some are missed (`graph.health` measures how many). Other clips' neighbours are always
        exact.
    seed : int
        Of the random choice among neighbours at the same distance, and of where descent begins.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Row i holds the distances from clip i to its neighbours, zero distances stored explicitly.
        Among neighbours at the same distance each row has a random choice of its own, never one by
        the order of clips. (By descent, pynndescent chooses, and no promise can be made.) Rows of
        candidates are computed from candidates alone, so that not even their rounding depends on
        the other clips.
    """
    n = len(x)
    candidates = np.ones(n, dtype=bool) if candidates is None else candidates
    k = neighbours_of_each(int(candidates.sum()), k)
    x = np.asarray(x)
    seen, draws = METRICS[metric].see(x, candidates), draws_of(x, candidates)
    known, joining = np.flatnonzero(candidates), np.flatnonzero(~candidates)
    columns, values = np.empty((n, k), dtype=np.int64), np.empty((n, k))
    searched = [known, joining]
    if len(known) > exact and METRICS[metric].descends_by:
        columns[known], values[known] = _by_descent(seen, known, metric, k, seed)
        searched[0] = known[(columns[known] < 0).any(axis=1)]  # Where it got stuck.
    for rows, nearest, found in by_search(seen, searched, known, metric, k, draws, seed):
        columns[rows], values[rows] = nearest, found
    order = np.argsort(columns, axis=1)
    columns = np.take_along_axis(columns, order, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    return sparse.csr_array((values.ravel(), columns.ravel(), np.arange(n + 1) * k), shape=(n, n))


def of_one_artist(
    x: NDArray[np.floating],
    metric: str,
    k: int,
    artists: NDArray[np.str_],
    candidates: Mask | None = None,
    seed: int = 0,
) -> sparse.csr_array:
    """Each clip's k nearest other clips that are known to be of its artist, and their distances.

    It uses artist labels, of test clips too. Where folds keep artists apart such a graph joins no
    training clip with a test clip.

    Parameters
    ----------
    x, metric, k, candidates, seed
        See `adjacency`.
    artists : NDArray[np.str_], shape (n,)
        As the folds name them. Songs of unknown artists are of none.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        As `adjacency` gives it, but rows may hold fewer neighbours, or none.
    """
    n = len(x)
    candidates = np.ones(n, dtype=bool) if candidates is None else candidates
    x = np.asarray(x)
    seen, draws = METRICS[metric].see(x, candidates), draws_of(x, candidates)
    found: list[tuple[Rows, Rows, Matrix]] = [(np.empty(0, int), np.empty(0, int), np.empty(0))]
    names, which, counts = np.unique(artists, return_inverse=True, return_counts=True)
    of_each = np.split(np.argsort(which, kind="stable"), np.cumsum(counts)[:-1])
    for artist, own in zip(names, of_each, strict=True):
        if names_artist(artist):
            of_artist = (seen[own], candidates[own], metric, k, draws[own], seed)
            for rows, columns, distances in _nearest(*of_artist):
                found.append((own[rows], own[columns], distances))
    rows, columns, values = (np.concatenate(each) for each in zip(*found, strict=True))
    return sparse.csr_array((values, (rows, columns)), shape=(n, n))


def _nearest(
    seen: Matrix, candidates: Mask, metric: str, k: int, draws: Draws, seed: int
) -> Iterator[tuple[Rows, Rows, Matrix]]:
    """Rows, columns and values of the graph of a few clips, as the metric sees them."""
    known = np.flatnonzero(candidates)
    for searched, others in ((known, len(known) - 1), (np.flatnonzero(~candidates), len(known))):
        if len(searched) and others > 0:
            of_each = min(k, others)
            how = (metric, of_each, draws, seed)
            for rows, nearest, distances in by_search(seen, [searched], known, *how):
                yield np.repeat(rows, of_each), nearest.ravel(), distances.ravel()


def neighbours_of_each(candidates: int, k: int) -> int:
    """Neighbours that a clip has of k that it should have: at most all candidates but itself."""
    return min(k, candidates - 1)


def joined(
    known: NDArray[np.floating],
    new: NDArray[np.floating],
    metric: str,
    k: int,
    seed: int = 0,
) -> tuple[Rows, NDArray[np.float64]]:
    """The k nearest known clips of each new clip, which is looked at by itself.

    Parameters
    ----------
    known, new : NDArray[np.floating], shapes (n, d) and (m, d)
        What a new clip's neighbours are does not depend on the other new clips, to the last bit.
    metric, k, seed
        See `adjacency`: these are its rows of clips that are no candidates.

    Returns
    -------
    neighbours, distances : NDArray, shape (m, min(k, n - 1))
        Rows of ``known``, in ascending order, and how far they are.
    """
    n = len(known)
    k = neighbours_of_each(n, k)
    both = np.concatenate([known, new])
    candidates = np.arange(len(both)) < n
    seen, draws = METRICS[metric].see(both, candidates), draws_of(both, candidates)
    one_by_one = np.arange(n, len(both))[:, None]
    columns, values = np.empty((len(new), k), dtype=np.int64), np.empty((len(new), k))
    how = (metric, k, draws, seed)
    for rows, nearest, found in by_search(seen, list(one_by_one), np.arange(n), *how):
        order = np.argsort(nearest, axis=1)
        columns[rows - n] = np.take_along_axis(nearest, order, axis=1)
        values[rows - n] = np.take_along_axis(found, order, axis=1)
    return columns, values


def _by_descent(seen: Matrix, known: Rows, metric: str, k: int, seed: int) -> tuple[Rows, Matrix]:
    """K nearest of the candidates to each of them, but for some that are missed; and distances.

    Where fewer were found at all, there is a -1.
    """
    from pynndescent import NNDescent

    most = min(max(k, LOOKED_FOR) + 1, len(known))
    sources = np.ascontiguousarray(seen[known], dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Where it got stuck is searched.
        # On one core: by several it is not always the same.
        index = NNDescent(
            *(sources, METRICS[metric].descends_by),
            n_neighbors=most,
            random_state=seed,
            n_jobs=1,
            low_memory=True,
        )
    columns, values = index.neighbor_graph
    itself = columns == np.arange(len(known))[:, None]
    kept = np.argsort(itself, axis=1, kind="stable")[:, :k]
    columns, values = (np.take_along_axis(each, kept, axis=1) for each in (columns, values))
    same = number_of_row(sources)
    values = np.where((same[:, None] == same[columns]) & (same >= 0)[:, None], 0, values)
    values = 2 * values / (1 + values) if metric == "ruzicka" else values
    return np.where(columns < 0, -1, known[columns]), values


def graph_of(
    inputs: Inputs, among: str, metric: str, k: int, candidates: Mask, exact: int, seed: int
) -> sparse.csr_array:
    """Graph of a fold, as `adjacency` or `of_one_artist` makes it.

    Parameters
    ----------
    inputs : Inputs
    among : {"all", "artist"}
    metric, k, candidates, exact, seed
        See `adjacency`.
    """
    if among == "artist":
        return of_one_artist(inputs.x, metric, k, inputs.artists, candidates, seed)
    others = int(candidates.sum()) - 1
    if k > others:
        logger.warning("k = %d is more than the other clips; it is capped to %d", k, others)
    if others >= exact:
        logger.info("more than %d clips: neighbours by descent, graph health has recall", exact)
    return adjacency(inputs.x, metric, k, candidates, exact, seed)


def main(
    inputs: Annotated[Path, typer.Option(help="Inputs of all folds (NPZ).")],
    neighbours: Annotated[Literal["all", "train"], typer.Option(help="Who may be a neighbour.")],
    among: Annotated[Literal["all", "artist"], typer.Option(help="Of all clips, or an artist's.")],
    metric: Annotated[str, typer.Option(help=", ".join(METRICS))],
    k: Annotated[int, typer.Option(help="Neighbours of a clip.")],
    exact: Annotated[int, typer.Option(help="Clips up to which all distances are computed.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    output: Annotated[Path, typer.Option(help="Graphs of all folds, to be written (NPZ).")],
    table: Annotated[Path, typer.Option(help="How sound they are, to be written (CSV).")],
) -> None:
    """Build the graph of each fold; folds of the same inputs and candidates share one."""
    folds = InputsFile(inputs)
    rows: list[dict[str, float]] = []

    def graphs() -> Iterator[sparse.csr_array]:
        for number, (repeat, fold) in enumerate(folds.keys):
            if neighbours == "train" or folds.which[number] == number:
                data = folds[number]
                candidates = data.train if neighbours == "train" else np.ones_like(data.train)
                graph = graph_of(data, among, metric, k, candidates, exact, seed)
                found = health(graph, data.y, k)
                # No clip of an artist is missed.
                all_found = among == "artist"
                share = 1.0 if all_found else recall(graph, data.x, metric, candidates)
            rows.append({"repeat": repeat, "fold": fold, **found, "recall": share})
            yield graph

    save_graphs(output, graphs())
    figures = pd.DataFrame(rows)
    figures.to_csv(table, index=False)
    if figures["degenerate"].any():
        zero = 100 * figures["zero_distance_share"].mean()
        logger.warning("%.0f %% of all distances are zero: the metric is degenerate", zero)
