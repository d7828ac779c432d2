"""The k-nearest-neighbour graph of a fold's clips, with distances as adjacency.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "KNN" and
   "Adjacency Matrix", equations 1 and 2.
.. [2] M. Deza, E. Deza, "Encyclopedia of Distances", Springer 2009: Ruzicka and Bray-Curtis.
.. [3] SciPy, `scipy.spatial.distance.jaccard`: change of version 1.15.0 for input beside 0 and 1.
"""

import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial.distance import cdist

from inputs.inputs import Inputs

logger = logging.getLogger(__name__)

# scikit-learn is imported where it is needed: to import it takes longer than a fold's graph does.
Matrix = NDArray[np.floating]
Mask = NDArray[np.bool_]
BINS = 10
BLOCK_BYTES = 1 << 26  # Of a block of distances; while it is worked on, it takes a few times that.


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


# How each metric sees the inputs, and its distances between two sets of rows. Of single precision,
# scikit-learn computes Euclidean distances in double precision, a part at a time.
METRICS: dict[str, tuple[Callable[[Matrix, Mask], Matrix], Callable[[Matrix, Matrix], Matrix]]] = {
    "euclidean": (_as_is, _of_sklearn("euclidean")),
    "manhattan": (_double, _of_sklearn("manhattan")),
    "cosine": (_double, _of_sklearn("cosine")),
    "matching": (_deciles, lambda a, b: cdist(a, b, "hamming")),
    "jaccard": (_non_zero, _jaccard),
    "ruzicka": (_minmax, _ruzicka),
}


def adjacency(
    x: NDArray[np.floating], metric: str, k: int, candidates: Mask | None = None
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

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Row i holds the distances from clip i to its neighbours, zero distances stored explicitly.
        Among neighbours at the same distance the choice is arbitrary, but always the same. Rows of
        candidates are computed from candidates alone, so that not even their rounding depends on
        the other clips.
    """
    n = len(x)
    candidates = np.ones(n, dtype=bool) if candidates is None else candidates
    k = neighbours_of_each(int(candidates.sum()), k)
    see, distances = METRICS[metric]
    seen = see(np.asarray(x), candidates)
    same = _number_of_row(seen)
    heard = np.flatnonzero(candidates)
    sources = seen if len(heard) == n else seen[heard]
    columns, values = np.empty((n, k), dtype=np.int64), np.empty((n, k))
    for rows in _blocks(candidates):
        found = distances(seen[rows], sources)
        # Euclidean and cosine distances of equal rows are 0 but for rounding.
        found[same[rows, None] == same[heard]] = 0
        found[rows[:, None] == heard] = np.inf
        nearest, values[rows] = _nearest(found, k)
        columns[rows] = heard[nearest]
    return sparse.csr_array((values.ravel(), columns.ravel(), np.arange(n + 1) * k), shape=(n, n))


def neighbours_of_each(candidates: int, k: int) -> int:
    """Neighbours that a clip has of k that it should have: at most all candidates but itself."""
    return min(k, candidates - 1)


def joined(
    known: NDArray[np.floating], new: NDArray[np.floating], metric: str, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
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
    n, m = len(known), len(new)
    k = neighbours_of_each(n, k)
    see, distances = METRICS[metric]
    seen = see(np.concatenate([known, new]), np.arange(n + m) < n)
    same = _number_of_row(seen)
    columns, values = np.empty((m, k), dtype=np.int64), np.empty((m, k))
    for i in range(m):
        found = distances(seen[n + i : n + i + 1], seen[:n])
        found[:, same[:n] == same[n + i]] = 0
        columns[i : i + 1], values[i : i + 1] = _nearest(found, k)
    return columns, values


def _nearest(found: Matrix, k: int) -> tuple[NDArray[np.int64], Matrix]:
    """Columns of the k smallest values in each row, in ascending order, and these values."""
    nearest = np.sort(np.argpartition(found, k - 1, axis=1)[:, :k], axis=1)
    return nearest, np.take_along_axis(found, nearest, axis=1)


def _number_of_row(seen: Matrix) -> NDArray[np.int64]:
    """Numbers, shape (n,), that are the same for equal rows (by 64 bits of a hash)."""
    hashes = np.fromiter((hash(row.tobytes()) for row in seen), np.int64, len(seen))
    return np.unique(hashes, return_inverse=True)[1]


def _blocks(candidates: Mask) -> Iterator[NDArray[np.int64]]:
    """Rows by the block, those of candidates first and apart."""
    step = max(1, BLOCK_BYTES // (8 * len(candidates)))
    for rows in (np.flatnonzero(candidates), np.flatnonzero(~candidates)):
        yield from (rows[start : start + step] for start in range(0, len(rows), step))


def main(
    inputs: Annotated[Path, typer.Option(help="Inputs of the fold (NPZ).")],
    neighbours: Annotated[str, typer.Option(help="Whose: of all clips, or of train.")],
    metric: Annotated[str, typer.Option(help=", ".join(METRICS))],
    k: Annotated[int, typer.Option(help="Neighbours of a clip.")],
    output: Annotated[Path, typer.Option(help="Adjacency, to be written (SciPy NPZ).")],
) -> None:
    """Build the k-nearest-neighbour graph of a fold."""
    data = Inputs.load(inputs)
    candidates = data.train if neighbours == "train" else np.ones_like(data.train)
    others = int(candidates.sum()) - 1
    if k > others:
        logger.warning("k = %d is more than the other clips; it is capped to %d", k, others)
    sparse.save_npz(output, adjacency(data.x, metric, k, candidates), compressed=False)
