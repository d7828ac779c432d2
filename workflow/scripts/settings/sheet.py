"""Dataset sheets: which clips there are, where their files lie, and in which shard they are."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

from settings.errors import UserError

AUDIO_SUFFIXES = tuple(
    f".{ending}" for ending in "wav au flac mp3 ogg opus aiff aif m4a mp4 wma".split()
)
REQUIRED = ("clip", "path", "genre")
# Columns of a fold's predictions; beside them stands a column a genre.
NO_GENRES = ("clip", "true", "predicted", "part", "model")


@dataclass(frozen=True)
class Row:
    """A clip as the sheet states it; what the sheet leaves open is an empty string."""

    clip: str
    path: str
    genre: str
    group: str = ""
    md5: str = ""
    split: str = ""
    excluded: str = ""
    title: str = ""
    artist: str = ""


COLUMNS = tuple(field.name for field in fields(Row))
# What the audit of a clip depends on: an artist that is mended computes no feature anew.
AUDITED = ("clip", "path", "md5")
# What an imported table's keys are told by.
NAMED = ("clip", "path")


def read_sheet(path: Path) -> list[Row]:
    """Read a tab-separated sheet with a header line.

    Parameters
    ----------
    path : Path
        Columns ``clip path genre`` and optional ``group md5 split excluded title artist``; others
        are ignored. Fields with tabs, quotes or newlines are quoted as in CSV.

    Returns
    -------
    list of Row
        In the sheet's order.

    Raises
    ------
    UserError
        If the sheet is missing, is not UTF-8, has no rows, lacks a column or a value, or names a
        clip twice.
    """
    if not path.is_file():
        raise UserError(
            f"there is no sheet {path}; make one with\n"
            f"  python workflow/scripts audio.sheet FOLDER --output {path}\n"
            "or name another with --config sheet=FILE"
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error}); save it as text in UTF-8") from None
    with io.StringIO(text, newline="") as file:
        reader = csv.DictReader(file, dialect="excel-tab")
        missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
        if missing:
            raise UserError(
                f"{path}: no column {', '.join(missing)}; "
                f"the header line must hold {' '.join(REQUIRED)}, separated by tabs"
            )
        rows = [Row(**{name: line.get(name) or "" for name in COLUMNS}) for line in reader]
    _check(rows, path)
    return rows


def _check(rows: Sequence[Row], path: Path) -> None:
    if not rows:
        raise UserError(f"{path}: no clips; add a line for each")
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        empty = [name for name in REQUIRED if not getattr(row, name)]
        if empty:
            raise UserError(f"{path}: row {line} has no {', '.join(empty)}; fill it in")
        if row.genre in NO_GENRES:
            raise UserError(
                f"{path}: row {line}: a genre cannot be called {row.genre!r}; rename it"
            )
        if row.clip in seen:
            raise UserError(f"{path}: row {line} names clip {row.clip!r} again; rename one of them")
        seen.add(row.clip)


def write_sheet(rows: Iterable[Row], path: Path) -> None:
    """Write rows as a sheet that `read_sheet` reads, without columns that are empty throughout."""
    rows = list(rows)
    used = [name for name in COLUMNS if name in REQUIRED or any(getattr(r, name) for r in rows)]
    lines = [used, *([getattr(row, name) for name in used] for row in rows)]
    # Left to itself, csv does not quote a carriage return, and would read it as a line's end.
    returns = any("\r" in value for line in lines for value in line)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(
            file,
            dialect="excel-tab",
            lineterminator="\n",
            quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL,
        )
        writer.writerows(lines)


def shard_of(clip: str, shards: int) -> int:
    """Shard of a clip, in ``[0, shards)``; depends on its name alone, so that others never move."""
    return int.from_bytes(hashlib.sha256(clip.encode()).digest()[:8], "big") % shards


def rows_by_shard(rows: Iterable[Row], shards: int) -> dict[str, list[Row]]:
    """Rows of each shard that has any, by its two-digit (or longer) number."""
    dealt: dict[str, list[Row]] = {}
    for row in rows:
        dealt.setdefault(f"{shard_of(row.clip, shards):02d}", []).append(row)
    return dict(sorted(dealt.items()))


def digest(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> str:
    """Digest of some columns of rows, for rules to track what a step takes from the sheet."""
    text = json.dumps([{name: getattr(row, name) for name in columns} for row in rows])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def locate(
    folder: Path, path: str, endings: Sequence[str] = (), named: Container[str] = ()
) -> str | None:
    """Path of a clip's file in an audio folder, or None.

    Parameters
    ----------
    folder : Path
    path : str
        As the sheet states it.
    endings : sequence of str
        With which the dataset goes about, such as ``.au`` and ``.wav`` for GTZAN: where a file with
        one of them is missing, that with another stands in.
    named : container of str
        Paths of all rows: none of them stands in for another.
    """
    ending = PurePosixPath(path).suffix
    others = [path.removesuffix(ending) + other for other in endings] if ending in endings else []
    stand_ins = [other for other in others if other not in named]
    return next((file for file in (path, *stand_ins) if _is_file(folder / file)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # A name that is too long, or a folder that may not be entered.
        return False


def find(path: str, home: Path) -> str:
    """A file of the folder at hand, else that of the workflow, relative to the folder at hand."""
    return path if Path(path).exists() else os.path.relpath(home / path)
