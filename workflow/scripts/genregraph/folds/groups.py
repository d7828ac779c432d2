"""Which clips must stay together: of a group, a song, or the same audio under two names."""

import itertools
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from genregraph.datasets.groups import group_name
from genregraph.features.parquet import read_table

logger = logging.getLogger(__name__)

BLOCK = 512  # clips, or features, that are looked at together
DISTINCT = 8  # Features in which most clips must differ, or clips are near each other by chance.
IDENTICAL = 0.01  # Root mean square over features of a difference in standard deviations.


def group_names(clips: pd.DataFrame, unknown: str) -> list[str]:
    """Group of each clip by the sheet; empty for a clip that is left out.

    Parameters
    ----------
    clips : pd.DataFrame
        As `audio.clips` lists them.
    unknown : {"together", "alone", "out"}
        What becomes of clips without group and artist. Each song is a group where no clip has
        either.
    """
    if not (clips["sheet_group"].any() or clips["artist"].any()):
        unknown = "alone"
    stated = zip(
        clips["sheet_group"], clips["artist"], clips["source"], clips["genre"], strict=True
    )
    return [
        group_name(group, artist, song, genre, unknown) for group, artist, song, genre in stated
    ]


def features_of(clips: pd.Series, tables: Sequence[Path]) -> NDArray[np.floating]:
    """Features of some clips from all tables, shape (n, d); d is 0 without tables."""
    parts = [read_table(path).set_index("clip").loc[clips].to_numpy() for path in tables]
    return np.hstack(parts) if parts else np.empty((len(clips), 0))


def identical(features: NDArray[np.floating]) -> NDArray[np.int64]:
    """Pairs of clips whose features are nearly the same: replicas.

    Parameters
    ----------
    features : NDArray[np.floating], shape (n, d)
        Held beside one standardised copy in single precision, and no other.

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
        logger.warning("too few features to find copies by: only those of the same MD5 are found")
        return np.empty((0, 2), dtype=np.int64)
    scaled = np.empty((n, d), dtype=np.float32)
    for start in range(0, d, BLOCK):
        columns = slice(start, start + BLOCK)
        block = features[:, columns].astype(np.float64)
        deviations = block.std(axis=0)
        deviations[deviations == 0] = 1
        scaled[:, columns] = (block - block.mean(axis=0)) / deviations
    squares = np.einsum("ij,ij->i", scaled, scaled)
    most = IDENTICAL**2 * d
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        sums = squares[rows][:, None] + squares[start:]
        # Single precision rounds what products cancel; what may be near is measured again.
        near = sums - 2 * scaled[rows] @ scaled[start:].T <= most + 1e-4 * sums
        found = np.argwhere(np.triu(near, k=1)) + start
        pairs.append(found[[_distance(scaled, pair) <= most for pair in found]])
    return np.concatenate(pairs)


def _distance(scaled: NDArray[np.float32], pair: NDArray[np.int64]) -> float:
    """Squared distance of two rows."""
    difference = scaled[pair[0]].astype(np.float64) - scaled[pair[1]]
    return float(difference @ difference)


def tie(keys: Sequence[Sequence[str]], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Groups of clips that share any key or are a pair, directly or through others.

    Parameters
    ----------
    keys : sequence of sequences of str, each of length n
        For instance the artist, the song and the MD5 of each clip; an empty key ties nothing.
    pairs : NDArray[np.int64], shape (m, 2)
        Further clips that belong together.

    Returns
    -------
    NDArray[np.int64], shape (n,)
        Number of each clip's group.
    """
    n = len(keys[0])
    ends = [pairs]
    for key in keys:
        named = pd.Series(list(key))
        named = named[named != ""]
        first = named.groupby(named).transform(lambda same: same.index[0])
        ends.append(np.column_stack([named.index, first]).astype(np.int64))
    joined = np.concatenate(ends)
    graph = sparse.coo_array((np.ones(len(joined)), joined.T), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)
