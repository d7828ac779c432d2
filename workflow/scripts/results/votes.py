"""From predictions of segments to predictions of songs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from learning.predictions import NAMED

MODEL = "model"


def by_song(predictions: pd.DataFrame, source: Mapping[str, str]) -> pd.DataFrame:
    """Let the segments of each song vote, by the mean of their probabilities.

    Parameters
    ----------
    predictions : pd.DataFrame, shape (n, 4 + c) or (n, 5 + c)
        Segments, as `learning.predictions` makes it, or with the column ``model`` of
        `learning.baselines`: then each model's segments vote apart.
    source : mapping of str to str
        Song of each segment.

    Returns
    -------
    pd.DataFrame
        The same columns, ``clip`` being the song, in the order in which songs appear. A song with
        segments in both parts stands in both, and only the segments of a part vote there.

    Raises
    ------
    KeyError
        If a segment's song is not known.
    ValueError
        If segments of a song are not of one genre.
    """
    genres = [column for column in predictions.columns if column not in (*NAMED, MODEL)]
    keys = [column for column in (MODEL, "clip", "part") if column in predictions.columns]
    songs = predictions.assign(clip=[source[clip] for clip in predictions["clip"]])
    kinds = songs.groupby("clip", sort=False)["true"].nunique()
    if (kinds > 1).any():
        raise ValueError(f"segments of {kinds.idxmax()} are of several genres")
    groups = songs.groupby(keys, sort=False)
    voted = groups[genres].mean().assign(true=groups["true"].first())
    voted["predicted"] = np.array(genres)[voted[genres].to_numpy().argmax(axis=1)]
    return voted.reset_index()[predictions.columns.tolist()]
