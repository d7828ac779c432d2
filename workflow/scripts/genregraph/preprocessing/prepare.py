"""Prepare the inputs of each fold: join feature tables, take what is selected, scale, reduce."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.datasets.spreadsheet import read_csv
from genregraph.preprocessing import fold
from genregraph.preprocessing.inputs import MOST, Inputs, save_inputs

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
BLOCK = 256  # columns


def scaling_of(x: Floats, how: str) -> tuple[Floats, Floats, Mask]:
    """Offset and width of each feature, and whether it varies, in some clips.

    Features get mean 0 and variance 1 (``standard``), or values in [0, 1] (``minmax``), or stay
    (``none``).
    """
    least, most = x.min(axis=0), x.max(axis=0)
    if how == "none":
        return np.zeros_like(least), np.ones_like(least), np.ones_like(least, dtype=bool)
    if how == "standard":
        return x.mean(axis=0), x.std(axis=0), least < most
    return least, most - least, least < most


def scale(x: Floats, seen: Mask, how: str) -> Floats:
    """Scale each feature by the clips seen; see `scaling_of`.

    scikit-learn's scalers are not used: a feature that is constant in the clips seen becomes 0 in
    all others, too, and their range has other last digits.
    """
    offset, width, varies = scaling_of(x[seen], how)
    return np.divide(x - offset, width, out=np.zeros_like(x), where=varies)


def reduce(x: NDArray[np.floating], seen: Mask, method: str, to: int, seed: int) -> Floats:
    """Reduce scaled features, shape (n, d), to a few dimensions of variance 1 over the clips seen.

    PCA is fitted to the clips seen, shape (n,). t-SNE cannot place new clips: it always embeds all
    n together, by their features alone, never by their genres.
    """
    check_dimensions(to, (int(seen.sum()), x.shape[1]))
    if method == "tsne" and len(x) > MOST:
        said = f"reduce: method: tsne embeds {MOST} clips at most, and these are {len(x)}"
        raise UserError(f"{said}; use pca in config/experiments.yaml")
    if method == "pca":
        reduced = PCA(to, random_state=seed).fit(x if seen.all() else x[seen]).transform(x)
    else:
        perplexity = min(30.0, (len(x) - 1) / 3)  # 30 is scikit-learn's default.
        reduced = TSNE(to, perplexity=perplexity, random_state=seed, n_jobs=1).fit_transform(x)
    return scale(np.asarray(reduced, dtype=np.float64), seen, "standard")


def check_dimensions(to: int, shape: tuple[int, ...]) -> None:
    """Raise a `UserError` if there are fewer clips or features, of this shape, than dimensions."""
    if to > min(shape):
        said = f"reduce: to: {to} is more than {min(shape)}, the smaller of clips and features"
        raise UserError(f"{said}; lower it in config/experiments.yaml")


def prepare(
    features: pd.DataFrame, seen: Mask, scaling: str, reduction: str | None, to: int, seed: int
) -> tuple[NDArray[np.float32], list[str]]:
    """Scale (`scaling_of`) and reduce (`reduce`) features of n clips, fitted to those seen.

    Values are of shape (n, d), or (n, to) where they are reduced; with their names.
    """
    x = np.empty(features.shape, np.float64 if reduction else np.float32)
    for start in range(0, features.shape[1], BLOCK):  # No second copy of the table is made.
        block = np.s_[:, start : start + BLOCK]
        x[block] = scale(features.iloc[block].to_numpy(np.float64), seen, scaling)
    if reduction is None:
        return x, features.columns.tolist()
    reduced = reduce(x, seen, reduction, to, seed).astype(np.float32)
    return reduced, [f"{reduction}{i + 1}" for i in range(to)]


def main(
    folds: fold.FoldsFile,
    fit: fold.FittedOn,
    apart: Annotated[bool, typer.Option(help="Groups stay together inside the training clips.")],
    scaling: Annotated[str, typer.Option(help="standard, minmax or none.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    output: Annotated[Path, typer.Option(help="Inputs of all folds, to be written (NPZ).")],
    tables: fold.Tables = None,
    fitted: fold.TableOfFolds = None,
    drop: fold.Drop = None,
    imported: fold.Imported = False,
    selection: Annotated[Path | None, typer.Option(help="Features to keep (CSV).")] = None,
    reduction: Annotated[str | None, typer.Option(help="pca or tsne.")] = None,
    to: Annotated[int, typer.Option(help="Dimensions to reduce to.")] = 2,
) -> None:
    """Prepare the inputs of all folds of a protocol."""
    given = fold.Folds(folds, fit, tables, fitted, drop, imported)
    clips = {column: given.clips[column].to_numpy(dtype=str) for column in given.clips}
    # As text, since features may be called 0, 1, 2.
    chosen = read_csv(selection).query("selected == 'True'") if selection else None
    genres, y = np.unique(clips["genre"], return_inverse=True)

    def of_fold(number: int) -> Inputs:
        features, (repeat, own) = given.features(number), given.keys[number]
        if chosen is not None:
            of_own = (chosen["repeat"] == str(repeat)) & (chosen["fold"] == str(own))
            features = features[chosen.loc[of_own, "feature"].tolist()]
        own_seed = fold_seed(seed, number)
        x, columns = prepare(features, given.seen[number], scaling, reduction, to, own_seed)
        logger.info("repeat %d, fold %d: %d clips, %d features", repeat, own, *x.shape)
        return Inputs(
            x=x,
            y=y.astype(np.int64),
            train=given.train[number],
            clips=clips["clip"],
            genres=genres,
            features=np.array(columns, dtype=str),
            groups=clips["group"] if apart else clips["clip"],
            artists=clips["artist"],
        )

    every: Iterable[Inputs] = map(of_fold, range(len(given.keys)))
    if given.alike:
        first = of_fold(0)
        every = (replace(first, train=train) for train in given.train)
    save_inputs(output, every, given.keys, given.alike)
