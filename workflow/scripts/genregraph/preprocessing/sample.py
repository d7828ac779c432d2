"""Samples of clips, for what takes time by the square of their number or worse."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST = 20_000  # Clips up to which all are taken.


def spread_evenly(genres: ArrayLike, most: int, seed: int) -> NDArray[np.int64]:
    """Sorted positions of a sample in which each genre has its share, and at least one clip.

    Of no more clips than ``most`` all are taken.
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
