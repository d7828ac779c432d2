"""Predictions of several clips made into one: of an artist's clips, of a song's segments."""

import pandas as pd

from genregraph.datasets.groups import names_artist
from genregraph.evaluation.outputs import genres_of
from genregraph.folds.protocols import neighbours

KEY = ["repeat", "fold"]


def known_artists(folds: pd.DataFrame, protocol: str) -> pd.Series:
    """Artists whose predictions can be averaged.

    Parameters
    ----------
    folds : pd.DataFrame
        As `folds.assign` writes them.
    protocol : str
        Under ``inductive`` no clip is predicted with another's help.

    Returns
    -------
    pd.Series
        Artist by clip, of clips of known artists; none where each has but one clip.
    """
    artists = folds.drop_duplicates("clip").set_index("clip")["artist"]
    known = artists[[names_artist(artist) for artist in artists]]
    if neighbours(protocol) == "train" or not known.duplicated().any():
        return known[:0]
    return known


def by_artist(predictions: pd.DataFrame, artists: pd.Series) -> pd.DataFrame:
    """Average probabilities over the test clips of each known artist of a fold.

    Parameters
    ----------
    predictions : pd.DataFrame
        ``clip repeat fold part true predicted`` and a probability a genre.
    artists : pd.Series
        As `known_artists` gives them.

    Returns
    -------
    pd.DataFrame
        The same rows and columns. Training clips, and clips of unknown artists, stay as they are.
    """
    genres = genres_of(predictions)
    artist = predictions["clip"].map(artists).where(predictions["part"] == "test")
    own = artist.notna().to_numpy()
    tested = predictions[own]
    means = tested.groupby([*(tested[name] for name in KEY), artist[own]])[genres].transform("mean")
    found = predictions.copy()
    found.loc[own, genres] = means
    found.loc[own, "predicted"] = _most_probable(means)
    return found


def by_song(predictions: pd.DataFrame, songs: pd.Series) -> pd.DataFrame:
    """Predict songs by the mean of the probabilities of their test segments in a fold.

    Parameters
    ----------
    predictions : pd.DataFrame
        ``clip repeat fold part true predicted`` and a probability a genre.
    songs : pd.Series
        Song by clip.

    Returns
    -------
    pd.DataFrame
        The same columns, ``clip`` being the song: a row a fold and song tested in it.

    Raises
    ------
    KeyError
        If a clip's song is not known.
    """
    tested = predictions[predictions["part"] == "test"]
    tested = tested.assign(clip=songs.loc[tested["clip"]].to_numpy())
    if not tested.duplicated([*KEY, "clip"]).any():
        return tested.reset_index(drop=True)
    genres = genres_of(predictions)
    groups = tested.groupby([*KEY, "clip"], sort=False)
    found = groups[["part", "true"]].first().join(groups[genres].mean()).reset_index()
    found["predicted"] = _most_probable(found[genres])
    return found[predictions.columns.tolist()]


def _most_probable(probabilities: pd.DataFrame) -> pd.Index:
    return probabilities.columns[probabilities.to_numpy().argmax(axis=1)]
