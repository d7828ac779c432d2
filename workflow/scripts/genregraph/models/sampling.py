"""Neighbours drawn for a batch of clips, so that not all of a large graph is computed at once.

GraphSAGE aggregates the weighted average of a clip's neighbours. The plain average of some of them,
drawn by their weights, is that average in expectation, whatever their number: algorithm 2 of [1]_
draws all alike, for it has no weights.

References
----------
.. [1] W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs",
   NeurIPS 2017, appendix A.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Rows = NDArray[np.int64]

BATCH = 1024  # Clips; the authors have 512.
DRAWN = 25  # Neighbours of each clip; theirs [1]_.


class Neighbourhood(NamedTuple):
    """What some clips aggregate, by rows of those computed before them.

    Attributes
    ----------
    own : NDArray[np.int64], shape (n,)
        Rows of the clips themselves.
    weights : scipy.sparse.csr_array, shape (n, m)
        By which the m rows are multiplied to give what each clip aggregates.
    """

    own: Rows
    weights: sparse.csr_array


def drawn(
    averages: sparse.csr_array, clips: Rows, rng: np.random.Generator, most: int = DRAWN
) -> sparse.csr_array:
    """Rows of a matrix of averages, with no more than ``most`` entries each.

    Parameters
    ----------
    averages : scipy.sparse.csr_array, shape (n, n)
        As `models.propagation.averages` makes it; no row is empty.
    clips : NDArray[np.int64], shape (b,)
        Rows wanted.
    rng : np.random.Generator
    most : int
        Where no row has more entries, nothing is drawn.

    Returns
    -------
    scipy.sparse.csr_array, shape (b, n)
        Entries are drawn with replacement, a neighbour by its share of the row's sum, and weigh the
        same: the expectation is the row.
    """
    if np.diff(averages.indptr).max() <= most:
        return averages[clips]
    bounds = np.concatenate([[0.0], np.cumsum(averages.data)])
    first, last = bounds[averages.indptr[clips]], bounds[averages.indptr[clips + 1]]
    points = first[:, None] + rng.random((len(clips), most)) * (last - first)[:, None]
    entries = np.searchsorted(bounds, points, side="right") - 1
    # Rounding may lead over the end of a row.
    entries = entries.clip(averages.indptr[clips, None], averages.indptr[clips + 1, None] - 1)
    sums = np.repeat((last - first) / most, most)
    starts = np.arange(len(clips) + 1) * most
    shape = (len(clips), averages.shape[1])
    return sparse.csr_array((sums, averages.indices[entries].ravel(), starts), shape=shape)


def neighbourhoods(
    averages: sparse.csr_array, clips: Rows, layers: int, rng: np.random.Generator
) -> tuple[Rows, list[Neighbourhood]]:
    """What clips aggregate, and what these aggregate, over some layers.

    Parameters
    ----------
    averages : scipy.sparse.csr_array, shape (n, n)
    clips : NDArray[np.int64], shape (b,)
        Whose scores are wanted.
    layers : int
        That pass messages.
    rng : np.random.Generator

    Returns
    -------
    begin : NDArray[np.int64]
        Clips with which the first layer begins.
    neighbourhoods : list of Neighbourhood
        Of each layer in turn; the last gives ``clips``.
    """
    found = []
    for _ in range(layers):
        rows = drawn(averages, clips, rng)
        before = np.union1d(clips, rows.indices)
        columns = np.searchsorted(before, rows.indices)
        shape = (len(clips), len(before))
        weights = sparse.csr_array((rows.data, columns, rows.indptr), shape=shape)
        found.append(Neighbourhood(np.searchsorted(before, clips), weights))
        clips = before
    return clips, found[::-1]
