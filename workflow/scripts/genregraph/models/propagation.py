"""By how much clips count in what each of them aggregates: the matrix of a network's messages.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", equations 1 and 2.
.. [2] T. Kipf, M. Welling, "Semi-Supervised Classification with Graph Convolutional Networks",
   ICLR 2017, equation 2.
.. [3] M. Wang et al., "Deep Graph Library", arXiv:1909.01315; `dgl.nn.pytorch.SAGEConv`,
   `GraphConv` and `EdgeWeightNorm`.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from genregraph.config.parts import Network
from genregraph.graph.similarity import locally_scaled, scaled_rows

Weights = Literal["distance", "similarity", "equal"]
Aggregator = Literal["mean", "dgl_mean"]


def nearest(adjacency: sparse.csr_array, k: int | None, seed: int = 0) -> sparse.csr_array:
    """Each clip's k nearest neighbours of those that it has.

    Parameters
    ----------
    adjacency : scipy.sparse.csr_array, shape (n, n)
        Distances to neighbours, as `graph.adjacency` makes it.
    k : int or None
        None: all of them.
    seed : int
        By which one of several that are equally far is taken, whatever the other rows are.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
    """
    counts = np.diff(adjacency.indptr)
    if k is None or not (counts > k).any():
        return adjacency
    rows = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(rows)) - adjacency.indptr[rows]
    chance = np.random.default_rng(seed).permutation(counts.max())[place]
    # Rows keep their entries' places, of which each now has the rank of one by distance.
    kept = np.sort(np.lexsort((chance, adjacency.data, rows))[place < k])
    starts = np.concatenate([[0], np.cumsum(np.minimum(counts, k))])
    return sparse.csr_array(
        (adjacency.data[kept], adjacency.indices[kept], starts), shape=adjacency.shape
    )


def connected(adjacency: sparse.csr_array, weights: Weights) -> sparse.csr_array:
    """Weights of edges: those of each clip's neighbours, and 1 of the clip itself.

    Parameters
    ----------
    adjacency : scipy.sparse.csr_array, shape (n, n)
        Distances to each clip's neighbours, as `graph.adjacency` makes it.
    weights : {"distance", "similarity", "equal"}
        ``distance`` is the paper's [1]_: of all neighbours the furthest counts most, a replica at
        distance 0 is not connected at all, and the clip itself counts little where distances are
        far above 1, as those of 57 standardised features are. ``similarity`` turns it round: 1 for
        a replica, less the further away (`graph.similarity.locally_scaled`). By ``equal`` weights
        each neighbour counts 1.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Row i has what clip i aggregates, all above 0, its own 1 on the diagonal among them.
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


def averages(matrix: sparse.csr_array, aggregator: Aggregator) -> sparse.csr_array:
    """GraphSAGE's: the weighted average of a clip and its neighbours.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, n)
        As `connected` makes it.
    aggregator : {"mean", "dgl_mean"}
        ``mean`` is sum(w h) / sum(w); ``dgl_mean`` is DGL's [3]_, sum(w h) over the number of
        messages.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
    """
    divisors = np.diff(matrix.indptr) if aggregator == "dgl_mean" else matrix.sum(axis=1)
    return scaled_rows(matrix, 1 / divisors)


def symmetric(
    matrix: sparse.csr_array, counted: NDArray[np.bool_] | None = None
) -> sparse.csr_array:
    """GCN's: D^(-1/2) A D^(-1/2), D being row sums on the left and column sums on the right [2]_.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, n)
        As `connected` makes it.
    counted : NDArray[np.bool_], shape (n,), optional
        Rows that columns are summed over; without, all, as DGL sums them [3]_. A column without
        entries in these has its own 1, so that a clip that is not counted changes no other.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
    """
    rows = np.ones(matrix.shape[0], dtype=bool) if counted is None else counted
    columns = (rows.astype(np.float64) @ matrix) + np.where(rows, 0, matrix.diagonal())
    scaled = scaled_rows(matrix, 1 / np.sqrt(matrix.sum(axis=1)))
    scaled.data /= np.sqrt(columns)[scaled.indices]
    return scaled


def propagation(
    matrix: sparse.csr_array,
    kind: str,
    settings: Network,
    counted: NDArray[np.bool_] | None = None,
) -> sparse.csr_array:
    """The matrix of a network's messages.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, n)
        As `connected` makes it.
    kind : str
        One of `config.registry.NETWORKS`.
    settings : Network
    counted : NDArray[np.bool_], shape (n,), optional
        As `symmetric` takes it.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        The identity without messages. Of gat only which entries there are counts: their weights
        are the network's to learn.
    """
    if not settings.messages:
        return sparse.eye_array(matrix.shape[0], format="csr")
    if kind == "graphsage":
        return averages(matrix, settings.aggregator)
    return matrix if kind == "gat" else symmetric(matrix, counted)


def node_features(
    x: NDArray[np.float32], matrix: sparse.csr_array, adjacency_as_features: bool
) -> NDArray[np.float32]:
    """Inputs of a network.

    The paper names the features of all nodes and the adjacency matrix as what the base case starts
    from ([1]_, "GraphSage Model", on the input of the network); how they join is our reading.

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
