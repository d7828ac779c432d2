"""Deal the clips of an experiment into folds."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import typer

from settings.errors import UserError

logger = logging.getLogger(__name__)

COLUMNS = ["clip", "genre", "group", "repeat", "fold"]


def usable(
    clips: pd.DataFrame, tables: Sequence[frozenset[str]], genres: Sequence[str]
) -> pd.DataFrame:
    """Clips that an experiment can use, ordered by name.

    Parameters
    ----------
    clips : pd.DataFrame
        As `audio.clips` lists them.
    tables : sequence of frozenset of str
        The clips of each feature table.
    genres : sequence of str
        Only these; empty: all.
    """
    good = clips["status"] != "refused"
    for table in tables:
        good &= clips["clip"].isin(table)
    if genres:
        good &= clips["genre"].isin(genres)
    return clips[good].sort_values("clip", ignore_index=True)


def stratified(genres: Sequence[str], folds: int, rng: np.random.Generator) -> np.ndarray:
    """Random folds in which every genre is spread evenly.

    Each genre's clips are shuffled and dealt one by one, going on where the genre before stopped,
    so that neither the clips of a genre nor all clips differ by more than one between two folds.
    (scikit-learn's StratifiedKFold refuses data whose genres are all smaller than the folds.)

    Parameters
    ----------
    genres : sequence of str, length n
        Genre of each clip.
    folds : int
        Number of folds, at least 2.
    rng : np.random.Generator

    Returns
    -------
    np.ndarray of int, shape (n,)
        Fold of each clip, in ``[0, folds)``.

    Raises
    ------
    UserError
        If there are fewer clips than folds, or fewer than two genres.
    """
    names, labels = np.unique(np.asarray(genres, dtype=str), return_inverse=True)
    if len(names) < 2 or len(labels) < folds:
        raise UserError(
            f"{len(labels)} usable clips of {len(names)} genre(s) cannot make {folds} folds: at "
            "least 2 genres and as many clips as folds are needed. problems.csv says which clips "
            "were refused; add clips, or lower folds: n: in config/experiments.yaml"
        )
    order = np.lexsort((rng.random(len(labels)), labels))
    assigned = np.empty(len(labels), dtype=np.int64)
    assigned[order] = np.arange(len(labels)) % folds
    return assigned


def assign(clips: pd.DataFrame, folds: int, repeats: int, seed: int) -> pd.DataFrame:
    """Folds of all repeats, with `COLUMNS`; folds are numbered from 0 in each repeat."""
    parts = [
        clips[["clip", "genre", "group"]].assign(
            repeat=repeat,
            fold=stratified(clips["genre"].tolist(), folds, np.random.default_rng([seed, repeat])),
        )
        for repeat in range(repeats)
    ]
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def clips_in(*paths: Path) -> frozenset[str]:
    """Clips that any of some Parquet files with a column ``clip`` holds."""
    columns = (pq.read_table(path, columns=["clip"])["clip"] for path in paths)
    return frozenset(clip for column in columns for clip in column.to_pylist())


def main(
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    folds: Annotated[int, typer.Option(help="Number of folds.")],
    repeats: Annotated[int, typer.Option(help="How often all clips are dealt anew.")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    output: Annotated[Path, typer.Option(help="Folds, to be written (Parquet).")],
    tables: Annotated[
        list[Path] | None, typer.Argument(help="The experiment's feature tables.")
    ] = None,
    images: Annotated[list[Path] | None, typer.Option(help="Images of a shard.")] = None,
    genre: Annotated[list[str] | None, typer.Option(help="Only this genre.")] = None,
) -> None:
    """Deal the clips of an experiment into folds."""
    listed = pd.read_parquet(clips)
    known = [clips_in(path) for path in tables or []]
    if images:
        known.append(clips_in(*images))
    good = usable(listed, known, genre or [])
    logger.info("%d of %d clips are used", len(good), len(listed))
    assign(good, folds, repeats, seed).to_parquet(output, index=False)
