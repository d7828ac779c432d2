"""What stands on both sides of the folds of a protocol.

References
----------
.. [1] B. L. Sturm, "The GTZAN dataset: Its contents, its faults, their effects on evaluation, and
   its future use", arXiv:1306.1461.
.. [2] A. Flexer, "A closer look on artist filters for musical genre classification", ISMIR 2007.
"""

import logging

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genregraph.common.errors import UserError
from genregraph.datasets.groups import normalised
from genregraph.folds.groups import group_names, identical
from genregraph.folds.protocols import BY_GROUP
from genregraph.folds.table import fold_keys, training_masks

logger = logging.getLogger(__name__)

KINDS = ["group", "artist", "song", "md5", "near_identical"]


def near_identical(
    clips: pd.Series, usable: pd.Series, features: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Pairs of clips whose features are nearly the same, compared to all usable clips.

    Parameters
    ----------
    clips : pd.Series, length n
        Those that are split.
    usable : pd.Series, length m
        These and others, by which groups were made.
    features : NDArray[np.floating], shape (m, d)

    Returns
    -------
    NDArray[np.int64], shape (pairs, 2)
        Positions among ``clips``.
    """
    places = pd.Index(clips).get_indexer(usable)[identical(features)]
    return places[(places >= 0).all(axis=1)]


def leaks(
    folds: pd.DataFrame, clips: pd.DataFrame, pairs: NDArray[np.int64], unknown: str
) -> pd.DataFrame:
    """Count what stands on both sides of each fold.

    Parameters
    ----------
    folds : pd.DataFrame
        As `folds.assign` makes it.
    clips : pd.DataFrame, length n
        Its clips (`folds.table.unique_clips`), in their order, as `audio.clips` lists them.
    pairs : NDArray[np.int64], shape (m, 2)
        Positions of clips whose features are nearly the same.
    unknown : {"together", "alone", "out"}
        How clips of unknown artist are grouped.

    Returns
    -------
    pd.DataFrame
        ``repeat fold`` and a count for each of `KINDS`: names in both training and test part, and
        pairs with one clip in either.
    """
    keys = {
        "group": group_names(clips, unknown),
        "artist": [normalised(artist) for artist in clips["artist"]],
        "song": clips["source"].tolist(),
        "md5": clips["md5"].tolist(),
    }
    rows = []
    for (repeat, fold), train in zip(fold_keys(folds), training_masks(folds), strict=True):
        row = {"repeat": repeat, "fold": fold}
        row |= {kind: _on_both_sides(np.array(key), train) for kind, key in keys.items()}
        row["near_identical"] = int((train[pairs[:, 0]] != train[pairs[:, 1]]).sum())
        rows.append(row)
    return pd.DataFrame(rows)


def _on_both_sides(keys: NDArray[np.str_], train: NDArray[np.bool_]) -> int:
    return len(set(keys[train]) & set(keys[~train]) - {""})


def check(counts: pd.DataFrame, protocol: str) -> None:
    """Raise a `UserError` if folds of a protocol by group leak.

    Parameters
    ----------
    counts : pd.DataFrame
        As `leaks` counts them.
    protocol : str
    """
    total = counts[KINDS].sum()
    logger.info("on both sides of a fold: %s", total.to_dict())
    if protocol in BY_GROUP and total.any():
        found = ", ".join(f"{count} {kind}" for kind, count in total.items() if count)
        raise UserError(
            f"protocol {protocol} leaks: {found} on both sides of its folds. Give such clips one "
            "group in the sheet's column group, or exclude copies in its column excluded"
        )
