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


def join(
    tables: Iterable[tuple[str, pd.DataFrame]], clips: Sequence[str], drop: Sequence[str]
) -> pd.DataFrame:
    """Features of some clips from several tables, side by side.

    Parameters
    ----------
    tables : iterable of (str, pd.DataFrame)
        Each with its name: first column ``clip``, then float columns. Each is taken when the one
        before is done with.
    clips : sequence of str, length n
        Clips to take, in this order; each must be in every table.
    drop : sequence of str
        Columns to leave out, of all tables.

    Returns
    -------
    pd.DataFrame, shape (n, d)
        Indexed by clip. Columns that stand in several tables, as those of embeddings often do, are
        named ``<table>_<column>``.

    Raises
    ------
    UserError
        If a column to drop does not exist, or two that are kept are named alike all the same.
    """
    parts, tables_of = [], []
    for name, table in tables:
        parts.append(table.set_index("clip").loc[list(clips)])
        tables_of += [name] * parts[-1].shape[1]
    joined = pd.concat(parts, axis=1)
    unknown = sorted(set(drop) - set(joined.columns))
    if unknown:
        raise UserError(
            f"drop: {', '.join(unknown)}: no such column in the experiment's tables; "
            f"they begin with {', '.join(joined.columns[:5])}"
        )
    shared = joined.columns.duplicated(keep=False)
    joined.columns = pd.Index(
        [
            f"{table}_{column}" if twice and column not in drop else column
            for table, column, twice in zip(tables_of, joined.columns, shared, strict=True)
        ]
    )
    kept = joined.drop(columns=list(drop))
    alike = sorted(kept.columns[kept.columns.duplicated()])
    if alike:
        raise UserError(
            f"two features of the experiment's tables are called {alike[0]}; name it under drop:, "
            "or leave one of the tables out"
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
