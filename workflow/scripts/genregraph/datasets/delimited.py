"""Text in columns, as people, spreadsheets and other programs write it."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from genregraph.common.errors import UserError

BREAK = re.compile(r"\r\n|\r|\n")


def encoding_of(start: bytes) -> str:
    """Encoding by the byte order mark that spreadsheets write; UTF-8 without one.

    Nothing is guessed: a wrong guess would change names of clips and artists silently.
    """
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"


def decoded(content: bytes) -> str:
    """Text of a file; a `UserError` if it is no text, or in another encoding."""
    if content.startswith(b"PK"):
        raise UserError('a workbook, not text; save it as "Text (tab delimited)"')
    try:
        text = content.decode(encoding_of(content))
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 ({error}); save it as text in UTF-8") from None
    if "\0" in text:
        line = len(BREAK.findall(text[: text.index("\0")])) + 1
        raise UserError(f"line {line} holds a NUL character; save it as text in UTF-8")
    return text


def delimiter_of(
    header: str, fits: Callable[[Sequence[str]], bool], delimiters: str = "\t;,"
) -> str:
    """The first delimiter that splits a header line into columns that fit; else the first."""
    return next((each for each in delimiters if fits(_names(header, each))), delimiters[0])


def dialect_of(path: Path, fits: Callable[[Sequence[str]], bool]) -> tuple[str, str]:
    """Encoding and delimiter of a table, by its header line."""
    with path.open("rb") as file:
        encoding = encoding_of(file.read(3))
    with path.open(encoding=encoding) as file:
        return encoding, delimiter_of(file.readline(), fits, ",;\t")


def plain(value: str) -> str:
    """A value without blanks around it and runs of blanks in it."""
    return " ".join(value.split())


def lines(text: str, delimiter: str, fewest: int) -> Iterator[tuple[int, list[str]]]:
    """Rows of a text with the lines that they begin in, the header first; empty ones are skipped.

    Values are quoted as in CSV. A quotation mark that opens no quoted value is a character like
    others, as in titles: if each line that a quoted value would span is a row, they are rows. If
    they may be rows, of the ``fewest`` values or more, or one value, a `UserError` says so.
    """
    physical = list(io.StringIO(text, newline="")) or [""]
    header = _names(physical[0], delimiter)
    yield 1, header
    start, widths = 1, range(fewest, len(header) + 1)
    while start < len(physical):
        rows, spanned = _rows(physical, start, delimiter, widths)
        yield from ((line, row) for line, row in enumerate(rows, start + 1) if any(row))
        start += spanned


def _rows(
    physical: Sequence[str], start: int, delimiter: str, widths: range
) -> tuple[list[list[str]], int]:
    """The row that begins in a line, or a row for each line that it spans; and their number."""
    bare = _bare(physical[start], delimiter)
    if '"' not in physical[start]:
        return [bare], 1
    following = (physical[line] for line in range(start, len(physical)))
    reader = csv.reader(following, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        row = next(reader)
    except csv.Error:  # No quoted value opens here, or none ends.
        return [bare], 1
    spanned = reader.line_num
    split = [_bare(line, delimiter) for line in physical[start : start + spanned]]
    odd = any(delimiter in value or BREAK.search(value) for value in row)
    if odd and all(len(values) == widths[-1] for values in split):
        return split, spanned
    swallows = any(delimiter in value and BREAK.search(value) for value in row)
    if swallows and all(len(values) in widths for values in split):
        opens = f"line {start + 1}: a quotation mark opens a value up to line {start + spanned}"
        way = 'write it twice, in a pair ("""Heroes"" live"), or fill up columns'
        raise UserError(f"{opens}: {way}")
    return [row], spanned


def _names(header: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]


def _bare(line: str, delimiter: str) -> list[str]:
    return [value.strip() for value in line.split(delimiter)]
