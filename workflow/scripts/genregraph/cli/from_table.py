"""From a table of features to a sheet and a configuration: a collection without audio.

A row is a song. Its features are the columns of numbers that neither say what the song is nor are
named to be left out; they are copied into a table of their own, which the configuration imports.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from genregraph.cli.project import write_configuration
from genregraph.common.errors import UserError, first_few
from genregraph.config.registry import COMPUTED, PER_FOLD
from genregraph.datasets.delimited import plain
from genregraph.datasets.sheet import COLUMNS, Row, new_sheet
from genregraph.features.foreign import read
from genregraph.features.imported import as_text, numbers
from genregraph.features.keys import KEYS, is_key, plain_name
from genregraph.features.labels import label_like
from genregraph.features.parquet import write_table

ARTISTS = ("artist", "artists", "artist_name")
TITLES = ("title", "track", "track_name", "track_title", "song", "song_name", "song_title")
NO_KEYS = {*TITLES, "name", "key", "audio", "wav"}  # Seldom the name of a clip; key is a scale.
NO_SOUND = re.compile(r"(release_)?(year|date|decade)|popularity|play_?count|plays|listeners")

WINDOWS = "; left out (rows that are windows of clips: take their means first)"

Note = tuple[str, int, str]  # What, how many, and what comes of it; none are not shown.


def stated_columns(table: pd.DataFrame, genre: str, artist: str, clip: str) -> dict[str, str]:
    """Columns of ``clip genre artist title``: those named by the user, else those of a usual name.

    Without being named, a column names clips only if all its values differ.
    """
    for name in filter(None, (genre, artist, clip)):
        if name not in table:
            raise UserError(f"no column {name!r}; there are {_some(table)}")
    usual = {plain_name(name): name for name in reversed(table.columns)}
    clips = (usual[key] for key in KEYS if key in usual and key not in NO_KEYS)
    clip = clip or next((name for name in clips if name != genre and table[name].is_unique), "")
    artist = artist or next((usual[name] for name in ARTISTS if name in usual), "")
    title = next((usual[name] for name in TITLES if name in usual), "")
    title = "" if title in (clip, genre, artist) else title
    columns = {"clip": clip, "genre": genre, "artist": artist, "title": title}
    return {what: column for what, column in columns.items() if column}


def _songs(
    table: pd.DataFrame, stated: Mapping[str, str], without: Sequence[str]
) -> tuple[pd.DataFrame, list[Note]]:
    """A row a clip, as in a sheet, with ``kind`` (genre in lower case), ``several`` kinds."""
    songs = pd.DataFrame("", table.index, [*COLUMNS])
    for what, column in stated.items():
        text = as_text(table[column]).fillna("")
        songs[what] = text if what == "clip" else text.map(plain)
    if "clip" not in stated:
        digits = max(4, len(str(len(table))))
        songs["clip"] = [f"{i:0{digits}d}" for i in range(1, len(table) + 1)]
    if unknown := sorted(set(without) - set(songs["genre"])):
        raise UserError(f"no genre {unknown[0]!r}; there are {_some(songs['genre'].unique())}")
    empty, unasked = (songs[["genre", "clip"]] == "").any(axis=1), songs["genre"].isin(without)
    songs = songs[~empty & ~unasked]
    if songs.empty:
        raise UserError(f"no row has a genre; is {stated['genre']!r} the right column?")
    songs = songs.assign(kind=songs["genre"].str.casefold())
    songs["several"] = songs.groupby("clip")["kind"].transform("nunique") > 1
    again = songs["clip"].duplicated()
    return songs[~again], [
        ("rows without clip or genre", empty.sum(), "; left out"),
        (f"rows of {_some(without)}", unasked.sum(), "; left out"),
        ("rows that repeat the clip of an earlier row", again.sum(), WINDOWS),
    ]


def _features(
    table: pd.DataFrame, songs: pd.DataFrame, drop: Sequence[str], keep: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Column ``clip`` and the features, in double precision; and why other columns are none."""
    if unknown := sorted({*drop, *keep} - set(table)):
        raise UserError(f"no column {unknown[0]!r} to drop or keep; there are {_some(table)}")
    features = {"clip": songs["clip"]}
    reasons = dict.fromkeys(drop, "as asked")
    for name in table.columns.drop(list(reasons)):
        values = numbers(table[name], f"column {name!r}")
        if values is None or not np.isfinite(values).any():
            reasons[name] = "text" if values is None else "empty"
        elif name not in keep and NO_SOUND.fullmatch(plain_name(name)):
            reasons[name] = "they say when or how often, not how"
        else:
            features[name] = pd.Series(values, songs.index)
    labels = label_like(pd.DataFrame(features), songs)
    reasons |= {name: why for name, why in labels.items() if name not in keep}
    sound = pd.DataFrame({name: features[name] for name in features if name not in reasons})
    if len(sound.columns) == 1:
        raise UserError("no column of numbers is left; a collection needs features")
    return sound, reasons


def _excluded(songs: pd.DataFrame, values: pd.DataFrame) -> tuple[pd.Series, list[Note]]:
    """Why songs are not evaluated: several genres, or copies; empty where they are. And notes."""
    recording = values.replace([np.inf, -np.inf], np.nan).groupby(list(values)).ngroup()
    same = songs.groupby(recording)  # Without gaps.
    unclear = same["kind"].transform("nunique") > 1
    copies = same.cumcount() > 0
    reasons = pd.Series("", songs.index)
    reasons[copies] = "the same features as " + same["clip"].transform("first")
    reasons[unclear] = "its features have several genres"
    reasons[songs["several"]] = "its rows have several genres"
    n, left_out = recording[unclear].nunique(), " rows, which are excluded"
    gaps = ~np.isfinite(values)
    worst = gaps.sum().idxmax()
    lost = f", which no result will have; most lack {worst!r} ({gaps[worst].sum()}), which can be "
    return reasons, [
        (f"recordings with several genres: {n}", unclear.sum(), left_out),
        ("copies, by their features, of one genre", (copies & ~unclear).sum(), left_out),
        ("clips whose rows have several genres", songs["several"].sum(), left_out),
        ("rows that lack a number", gaps.any(axis=1).sum(), f"{lost}left out: --drop {worst}"),
    ]


def _some(names: Iterable[object]) -> str:
    return first_few(list(map(repr, names)))


def _configure(sheet: Path, source: Path, d: int, keep: Sequence[str]) -> None:
    """Write the configuration of a collection: its table, and an experiment on it."""
    name, file = sheet.stem, sheet.with_suffix(".parquet").as_posix()
    table = name.lower().replace("-", "_")
    table += "_table" if table in (*COMPUTED, PER_FOLD) else ""
    experiment = {
        "description": f"The {d} features of {source.name}.",
        "tables": [table],
        "protocols": ["clean", "random", "inductive"],
        "clean": {"folds": 5, "repeats": 3},
    }
    write_configuration(
        sheet,
        tables={table: {"file": file, "keep": list(keep)} if keep else file},
        experiments={f"multiclass_{name}": experiment},
        learning_curve={"experiment": f"multiclass_{name}"},
    )


def make(
    source: Path,
    sheet: Path,
    columns: Sequence[str],
    drop: Iterable[str],
    keep: Iterable[str],
    without: Sequence[str],
) -> list[str]:
    """Write the sheet, the features and the configuration of a table, and return notes.

    ``columns`` are those of genre, artist and clip. The other files lie next to the sheet.
    """
    try:
        table = read(source, lambda column: column in columns or is_key(column))
        stated = stated_columns(table, *columns)
        songs, left_out = _songs(table, stated, without)
        table = table.loc[songs.index].drop(columns=list(stated.values()))
        # One argument may hold several names, separated by commas.
        drop, keep = (
            [part.strip() for n in names for part in ([n] if n in table else n.split(","))]
            for names in (drop, keep)
        )
        features, reasons = _features(table, songs, drop, keep)
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    values = features.drop(columns="clip")
    excluded, notes = _excluded(songs, values)
    rows = songs.assign(path=songs["clip"], excluded=excluded)[[*COLUMNS]]
    for other in (sheet.with_suffix(".parquet"), sheet.with_suffix(".yaml")):
        if other.exists() and not sheet.exists():
            raise UserError(f"there is a file {other} already; move it, or give another --name")
    new_sheet([Row(*row) for row in rows.to_numpy()], sheet, source)
    write_table(features.reset_index(drop=True), sheet.with_suffix(".parquet"))
    _configure(sheet, source, len(values.columns), keep)
    said = ", ".join(f"{what} {column!r}" for what, column in stated.items())
    return [
        f"columns: {said}{'' if 'clip' in stated else '; clips are numbered'}",
        *(
            f"no features, {why}: {_some(name for name in reasons if reasons[name] == why)}"
            for why in dict.fromkeys(reasons.values())
        ),
        *(f"{what}: {count}{more}" for what, count, more in left_out + notes if count),
    ]
