"""The file of a protocol's folds: a row for each clip and fold that tests it; all others train."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ["clip", "genre", "group", "artist", "repeat", "fold"]
TRAINS_ONLY = -1  # Fold, in the one row of a repeat, of a clip that is never tested in it.


def listed(clips: pd.DataFrame, tested: NDArray[np.bool_], repeat: int) -> pd.DataFrame:
    """Rows of a repeat, in the order of its n clips; ``tested`` has shape (folds, n)."""
    clip, fold = np.nonzero(np.vstack([tested, ~tested.any(axis=0)]).T)
    fold[fold == len(tested)] = TRAINS_ONLY
    return clips.iloc[clip].assign(repeat=repeat, fold=fold)[COLUMNS]


def fold_keys(folds: pd.DataFrame) -> list[tuple[int, int]]:
    """Repeat and fold of all folds, in order: their places are their numbers."""
    tested = folds.loc[folds["fold"] != TRAINS_ONLY, ["repeat", "fold"]]
    return sorted({(int(repeat), int(fold)) for repeat, fold in tested.to_numpy()})


def unique_clips(folds: pd.DataFrame) -> pd.DataFrame:
    """All clips, each once, in the order that they have in every fold."""
    return folds.drop_duplicates("clip", ignore_index=True).drop(columns=["repeat", "fold"])


def training_masks(folds: pd.DataFrame) -> NDArray[np.bool_]:
    """Which clips train in each fold, shape (folds, n), as `fold_keys` and `unique_clips` order."""
    place = pd.Index(unique_clips(folds)["clip"]).get_indexer(folds["clip"])
    repeat, fold = folds["repeat"].to_numpy(), folds["fold"].to_numpy()
    masks = np.ones((len(fold_keys(folds)), place.max() + 1), dtype=bool)
    for mask, key in zip(masks, fold_keys(folds), strict=True):
        mask[place[(repeat == key[0]) & (fold == key[1])]] = False
    return masks
