"""Which clips an experiment can use, what ties them together, and what protocols can split."""

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.config.experiment import Experiment
from genregraph.datasets.groups import normalised, tied
from genregraph.folds.assign import assign, taken
from genregraph.folds.groups import features_of, group_names, identical
from genregraph.folds.protocols import UNKNOWN_LEFT_OUT, attempted

logger = logging.getLogger(__name__)

COLUMNS = ["clip", "source", "genre", "group", "artist", "split", "excluded", "md5"]


def with_groups(clips: pd.DataFrame, features: np.ndarray, unknown: str) -> pd.DataFrame:
    """Add to clips the group that no fold of clean separates, and the artist (`COLUMNS`).

    A ``group`` is of one artist, song or recording; replicas are recognised by their features,
    shape (n, d). ``artist`` is the artist, else the sheet's group; a song without either has a name
    of its own. ``unknown`` (together, alone or out) says what becomes of clips without group and
    artist; ``excluded``, why clean leaves a clip out.
    """
    groups = group_names(clips, unknown)
    without_artist = clips["sheet_group"].where(clips["artist"] == "", "")
    artists = group_names(clips.assign(sheet_group=without_artist), "alone")
    # Clips that protocol clean leaves out are split by others, and need a group there.
    names = [group or artist for group, artist in zip(groups, artists, strict=True)]
    stated = clips["artist"].map(normalised)
    keys = zip(names, stated, clips["source"], clips["md5"], strict=True)
    alike = np.array(tied(keys, identical(features).tolist()))
    unnamed = np.where(np.array(groups, dtype=str) == "", UNKNOWN_LEFT_OUT, "")
    return clips.assign(
        group=pd.Series(names).groupby(alike).transform("first"),
        artist=artists,
        excluded=clips["excluded"].where(clips["excluded"] != "", unnamed),
    )[COLUMNS]


def counted(
    asked: pd.DataFrame, usable: pd.DataFrame, protocols: Iterable[str]
) -> dict[str, dict[str, int]]:
    """Clips of an experiment's genres that each protocol uses, and what became of the others.

    They are ``excluded`` by the sheet, or in no part of its split; ``rejected`` by the audit; or
    ``without_features`` in one of the tables.
    """
    rejected = int((asked["status"] == "rejected").sum())
    lost = {"rejected": rejected, "without_features": len(asked) - rejected - len(usable)}
    used = {protocol: len(taken(usable, protocol)) for protocol in protocols}
    return {p: {"used": n, "excluded": len(usable) - n, **lost} for p, n in used.items()}


def main(
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    experiment: Annotated[str, typer.Option(help="Protocols, folds and clean of it (JSON).")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    output: Annotated[Path, typer.Option(help="Usable clips, to be written (Parquet).")],
    protocols: Annotated[Path, typer.Option(help="Which can split them, to be written (JSON).")],
    tables: Annotated[list[Path] | None, typer.Argument(help="Feature tables.")] = None,
    images: Annotated[list[Path] | None, typer.Option(help="Images of a shard.")] = None,
) -> None:
    """List the clips that an experiment can use, and how its protocols can split them."""
    asked = Experiment.model_validate_json(experiment)
    listed = pd.read_parquet(clips)
    of_genres = listed[listed["genre"].isin(asked.genres or listed["genre"])]
    good = of_genres[of_genres["status"] != "rejected"]
    for paths in [*([path] for path in tables or []), *([images] if images else [])]:
        known = pd.concat([pd.read_parquet(path, columns=["clip"]) for path in paths])
        good = good[good["clip"].isin(known["clip"])]
    good = good.sort_values("clip", ignore_index=True)
    features = features_of(good["clip"], tables or [])
    grouped = with_groups(good, features, asked.clean.unknown_artist)
    grouped.to_parquet(output, index=False)
    possible, left_out = attempted(
        asked.protocols, lambda name: assign(grouped, name, asked, seed)[1]
    )
    how = {
        "evaluations": {name: each._asdict() for name, each in possible.items()},
        "left_out": left_out,
        "clips": counted(of_genres, grouped, possible),
    }
    protocols.write_text(json.dumps(how, indent=1) + "\n", encoding="utf-8")
    logger.info("%d of %d clips can be used; %s", len(good), len(listed), how)
