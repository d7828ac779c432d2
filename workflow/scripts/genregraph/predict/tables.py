"""Tables of predictions: of pieces, files, artists, and nearest training clips."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.datasets.delimited import dialect_of
from genregraph.datasets.groups import is_unknown, normalised
from genregraph.datasets.sheet import Row
from genregraph.predict.predictor import Prediction, Predictor

NEIGHBOURS = "file rank clip genre artist title distance share".split()
LISTED = 10  # Neighbours of a file.
NAMED = 3  # Genres and neighbours in a line.


def printable(text: str) -> str:
    """A text without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def of_pieces(pieces: pd.DataFrame, prediction: Prediction, predictor: Predictor) -> pd.DataFrame:
    """``file start end`` (seconds), ``genre distance unlike`` and probabilities of each piece.

    These are called ``p(<genre>)``: a genre may have the name of another column.
    """
    pieces, distance = pieces.reset_index(drop=True), prediction.distances.mean(axis=1)
    columns = {
        "file": pieces["file"],
        "start": pieces["start"] / SAMPLE_RATE,
        "end": (pieces["start"] + pieces["length"]) / SAMPLE_RATE,
        "genre": np.array(predictor.genres)[prediction.probabilities.argmax(axis=1)],
        "distance": distance,
        "unlike": distance > predictor.threshold,
    }
    names = [f"p({genre})" for genre in predictor.genres]
    return pd.DataFrame(columns).join(pd.DataFrame(prediction.probabilities, columns=names))


def of_files(pieces: pd.DataFrame, predictor: Predictor) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row a file of `of_pieces`: its genre and median distance; and means, a column a genre."""
    grouped = pieces.groupby("file")
    means = grouped[list(pieces.filter(regex=r"^p\("))].mean().set_axis(predictor.genres, axis=1)
    likeliest = [row.nlargest(NAMED).items() for _, row in means.iterrows()]
    distance = grouped["distance"].median()
    columns = {
        "pieces": grouped.size(),
        "genre": means.idxmax(axis=1),
        "probability": means.max(axis=1),
        "genres": [", ".join(f"{genre} {p:.2f}" for genre, p in row) for row in likeliest],
        "unlike": distance > predictor.threshold,
        "distance": distance,
        "threshold": predictor.threshold,
        "model": predictor.choice.model,
    }
    return pd.DataFrame(columns), means


def nearest_songs(
    files: Sequence[str], prediction: Prediction, predictor: Predictor, rows: Sequence[Row]
) -> pd.DataFrame:
    """Songs of the training clips that are nearest to each file, the nearest first.

    ``files`` are those of the pieces, rows those of the sheet. A song's distance is that of the
    piece that is nearest to it; ``share`` is its part of what the network aggregates, a mean over
    the pieces, 0 for models without messages.
    """
    stated = {row.clip: row for row in rows}
    nearest = prediction.neighbours.ravel()
    columns = {
        "file": np.repeat(np.array(files, dtype=object), prediction.neighbours.shape[1]),
        "clip": np.array(predictor.songs, dtype=object)[nearest],
        "genre": np.array(predictor.genres, dtype=object)[predictor.y[nearest]],
        "distance": prediction.distances.ravel(),
        "share": prediction.shares.ravel(),
    }
    songs = (
        pd.DataFrame(columns)
        .groupby(["file", "clip"], as_index=False)
        .agg(genre=("genre", "first"), distance=("distance", "min"), share=("share", "sum"))
    )
    songs["share"] /= songs["file"].map(pd.Series(files, dtype=object).value_counts())
    for column in ("artist", "title"):
        songs[column] = [getattr(stated.get(clip), column, "") for clip in songs["clip"]]
    songs = songs.sort_values(["file", "distance", "clip"], ignore_index=True)
    songs["rank"] = songs.groupby("file").cumcount() + 1
    return songs.loc[songs["rank"] <= LISTED, NEIGHBOURS].reset_index(drop=True)


def in_words(neighbours: pd.DataFrame) -> "pd.Series[str]":
    """The first of `nearest_songs` by file, as ``Artist: Title (genre, distance); ...``."""
    first = neighbours[neighbours["rank"] <= NAMED]
    lines = []
    for row in first.to_dict("records"):
        name = ": ".join(row[key] for key in ("artist", "title") if row[key]) or row["clip"]
        lines.append(printable(f"{name} ({row['genre']}, {row['distance']:.2f})"))
    return first.assign(neighbours=lines).groupby("file")["neighbours"].agg("; ".join)


def read_artists(sheet: Path, files: Sequence[str]) -> dict[str, str]:
    """Artists of files by a CSV or TSV with columns ``file`` and ``artist``.

    A file is named by its path, from the folder of the run or from that of the sheet. A `UserError`
    says that the sheet cannot be read, or names none of the files.
    """
    needed = ["file", "artist"]
    try:
        encoding, sep = dialect_of(sheet, {*needed}.issubset)
        table = pd.read_csv(
            sheet, sep=sep, encoding=encoding, dtype=str, keep_default_na=False, usecols=needed
        )
    except (OSError, ValueError) as error:
        said = "cannot be read for its columns file and artist"
        raise UserError(f"predict_artists: {sheet} {said}: {error}") from error
    stated = {
        (folder / name).resolve(): artist.strip()
        for name, artist in zip(table["file"], table["artist"], strict=True)
        for folder in (Path(), sheet.parent)
    }
    artists = {file: stated[path] for file in files if (path := Path(file).resolve()) in stated}
    if files and not artists:
        raise UserError(
            f"predict_artists: none of the {len(table)} rows of {sheet} names a file that is "
            f"predicted, such as {files[0]!r}; correct column file, or set predict_artists: null"
        )
    return artists


def by_artist(artists: Sequence[str], probabilities: pd.DataFrame) -> pd.DataFrame:
    """The genre of each file by the mean over its artist's files (`datasets.groups.normalised`).

    Probabilities have a row a file, a column a genre. It returns ``artist genre_by_artist
    probability_by_artist``, empty where the artist is unknown; the last two also of a single file.
    """
    known = np.array([not is_unknown(artist) for artist in artists], dtype=bool)
    names = pd.Series(list(map(normalised, artists)), probabilities.index, object)
    grouped = probabilities.groupby(names)
    means, several = grouped.transform("mean"), known & (grouped.transform("size") > 1)
    columns = {
        "artist": np.where(known, np.array(artists, dtype=object), ""),
        "genre_by_artist": means.idxmax(axis=1).where(several, ""),
        "probability_by_artist": means.max(axis=1).where(several),
    }
    return pd.DataFrame(columns, index=probabilities.index)
