"""Features of the clips of a fold, before anything is fitted."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from genregraph.common.errors import UserError
from genregraph.features.parquet import named_tables


def join(
    tables: Iterable[tuple[str, pd.DataFrame]],
    clips: Sequence[str],
    drop: Sequence[str],
    imported: bool = False,
) -> pd.DataFrame:
    """Features of n clips from several tables, side by side, indexed by clip.

    Parameters
    ----------
    tables : iterable of (str, pd.DataFrame)
        Each with its name: first column ``clip``, then float columns. They are read one by one.
    clips : sequence of str, length n
        Clips to take, in this order; each must be in every table.
    drop : sequence of str
        Columns to leave out, of all tables.
    imported : bool
        A table is imported: it may lack a column that is to be left out, which an extractor has.

    Returns
    -------
    pd.DataFrame, shape (n, d)
        Columns that several tables have, as embeddings often do, are named ``<table>_<column>``.
    """
    parts = {name: table.set_index("clip").loc[list(clips)] for name, table in tables}
    joined = pd.concat(parts, axis=1)
    columns = joined.columns.get_level_values(1)
    unknown = sorted(set(drop) - set(columns))
    if unknown and not imported:
        raise UserError(
            f"drop: {', '.join(unknown)}: no such column in the experiment's tables; "
            f"they begin with {', '.join(columns[:5])}"
        )
    with_table = joined.columns.get_level_values(0) + "_" + columns
    names = np.where(columns.duplicated(keep=False), with_table, columns)
    dropped = columns.isin(list(drop))
    kept = joined.loc[:, ~dropped].set_axis(names[~dropped], axis=1)
    if alike := sorted(kept.columns[kept.columns.duplicated()]):
        raise UserError(
            f"two features of the experiment's tables are called {alike[0]}; name it under drop:, "
            "or leave one of the tables out"
        )
    if kept.empty and len(joined):
        raise UserError("drop: no feature of the experiment's tables is left; name fewer columns")
    return kept


def features_by_fold(
    tables: Sequence[Path],
    fitted: Path | None,
    clips: Sequence[str],
    drop: Sequence[str],
    imported: bool = False,
) -> Callable[[tuple[int, int]], pd.DataFrame]:
    """Features of a fold, as `join` returns them, by its repeat and number.

    All folds share the tables. A fitted table has columns ``repeat fold clip`` and features that
    were learnt from the training clips of each fold (`models.cnn`).
    """
    if fitted is None:
        features = join(named_tables(tables), clips, drop, imported)
        return lambda key: features
    shared = list(named_tables(tables))

    def of_fold(key: tuple[int, int]) -> pd.DataFrame:
        chosen = [("repeat", "==", key[0]), ("fold", "==", key[1])]
        own = pd.read_parquet(fitted, filters=chosen).drop(columns=["repeat", "fold"])
        return join([*shared, (fitted.stem, own)], clips, drop, imported)

    return of_fold


def selected(chosen: pd.DataFrame, key: tuple[int, int]) -> list[str]:
    """Features that `selection.selection` wrote as selected in a fold.

    All of its columns are read as text, since features may be called 0, 1, 2.
    """
    own = (chosen["repeat"] == str(key[0])) & (chosen["fold"] == str(key[1]))
    return chosen.loc[own & (chosen["selected"] == "True"), "feature"].tolist()
