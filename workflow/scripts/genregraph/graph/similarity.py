"""Edges weighted by similarity.

The paper weighs a neighbour by its distance, so that the most distant counts most. Here the nearest
counts most, on a scale that each clip takes from its own surroundings [1]_.

References
----------
.. [1] L. Zelnik-Manor, P. Perona, "Self-Tuning Spectral Clustering", NeurIPS 2004.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

SCALE_NEIGHBOUR = 7  # As in [1]_.


def locally_scaled(distances: sparse.csr_array, nth: int = SCALE_NEIGHBOUR) -> sparse.csr_array:
    """Similarities exp(-d_ij^2 / (s_i s_j)), s_i being the distance to i's nth neighbour [1]_.

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


def scaled_rows(weights: sparse.csr_array, factors: NDArray[np.float64]) -> sparse.csr_array:
    """Rows, shape (n, m), times factors, shape (n,); what is stored keeps its order."""
    scaled = sparse.csr_array(weights, dtype=np.float64, copy=True)
    scaled.data *= np.repeat(factors, np.diff(scaled.indptr))
    return scaled
