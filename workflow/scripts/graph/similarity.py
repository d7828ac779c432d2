"""A graph of similar clips: nearest neighbours that are mutual, weighted by similarity.

The paper weighs a neighbour by its distance, so that the most distant counts most. Here the nearest
counts most, on a scale that each clip takes from its own surroundings [1]_.

References
----------
.. [1] L. Zelnik-Manor, P. Perona, "Self-Tuning Spectral Clustering", NeurIPS 2004.
.. [2] K. Ozaki et al., "Using the Mutual k-Nearest Neighbor Graphs for Semi-supervised
   Classification of Natural Language Data", CoNLL 2011.
.. [3] D. Zhou et al., "Learning with Local and Global Consistency", NeurIPS 2003.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graph.adjacency import EXACT, adjacency

SCALE_NEIGHBOUR = 7  # As in [1]_.


def similarity_graph(
    x: NDArray[np.floating], metric: str, k: int, exact: int = EXACT, seed: int = 0
) -> sparse.csr_array:
    """Similarity of each clip to its neighbours that have it as a neighbour, too.

    Parameters
    ----------
    x : NDArray[np.floating], shape (n, d)
        A fold's inputs.
    metric : str
        One of `graph.adjacency.METRICS`.
    k : int
        Nearest neighbours looked for, at least 1; at most n - 1 are taken.
    exact, seed : int
        As `graph.adjacency.adjacency` takes them.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Symmetric, values in (0, 1], nothing on the diagonal.
    """
    return mutual(locally_scaled(adjacency(x, metric, k, exact=exact, seed=seed)))


def joined_one_by_one(
    x: NDArray[np.floating],
    train: NDArray[np.bool_],
    metric: str,
    k: int,
    exact: int = EXACT,
    seed: int = 0,
) -> sparse.csr_array:
    """The balanced graph of training clips, to which each other clip is joined by itself.

    Parameters
    ----------
    x : NDArray[np.floating], shape (n, d)
        A fold's inputs.
    train : NDArray[np.bool_], shape (n,)
    metric, k, exact, seed
        As `similarity_graph` takes them.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Among training clips, their `similarity_graph`, `balanced`. A clip that joins hears those of
        its neighbours that it is as near to as their own furthest neighbour is, scaled by the roots
        of both degrees as if it alone had joined. It is itself heard by none.
    """
    distances = adjacency(x, metric, k, train, exact, seed)
    similar = locally_scaled(distances)
    known = mutual(similar)  # No clip that joins is anyone's neighbour: only training clips are.
    furthest = distances.data.reshape(len(x), -1).max(axis=1)
    joins = similar.tocoo()
    apart = distances[joins.row, joins.col]
    new = ~train[joins.row] & (apart <= furthest[joins.col])
    row, column, weight = (each[new] for each in (joins.row, joins.col, joins.data))
    degree = np.bincount(row, weight, len(x))
    weight = weight / np.sqrt(degree[row] * (known.sum(axis=1)[column] + weight))
    return sparse.csr_array(
        balanced(known) + sparse.csr_array((weight, (row, column)), shape=known.shape)
    )


def locally_scaled(distances: sparse.csr_array, nth: int = SCALE_NEIGHBOUR) -> sparse.csr_array:
    """Similarities exp(-d_ij^2 / (s_i s_j)), s_i being the distance to i's nth neighbour [1]_.

    Parameters
    ----------
    distances : scipy.sparse.csr_array, shape (n, n)
        Of each clip's neighbours, of which there may be any number.
    nth : int
        At least 1; where there are fewer neighbours, the last.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Values in (0, 1]: 1 for clips that are the same. A pair of which one lies among copies of
        itself (s = 0) and that is apart has no similarity at all, and no edge.
    """
    n = distances.shape[0]
    rows = np.repeat(np.arange(n), np.diff(distances.indptr))
    counts = np.diff(distances.indptr)
    last = distances.indptr[:-1] + np.minimum(nth, counts) - 1
    ordered, scales = distances.data[np.lexsort((distances.data, rows))], np.zeros(n)
    scales[counts > 0] = ordered[last[counts > 0]]
    # Two roots, since the product of two small scales may be 0 where neither is.
    root = np.sqrt(scales[rows]) * np.sqrt(scales[distances.indices])
    apart = distances.data > 0
    ratio = np.divide(distances.data, root, out=np.full(len(root), np.inf), where=root > 0)
    with np.errstate(over="ignore"):
        values = np.where(apart, np.exp(-(ratio**2)), 1.0)
    scaled = sparse.csr_array(
        (values, distances.indices.copy(), distances.indptr.copy()), shape=(n, n)
    )
    scaled.eliminate_zeros()
    return scaled


def mutual(weights: sparse.csr_array) -> sparse.csr_array:
    """Keep a pair if each is the other's neighbour, with the smaller of both weights [2]_.

    Parameters
    ----------
    weights : scipy.sparse.csr_array, shape (n, n)
        Positive where row i has neighbour j.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Symmetric.
    """
    found = sparse.csr_array(weights.minimum(weights.T.tocsr()))
    found.eliminate_zeros()
    return found


def balanced(weights: sparse.csr_array) -> sparse.csr_array:
    """D^(-1/2) W D^(-1/2) of a symmetric W with row sums D [3]_; no eigenvalue exceeds 1."""
    root = np.sqrt(_inverse(weights.sum(axis=1)))
    scaled = scaled_rows(weights, root)
    scaled.data *= root[scaled.indices]
    return scaled


def scaled_rows(weights: sparse.csr_array, factors: NDArray[np.float64]) -> sparse.csr_array:
    """Rows, shape (n, m), times factors, shape (n,); what is stored keeps its order."""
    scaled = sparse.csr_array(weights, dtype=np.float64, copy=True)
    scaled.data *= np.repeat(factors, np.diff(scaled.indptr))
    return scaled


def _inverse(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)
