"""Which clips must stay together, by the sheet or as copies, and what parts of folds share."""

import itertools
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from genregraph.common.errors import UserError
from genregraph.datasets.groups import group_name, normalised
from genregraph.features.parquet import read_table
from genregraph.folds.protocols import BY_GROUP
from genregraph.folds.table import fold_keys, training_masks

logger = logging.getLogger(__name__)

BLOCK = 512  # Features that are scaled at once.
DISTINCT = 8  # Features in which most clips must differ, or clips are near each other by chance.
IDENTICAL = 0.01  # Root mean square over features of a difference in standard deviations.
# What leaks between parts of folds: B. L. Sturm, "The GTZAN dataset", arXiv:1306.1461.
KINDS = ["group", "artist", "song", "md5", "near_identical"]


def group_names(clips: pd.DataFrame, unknown: str) -> list[str]:
    """Group of each clip by the sheet; "" for a clip that is left out.

    ``unknown`` (together, alone or out) says what becomes of clips without group and artist. Each
    song is a group where no clip has either.
    """
    if not (clips["sheet_group"].any() or clips["artist"].any()):
        unknown = "alone"
    stated = clips[["sheet_group", "artist", "source", "genre"]].to_numpy()
    return [group_name(group, artist, song, of, unknown) for group, artist, song, of in stated]


def features_of(clips: pd.Series, tables: Sequence[Path]) -> NDArray[np.floating]:
    """Features of some clips from all tables, shape (n, d); d is 0 without tables."""
    parts = [read_table(path).set_index("clip").loc[clips].to_numpy() for path in tables]
    return np.hstack(parts) if parts else np.empty((len(clips), 0))


def identical(features: NDArray[np.floating]) -> NDArray[np.int64]:
    """Pairs of clips whose features, shape (n, d), are nearly the same: replicas.

    They are positions, the smaller first, shape (pairs, 2), whose standardised features differ by
    at most `IDENTICAL`; none where fewer than `DISTINCT` features differ between most clips.
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


def leaks(
    folds: pd.DataFrame, clips: pd.DataFrame, copies: NDArray[np.object_], unknown: str
) -> pd.DataFrame:
    """Count what both parts of each fold hold: ``repeat fold`` and a count for each of `KINDS`.

    These are names in both parts, and pairs of near-identical clips with one in either. ``clips``
    are the facts (`audio.clips.COLUMNS`) of `folds.table.unique_clips`, in their order;
    ``copies``, shape (m, 2), names of near-identical pairs, also of clips in no fold.
    """
    artists = clips["artist"].map(normalised)
    named = clips.assign(group=group_names(clips, unknown), artist=artists, song=clips["source"])
    names = named[["group", "artist", "song", "md5"]]
    pairs = pd.Index(clips["clip"]).get_indexer(copies.ravel()).reshape(-1, 2)
    pairs = pairs[(pairs >= 0).all(axis=1)]
    rows = []
    for (repeat, fold), train in zip(fold_keys(folds), training_masks(folds), strict=True):
        both = {kind: {*name[train]} & {*name[~train]} - {""} for kind, name in names.items()}
        apart = int((train[pairs[:, 0]] != train[pairs[:, 1]]).sum())
        rows.append([repeat, fold, *map(len, both.values()), apart])
    return pd.DataFrame(rows, columns=["repeat", "fold", *KINDS])


def check(counts: pd.DataFrame, protocol: str) -> None:
    """Raise a `UserError` if folds of a protocol by group leak, by the counts of `leaks`."""
    total = counts[KINDS].sum()
    logger.info("in both parts of a fold: %s", total.to_dict())
    if protocol in BY_GROUP and total.any():
        shared = ", ".join(f"{count} {kind}" for kind, count in total.items() if count)
        way = "give such clips one group in the sheet, or exclude copies there"
        raise UserError(f"protocol {protocol} leaks: {shared} in both parts of its folds; {way}")
