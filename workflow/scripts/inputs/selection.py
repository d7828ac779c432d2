"""Choose the features of a fold with ControlBurn.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "Control Burn":
   57 features are pruned to 10.
.. [2] B. Liu, M. Xie, M. Udell, "ControlBurn: Feature Selection by Sparse Forests", KDD 2021.
"""

import logging
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from numpy.typing import ArrayLike

from features.parquet import named_tables
from inputs.controlburn import ControlBurnSelector
from inputs.fold import clips_of, fitted_on, join
from inputs.sample import MOST, spread_evenly
from settings.errors import UserError
from settings.seeds import fold_seed
from settings.spreadsheet import write_csv

logger = logging.getLogger(__name__)

COLUMNS = ["feature", "importance_before", "importance_after", "selected"]


def select(features: pd.DataFrame, genres: ArrayLike, n_features: int, seed: int) -> pd.DataFrame:
    """Choose features with ControlBurn.

    Parameters
    ----------
    features : pd.DataFrame, shape (n, d)
        Of the clips that the choice may see.
    genres : array_like of str, shape (n,)
        Their genres.
    n_features : int
        How many to choose.
    seed : int

    Returns
    -------
    pd.DataFrame, shape (d, 4)
        `COLUMNS`: importances are shares of the whole forest, before, and of a forest on the chosen
        features, after.

    Raises
    ------
    UserError
        If there are fewer features than wanted.
    """
    if n_features > features.shape[1]:
        raise UserError(
            f"select: n_features: {n_features} is more than the {features.shape[1]} features of "
            "the experiment's tables; lower it in config/experiments.yaml"
        )
    selector = ControlBurnSelector(n_features=n_features, random_state=seed)
    selector.fit(features.to_numpy(), genres)
    return pd.DataFrame(
        {
            "feature": features.columns,
            "importance_before": selector.feature_importances_,
            "importance_after": selector.polished_importances_,
            "selected": selector.support_,
        }
    )


def main(
    folds: Annotated[Path, typer.Option(help="Folds (Parquet).")],
    fold: Annotated[int, typer.Option(help="Which fold, numbered on over repeats.")],
    fit: Annotated[str, typer.Option(help="Choose by all clips of the fold, or by train.")],
    n_features: Annotated[int, typer.Option(help="How many features to choose.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    output: Annotated[Path, typer.Option(help="Selection, to be written (CSV).")],
    tables: Annotated[list[Path], typer.Argument(help="The experiment's feature tables.")],
    drop: Annotated[list[str] | None, typer.Option(help="Column to leave out.")] = None,
) -> None:
    """Choose the features of a fold with ControlBurn, by a sample where clips are many."""
    clips = clips_of(pd.read_parquet(folds), fold)
    seen = clips[fitted_on(clips, fit)]
    if len(seen) > MOST:
        logger.warning("%d clips: features are chosen by a sample of %d", len(seen), MOST)
        seen = seen.iloc[spread_evenly(seen["genre"], MOST, seed)]
    features = join(named_tables(tables), seen["clip"].tolist(), drop or [])
    genres = seen["genre"].to_numpy(dtype=str)
    table = select(features, genres, n_features, fold_seed(seed, fold))
    write_csv(table, output)
    logger.info("%s: %s", output, ", ".join(table.loc[table["selected"], "feature"]))
