"""Dataset sheets: which clips there are, where their files lie, and in which shard they are."""

import codecs
import csv
import difflib
import hashlib
import io
import json
import logging
import os
import re
import shlex
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from genregraph.common.errors import UserError
from genregraph.datasets.delimited import BREAK, Line, decoded, delimiter_of, lines, plain
from genregraph.datasets.row import COLUMNS as COLUMNS
from genregraph.datasets.row import Row as Row
from genregraph.datasets.tidy import doubts, tidy

logger = logging.getLogger(__name__)

AUDIO_SUFFIXES = tuple(
    f".{ending}" for ending in "wav au flac mp3 ogg opus aiff aif m4a mp4 wma".split()
)
REQUIRED = ("clip", "path", "genre")
# Columns of a fold's predictions; beside them stands a column a genre.
NO_GENRES = ("clip", "true", "predicted", "part", "model", "repeat", "fold")
# What the audit of a clip depends on: an artist that is mended computes no feature anew.
AUDITED = ("clip", "path", "md5")
# What the keys of an imported table name.
NAMED = ("clip", "path")
EXCEL = re.compile(r"\Asep=.(\r\n|\r|\n)")  # Its own note of what separates.


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
        In the sheet's order, as `datasets.tidy.tidy` leaves them. What looks wrong is logged.

    Raises
    ------
    UserError
        If the sheet is missing, is no text, has no rows, lacks a column or a value, has a value
        too many, or names a clip twice.
    """
    if not path.is_file():
        command = f"./{os.path.relpath(Path(__file__).parents[4] / 'genregraph')}"
        raise UserError(
            f"there is no sheet {path}; make one with\n"
            f"  {shlex.quote(command)} init FOLDER --name "
            f"{shlex.quote(path.stem)}\n"
            "(that of FMA with datasets.fma --subset small), or name another with "
            "--config sheet=FILE"
        )
    try:
        rows = _rows_in(decoded(path.read_bytes()))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    tidied = tidy(list(rows.values()))
    for doubt in doubts(rows, tidied):
        logger.warning("%s: %s", path, doubt)
    return tidied


def _rows_in(text: str) -> dict[int, Row]:
    """Rows of a sheet by their line, none of which lacks a value or repeats a clip."""
    _, found = _parsed(text)
    header = _names(next(found, Line(1, [])).values)
    if missing := _missing(header):
        raise UserError(
            f"no column {', '.join(missing)}; "
            f"the header line must hold {' '.join(REQUIRED)}, separated by tabs"
        )
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        raise UserError(f"two columns are called {twice[0]}; remove or rename one")
    for name in header:
        near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.8)
        if near and near[0] not in header:
            logger.warning("column %r is not read; rename it if it is %r", name, near[0])
    rows: dict[int, Row] = {}
    seen: dict[str, int] = {}
    for line, values in found:
        if any(values[len(header) :]):
            raise UserError(
                f"line {line} has {len(values)} values, and the header {len(header)}; put a "
                "value that holds what separates values in quotation marks"
            )
        stated = dict(zip(header, values, strict=False))
        row = rows[line] = Row(**{name: stated.get(name, "") for name in COLUMNS})
        if empty := [name for name in REQUIRED if not stated.get(name)]:
            raise UserError(f"line {line} has no {', '.join(empty)}; fill it in")
        if plain(row.genre) in NO_GENRES:
            raise UserError(f"line {line}: a genre cannot be called {row.genre!r}; rename it")
        if seen.setdefault(row.clip, line) != line:
            raise UserError(
                f"line {line} names clip {row.clip!r} again, as line {seen[row.clip]} does; "
                "rename one of them"
            )
    if not rows:
        raise UserError("no clips; add a line for each")
    return rows


def _parsed(text: str) -> tuple[str, Iterator[Line]]:
    """What separates the values of a sheet, and its lines, the header first."""
    body = EXCEL.sub("", text)
    delimiter = delimiter_of(BREAK.split(body, maxsplit=1)[0], lambda names: not _missing(names))
    return delimiter, lines(body, delimiter, fewest=len(REQUIRED))


def _names(header: Iterable[str]) -> list[str]:
    return [plain(name).casefold() for name in header]


def _missing(header: Iterable[str]) -> list[str]:
    return [name for name in REQUIRED if name not in _names(header)]


def write_sheet(rows: Iterable[Row], path: Path) -> None:
    """Write rows as a sheet that `read_sheet` reads, without columns that are empty throughout.

    Raises
    ------
    UserError
        If a value would be read as another: one of both tabs and line breaks may be.
    """
    rows = list(rows)
    used = [name for name in COLUMNS if name in REQUIRED or any(getattr(r, name) for r in rows)]
    text = _as_text([used, *([getattr(row, name) for name in used] for row in rows)])
    path.write_text(text, encoding="utf-8", newline="")


def new_sheet(rows: Iterable[Row], path: Path, source: Path) -> list[Row]:
    """Write the sheet of what a source says, and return it as it will be read.

    Raises
    ------
    UserError
        If it cannot be read, or there is a sheet already: it may have been corrected by hand.
    """
    if path.exists():
        raise UserError(
            f"there is a sheet {path} already; move it away, or name another (init: --name NAME, "
            "datasets.fma: --output FILE)"
        )
    with checked(path, source) as aside:
        write_sheet(rows, aside)
    return read_sheet(path)


def appended(sheet: bytes, rows: Sequence[Row]) -> bytes:
    """A sheet's content with rows behind it, in its own columns, delimiter and encoding.

    What stands in it stays to the letter; only where columns must be added behind its own, its
    lines are written anew, with the same values.
    """
    text = decoded(sheet)
    delimiter, found = _parsed(text)
    header, *known = (line.values for line in found)
    names = _names(header)
    lacking = [n for n in COLUMNS if n not in names and any(getattr(row, n) for row in rows)]
    width, all_names = len(header), [*names, *lacking]
    header = [*header, *lacking]
    new = [[getattr(row, n) if n in COLUMNS else "" for n in all_names] for row in rows]
    ending = (BREAK.findall(text) or ["\n"])[0]
    if lacking:
        known = [([*values, *width * [""]][:width] + len(lacking) * [""]) for values in known]
        before = EXCEL.match(text)
        text = (before[0] if before else "") + _as_text([header, *known], delimiter, ending)
    elif not BREAK.fullmatch(text[-1:]):
        text += ending
    text += _as_text([header, *new], delimiter, ending).split(ending, maxsplit=1)[1]
    wide = sheet.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    marked = sheet.startswith(codecs.BOM_UTF8)
    return text.encode("utf-16" if wide else "utf-8-sig" if marked else "utf-8")


@contextmanager
def checked(sheet: Path, source: Path) -> Iterator[Path]:
    """A file beside a sheet, which takes its place if it can be read as one.

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


def _as_text(values: Sequence[Sequence[str]], delimiter: str = "\t", ending: str = "\n") -> str:
    """Lines of a table that `datasets.delimited.lines` reads as these values."""
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
    """Number of shards of some clips: a power of two, of 256 clips or fewer each.

    There are 16 at least, and 1,024 at most: one command can name so many files.

    Examples
    --------
    >>> [shards_for(clips) for clips in (10, 4096, 4097, 10_000, 106_574)]
    [16, 16, 32, 64, 512]
    """
    return min(max(16, 1 << (-(-clips // 256) - 1).bit_length()), 1024)


def rows_by_shard(rows: Iterable[Row], shards: int) -> dict[str, list[Row]]:
    """Rows of each shard that has any, by its two-digit (or longer) number."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(f"{shard_of(row.clip, shards):02d}", []).append(row)
    return dict(sorted(found.items()))


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
