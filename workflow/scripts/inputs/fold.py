"""Clips and features of one fold, before anything is fitted."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from settings.errors import UserError


def clips_of(folds: pd.DataFrame, number: int) -> pd.DataFrame:
    """Clips of a fold, each once, with a column ``train``.

    Parameters
    ----------
    folds : pd.DataFrame
        As `folds.assign` makes it.
    number : int
        Which fold; numbered on over the repeats.
    """
    repeat, fold = divmod(number, int(folds["fold"].max()) + 1)
    dealt = folds[folds["repeat"] == repeat].reset_index(drop=True)
    return dealt.assign(train=dealt["fold"] != fold)


def join(tables: Iterable[pd.DataFrame], clips: Sequence[str], drop: Sequence[str]) -> pd.DataFrame:
    """Features of some clips from several tables, side by side.

    Parameters
    ----------
    tables : iterable of pd.DataFrame
        First column ``clip``, then float columns; each is taken when the one before is done with.
    clips : sequence of str, length n
        Clips to take, in this order; each must be in every table.
    drop : sequence of str
        Columns to leave out.

    Returns
    -------
    pd.DataFrame, shape (n, d)
        Indexed by clip.

    Raises
    ------
    UserError
        If a column to drop does not exist, or a column that is kept stands in two tables.
    """
    joined = pd.concat([table.set_index("clip").loc[list(clips)] for table in tables], axis=1)
    unknown = sorted(set(drop) - set(joined.columns))
    if unknown:
        raise UserError(
            f"drop: {', '.join(unknown)}: no such column in the experiment's tables; "
            f"they begin with {', '.join(joined.columns[:5])}"
        )
    kept = joined.drop(columns=list(drop))
    twice = sorted(kept.columns[kept.columns.duplicated()])
    if twice:
        raise UserError(
            f"column {twice[0]} stands in two of the experiment's tables; name it under drop:, or "
            "leave one of the tables out"
        )
    return kept


def fitted_on(fold: pd.DataFrame, fit: str) -> NDArray[np.bool_]:
    """Mark the clips that scaling, selection and reduction may see.

    Parameters
    ----------
    fold : pd.DataFrame, length n
        As `clips_of` gives it.
    fit : {"all", "train"}
        All clips of the fold, as the paper did, or its training clips.

    Returns
    -------
    NDArray[np.bool_], shape (n,)
    """
    return np.ones(len(fold), dtype=bool) if fit == "all" else fold["train"].to_numpy(dtype=bool)
