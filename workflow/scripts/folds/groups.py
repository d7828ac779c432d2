"""Which clips must stay together: of a group, a song, or the same audio under two names."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from settings.groups import group_name

IDENTICAL = 0.01  # Root mean square over features of a difference in standard deviations.


def group_names(clips: pd.DataFrame, unknown: str) -> list[str]:
    """Group of each clip by the sheet; empty for a clip that is to be left out.

    Parameters
    ----------
    clips : pd.DataFrame
        As `audio.clips` lists them.
    unknown : {"together", "alone", "out"}
        What becomes of clips without group and artist, if any clip of the dataset has one; else
        each song is a group.
    """
    if not (clips["sheet_group"].any() or clips["artist"].any()):
        unknown = "alone"
    stated = zip(
        clips["sheet_group"], clips["artist"], clips["source"], clips["genre"], strict=True
    )
    return [
        group_name(group, artist, song, genre, unknown) for group, artist, song, genre in stated
    ]


def identical(features: NDArray[np.float64]) -> NDArray[np.int64]:
    """Pairs of clips whose features are nearly the same: replicas.

    Parameters
    ----------
    features : NDArray[np.float64], shape (n, d)

    Returns
    -------
    NDArray[np.int64], shape (pairs, 2)
        Positions, the smaller first: the root mean square difference of their standardised features
        is at most `IDENTICAL`.
    """
    scaled = StandardScaler().fit_transform(features)
    radius = IDENTICAL * np.sqrt(scaled.shape[1])
    near = NearestNeighbors(radius=radius, algorithm="brute").fit(scaled)
    pairs = sparse.triu(near.radius_neighbors_graph(mode="connectivity"), k=1).tocoo()
    return np.column_stack([pairs.row, pairs.col]).astype(np.int64)


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
