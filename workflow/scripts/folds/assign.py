"""Deal the clips of an experiment into folds, by protocol."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import typer

from folds.deal import grouped, published, stratified
from folds.groups import group_names, identical, tie
from settings.groups import normalised

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


def allowed(clips: pd.DataFrame, protocol: str, unknown: str) -> pd.DataFrame:
    """Clips that a protocol takes.

    Parameters
    ----------
    clips : pd.DataFrame
        Usable ones.
    protocol : {"paper", "clean", "inductive", "filtered"}
        ``paper`` takes all; ``filtered`` the training and test part of the published split; the
        others leave out what the sheet excludes (replicas, distorted clips).
    unknown : {"together", "alone", "out"}
        What becomes of clips without group and artist.
    """
    if protocol == "paper":
        return clips
    if protocol == "filtered":
        return clips[clips["split"].isin(["train", "test"])].reset_index(drop=True)
    named = np.array(group_names(clips, unknown), dtype=str) != ""
    return clips[named & (clips["excluded"] == "")].reset_index(drop=True)


def grouped_clips(clips: pd.DataFrame, features: np.ndarray, unknown: str) -> pd.DataFrame:
    """Give clips the group that protocol ``clean`` keeps together as ``group``.

    Parameters
    ----------
    clips : pd.DataFrame, length n
        As `allowed` gives them.
    features : np.ndarray, shape (n, d)
        Features by which replicas are found; d may be 0.
    unknown : {"together", "alone", "out"}
        What becomes of clips without group and artist.
    """
    names = group_names(clips, unknown)
    pairs = identical(features) if features.shape[1] else np.empty((0, 2), dtype=np.int64)
    artists = [normalised(artist) for artist in clips["artist"]]
    tied = pd.Series(tie([names, artists, clips["source"].tolist(), clips["md5"].tolist()], pairs))
    return clips.assign(group=pd.Series(names).groupby(tied).transform("first"))


def assign(clips: pd.DataFrame, protocol: str, folds: int, repeats: int, seed: int) -> pd.DataFrame:
    """Folds of all repeats, with `COLUMNS`; folds are numbered from 0 in each repeat."""
    genres, groups = clips["genre"].tolist(), clips["group"].tolist()
    parts = []
    for repeat in range(repeats):
        if protocol == "filtered":
            fold = published(clips["split"].tolist())
        elif protocol == "paper":
            fold = stratified(genres, folds, np.random.default_rng([seed, repeat]))
        else:
            fold = grouped(genres, groups, folds, (seed + repeat) % 2**32)
        parts.append(clips[["clip", "genre", "group"]].assign(repeat=repeat, fold=fold))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def clips_in(*paths: Path) -> frozenset[str]:
    """Clips that any of some Parquet files with a column ``clip`` holds."""
    columns = (pq.read_table(path, columns=["clip"])["clip"] for path in paths)
    return frozenset(clip for column in columns for clip in column.to_pylist())


def main(
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    protocol: Annotated[str, typer.Option(help="paper, clean, inductive or filtered.")],
    folds: Annotated[int, typer.Option(help="Number of folds.")],
    repeats: Annotated[int, typer.Option(help="How often all clips are dealt anew.")],
    unknown: Annotated[str, typer.Option(help="Clips without artist: together, alone or out.")],
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
    good = allowed(usable(listed, known, genre or []), protocol, unknown)
    if protocol != "paper":
        good = grouped_clips(good, features_of(good["clip"], tables or []), unknown)
    logger.info("%d of %d clips are used", len(good), len(listed))
    assign(good, protocol, folds, repeats, seed).to_parquet(output, index=False)


def features_of(clips: pd.Series, tables: Sequence[Path]) -> np.ndarray:
    """Features of some clips from all tables, shape (n, d); d is 0 without tables."""
    parts = [pd.read_parquet(path).set_index("clip").loc[clips].to_numpy() for path in tables]
    return np.hstack(parts) if parts else np.empty((len(clips), 0))
