"""Which clips must stay together: by the sheet, or as the same audio under two names."""

import itertools
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from genregraph.datasets.groups import group_name
from genregraph.features.parquet import read_table

logger = logging.getLogger(__name__)

BLOCK = 512  # Features that are scaled at once.
DISTINCT = 8  # Features in which most clips must differ, or clips are near each other by chance.
IDENTICAL = 0.01  # Root mean square over features of a difference in standard deviations.


def group_names(clips: pd.DataFrame, unknown: str) -> list[str]:
    """Group of each clip by the sheet; empty for a clip that is left out.

    ``unknown`` (together, alone or out) says what becomes of clips without group and artist. Each
    song is a group where no clip has either.
    """
    if not (clips["sheet_group"].any() or clips["artist"].any()):
        unknown = "alone"
    stated = clips[["sheet_group", "artist", "source", "genre"]].to_numpy()
    return [
        group_name(group, artist, song, genre, unknown) for group, artist, song, genre in stated
    ]


def features_of(clips: pd.Series, tables: Sequence[Path]) -> NDArray[np.floating]:
    """Features of some clips from all tables, shape (n, d); d is 0 without tables."""
    parts = [read_table(path).set_index("clip").loc[clips].to_numpy() for path in tables]
    return np.hstack(parts) if parts else np.empty((len(clips), 0))


def identical(features: NDArray[np.floating]) -> NDArray[np.int64]:
    """Pairs of clips whose features, shape (n, d), are nearly the same: replicas.

    Returns
    -------
    NDArray[np.int64], shape (pairs, 2)
        Positions, the smaller first: the root mean square difference of their standardised features
        is at most `IDENTICAL`. None where fewer than `DISTINCT` features have values of their own
        for most clips.
    """
    n, d = features.shape
    own = (2 * len(np.unique(features[:, i])) > n for i in range(d))
    if sum(itertools.islice(filter(None, own), DISTINCT)) < DISTINCT:
        logger.warning("too few features to find copies by: only clips of the same MD5 are tied")
        return np.empty((0, 2), dtype=np.int64)
    scaled = np.empty((n, d), dtype=np.float32)
    for start in range(0, d, BLOCK):
        block = features[:, start : start + BLOCK].astype(np.float64)
        deviations = block.std(axis=0)
        deviations[deviations == 0] = 1
        scaled[:, start : start + BLOCK] = (block - block.mean(axis=0)) / deviations
    search = NearestNeighbors(radius=IDENTICAL * d**0.5, algorithm="brute").fit(scaled)
    near = sparse.triu(search.radius_neighbors_graph(scaled), k=1)
    return np.column_stack(near.nonzero()).astype(np.int64)
