"""How sound each fold's graph is: whether it connects clips, and clips of one genre."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from genregraph.graph.metrics import METRICS
from genregraph.graph.search import by_search, draws_of

DEGENERATE = 0.5  # Share of zero distances from which on a metric is degenerate.
SAMPLE = 200  # Clips whose neighbours are looked for again.
ROUNDING = 1e-5  # Relative, of distances in single precision.


def recall(
    graph: sparse.csr_array, x: NDArray[np.floating], metric: str, candidates: NDArray[np.bool_]
) -> float:
    """Share of neighbours that are no further than a search through all clips finds them.

    Parameters
    ----------
    graph : scipy.sparse.csr_array, shape (n, n)
        Distances to each clip's neighbours.
    x : NDArray[np.floating], shape (n, d)
        The fold's inputs.
    metric : str
        One of `graph.metrics.METRICS`.
    candidates : NDArray[np.bool_], shape (n,)
        Clips that may be neighbours.

    Returns
    -------
    float
        Over `SAMPLE` clips spread evenly over all; 1 unless neighbours were found by descent.
    """
    sample = np.unique(np.linspace(0, len(x) - 1, SAMPLE).astype(int))
    k = int(np.diff(graph.indptr[:2])[0])
    found = graph.data.reshape(-1, k)[sample]
    seen, draws = METRICS[metric].see(x, candidates), draws_of(x, candidates)
    blocks = by_search(seen, [sample], np.flatnonzero(candidates), metric, k, draws, 0)
    furthest = np.concatenate([distances.max(axis=1) for *_, distances in blocks])
    return float(np.mean(found <= furthest[:, None] * (1 + ROUNDING)))


def health(graph: sparse.csr_array, y: NDArray[np.int64], k_asked: int) -> dict[str, float]:
    """Figures of one graph.

    Parameters
    ----------
    graph : scipy.sparse.csr_array, shape (n, n)
        Distances to each clip's neighbours, zero distances stored.
    y : NDArray[np.int64], shape (n,)
        Genres.
    k_asked : int
        Neighbours asked for; there are fewer where there are not that many other clips.

    Returns
    -------
    dict
        ``k_asked``; ``k``: neighbours of a clip (their mean); ``edges``: neighbour pairs;
        ``zero_distance_share``: of the edges; ``homophily``: share of edges within a genre;
        ``chance_homophily``: the same of all pairs of clips; ``components``: weakly connected ones
        over edges that are not zero, which the paper's adjacency matrix does not hold;
        ``degree_max``: how often the most popular clip is a neighbour; ``degenerate``: whether the
        metric finds hardly any difference between clips (`DEGENERATE`). Shares of no edges are NaN.
    """
    n = len(y)
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    k = len(rows) / n
    counts = np.bincount(y)
    zero = _share(graph.data == 0)
    connected = graph.copy()
    connected.eliminate_zeros()
    return {
        "k_asked": k_asked,
        "k": int(k) if k.is_integer() else k,
        "edges": len(rows),
        "zero_distance_share": zero,
        "homophily": _share(y[rows] == y[graph.indices]),
        "chance_homophily": float((counts * (counts - 1)).sum() / (n * (n - 1))),
        "components": int(connected_components(connected, directed=True, connection="weak")[0]),
        "degree_max": int(np.bincount(graph.indices, minlength=n).max()),
        "degenerate": zero >= DEGENERATE,
    }


def _share(which: NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else np.nan
