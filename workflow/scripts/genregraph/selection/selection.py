"""Choose the features of each fold with ControlBurn.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "Control Burn":
   57 features are pruned to 10.
"""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import ArrayLike

from genregraph.common.errors import UserError
from genregraph.common.every_fold import every_fold
from genregraph.common.seeds import fold_seed
from genregraph.datasets.spreadsheet import write_csv
from genregraph.folds.table import fold_keys, training_masks, unique_clips
from genregraph.preprocessing.fold import features_by_fold
from genregraph.preprocessing.sample import MOST, spread_evenly
from genregraph.selection.controlburn import ControlBurnSelector

logger = logging.getLogger(__name__)

COLUMNS = ["feature", "importance_before", "importance_after", "selected"]


def select(features: pd.DataFrame, genres: ArrayLike, n_features: int, seed: int) -> pd.DataFrame:
    """Choose features by clips and their genres; a row of `COLUMNS` for each.

    Importances are shares of the full forest, before, and of one on the chosen features, after.
    """
    if n_features > features.shape[1]:
        raise UserError(
            f"select: n_features: {n_features} is more than the {features.shape[1]} features of "
            "the experiment's tables; lower it in config/experiments.yaml"
        )
    selector = ControlBurnSelector(n_features=n_features, random_state=seed)
    selector.fit(features.to_numpy(), genres)
    if not selector.support_.any():
        raise UserError(
            "select: every feature is constant in the clips that are fitted to; use another table"
        )
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
    fit: Annotated[str, typer.Option(help="Choose by all clips of a fold, or by train.")],
    n_features: Annotated[int, typer.Option(help="How many features to choose.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    output: Annotated[Path, typer.Option(help="Selections, to be written (CSV).")],
    tables: Annotated[list[Path] | None, typer.Argument(help="Feature tables.")] = None,
    fitted: Annotated[Path | None, typer.Option(help="Table fitted to each fold.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Column to leave out.")] = None,
    imported: Annotated[bool, typer.Option(help="A table is imported.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Folds side by side.")] = 1,
) -> None:
    """Choose the features of each fold with ControlBurn, by a sample where clips are many."""
    table = pd.read_parquet(folds)
    keys, masks, clips = fold_keys(table), training_masks(table), unique_clips(table)
    names = clips["clip"].tolist()
    features_of = features_by_fold(tables or [], fitted, names, drop or [], imported)

    def choose(number: int) -> pd.DataFrame:
        seen = np.flatnonzero(masks[number] | (fit == "all"))
        if len(seen) > MOST:
            logger.warning("%d clips: features are chosen by a sample of %d", len(seen), MOST)
            seen = seen[spread_evenly(clips["genre"].iloc[seen], MOST, seed)]
        features = features_of(keys[number]).iloc[seen]
        genres = clips["genre"].iloc[seen].to_numpy(dtype=str)
        chosen = select(features, genres, n_features, fold_seed(seed, number))
        logger.info("%s: %s", keys[number], ", ".join(chosen.loc[chosen["selected"], "feature"]))
        return chosen

    # Fitted to all clips, all folds have one selection.
    count = 1 if fit == "all" and not fitted else len(keys)
    chosen = every_fold(choose, count, jobs) * (len(keys) // count)
    write_csv(pd.concat(chosen, keys=keys, names=["repeat", "fold"]).reset_index([0, 1]), output)
