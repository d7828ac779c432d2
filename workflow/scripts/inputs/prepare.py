"""Prepare the inputs of a fold: join feature tables, and scale."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from inputs.inputs import Inputs
from settings.errors import UserError

logger = logging.getLogger(__name__)

SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler}


def join(tables: Sequence[pd.DataFrame], clips: Sequence[str], drop: Sequence[str]) -> pd.DataFrame:
    """Features of some clips from several tables, side by side.

    Parameters
    ----------
    tables : sequence of pd.DataFrame
        First column ``clip``, then float columns.
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
        If a column to drop does not exist, or a column stands in two tables.
    """
    joined = pd.concat([table.set_index("clip").loc[list(clips)] for table in tables], axis=1)
    unknown = sorted(set(drop) - set(joined.columns))
    if unknown:
        raise UserError(
            f"drop: {', '.join(unknown)}: no such column in the experiment's tables; "
            f"they begin with {', '.join(joined.columns[:5])}"
        )
    twice = sorted(joined.columns[joined.columns.duplicated()])
    if twice:
        raise UserError(
            f"column {twice[0]} stands in two of the experiment's tables; drop it in one"
        )
    return joined.drop(columns=list(drop))


def scale(x: NDArray[np.float64], fitted_on: NDArray[np.bool_], how: str) -> NDArray[np.float64]:
    """Scale each feature.

    Parameters
    ----------
    x : NDArray[np.float64], shape (n, d)
    fitted_on : NDArray[np.bool_], shape (n,)
        Clips from which means, deviations or ranges are taken.
    how : {"standard", "minmax", "none"}
        To mean 0 and variance 1; to [0, 1]; not at all.

    Returns
    -------
    NDArray[np.float64], shape (n, d)
        A constant feature becomes 0 throughout, unless ``how`` is none.
    """
    if how == "none":
        return x
    return SCALERS[how]().fit(x[fitted_on]).transform(x)


def prepare(
    folds: pd.DataFrame, tables: Sequence[pd.DataFrame], number: int, drop: Sequence[str], how: str
) -> Inputs:
    """Inputs of one fold under protocol ``paper``: all is fitted on all clips.

    Parameters
    ----------
    folds : pd.DataFrame
        As `folds.assign` makes it.
    tables : sequence of pd.DataFrame
        The experiment's feature tables.
    number : int
        Which fold; numbered on over the repeats.
    drop : sequence of str
        Columns to leave out.
    how : {"standard", "minmax", "none"}
        As in `scale`.
    """
    repeat, fold = divmod(number, int(folds["fold"].max()) + 1)
    dealt = folds[folds["repeat"] == repeat]
    features = join(tables, dealt["clip"].tolist(), drop)
    genres, y = np.unique(dealt["genre"].to_numpy(dtype=str), return_inverse=True)
    x = scale(features.to_numpy(np.float64), np.ones(len(y), dtype=bool), how)
    return Inputs(
        x=x.astype(np.float32),
        y=y.astype(np.int64),
        train=dealt["fold"].to_numpy() != fold,
        clips=dealt["clip"].to_numpy(dtype=str),
        genres=genres,
        features=features.columns.to_numpy(dtype=str),
    )


def main(
    folds: Annotated[Path, typer.Option(help="Folds (Parquet).")],
    fold: Annotated[int, typer.Option(help="Which fold, numbered on over repeats.")],
    scale: Annotated[str, typer.Option(help="standard, minmax or none.")],
    output: Annotated[Path, typer.Option(help="Inputs of the fold, to be written (NPZ).")],
    tables: Annotated[list[Path], typer.Argument(help="The experiment's feature tables.")],
    drop: Annotated[
        list[str] | None, typer.Option(help="Column to leave out; may be repeated.")
    ] = None,
) -> None:
    """Prepare the inputs of a fold."""
    read = [pd.read_parquet(path) for path in tables]
    inputs = prepare(pd.read_parquet(folds), read, fold, drop or [], scale)
    inputs.save(output)
    logger.info("%s: %d clips, %d features", output, *inputs.x.shape)
