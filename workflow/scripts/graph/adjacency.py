"""The k-nearest-neighbour graph of a fold's clips, with distances as adjacency.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "KNN" and
   "Adjacency Matrix", equations 1 and 2.
.. [2] M. Deza, E. Deza, "Encyclopedia of Distances", Springer 2009: Ruzicka and Bray-Curtis.
.. [3] SciPy, `scipy.spatial.distance.jaccard`: change of version 1.15.0 for input beside 0 and 1.
.. [4] W. Dong, M. Charikar, K. Li, "Efficient K-Nearest Neighbor Graph Construction for Generic
   Similarity Measures", WWW 2011; L. McInnes, `pynndescent`.
"""

import logging
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial.distance import cdist

from inputs.inputs import Inputs
from settings.groups import names_artist

logger = logging.getLogger(__name__)

# scikit-learn and pandas are imported where they are needed: to import them takes longer than a
# fold's graph does.
Matrix = NDArray[np.floating]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
BINS = 10
BLOCK_BYTES = 1 << 26  # Of a block of distances; while it is worked on, it takes a few times that.
EXACT = 50_000  # Clips up to which all distances are computed, if nothing else is said.
LOOKED_FOR = 30  # Neighbours that descent looks for at least: with fewer it gets stuck sooner.


def _deciles(x: Matrix, candidates: Mask) -> Matrix:
    """Each value as the number of its feature's decile, since real values hardly ever match."""
    from sklearn.preprocessing import KBinsDiscretizer

    binner = KBinsDiscretizer(
        BINS,
        encode="ordinal",
        strategy="quantile",
        quantile_method="averaged_inverted_cdf",
        subsample=None,
    )
    values = x.astype(np.float64, copy=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # A constant feature has a single bin.
        return binner.fit(values[candidates]).transform(values)


def _minmax(x: Matrix, candidates: Mask) -> Matrix:
    from sklearn.preprocessing import MinMaxScaler

    values = x.astype(np.float64, copy=False)
    return MinMaxScaler(clip=True).fit(values[candidates]).transform(values)


def _non_zero(x: Matrix, _candidates: Mask) -> Matrix:
    return (x != 0).astype(np.float32)


def _jaccard(a: Matrix, b: Matrix) -> Matrix:
    """Share of features that are non-zero in exactly one of those non-zero in either.

    Numbers of features are exact in single precision, up to 2^24.
    """
    both = a @ b.T
    either = a.sum(axis=1)[:, None] + b.sum(axis=1)[None, :] - both
    share = np.zeros(both.shape)
    return np.divide(either - both, either, out=share, where=either > 0, dtype=np.float64)


def _ruzicka(a: Matrix, b: Matrix) -> Matrix:
    """1 - sum(min) / sum(max), from the Bray-Curtis distance B as 2B / (1 + B) [2]_."""
    bray_curtis = np.nan_to_num(cdist(a, b, "braycurtis"))  # 0 / 0 between two rows of zeros.
    return 2 * bray_curtis / (1 + bray_curtis)


def _of_sklearn(metric: str) -> Callable[[Matrix, Matrix], Matrix]:
    def distances(a: Matrix, b: Matrix) -> Matrix:
        from sklearn.metrics import pairwise_distances

        return pairwise_distances(a, b, metric=metric)

    return distances


def _as_is(x: Matrix, _candidates: Mask) -> Matrix:
    return x


def _double(x: Matrix, _candidates: Mask) -> Matrix:
    return x.astype(np.float64, copy=False)


class Metric(NamedTuple):
    """How a metric sees the inputs, and its distances between two sets of rows.

    ``descends_by`` is what pynndescent calls it, or one of the same order; without, all distances
    are always computed.
    """

    see: Callable[[Matrix, Mask], Matrix]
    distances: Callable[[Matrix, Matrix], Matrix]
    descends_by: str = ""


# Of single precision, scikit-learn computes Euclidean distances in double precision, a part at a
# time.
METRICS = {
    "euclidean": Metric(_as_is, _of_sklearn("euclidean"), "euclidean"),
    "manhattan": Metric(_double, _of_sklearn("manhattan"), "manhattan"),
    "cosine": Metric(_double, _of_sklearn("cosine"), "cosine"),
    "matching": Metric(_deciles, lambda a, b: cdist(a, b, "hamming"), "hamming"),
    "jaccard": Metric(_non_zero, _jaccard, "jaccard"),
    "ruzicka": Metric(_minmax, _ruzicka, "braycurtis"),
}


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
    metric : {"euclidean", "manhattan", "cosine", "matching", "jaccard", "ruzicka"}
        ``matching`` is the share of features whose deciles differ. ``jaccard`` is that of sets, for
        which any non-zero value is simply true, as scikit-learn and SciPy from 1.15 on have it: on
        real-valued features all distances are 0. (Earlier versions of SciPy compared the values
        themselves [3]_: real values hardly ever match, so that all distances were 1. By either
        reading the paper's Jaccard does not tell its clips apart.) ``ruzicka`` is its
        generalisation to real values, on features scaled to [0, 1].
    k : int
        Neighbours; at most all other candidates are taken.
    candidates : NDArray[np.bool_], shape (n,), optional
        Clips that may be neighbours; by default all. Where they are the training clips, no test
        clip sends a message to any other: it joins a finished graph.
    exact : int
        Of more candidates than these not all distances are computed, which takes time by the square
        of their number, but neighbours of neighbours are tried until few nearer ones are found
        [4]_: some are missed (`graph.health` tells how many). Other clips' neighbours are always
        exact.
    seed : int
        Of where that begins.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Row i holds the distances from clip i to its neighbours, zero distances stored explicitly.
        Among neighbours at the same distance the choice is arbitrary, but on one kind of processor
        always the same. Rows of candidates are computed from candidates alone, so that not even
        their rounding depends on the other clips.
    """
    n = len(x)
    candidates = np.ones(n, dtype=bool) if candidates is None else candidates
    k = neighbours_of_each(int(candidates.sum()), k)
    seen = METRICS[metric].see(np.asarray(x), candidates)
    heard, joining = np.flatnonzero(candidates), np.flatnonzero(~candidates)
    columns, values = np.empty((n, k), dtype=np.int64), np.empty((n, k))
    searched = [heard, joining]
    if len(heard) > exact and METRICS[metric].descends_by:
        columns[heard], values[heard] = _by_descent(seen, heard, metric, k, seed)
        searched[0] = heard[(columns[heard] < 0).any(axis=1)]  # Where it got stuck.
    for rows, nearest, found in by_search(seen, searched, heard, metric, k):
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
) -> sparse.csr_array:
    """Each clip's k nearest other clips that are known to be of its artist, and their distances.

    Collections of music know who plays, of new clips, too. Where folds keep artists apart such a
    graph joins no training clip with a test clip.

    Parameters
    ----------
    x, metric, k, candidates
        As `adjacency` takes them.
    artists : NDArray[np.str_], shape (n,)
        As the folds name them. Songs of unknown artists are of none.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        As `adjacency` gives it, but that rows may hold fewer, or none.
    """
    n = len(x)
    candidates = np.ones(n, dtype=bool) if candidates is None else candidates
    seen = METRICS[metric].see(np.asarray(x), candidates)
    found: list[tuple[Rows, Rows, Matrix]] = [(np.empty(0, int), np.empty(0, int), np.empty(0))]
    names, which, counts = np.unique(artists, return_inverse=True, return_counts=True)
    of_each = np.split(np.argsort(which, kind="stable"), np.cumsum(counts)[:-1])
    for artist, own in zip(names, of_each, strict=True):
        if names_artist(artist):
            for rows, columns, distances in _nearest(seen[own], candidates[own], metric, k):
                found.append((own[rows], own[columns], distances))
    rows, columns, values = (np.concatenate(each) for each in zip(*found, strict=True))
    return sparse.csr_array((values, (rows, columns)), shape=(n, n))


def _nearest(
    seen: Matrix, candidates: Mask, metric: str, k: int
) -> Iterator[tuple[Rows, Rows, Matrix]]:
    """Rows, columns and values of the graph of a few clips, as the metric sees them."""
    heard = np.flatnonzero(candidates)
    for searched, others in ((heard, len(heard) - 1), (np.flatnonzero(~candidates), len(heard))):
        if len(searched) and others > 0:
            of_each = min(k, others)
            for rows, nearest, distances in by_search(seen, [searched], heard, metric, of_each):
                yield np.repeat(rows, of_each), nearest.ravel(), distances.ravel()


def neighbours_of_each(candidates: int, k: int) -> int:
    """Neighbours that a clip has of k that it should have: at most all candidates but itself."""
    return min(k, candidates - 1)


def joined(
    known: NDArray[np.floating], new: NDArray[np.floating], metric: str, k: int
) -> tuple[Rows, NDArray[np.float64]]:
    """The k nearest known clips of each new clip, which is looked at by itself.

    Parameters
    ----------
    known, new : NDArray[np.floating], shapes (n, d) and (m, d)
        What a new clip's neighbours are does not depend on the other new clips, to the last bit.
    metric, k
        As `adjacency` takes them, whose rows for clips that are no candidates these are.

    Returns
    -------
    neighbours, distances : NDArray, shape (m, min(k, n - 1))
        Rows of ``known``, in ascending order, and how far they are.
    """
    n = len(known)
    k = neighbours_of_each(n, k)
    both = np.concatenate([known, new])
    seen = METRICS[metric].see(both, np.arange(len(both)) < n)
    one_by_one = np.arange(n, len(both))[:, None]
    columns, values = np.empty((len(new), k), dtype=np.int64), np.empty((len(new), k))
    for rows, nearest, found in by_search(seen, list(one_by_one), np.arange(n), metric, k):
        order = np.argsort(nearest, axis=1)
        columns[rows - n] = np.take_along_axis(nearest, order, axis=1)
        values[rows - n] = np.take_along_axis(found, order, axis=1)
    return columns, values


def by_search(
    seen: Matrix, searched: Sequence[Rows], heard: Rows, metric: str, k: int
) -> Iterator[tuple[Rows, Rows, Matrix]]:
    """Search through all who may be heard.

    Parameters
    ----------
    seen : Matrix, shape (n, d)
        Inputs as the metric sees them.
    searched : sequence of NDArray[np.int64]
        Whose neighbours are wanted; no block of rows is of two of these.
    heard : NDArray[np.int64], shape (m,)
        Who may be a neighbour.
    metric : str
    k : int
        Neighbours, at most m; of who may be heard himself, fewer than m.

    Yields
    ------
    rows, nearest, distances
        Shapes (b,), (b, k) and (b, k), the neighbours in no order.
    """
    sources = seen if len(heard) == len(seen) else seen[heard]
    same = _number_of_row(seen)
    place = np.full(len(seen), -1)
    place[heard] = np.arange(len(heard))
    step = max(1, BLOCK_BYTES // (8 * len(seen)))
    blocks = (rows[i : i + step] for rows in searched for i in range(0, len(rows), step))
    for rows in blocks:
        found = METRICS[metric].distances(seen[rows], sources)
        # Euclidean and cosine distances of equal rows are 0 but for rounding.
        twins = np.flatnonzero(same[rows] >= 0)
        found[twins] = np.where(same[rows[twins], None] == same[heard], 0, found[twins])
        own = place[rows]
        found[own >= 0, own[own >= 0]] = np.inf
        nearest = np.argpartition(found, k - 1, axis=1)[:, :k]
        yield rows, heard[nearest], np.take_along_axis(found, nearest, axis=1)


def _by_descent(seen: Matrix, heard: Rows, metric: str, k: int, seed: int) -> tuple[Rows, Matrix]:
    """K nearest of those heard to each of them, but for some that are missed; and distances.

    Where fewer were found at all, there is a -1.
    """
    from pynndescent import NNDescent

    most = min(max(k, LOOKED_FOR) + 1, len(heard))
    sources = np.ascontiguousarray(seen[heard], dtype=np.float32)
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
    itself = columns == np.arange(len(heard))[:, None]
    kept = np.argsort(itself, axis=1, kind="stable")[:, :k]
    columns, values = (np.take_along_axis(each, kept, axis=1) for each in (columns, values))
    same = _number_of_row(sources)
    values = np.where((same[:, None] == same[columns]) & (same >= 0)[:, None], 0, values)
    values = 2 * values / (1 + values) if metric == "ruzicka" else values
    return np.where(columns < 0, -1, heard[columns]), values


def _number_of_row(seen: Matrix) -> NDArray[np.int64]:
    """Numbers, shape (n,), that equal rows share, by 64 bits of a hash; of one like no other -1."""
    hashes = np.fromiter((hash(row.tobytes()) for row in seen), np.int64, len(seen))
    _, numbers, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return np.where(counts[numbers] > 1, numbers, -1)


def main(
    inputs: Annotated[Path, typer.Option(help="Inputs of the fold (NPZ).")],
    neighbours: Annotated[str, typer.Option(help="Whose: of all clips, or of train.")],
    metric: Annotated[str, typer.Option(help=", ".join(METRICS))],
    k: Annotated[int, typer.Option(help="Neighbours of a clip.")],
    exact: Annotated[int, typer.Option(help="Clips up to which all distances are computed.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    output: Annotated[Path, typer.Option(help="Adjacency, to be written (SciPy NPZ).")],
    other: Annotated[
        tuple[Path, Path] | None, typer.Option(help="Inputs and graph of another fold.")
    ] = None,
    folds: Annotated[
        Path | None, typer.Option(help="Folds, by whose artists neighbours are sought (Parquet).")
    ] = None,
) -> None:
    """Build the k-nearest-neighbour graph of a fold, or take that of a fold of the same inputs."""
    data = Inputs.load(inputs)
    if other and neighbours == "all" and np.array_equal(data.x, Inputs.load(other[0]).x):
        shutil.copyfile(other[1], output)
        return
    candidates = data.train if neighbours == "train" else np.ones_like(data.train)
    if folds:
        artists = _artists_of(folds, data.clips)
        graph = of_one_artist(data.x, metric, k, artists, candidates)
    else:
        others = int(candidates.sum()) - 1
        if k > others:
            logger.warning("k = %d is more than the other clips; it is capped to %d", k, others)
        if others >= exact:
            logger.info("more than %d clips: neighbours by descent, graph health has recall", exact)
        graph = adjacency(data.x, metric, k, candidates, exact, seed)
    sparse.save_npz(output, graph, compressed=False)


def _artists_of(folds: Path, clips: NDArray[np.str_]) -> NDArray[np.str_]:
    import pandas as pd

    from folds.groups import groups_of

    return groups_of(pd.read_parquet(folds, columns=["clip", "artist"]), clips, "artist")
