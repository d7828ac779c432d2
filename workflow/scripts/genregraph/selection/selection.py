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
from genregraph.preprocessing import fold
from genregraph.preprocessing.inputs import MOST, spread_evenly
from genregraph.selection.controlburn import ControlBurnSelector

logger = logging.getLogger(__name__)

COLUMNS = ["feature", "importance_before", "importance_after", "selected"]


def select(features: pd.DataFrame, genres: ArrayLike, n_features: int, seed: int) -> pd.DataFrame:
    """Choose features by clips and their genres; a row of `COLUMNS` for each.

    Importances are shares of the full forest, before, and of one on the chosen features, after.
    """
    if n_features > features.shape[1]:
        said = f"select: n_features: {n_features} is more than the {features.shape[1]} features"
        raise UserError(f"{said} of the experiment's tables; lower it in config/experiments.yaml")
    selector = ControlBurnSelector(n_features=n_features, random_state=seed)
    selector.fit(features.to_numpy(), genres)
    if not selector.support_.any():
        raise UserError("select: every feature is constant in the clips seen; use another table")
    importances = selector.feature_importances_, selector.polished_importances_
    columns = (features.columns, *importances, selector.support_)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def main(
    folds: fold.FoldsFile,
    fit: fold.FittedOn,
    n_features: Annotated[int, typer.Option(help="How many features to choose.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    output: Annotated[Path, typer.Option(help="Selections, to be written (CSV).")],
    tables: fold.Tables = None,
    fitted: fold.TableOfFolds = None,
    drop: fold.Drop = None,
    imported: fold.Imported = False,
    jobs: Annotated[int, typer.Option(min=1, help="Folds side by side.")] = 1,
) -> None:
    """Choose the features of each fold with ControlBurn, by a sample where clips are many."""
    given = fold.Folds(folds, fit, tables, fitted, drop, imported)
    keys, all_genres = given.keys, given.clips["genre"].to_numpy(dtype=str)

    def choose(number: int) -> pd.DataFrame:
        seen = np.flatnonzero(given.seen[number])
        if len(seen) > MOST:
            logger.warning("%d clips: features are chosen by a sample of %d", len(seen), MOST)
            seen = seen[spread_evenly(all_genres[seen], MOST, seed)]
        features = given.features(number).iloc[seen]
        chosen = select(features, all_genres[seen], n_features, fold_seed(seed, number))
        logger.info("%s: %s", keys[number], ", ".join(chosen.loc[chosen["selected"], "feature"]))
        return chosen

    count = 1 if given.alike else len(keys)
    chosen = every_fold(choose, count, jobs) * (len(keys) // count)
    write_csv(pd.concat(chosen, keys=keys, names=["repeat", "fold"]).reset_index([0, 1]), output)
