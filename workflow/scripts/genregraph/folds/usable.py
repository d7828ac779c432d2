"""Which clips an experiment can use, what ties them together, and which protocols can split them.

The audit may have refused clips of the sheet. A protocol that then lacks what it needs is left out
with its reason; the others stay.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import typer

from genregraph.common.errors import UserError
from genregraph.config.model import Experiment
from genregraph.datasets.groups import normalised
from genregraph.folds.assign import assign, evaluated_clips, taken
from genregraph.folds.groups import features_of, group_names, identical, tie
from genregraph.folds.protocols import UNKNOWN_LEFT_OUT, evaluations

logger = logging.getLogger(__name__)

COLUMNS = ["clip", "source", "genre", "group", "artist", "split", "excluded", "md5"]


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
    good = clips["status"] != "rejected"
    for table in tables:
        good &= clips["clip"].isin(table)
    if genres:
        good &= clips["genre"].isin(genres)
    return clips[good].sort_values("clip", ignore_index=True)


def grouped(clips: pd.DataFrame, features: np.ndarray, unknown: str) -> pd.DataFrame:
    """Groups and artists of clips, by which others are not independent of them.

    Parameters
    ----------
    clips : pd.DataFrame, length n
        As `usable` gives them.
    features : np.ndarray, shape (n, d)
        Features by which replicas are found; d may be 0.
    unknown : {"together", "alone", "out"}
        What becomes of clips without group and artist.

    Returns
    -------
    pd.DataFrame, shape (n, 8)
        `COLUMNS`. ``group``: clips of one artist, song or recording, which no fold of protocol
        clean separates. ``artist``: the artist, else the sheet's group; a song of which neither
        is known has a name of its own. ``excluded``: why protocols with whole groups leave the
        clip out, if they do.
    """
    groups = group_names(clips, unknown)
    without_artist = clips["sheet_group"].where(clips["artist"] == "", "")
    artists = group_names(clips.assign(sheet_group=without_artist), "alone")
    # Clips that protocol clean leaves out are split by others, and need a group there.
    names = [group or artist for group, artist in zip(groups, artists, strict=True)]
    pairs = identical(features)
    stated = [normalised(artist) for artist in clips["artist"]]
    tied = pd.Series(tie([names, stated, clips["source"].tolist(), clips["md5"].tolist()], pairs))
    unnamed = np.where(np.array(groups, dtype=str) == "", UNKNOWN_LEFT_OUT, "")
    return clips.assign(
        group=pd.Series(names).groupby(tied).transform("first"),
        artist=artists,
        excluded=clips["excluded"].where(clips["excluded"] != "", unnamed),
    )[COLUMNS]


def clips_in(*paths: Path) -> frozenset[str]:
    """Clips that any of some Parquet files with a column ``clip`` holds."""
    columns = (pq.read_table(path, columns=["clip"])["clip"] for path in paths)
    return frozenset(clip for column in columns for clip in column.to_pylist())


def evaluated(clips: pd.DataFrame, experiment: Experiment, seed: int) -> dict[str, dict[str, Any]]:
    """How an experiment's protocols can split its clips.

    Parameters
    ----------
    clips : pd.DataFrame
        As `grouped` gives them.
    experiment : Experiment
    seed : int
        By which clips will be split.

    Returns
    -------
    dict
        ``evaluations``: folds and repeats by protocol; ``left_out``: reasons by protocol.
    """
    found, left_out = evaluations(experiment, evaluated_clips(clips))
    possible: dict[str, dict[str, int]] = {}
    for protocol, numbers in found.items():
        try:  # Groups of several genres may leave less than was counted genre by genre.
            assign(taken(clips, protocol), protocol, numbers.folds, numbers.repeats, seed)
            possible[protocol] = asdict(numbers)
        except UserError as reason:
            left_out[protocol] = str(reason)
    return {"evaluations": possible, "left_out": left_out}


def counted(
    listed: pd.DataFrame, found: pd.DataFrame, genres: Sequence[str], protocols: Iterable[str]
) -> dict[str, dict[str, int]]:
    """What became of the clips of an experiment's genres, by protocol.

    Parameters
    ----------
    listed : pd.DataFrame
        As `audio.clips` lists them.
    found : pd.DataFrame
        As `grouped` gives them.
    genres : sequence of str
        Only these; empty: all.
    protocols : iterable of str

    Returns
    -------
    dict of str to dict of str to int
        ``used``; ``excluded`` by the sheet, or in no part of its split; ``refused`` by
        the audit; ``without_features`` in one of the tables. They are all.
    """
    asked = listed[listed["genre"].isin(genres)] if genres else listed
    refused = int((asked["status"] == "rejected").sum())
    used = {protocol: len(taken(found, protocol)) for protocol in protocols}
    return {
        protocol: {
            "used": count,
            "excluded": len(found) - count,
            "rejected": refused,
            "without_features": len(asked) - refused - len(found),
        }
        for protocol, count in used.items()
    }


def main(
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    experiment: Annotated[str, typer.Option(help="Protocols, folds and clean of it (JSON).")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    output: Annotated[Path, typer.Option(help="Usable clips, to be written (Parquet).")],
    protocols: Annotated[Path, typer.Option(help="Which can split them, to be written (JSON).")],
    tables: Annotated[
        list[Path] | None, typer.Argument(help="The experiment's feature tables.")
    ] = None,
    images: Annotated[list[Path] | None, typer.Option(help="Images of a shard.")] = None,
) -> None:
    """Find the clips that an experiment can use, and how its protocols can split them."""
    asked = Experiment.model_validate_json(experiment)
    listed = pd.read_parquet(clips)
    known = [clips_in(path) for path in tables or []]
    if images:
        known.append(clips_in(*images))
    good = usable(listed, known, asked.genres)
    unknown = asked.clean.unknown_artist
    found = grouped(good, features_of(good["clip"], tables or []), unknown)
    found.to_parquet(output, index=False)
    how = evaluated(found, asked, seed)
    how["clips"] = counted(listed, found, asked.genres, how["evaluations"])
    protocols.write_text(json.dumps(how, indent=1) + "\n", encoding="utf-8")
    logger.info("%d of %d clips can be used; %s", len(good), len(listed), how)
