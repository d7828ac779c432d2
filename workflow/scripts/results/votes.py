"""From predictions of segments to predictions of songs, and their scores."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from results.collect import COLUMNS as RESULT
from results.collect import collect
from results.outputs import genres_of

# Those of a result table; n_train and n_test count songs.
COLUMNS = [column for column in RESULT if column not in ("epochs", "seconds")]


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


def main(
    folders: Annotated[list[Path], typer.Argument(help="Folder of each protocol.")],
    clips: Annotated[Path, typer.Option(help="Segments, which know their song (Parquet).")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Scores by song, to be written (CSV).")],
    compared: Annotated[list[str] | None, typer.Option(help="Files beside GraphSAGE's.")] = None,
) -> None:
    """Score songs by the votes of their segments."""
    listed = pd.read_parquet(clips, columns=["clip", "source"])
    source = dict(zip(listed["clip"], listed["source"], strict=True))
    judged = partial(by_song, source=source)
    tables = [
        collect(folder, dataset, experiment, compared or [], judged)[COLUMNS] for folder in folders
    ]
    pd.concat(tables, ignore_index=True).to_csv(output, index=False)
