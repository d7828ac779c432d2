"""Features of the clips of a fold, before anything is fitted."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from genregraph.common.errors import UserError
from genregraph.features.parquet import named_tables


def join(
    tables: Iterable[tuple[str, pd.DataFrame]],
    clips: Sequence[str],
    drop: Sequence[str],
    imported: bool = False,
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
    imported : bool
        A table is imported: it may lack a column that is to be left out, which an extractor has.

    Returns
    -------
    pd.DataFrame, shape (n, d)
        Indexed by clip. Columns that stand in several tables, as those of embeddings often do, are
        named ``<table>_<column>``.

    Raises
    ------
    UserError
        If a column to drop does not exist in computed tables, or two that are kept have one name
        all the same.
    """
    parts, tables_of = [], []
    for name, table in tables:
        parts.append(table.set_index("clip").loc[list(clips)])
        tables_of += [name] * parts[-1].shape[1]
    joined = pd.concat(parts, axis=1)
    unknown = sorted(set(drop) - set(joined.columns))
    if unknown and not imported:
        raise UserError(
            f"drop: {', '.join(unknown)}: no such column in the experiment's tables; "
            f"they begin with {', '.join(joined.columns[:5])}"
        )
    shared = joined.columns.duplicated(keep=False)
    dropped = joined.columns.isin(list(drop))
    joined.columns = pd.Index(
        [
            f"{table}_{column}" if several and not left_out else column
            for table, column, several, left_out in zip(
                tables_of, joined.columns, shared, dropped, strict=True
            )
        ]
    )
    kept = joined.loc[:, ~dropped]
    alike = sorted(kept.columns[kept.columns.duplicated()])
    if alike:
        raise UserError(
            f"two features of the experiment's tables are called {alike[0]}; name it under drop:, "
            "or leave one of the tables out"
        )
    return kept


def features_by_fold(
    tables: Sequence[Path],
    fitted: Path | None,
    clips: Sequence[str],
    drop: Sequence[str],
    imported: bool = False,
) -> Callable[[tuple[int, int]], pd.DataFrame]:
    """Features of each fold of a protocol.

    Parameters
    ----------
    tables : sequence of Path
        Feature tables that serve all folds.
    fitted : Path, optional
        A table that is fitted to the training clips of each fold, with columns ``repeat fold clip``
        and its features (`models.cnn`).
    clips, drop, imported
        See `join`.

    Returns
    -------
    callable
        Takes the repeat and the number of a fold, and returns its features as `join` does. They
        are the same for all folds if there is no fitted table.
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
    """Features that are selected in a fold.

    Parameters
    ----------
    chosen : pd.DataFrame
        What `selection.selection` writes, as `datasets.spreadsheet.read_csv` reads it: all is text,
        since features may be called 0, 1, 2.
    key : (int, int)
        Repeat and fold.
    """
    own = (chosen["repeat"] == str(key[0])) & (chosen["fold"] == str(key[1]))
    return chosen.loc[own & (chosen["selected"] == "True"), "feature"].tolist()
