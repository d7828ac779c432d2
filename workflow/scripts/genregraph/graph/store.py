"""Graphs of a protocol's folds: their file, in the order of its inputs, and how sound they are."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from genregraph.preprocessing.inputs import npz_writer

PARTS = ("data", "indices", "indptr")


def save_graphs(path: Path, graphs: Iterable[sparse.csr_array]) -> None:
    """Write the graphs of all folds of a protocol (NPZ); one that the fold before shares, once."""
    last: sparse.csr_array | None = None
    which: list[int] = []
    with npz_writer(path) as write:
        for number, graph in enumerate(graphs):
            which.append(which[-1] if graph is last else number)
            for name in PARTS if graph is not last else ():
                write(f"{name}.{number}", getattr(graph, name))
            last = graph
        write("which", np.array(which, dtype=np.int64))


def load_graph(path: Path, number: int) -> sparse.csr_array:
    """Graph of a fold, shape (n, n), by its place among all of its protocol."""
    with np.load(path, allow_pickle=False) as file:
        which = int(file["which"][number])
        data, indices, indptr = (file[f"{name}.{which}"] for name in PARTS)
    n = len(indptr) - 1
    return sparse.csr_array((data, indices, indptr), shape=(n, n))


def health(graph: sparse.csr_array, y: NDArray[np.int64], k_asked: int) -> dict[str, float]:
    """Figures of a graph of n clips of genres ``y``; shares of no edges are NaN.

    ``k_asked``; ``k``: neighbours of a clip (their mean); ``edges``: neighbour pairs;
    ``zero_distance_share``: of the edges; ``homophily``: share of edges within a genre;
    ``chance_homophily``: the same of all pairs of clips; ``components``: weakly connected ones over
    edges that are not zero, which the paper's adjacency matrix does not hold; ``degree_max``: how
    often the most popular clip is a neighbour; ``degenerate``: whether half of the distances or
    more are zero, so that the metric finds hardly any difference between clips.
    """
    n, counts = len(y), np.bincount(y)
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    k, which = len(rows) / n, (graph.data == 0, y[rows] == y[graph.indices])
    zero, alike = (float(each.mean()) if len(rows) else np.nan for each in which)
    connected = graph.copy()
    connected.eliminate_zeros()
    return {
        "k_asked": k_asked,
        "k": int(k) if k.is_integer() else k,
        "edges": len(rows),
        "zero_distance_share": zero,
        "homophily": alike,
        "chance_homophily": float((counts * (counts - 1)).sum() / (n * (n - 1))),
        "components": int(connected_components(connected, directed=True, connection="weak")[0]),
        "degree_max": int(np.bincount(graph.indices, minlength=n).max()),
        "degenerate": zero >= 0.5,
    }
