"""The k-nearest-neighbour graph of a fold's clips, with distances as adjacency.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "KNN" and
   "Adjacency Matrix", equations 1 and 2.
.. [2] M. Deza, E. Deza, "Encyclopedia of Distances", Springer 2009: Ruzicka and Bray-Curtis.
"""

import logging
import warnings
from collections.abc import Callable
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
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
BINS = 10
BLOCK_BYTES = 1 << 28


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # A constant feature has a single bin.
        return binner.fit(x[candidates]).transform(x)


def _minmax(x: Matrix, candidates: Mask) -> Matrix:
    from sklearn.preprocessing import MinMaxScaler

    return MinMaxScaler(clip=True).fit(x[candidates]).transform(x)


def _non_zero(x: Matrix, _candidates: Mask) -> Matrix:
    return (x != 0).astype(np.float64)


def _jaccard(a: Matrix, b: Matrix) -> Matrix:
    """Share of features that are non-zero in exactly one of those non-zero in either."""
    both = a @ b.T
    either = a.sum(axis=1)[:, None] + b.sum(axis=1)[None, :] - both
    return np.divide(either - both, either, out=np.zeros_like(both), where=either > 0)


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


# How each metric sees the inputs, and its distances between two sets of rows.
METRICS: dict[str, tuple[Callable[[Matrix, Mask], Matrix], Callable[[Matrix, Matrix], Matrix]]] = {
    "euclidean": (_as_is, _of_sklearn("euclidean")),
    "manhattan": (_as_is, _of_sklearn("manhattan")),
    "cosine": (_as_is, _of_sklearn("cosine")),
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
        ``matching`` is the share of features whose deciles differ. ``jaccard`` is scikit-learn's,
        for which any non-zero value is simply true: on real-valued features all distances are 0.
        ``ruzicka`` is its generalisation to real values, on features scaled to [0, 1].
    k : int
        Neighbours; at most all other candidates are taken.
    candidates : NDArray[np.bool_], shape (n,), optional
        Clips that may be neighbours; by default all. Where they are the training clips, no test
        clip sends a message to any other: it joins a finished graph.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Row i holds the distances from clip i to its neighbours, zero distances stored explicitly.
        Among neighbours at the same distance the choice is arbitrary, but always the same.
    """
    n = len(x)
    candidates = np.ones(n, dtype=bool) if candidates is None else candidates
    k = min(k, int(candidates.sum()) - 1)
    see, distances = METRICS[metric]
    seen = see(np.asarray(x, dtype=np.float64), candidates)
    rows = np.array([row.tobytes() for row in seen], dtype=object)
    same = np.unique(rows, return_inverse=True)[1]
    step = max(1, BLOCK_BYTES // (8 * n))
    blocks = [
        _nearest(distances(seen[start : start + step], seen), same, candidates, start, k)
        for start in range(0, n, step)
    ]
    columns = np.concatenate([block[0] for block in blocks])
    values = np.concatenate([block[1] for block in blocks])
    return sparse.csr_array((values.ravel(), columns.ravel(), np.arange(n + 1) * k), shape=(n, n))


def _nearest(
    distances: Matrix, same: NDArray[np.int64], candidates: Mask, first: int, k: int
) -> tuple[NDArray[np.int64], Matrix]:
    """Columns and values of the k smallest distances in each row, the clip itself left out."""
    rows = np.arange(len(distances))
    # Euclidean and cosine distances of equal rows are 0 but for rounding.
    distances[same[first + rows, None] == same] = 0
    distances[rows, first + rows] = np.inf
    distances[:, ~candidates] = np.inf
    nearest = np.sort(np.argpartition(distances, k - 1, axis=1)[:, :k], axis=1)
    return nearest, np.take_along_axis(distances, nearest, axis=1)


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
