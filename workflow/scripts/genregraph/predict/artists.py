"""Artists of new files, and predictions by artist: the mean of those of an artist's files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from genregraph.common.errors import UserError
from genregraph.datasets.delimited import dialect_of
from genregraph.datasets.groups import is_unknown, normalised

COLUMNS = ["artist", "genre_by_artist", "probability_by_artist"]


def read_artists(sheet: Path, files: Sequence[str]) -> dict[str, str]:
    """Artists of files by a sheet.

    Parameters
    ----------
    sheet : Path
        CSV or TSV with columns ``file`` and ``artist``. A file is named by its path, from the
        folder of the run or from that of the sheet.
    files : sequence of str

    Returns
    -------
    dict of str to str
        By file, of those that the sheet names.

    Raises
    ------
    UserError
        If the sheet cannot be read, or names none of the files.
    """
    needed = {"file", "artist"}
    try:
        encoding, delimiter = dialect_of(sheet, lambda names: needed <= set(names))
        table = pd.read_csv(
            sheet, sep=delimiter, encoding=encoding, dtype=str, keep_default_na=False
        )
    except (OSError, ValueError) as error:
        raise UserError(f"predict_artists: {sheet} cannot be read: {error}") from error
    if not needed <= set(table.columns):
        raise UserError(
            f"predict_artists: {sheet} has columns {', '.join(map(str, table.columns))}; it needs "
            "file and artist"
        )
    stated = {
        path.resolve(): artist.strip()
        for name, artist in zip(table["file"], table["artist"], strict=True)
        for path in (Path(name), sheet.parent / name)
    }
    paths = {file: Path(file).resolve() for file in files}
    found = {file: stated[path] for file, path in paths.items() if path in stated}
    if files and not found:
        raise UserError(
            f"predict_artists: none of the {len(table)} rows of {sheet} names a file that is "
            f"predicted, such as {files[0]!r}; correct column file, or set predict_artists: null"
        )
    return found


def by_artist(artists: Sequence[str], probabilities: pd.DataFrame) -> pd.DataFrame:
    """The genre of each file by all files of its artist.

    Parameters
    ----------
    artists : sequence of str, length m
        Of each file. Spellings of one name are one artist (`datasets.groups.normalised`); a name
        that stands for unknown artists is none.
    probabilities : pd.DataFrame, shape (m, c)
        Of each file, a column a genre.

    Returns
    -------
    pd.DataFrame, length m
        `COLUMNS`: the artist, and the genre with the highest mean probability over all files of the
        artist, each of weight 1, with that mean. Empty where the artist is unknown; genre and
        probability also where the artist has one file.
    """
    known = np.array([not is_unknown(artist) for artist in artists], dtype=bool)
    names = pd.Series([normalised(artist) for artist in artists], dtype=object)
    grouped = probabilities.reset_index(drop=True).groupby(names)
    means, several = grouped.transform("mean"), known & (grouped.transform("size") > 1)
    found = pd.DataFrame({"artist": np.where(known, np.array(artists, dtype=object), "")})
    found["genre_by_artist"] = means.columns[means.to_numpy().argmax(axis=1)]
    found["genre_by_artist"] = found["genre_by_artist"].where(several, "")
    found["probability_by_artist"] = means.max(axis=1).where(several)
    return found[COLUMNS]


def artists_of(tags: Mapping[str, str], sheet: Path | None, files: Sequence[str]) -> list[str]:
    """Artist of each file: that of a sheet where it names one, else that of the file's tags."""
    stated = read_artists(sheet, files) if sheet else {}
    return [stated.get(file) or tags.get(file, "") for file in files]
