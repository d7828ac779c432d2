"""Count what the training and the test part of a fold share.

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
    """Positions of pairs of clips whose features are nearly the same, shape (pairs, 2).

    Features, shape (m, d), are scaled by all m usable clips, as when groups were made.
    """
    places = pd.Index(clips).get_indexer(usable)[identical(features)]
    return places[(places >= 0).all(axis=1)]


def leaks(
    folds: pd.DataFrame, clips: pd.DataFrame, pairs: NDArray[np.int64], unknown: str
) -> pd.DataFrame:
    """Count what both parts of each fold hold.

    ``clips`` are the facts (`audio.clips.COLUMNS`) of `folds.table.unique_clips`, in their order;
    ``pairs``, shape (m, 2), positions of clips whose features are nearly the same. ``unknown`` says
    how clips of unknown artist are grouped: together, alone or out.

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
        for kind, names in keys.items():
            name = np.array(names)
            row[kind] = len(set(name[train]) & set(name[~train]) - {""})
        row["near_identical"] = int((train[pairs[:, 0]] != train[pairs[:, 1]]).sum())
        rows.append(row)
    return pd.DataFrame(rows)


def check(counts: pd.DataFrame, protocol: str) -> None:
    """Raise a `UserError` if folds of a protocol by group leak, by the counts of `leaks`."""
    total = counts[KINDS].sum()
    logger.info("in both parts of a fold: %s", total.to_dict())
    if protocol in BY_GROUP and total.any():
        shared = ", ".join(f"{count} {kind}" for kind, count in total.items() if count)
        raise UserError(
            f"protocol {protocol} leaks: {shared} in both parts of its folds. Give such clips one "
            "group in the sheet's column group, or exclude copies in its column excluded"
        )
