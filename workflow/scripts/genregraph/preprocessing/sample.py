"""Samples of clips, for what takes time by the square of their number or worse."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST = 20_000  # Clips up to which all are taken.


def spread_evenly(genres: ArrayLike, most: int, seed: int) -> NDArray[np.int64]:
    """Positions of a sample in which each genre has its share, and at least one clip.

    Parameters
    ----------
    genres : array_like, shape (n,)
    most : int
        Clips, at least one a genre; of no more than these all are taken.
    seed : int

    Returns
    -------
    NDArray[np.int64]
        In order.
    """
    _, genre, counts = np.unique(np.asarray(genres), return_inverse=True, return_counts=True)
    if len(genre) <= most:
        return np.arange(len(genre))
    wanted = np.maximum(counts * most // len(genre), 1)
    rng = np.random.default_rng(seed)
    chosen = [
        rng.choice(np.flatnonzero(genre == each), size, replace=False)
        for each, size in enumerate(wanted)
    ]
    return np.sort(np.concatenate(chosen))
