"""The file of a protocol's graphs: that of each fold, in the order of its inputs."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from scipy import sparse

from genregraph.common.arrays import npz_writer

PARTS = ("data", "indices", "indptr")


def save_graphs(path: Path, graphs: Iterable[sparse.csr_array]) -> None:
    """Write the graphs of all folds of a protocol, one after the other.

    Parameters
    ----------
    path : Path
        An NPZ file, to be written, that needs no pickle to be read.
    graphs : iterable of scipy.sparse.csr_array, shape (n, n)
        As `graph.adjacency` makes them. One that the fold before has, too, is written
        once.
    """
    last: sparse.csr_array | None = None
    which: list[int] = []
    with npz_writer(path) as write:
        for number, graph in enumerate(graphs):
            if graph is last:
                which.append(which[-1])
                continue
            which.append(number)
            for name in PARTS:
                write(f"{name}.{number}", getattr(graph, name))
            last = graph
        write("which", np.array(which, dtype=np.int64))


def load_graph(path: Path, number: int) -> sparse.csr_array:
    """Graph of a fold.

    Parameters
    ----------
    path : Path
        What `save_graphs` wrote.
    number : int
        Place of the fold among all of its protocol.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
    """
    with np.load(path, allow_pickle=False) as file:
        which = int(file["which"][number])
        data, indices, indptr = (file[f"{name}.{which}"] for name in PARTS)
    n = len(indptr) - 1
    return sparse.csr_array((data, indices, indptr), shape=(n, n))
