"""Weights of clips in what each of them aggregates: the matrix of a network's messages.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", equations 1 and 2.
.. [2] T. Kipf, M. Welling, "Semi-Supervised Classification with Graph Convolutional Networks",
   ICLR 2017, equation 2.
.. [3] M. Wang et al., "Deep Graph Library", arXiv:1909.01315; `dgl.nn.pytorch.SAGEConv`,
   `GraphConv` and `EdgeWeightNorm`.
.. [4] L. Zelnik-Manor, P. Perona, "Self-Tuning Spectral Clustering", NeurIPS 2004.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.sparsefuncs import inplace_csr_row_scale

from genregraph.config.experiment import Network

Mask = NDArray[np.bool_]


def nearest(adjacency: sparse.csr_array, k: int | None, seed: int = 0) -> sparse.csr_array:
    """Each clip's k nearest of its neighbours in a matrix of distances; None: all of them.

    The seed chooses among neighbours at the same distance, independently of other rows.
    """
    counts = np.diff(adjacency.indptr)
    if k is None or not (counts > k).any():
        return adjacency
    rows = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(rows)) - adjacency.indptr[rows]
    chance = np.random.default_rng(seed).permutation(counts.max())[place]
    kept = np.lexsort((chance, adjacency.data, rows))[place < k]
    edges = (adjacency.data[kept], (rows[kept], adjacency.indices[kept]))
    return sparse.csr_array(edges, shape=adjacency.shape)


def locally_scaled(distances: sparse.csr_array, nth: int = 7) -> sparse.csr_array:
    """Similarities exp(-d_ij^2 / (s_i s_j)), s_i being the distance to i's nth neighbour, as [4]_.

    Where a clip has fewer neighbours, s_i is the distance to the last. Similarities lie in (0, 1]:
    1 for clips that are the same. A pair of which one lies among copies of itself (s = 0) and that
    is apart has no similarity at all, and no edge.
    """
    counts = np.diff(distances.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    last = distances.indptr[:-1] + np.minimum(nth, counts) - 1
    ordered, scales = distances.data[np.lexsort((distances.data, rows))], np.zeros(len(counts))
    scales[counts > 0] = ordered[last[counts > 0]]
    # Two roots, since the product of two small scales may be 0 where neither is.
    root = np.sqrt(scales[rows]) * np.sqrt(scales[distances.indices])
    ratio = np.divide(distances.data, root, out=np.full(len(root), np.inf), where=root > 0)
    scaled = distances.copy()
    with np.errstate(over="ignore"):
        scaled.data = np.where(distances.data > 0, np.exp(-(ratio**2)), 1.0)
    scaled.eliminate_zeros()
    return scaled


def connected(adjacency: sparse.csr_array, weights: str) -> sparse.csr_array:
    """Weights of what each clip aggregates, from distances: its neighbours', and 1 of its own.

    ``distance`` is the paper's [1]_: the furthest neighbour counts most, a replica at distance 0 is
    not connected at all, and the clip itself counts little where distances are far above 1.
    ``similarity`` is 1 for a replica, less the further away (`locally_scaled`); ``equal`` is 1.
    """
    edges = locally_scaled(adjacency) if weights == "similarity" else adjacency.copy()
    if weights == "equal":
        edges.data[:] = 1
    matrix = sparse.csr_array(edges + sparse.eye_array(adjacency.shape[0], format="csr"))
    matrix.eliminate_zeros()
    return matrix


def averages(matrix: sparse.csr_array, aggregator: str) -> sparse.csr_array:
    """GraphSAGE's weighted average of a clip and its neighbours, from what `connected` makes.

    Aggregator ``mean`` is sum(w h) / sum(w); ``dgl_mean`` is DGL's [3]_, sum(w h) over the number
    of messages.
    """
    scaled = matrix.copy()
    divisors = np.diff(matrix.indptr) if aggregator == "dgl_mean" else matrix.sum(axis=1)
    inplace_csr_row_scale(scaled, 1 / divisors)
    return scaled


def symmetric(matrix: sparse.csr_array, counted: Mask | None = None) -> sparse.csr_array:
    """GCN's: D^(-1/2) A D^(-1/2), D being row sums on the left and column sums on the right [2]_.

    Columns are summed over rows that are ``counted``, shape (n,), by default all, as in DGL [3]_. A
    column without entries in these has its own 1, so that a clip that is not counted changes no
    other.
    """
    rows = np.ones(matrix.shape[0], dtype=bool) if counted is None else counted
    columns = rows.astype(np.float64) @ matrix + np.where(rows, 0, matrix.diagonal())
    scaled = matrix.copy()
    inplace_csr_row_scale(scaled, 1 / np.sqrt(matrix.sum(axis=1)))
    scaled.data /= np.sqrt(columns)[scaled.indices]
    return scaled


def propagation(
    matrix: sparse.csr_array, kind: str, settings: Network, counted: Mask | None = None
) -> sparse.csr_array:
    """The matrix of a network's messages from that of weights: the identity without messages.

    gat learns its weights: only the pattern of its matrix counts.
    """
    if not settings.messages:
        return sparse.eye_array(matrix.shape[0], format="csr")
    if kind == "graphsage":
        return averages(matrix, settings.aggregator)
    return matrix if kind == "gat" else symmetric(matrix, counted)
