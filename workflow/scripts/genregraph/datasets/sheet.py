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
import uuid
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from genregraph.common.errors import UserError
from genregraph.datasets.delimited import BREAK, decoded, delimiter_of, encoding_of, lines, plain
from genregraph.datasets.tidy import COLUMNS as COLUMNS
from genregraph.datasets.tidy import Row as Row
from genregraph.datasets.tidy import doubts, tidy

logger = logging.getLogger(__name__)

AUDIO_SUFFIXES = tuple(".wav .au .flac .mp3 .ogg .opus .aiff .aif .m4a .mp4 .wma".split())
REQUIRED = ("clip", "path", "genre")
# Columns of a fold's predictions; the others are named by genres.
NO_GENRES = ("clip", "true", "predicted", "part", "model", "repeat", "fold")
# What the audit of a clip depends on: an artist that is corrected computes no feature anew.
AUDITED = ("clip", "path", "md5")
NAMED = ("clip", "path")  # What the keys of an imported table name.
EXCEL = re.compile(r"\Asep=.(\r\n|\r|\n)")  # Excel's own note of the delimiter.


def read_sheet(path: Path) -> list[Row]:
    """Rows of a sheet: a table with a header line, separated by tabs, semicolons or commas.

    Columns are ``clip path genre`` and optional ``group md5 split excluded title artist``; others
    are ignored. Values are tidied (`datasets.tidy.tidy`), and what looks wrong is logged. A
    `UserError` says where something is missing, too much, or twice.
    """
    if not path.is_file():
        program = f"./{os.path.relpath(Path(__file__).parents[4] / 'genregraph')}"
        init = shlex.join([program, "init", "FOLDER", "--name", path.stem])
        way = "(FMA's by datasets.fma --subset small), or name another with --config sheet=FILE"
        raise UserError(f"there is no sheet {path}; make one with\n  {init}\n{way}")
    rows = _rows_in(path.read_bytes(), path)
    tidied = tidy(list(rows.values()))
    for doubt in doubts(rows, tidied):
        logger.warning("%s: %s", path, doubt)
    return tidied


def _rows_in(content: bytes, source: Path) -> dict[int, Row]:
    """Rows of a sheet by their line; a `UserError` about the source if it is none."""
    try:
        _, numbered = _parsed(decoded(content))
        header = list(map(_name, next(numbered)[1]))
        _check_header(header)
        rows: dict[int, Row] = {}
        seen: dict[str, int] = {}
        for line, values in numbered:
            row = rows[line] = _row(line, header, values)
            first = seen.setdefault(row.clip, line)
            if first != line:
                again = f"names clip {row.clip!r} again, as line {first} does"
                raise UserError(f"line {line} {again}; rename one of them")
        if not rows:
            raise UserError("no clips; add a line for each")
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    return rows


def _parsed(text: str) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """Delimiter and rows of a sheet, the header first."""
    body = EXCEL.sub("", text).lstrip("\r\n")
    header = BREAK.split(body, maxsplit=1)[0]
    delimiter = delimiter_of(header, lambda names: {*REQUIRED} <= {*map(_name, names)})
    return delimiter, lines(body, delimiter, fewest=len(REQUIRED))


def _name(column: str) -> str:
    return plain(column).casefold()


def _check_header(header: Sequence[str]) -> None:
    if missing := [name for name in REQUIRED if name not in header]:
        needed = f"the header line must hold {' '.join(REQUIRED)}, separated by tabs"
        raise UserError(f"no column {', '.join(missing)}; {needed}")
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        raise UserError(f"two columns are called {twice[0]}; remove or rename one")
    for name in header:
        near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.8)
        if near and near[0] not in header:
            logger.warning("column %r is not read; rename it if it is %r", name, near[0])


def _row(line: int, header: Sequence[str], values: Sequence[str]) -> Row:
    if any(values[len(header) :]):
        more = f"line {line} has {len(values)} values, and the header {len(header)}"
        raise UserError(f"{more}; put a value that holds a delimiter in quotation marks")
    stated = dict(zip(header, values, strict=False))
    if empty := [name for name in REQUIRED if not stated.get(name)]:
        raise UserError(f"line {line} has no {', '.join(empty)}; fill it in")
    if plain(stated["genre"]) in NO_GENRES:
        raise UserError(f"line {line}: a genre cannot be called {stated['genre']!r}; rename it")
    return Row(**{name: stated.get(name, "") for name in COLUMNS})


def write_sheet(rows: Iterable[Row], path: Path) -> None:
    """Write rows as a sheet that `read_sheet` reads, without columns that are empty throughout."""
    path.write_bytes(sheet_of(list(rows)))


def sheet_of(rows: Sequence[Row]) -> bytes:
    """Content of a sheet; a `UserError` if a value has both tabs and line breaks."""
    used = [name for name in COLUMNS if name in REQUIRED or any(getattr(r, name) for r in rows)]
    return _as_text([used, *([getattr(row, name) for name in used] for row in rows)]).encode()


def appended(sheet: bytes, rows: Sequence[Row]) -> bytes:
    """A sheet's content with further rows, in its own columns, delimiter and encoding.

    Columns that the new rows need are added; values of other rows stay.
    """
    text = decoded(sheet)
    delimiter, numbered = _parsed(text)
    header, *known = (values for _, values in numbered)
    names = [*map(_name, header)]
    lacking = [n for n in COLUMNS if n not in names and any(getattr(row, n) for row in rows)]
    columns = [*names, *lacking]
    old = [(values[: len(names)] + len(columns) * [""])[: len(columns)] for values in known]
    new = [[getattr(row, n, "") for n in columns] for row in rows]
    note, breaks = EXCEL.match(text), BREAK.search(text)
    table = _as_text([[*header, *lacking], *old, *new], delimiter, breaks[0] if breaks else "\n")
    return ((note[0] if note else "") + table).encode(encoding_of(sheet))


def save_sheet(content: bytes, path: Path, source: Path) -> list[Row]:
    """Replace a sheet (of a link, its target) and return its rows.

    Nothing changes if the content is no sheet: a `UserError` names the source to be corrected.
    """
    _rows_in(content, source)
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{uuid.uuid4().hex}.part")  # Others may write at the same time.
    try:
        aside.write_bytes(content)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    return read_sheet(path)


def new_sheet(rows: Iterable[Row], path: Path, source: Path) -> list[Row]:
    """Write a new sheet by `save_sheet`; a `UserError` if there is one, perhaps edited by hand."""
    if path.exists():
        raise UserError(f"there is a sheet {path} already; move it away, or use --name or --output")
    return save_sheet(sheet_of(list(rows)), path, source)


def _as_text(table: list[list[str]], delimiter: str = "\t", newline: str = "\n") -> str:
    """Text that `datasets.delimited.lines` reads as this table."""
    # Left to itself, csv quotes neither a carriage return nor blanks around a value.
    odd = any("\r" in value or value != value.strip() for row in table for value in row)
    text = io.StringIO(newline="")
    csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL,
    ).writerows(table)
    if [row for _, row in lines(text.getvalue(), delimiter, len(REQUIRED))] != table:
        raise UserError("no sheet can hold names with tabs and line breaks; rename files")
    return text.getvalue()


def shards_for(clips: int, most: int = 256, fewest: int = 16) -> int:
    """Number of shards: a power of two up to 1,024, of ``most`` clips or fewer each if possible."""
    return min(max(fewest, 1 << (-(-clips // most) - 1).bit_length()), 1024)


def rows_by_shard(rows: Iterable[Row], shards: int) -> dict[str, list[Row]]:
    """Rows of each shard that has any, by its two-digit (or longer) number in ``[0, shards)``.

    A clip's shard depends on its name alone, so that others never move.
    """
    by_shard: dict[str, list[Row]] = {}
    for row in rows:
        number = int.from_bytes(hashlib.sha256(row.clip.encode()).digest()[:8], "big") % shards
        by_shard.setdefault(f"{number:02d}", []).append(row)
    return dict(sorted(by_shard.items()))


def digest(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> str:
    """Digest of some columns of rows, for rules to track what a step takes from the sheet."""
    text = json.dumps([{name: getattr(row, name) for name in columns} for row in rows])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def locate(
    folder: Path, path: str, extensions: Sequence[str] = (), named: Container[str] = ()
) -> str | None:
    """Path of a clip's file in an audio folder, or None.

    Fallbacks are the file with another of the extensions by which the dataset is distributed, such
    as ``.au`` for ``.wav``, if it is not named by another row; and that by a path of Windows.
    """
    extension = PurePosixPath(path).suffix
    others = extensions if extension in extensions else ()
    fallbacks = [path.removesuffix(extension) + other for other in others]
    candidates = (path, *(each for each in fallbacks if each not in named), path.replace("\\", "/"))
    return next((file for file in candidates if is_file(folder / file)), None)


def is_file(path: Path) -> bool:
    """Whether there is a file, as far as may be looked."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where none may look.


def find(path: str, home: Path) -> str:
    """A file of the workflow that the folder at hand lacks, relative to that; else the path."""
    shipped = home / path
    return os.path.relpath(shipped) if shipped.exists() and not Path(path).exists() else path
