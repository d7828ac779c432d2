"""Audit the folds of a protocol: what stands on both sides of a fold.

References
----------
.. [1] B. L. Sturm, "The GTZAN dataset: Its contents, its faults, their effects on evaluation, and
   its future use", arXiv:1306.1461.
.. [2] A. Flexer, "A closer look on artist filters for musical genre classification", ISMIR 2007.
"""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from folds.groups import group_names, identical
from folds.usable import features_of
from settings.errors import UserError
from settings.groups import normalised
from settings.protocols import BY_GROUP

logger = logging.getLogger(__name__)

KINDS = ["group", "artist", "song", "md5", "near_identical"]


def leaks(
    folds: pd.DataFrame, clips: pd.DataFrame, pairs: NDArray[np.int64], unknown: str
) -> pd.DataFrame:
    """Count what stands on both sides of each fold.

    Parameters
    ----------
    folds : pd.DataFrame
        As `folds.assign` makes it.
    clips : pd.DataFrame, length n
        The clips of one repeat, in their order, as `audio.clips` lists them.
    pairs : NDArray[np.int64], shape (m, 2)
        Positions of clips whose features are nearly the same.
    unknown : {"together", "alone", "out"}
        How clips of unknown artist are grouped.

    Returns
    -------
    pd.DataFrame
        ``repeat fold`` and a count for each of `KINDS`: names in both training and test part, and
        pairs with one clip in either.
    """
    keys = {
        "group": group_names(clips, unknown),
        "artist": [normalised(artist) for artist in clips["artist"]],
        "song": clips["source"].tolist(),
        "md5": clips["md5"].tolist(),
    }
    rows = []
    for repeat, dealt in folds.groupby("repeat"):
        fold = dealt["fold"].to_numpy()
        for number in sorted(set(fold[fold >= 0])):
            test = fold == number
            row = {"repeat": repeat, "fold": number}
            row |= {kind: _on_both_sides(np.array(key), test) for kind, key in keys.items()}
            row["near_identical"] = int((test[pairs[:, 0]] != test[pairs[:, 1]]).sum())
            rows.append(row)
    return pd.DataFrame(rows)


def _on_both_sides(keys: NDArray[np.str_], test: NDArray[np.bool_]) -> int:
    return len(set(keys[test]) & set(keys[~test]) - {""})


def main(
    folds: Annotated[Path, typer.Option(help="Folds (Parquet).")],
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    usable: Annotated[Path, typer.Option(help="Those that the experiment can use (Parquet).")],
    protocol: Annotated[str, typer.Option(help="paper, random, clean, inductive or filtered.")],
    unknown: Annotated[str, typer.Option(help="Clips without artist: together, alone or out.")],
    output: Annotated[Path, typer.Option(help="Table, to be written (CSV).")],
    tables: Annotated[
        list[Path] | None, typer.Argument(help="The experiment's feature tables.")
    ] = None,
) -> None:
    """Audit the folds of a protocol; clean ones must not leak."""
    dealt = pd.read_parquet(folds)
    first = dealt.loc[dealt["repeat"] == 0, "clip"]
    listed = pd.read_parquet(clips).set_index("clip", drop=False).loc[first]
    # Copies are told as where clips were tied: by what all usable clips are like.
    known = pd.read_parquet(usable)["clip"]
    places = pd.Index(first).get_indexer(known)[identical(features_of(known, tables or []))]
    table = leaks(dealt, listed, places[(places >= 0).all(axis=1)], unknown)
    total = table[KINDS].sum()
    logger.info("on both sides of a fold: %s", total.to_dict())
    if protocol in BY_GROUP and total.any():
        found = ", ".join(f"{count} {kind}" for kind, count in total.items() if count)
        raise UserError(
            f"protocol {protocol} leaks: {found} on both sides of folds in {folds}. Give such "
            "clips one group in the sheet's column group, or exclude copies in its column excluded"
        )
    table.to_csv(output, index=False)
