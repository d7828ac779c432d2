"""Clips of the folds of a protocol and their features, before anything is fitted."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.common.errors import UserError
from genregraph.features.parquet import named_tables
from genregraph.folds.table import fold_keys, training_masks, unique_clips

# Options of the steps that fit something to the clips of each fold.
FoldsFile = Annotated[Path, typer.Option("--folds", help="Folds (Parquet).")]
FittedOn = Annotated[str, typer.Option(help="Fit to all clips of a fold, or to train.")]
Tables = Annotated[list[Path] | None, typer.Argument(help="Feature tables.")]
TableOfFolds = Annotated[Path | None, typer.Option(help="Table fitted to each fold.")]
Drop = Annotated[list[str] | None, typer.Option(help="Column to leave out.")]
Imported = Annotated[bool, typer.Option(help="A table is imported.")]


def join(
    tables: Iterable[tuple[str, pd.DataFrame]],
    clips: Sequence[str],
    drop: Sequence[str],
    imported: bool = False,
) -> pd.DataFrame:
    """Features of clips, in their order, shape (n, d), from named tables that have all of them.

    Tables, read one by one, have a column ``clip`` and floats. Columns that several have, as
    embeddings often do, are named ``<table>_<column>``. Only where a table is imported, it may lack
    a column to drop.
    """
    parts = {name: table.set_index("clip").loc[list(clips)] for name, table in tables}
    joined = pd.concat(parts, axis=1)
    columns = joined.columns.get_level_values(1)
    unknown = sorted(set(drop) - set(columns))
    if unknown and not imported:
        said = f"drop: {', '.join(unknown)}: no such column in the experiment's tables"
        raise UserError(f"{said}; they begin with {', '.join(columns[:5])}")
    with_table = joined.columns.get_level_values(0) + "_" + columns
    names = np.where(columns.duplicated(keep=False), with_table, columns)
    dropped = columns.isin(list(drop))
    kept = joined.loc[:, ~dropped].set_axis(names[~dropped], axis=1)
    if alike := sorted(kept.columns[kept.columns.duplicated()]):
        said = f"two features of the experiment's tables are called {alike[0]}"
        raise UserError(f"{said}; name it under drop:, or leave one of the tables out")
    if kept.empty and len(joined):
        raise UserError("drop: no feature of the experiment's tables is left; name fewer columns")
    return kept


class Folds:
    """Clips of the folds of a protocol, and their features.

    ``keys`` are the repeat and number of each fold, ``clips`` all n clips with ``clip genre group
    artist``. ``train`` and ``seen``, shape (folds, n), are the clips that train in each fold, and
    those that anything is fitted to. Where folds are ``alike`` all have the same features, and are
    fitted to the same clips.
    """

    def __init__(
        self, file: Path, fit: str, tables: Tables, fitted: TableOfFolds, drop: Drop, imported: bool
    ) -> None:
        table = pd.read_parquet(file)
        self.keys, self.clips = fold_keys(table), unique_clips(table)
        self.train = training_masks(table)
        self.seen = self.train | (fit == "all")
        self.alike = fit == "all" and not fitted
        self._fitted, self._how = fitted, (self.clips["clip"].tolist(), drop or [], imported)
        shared = named_tables(tables or [])
        self._shared = list(shared) if fitted else join(shared, *self._how)

    def features(self, number: int) -> pd.DataFrame:
        """Features of all clips in a fold, by its number (`join`).

        A fitted table has columns ``repeat fold clip`` and features that were learnt from the
        training clips of each fold (`models.cnn`).
        """
        if isinstance(self._shared, pd.DataFrame):
            return self._shared
        assert self._fitted
        repeat, fold = self.keys[number]
        chosen = [("repeat", "==", repeat), ("fold", "==", fold)]
        own = pd.read_parquet(self._fitted, filters=chosen).drop(columns=["repeat", "fold"])
        return join([*self._shared, (self._fitted.stem, own)], *self._how)
