"""Deal the clips of an experiment into folds, by protocol."""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from folds.deal import grouped, published, stratified
from settings.protocols import BY_GROUP, takes

logger = logging.getLogger(__name__)

COLUMNS = ["clip", "genre", "group", "artist", "repeat", "fold"]


def taken(clips: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Clips that a protocol takes (`settings.protocols.takes`), of those an experiment can use."""
    stated = zip(clips["split"], clips["excluded"], strict=True)
    chosen = [takes(protocol, split, excluded) for split, excluded in stated]
    return clips[np.array(chosen, dtype=bool)].reset_index(drop=True)


def assign(clips: pd.DataFrame, protocol: str, folds: int, repeats: int, seed: int) -> pd.DataFrame:
    """Folds of all repeats, each an independent deal; folds are numbered from 0 in each.

    Parameters
    ----------
    clips : pd.DataFrame
        As `taken` gives them.
    protocol : str
        Protocols by group keep groups whole; ``filtered`` takes the published split; the others
        deal clips at random within genres.
    folds, repeats, seed : int

    Returns
    -------
    pd.DataFrame
        `COLUMNS`.
    """
    genres, groups = clips["genre"].tolist(), clips["group"].tolist()
    parts = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        if protocol == "filtered":
            fold = published(clips["split"].tolist())
        elif protocol in BY_GROUP:
            fold = grouped(genres, groups, folds, rng)
        else:
            fold = stratified(genres, folds, rng)
        parts.append(clips.assign(repeat=repeat, fold=fold))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def main(
    clips: Annotated[Path, typer.Option(help="Clips that the experiment can use (Parquet).")],
    protocol: Annotated[str, typer.Option(help="paper, random, clean, inductive or filtered.")],
    folds: Annotated[int, typer.Option(help="Number of folds.")],
    repeats: Annotated[int, typer.Option(help="How often all clips are dealt anew.")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    output: Annotated[Path, typer.Option(help="Folds, to be written (Parquet).")],
) -> None:
    """Deal the clips of an experiment into folds."""
    listed = pd.read_parquet(clips)
    chosen = taken(listed, protocol)
    logger.info("%d of %d clips are taken", len(chosen), len(listed))
    assign(chosen, protocol, folds, repeats, seed).to_parquet(output, index=False)
