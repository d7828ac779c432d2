"""Dataset sheets: which clips there are, where their files lie, and in which shard they are."""

import csv
import difflib
import hashlib
import io
import json
import logging
import os
import re
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from settings.delimited import BREAK, Line, decoded, delimiter_of, lines, plain
from settings.errors import UserError
from settings.row import COLUMNS as COLUMNS
from settings.row import Row as Row
from settings.tidy import doubts, tidy

logger = logging.getLogger(__name__)

AUDIO_SUFFIXES = tuple(
    f".{ending}" for ending in "wav au flac mp3 ogg opus aiff aif m4a mp4 wma".split()
)
REQUIRED = ("clip", "path", "genre")
# Columns of a fold's predictions; beside them stands a column a genre.
NO_GENRES = ("clip", "true", "predicted", "part", "model", "fold")
# What the audit of a clip depends on: an artist that is mended computes no feature anew.
AUDITED = ("clip", "path", "md5")
# What an imported table's keys are told by.
NAMED = ("clip", "path")


def read_sheet(path: Path) -> list[Row]:
    """Read a sheet: a table with a header line, separated by tabs, semicolons or commas.

    Parameters
    ----------
    path : Path
        Columns ``clip path genre`` and optional ``group md5 split excluded title artist``; others
        are ignored. Fields with tabs, quotes or newlines are quoted as in CSV.

    Returns
    -------
    list of Row
        In the sheet's order, as `settings.tidy.tidy` leaves them. What looks wrong is logged.

    Raises
    ------
    UserError
        If the sheet is missing, is no text, has no rows, lacks a column or a value, has a value
        too many, or names a clip twice.
    """
    if not path.is_file():
        steps = os.path.relpath(Path(__file__).parents[1])
        raise UserError(
            f"there is no sheet {path}; make one with\n"
            f"  python {shlex.quote(steps)} audio.sheet FOLDER --output {shlex.quote(str(path))}\n"
            "(that of FMA with audio.fma --subset small), or name another with --config sheet=FILE"
        )
    try:
        rows = _rows_in(decoded(path.read_bytes()))
        _check(rows)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    tidied = tidy(list(rows.values()))
    for doubt in doubts(rows, tidied):
        logger.warning("%s: %s", path, doubt)
    return tidied


def _rows_in(text: str) -> dict[int, Row]:
    """Rows of a sheet by their line."""
    text = re.sub(r"\Asep=.(\r\n|\r|\n)", "", text)  # Excel's own note of what separates.
    delimiter = delimiter_of(BREAK.split(text, maxsplit=1)[0], lambda names: not _missing(names))
    found = lines(text, delimiter, fewest=len(REQUIRED))
    header = [plain(name).casefold() for name in next(found, Line(1, [])).values]
    missing = _missing(header)
    if missing:
        raise UserError(
            f"no column {', '.join(missing)}; "
            f"the header line must hold {' '.join(REQUIRED)}, separated by tabs"
        )
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if twice:
        raise UserError(f"two columns are called {twice[0]}; remove or rename one")
    for name in header:
        near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.8)
        if near and near[0] not in header:
            logger.warning("column %r is not read; rename it if it is %r", name, near[0])
    rows = {}
    for number, values in found:
        if any(values[len(header) :]):
            raise UserError(
                f"line {number} has {len(values)} values, and the header {len(header)}; put a "
                "value that holds what separates values in quotation marks"
            )
        stated = dict(zip(header, values, strict=False))
        rows[number] = Row(**{name: stated.get(name, "") for name in COLUMNS})
    return rows


def _missing(header: Iterable[str]) -> list[str]:
    names = {plain(name).casefold() for name in header}
    return [name for name in REQUIRED if name not in names]


def _check(rows: Mapping[int, Row]) -> None:
    if not rows:
        raise UserError("no clips; add a line for each")
    seen: dict[str, int] = {}
    for line, row in rows.items():
        empty = [name for name in REQUIRED if not getattr(row, name)]
        if empty:
            raise UserError(f"line {line} has no {', '.join(empty)}; fill it in")
        if plain(row.genre) in NO_GENRES:
            raise UserError(f"line {line}: a genre cannot be called {row.genre!r}; rename it")
        if row.clip in seen:
            raise UserError(
                f"line {line} names clip {row.clip!r} again, as line {seen[row.clip]} does; "
                "rename one of them"
            )
        seen[row.clip] = line


def write_sheet(rows: Iterable[Row], path: Path) -> None:
    """Write rows as a sheet that `read_sheet` reads, without columns that are empty throughout.

    Raises
    ------
    UserError
        If a value would be read as another: one of both tabs and line breaks may be.
    """
    rows = list(rows)
    used = [name for name in COLUMNS if name in REQUIRED or any(getattr(r, name) for r in rows)]
    text = as_text([used, *([getattr(row, name) for name in used] for row in rows)])
    path.write_text(text, encoding="utf-8", newline="")


def new_sheet(rows: Iterable[Row], path: Path, source: Path) -> list[Row]:
    """Write the sheet of what a source says, and return it as it will be read.

    Parameters
    ----------
    rows : iterable of Row
    path : Path
        Where there is none yet.
    source : Path
        A folder of music, or metadata.

    Raises
    ------
    UserError
        If it cannot be read, or there is a sheet already: it may have been corrected by hand.
    """
    if path.exists():
        raise UserError(
            f"there is a sheet {path} already; move it away or name another output (genregraph "
            "init adds new clips to a sheet)"
        )
    with checked(path, source) as aside:
        write_sheet(rows, aside)
    return read_sheet(path)


@contextmanager
def checked(sheet: Path, source: Path) -> Iterator[Path]:
    """A file beside a sheet, which takes its place if it can be read as one.

    Parameters
    ----------
    sheet : Path
        It may be missing, and so may its folder.
    source : Path
        What its rows are of.

    Raises
    ------
    UserError
        If it cannot, with the source to be mended: then the sheet stays as it was.
    """
    sheet.parent.mkdir(parents=True, exist_ok=True)
    aside = sheet.with_name(f".{sheet.name}.part")
    try:
        yield aside
        read_sheet(aside)
        aside.replace(sheet)
    except UserError as error:
        raise UserError(f"{source}: {str(error).removeprefix(f'{aside}: ')}") from None
    finally:
        aside.unlink(missing_ok=True)


def as_text(values: Sequence[Sequence[str]], delimiter: str = "\t", ending: str = "\n") -> str:
    """Lines of a table that `settings.delimited.lines` reads as these values.

    Raises
    ------
    UserError
        If a value would be read as another: one of both tabs and line breaks may be.
    """
    # Left to itself, csv quotes neither a carriage return nor blanks around a value.
    quoted = any("\r" in value or value != value.strip() for line in values for value in line)
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=ending,
        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
    )
    writer.writerows(values)
    if [line.values for line in lines(text.getvalue(), delimiter, len(REQUIRED))] != values:
        raise UserError("no sheet can hold names with tabs and line breaks; rename files")
    return text.getvalue()


def shard_of(clip: str, shards: int) -> int:
    """Shard of a clip, in ``[0, shards)``; depends on its name alone, so that others never move."""
    return int.from_bytes(hashlib.sha256(clip.encode()).digest()[:8], "big") % shards


def shards_for(clips: int) -> int:
    """How many shards some clips are dealt into: a power of two, and of 256 clips or fewer each.

    There are 16 at least, and 1,024 at most: so many files one command can be told of.

    Examples
    --------
    >>> [shards_for(clips) for clips in (10, 4096, 4097, 10_000, 106_574)]
    [16, 16, 32, 64, 512]
    """
    return min(max(16, 1 << (-(-clips // 256) - 1).bit_length()), 1024)


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
    return next((file for file in (path, *stand_ins) if is_file(folder / file)), None)


def is_file(path: Path) -> bool:
    """Whether there is a file, as far as may be looked."""
    try:
        return path.is_file()
    except OSError:  # A name that is too long, or a folder that may not be entered.
        return False


def find(path: str, home: Path) -> str:
    """A file that the workflow comes with and the folder at hand has not, relative to that folder.

    Any other is, or is to be, in the folder at hand.
    """
    shipped = home / path
    return os.path.relpath(shipped) if shipped.exists() and not Path(path).exists() else path
