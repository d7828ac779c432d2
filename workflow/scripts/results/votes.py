"""From predictions of clips to one verdict a song, whatever the number of its clips and folds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from results.outputs import fitted, folds_of, genres_of


class Verdicts(NamedTuple):
    """How a protocol's models judged the songs that it tested.

    Attributes
    ----------
    right : pd.DataFrame of bool
        A row a ``repeat`` and ``song``, a column a model.
    group : pd.Series of str
        Group of each ``song``: those of a group err together.
    """

    right: pd.DataFrame
    group: pd.Series


def by_song(predictions: pd.DataFrame, source: Mapping[str, str]) -> pd.DataFrame:
    """Let the segments of each song vote, by the mean of their probabilities.

    Parameters
    ----------
    predictions : pd.DataFrame, shape (n, 4 + c)
        Segments, as `learning.predictions` makes it.
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
    genres = genres_of(predictions)
    songs = predictions.assign(clip=[source[clip] for clip in predictions["clip"]])
    kinds = songs.groupby("clip", sort=False)["true"].nunique()
    if (kinds > 1).any():
        raise ValueError(f"segments of {kinds.idxmax()} are of several genres")
    groups = songs.groupby(["clip", "part"], sort=False)
    voted = groups[genres].mean().assign(true=groups["true"].first())
    voted["predicted"] = np.array(genres)[voted[genres].to_numpy().argmax(axis=1)]
    return voted.reset_index()[predictions.columns.tolist()]


def judge(folder: Path, source: Mapping[str, str], compared: Sequence[str]) -> Verdicts:
    """One verdict a song, repeat and model: its clips vote, in whatever folds they were tested.

    Parameters
    ----------
    folder : Path
        Folder of a protocol.
    source : mapping of str to str
        Song of each clip.
    compared : sequence of str
        As `results.outputs.fitted` takes it.

    Raises
    ------
    KeyError, ValueError
        As `by_song` does.
    """
    tested: dict[tuple[int, str], list[pd.DataFrame]] = {}
    for fold in folds_of(folder):
        for model in fitted(fold, compared):
            test = model.predictions[model.predictions["part"] == "test"]
            tested.setdefault((fold.repeat, model.model), []).append(test)
    parts = []
    for (repeat, name), tables in tested.items():
        songs = by_song(pd.concat(tables, ignore_index=True), source)
        right = songs["true"] == songs["predicted"]
        verdicts = {"repeat": repeat, "song": songs["clip"], "model": name, "right": right}
        parts.append(pd.DataFrame(verdicts))
    models = list(dict.fromkeys(name for _, name in tested))
    table = pd.concat(parts).pivot(index=["repeat", "song"], columns="model", values="right")
    dealt = pd.read_parquet(folder / "folds.parquet", columns=["clip", "group"])
    group = dealt.groupby(dealt["clip"].map(source).rename("song"))["group"].first()
    return Verdicts(table[models], group[table.index.unique("song")])
