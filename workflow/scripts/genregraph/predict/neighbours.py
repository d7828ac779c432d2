"""The training clips that are nearest to new files, with artists and titles."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from genregraph.datasets.row import Row
from genregraph.predict.predictor import Prediction, Predictor
from genregraph.predict.text import printable

COLUMNS = "file rank clip genre artist title distance share".split()
LISTED = 10  # Of a file.
NAMED = 3  # In a line.


def of_files(
    files: Sequence[str], prediction: Prediction, predictor: Predictor, rows: Sequence[Row]
) -> pd.DataFrame:
    """Nearest training clips of each file, the nearest first.

    Parameters
    ----------
    files : sequence of str, length m
        File of each piece.
    prediction : Prediction
    predictor : Predictor
    rows : sequence of Row
        The dataset's sheet, which knows artists and titles.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`, at most `LISTED` a file. ``distance`` of a song is that of the piece that is
        nearest to it. ``share`` is the song's part of what the network averages, a mean over the
        pieces; 0 for models without messages.
    """
    known = {row.clip: row for row in rows}
    nearest = prediction.neighbours.ravel()
    table = pd.DataFrame(
        {
            "file": np.repeat(np.array(files, dtype=object), prediction.neighbours.shape[1]),
            "clip": np.array(predictor.songs, dtype=object)[nearest],
            "genre": np.array(predictor.genres, dtype=object)[predictor.y[nearest]],
            "distance": prediction.distances.ravel(),
            "share": prediction.shares.ravel(),
        }
    )
    songs = table.groupby(["file", "clip"], as_index=False).agg(
        genre=("genre", "first"), distance=("distance", "min"), share=("share", "sum")
    )
    songs["share"] /= songs["file"].map(pd.Series(files, dtype=object).value_counts())
    songs["artist"] = [known[clip].artist if clip in known else "" for clip in songs["clip"]]
    songs["title"] = [known[clip].title if clip in known else "" for clip in songs["clip"]]
    songs = songs.sort_values(["file", "distance", "clip"], ignore_index=True)
    songs["rank"] = songs.groupby("file").cumcount() + 1
    return songs.loc[songs["rank"] <= LISTED, COLUMNS].reset_index(drop=True)


def in_words(files: Sequence[str], neighbours: pd.DataFrame) -> list[str]:
    """The first neighbours of each file, as ``Artist: Title (genre, distance); ...``.

    Parameters
    ----------
    files : sequence of str
    neighbours : pd.DataFrame
        As `of_files` returns them.
    """
    first = neighbours[neighbours["rank"] <= NAMED]
    lines = first.assign(line=[_in_words(row) for row in first.to_dict("records")])
    of_file = lines.groupby("file")["line"].agg("; ".join)
    return of_file.reindex(list(files)).tolist()


def _in_words(row: Mapping[Hashable, object]) -> str:
    name = ": ".join(str(row[key]) for key in ("artist", "title") if row[key]) or str(row["clip"])
    return printable(f"{name} ({row['genre']}, {row['distance']:.2f})")
