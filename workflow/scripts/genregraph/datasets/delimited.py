"""Text in columns, as people, spreadsheets and other programs write it."""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from genregraph.common.errors import UserError

DELIMITERS = "\t;,"
BREAK = re.compile(r"\r\n|\r|\n")


class Line(NamedTuple):
    """A row's values, and the line of the file that it begins in, counted from 1."""

    number: int
    values: list[str]


def decoded(content: bytes) -> str:
    """Text of a file in UTF-8, or in UTF-16 with a byte order mark, as Excel writes it.

    Raises
    ------
    UserError
        If it is in another encoding, or no text.
    """
    if content.startswith(b"PK"):
        raise UserError('a workbook, not text; save it as "Text (tab delimited)"')
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 ({error}); save it as text in UTF-8") from None
    if "\0" in text:
        line = len(BREAK.findall(text[: text.index("\0")])) + 1
        raise UserError(f"line {line} holds a NUL character; save it as text in UTF-8")
    return text


def delimiter_of(
    header: str, fits: Callable[[Sequence[str]], bool], delimiters: str = DELIMITERS
) -> str:
    """The first delimiter that makes fitting columns of a header line; if none does, the first.

    Parameters
    ----------
    header : str
    fits : callable
        Whether these columns can be meant; takes their names.
    delimiters : str
    """
    for delimiter in delimiters:
        if fits(_row(header, 0, delimiter, across=False)[0]):
            return delimiter
    return delimiters[0]


def dialect_of(path: Path, fits: Callable[[Sequence[str]], bool]) -> tuple[str, str]:
    """Encoding and delimiter of a table, by its header line, as `delimiter_of` finds it."""
    with path.open("rb") as file:
        wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding = "utf-16" if wide else "utf-8-sig"
    with path.open(encoding=encoding) as file:
        return encoding, delimiter_of(file.readline(), fits, ",;\t")


def plain(value: str) -> str:
    """A value without blanks around it and runs of blanks in it."""
    return " ".join(value.split())


def lines(text: str, delimiter: str, fewest: int) -> Iterator[Line]:
    r"""Rows of a text, the header first; rows without any value are passed over.

    A value in quotation marks may hold delimiters, line breaks and doubled quotation marks, as in
    CSV. A quotation mark that opens no such value is a character like others: where every line that
    a value in quotation marks would span is a whole row by itself, they are rows. Values without
    quotation marks lose blanks around them.

    Parameters
    ----------
    text : str
    delimiter : str
    fewest : int
        Values without which a line is no row.

    Raises
    ------
    UserError
        If it is not clear whether some lines are rows or one value.

    Examples
    --------
    >>> [row.values for row in lines('clip\ttitle\na\t"Heroes" live\nb\t"two\nlines"', "\t", 2)]
    [['clip', 'title'], ['a', '"Heroes" live'], ['b', 'two\nlines']]
    """
    position, number, width = 0, 1, 0
    while position < len(text):
        values, end = _row(text, position, delimiter, across=bool(width))
        spanned = text[position:end]
        rows = [Line(number, values)]
        if any(mark in value for value in values for mark in (delimiter, "\n", "\r")):
            rows = _one_or_many(rows[0], spanned, delimiter, fewest, width)
        width = width or len(values)
        yield from (row for row in rows if any(row.values))
        number += len(BREAK.findall(spanned))
        position = end


def _one_or_many(one: Line, spanned: str, delimiter: str, fewest: int, width: int) -> list[Line]:
    """A row with delimiters or line breaks in its values: one row, or one a line."""
    many = [
        Line(one.number + i, _row(line, 0, delimiter, across=False)[0])
        for i, line in enumerate(BREAK.split(BREAK.sub("\n", spanned).removesuffix("\n")))
    ]
    counts = [len(row.values) for row in many]
    if all(count == width for count in counts):
        return many
    might_be_rows = all(fewest <= count <= width for count in counts)
    holds_rows = any(delimiter in value and BREAK.search(value) for value in one.values)
    if might_be_rows and (holds_rows or (len(many) == 1 and len(one.values) != width)):
        raise UserError(
            f"line {one.number}: a quotation mark opens a value that ends in line "
            f"{many[-1].number}: write it twice, in a pair of its own, if it is part of the value "
            '("""Heroes"" live"), or fill up the columns of these lines'
        )
    return [one]


def _row(text: str, start: int, delimiter: str, across: bool) -> tuple[list[str], int]:
    """Values of a row, and where the next begins; ``across``: they may span lines and columns."""
    inner = '[^"]' if across else rf'[^"{delimiter}\r\n]'
    value = re.compile(
        rf'(?:"({inner}*(?:""{inner}*)*)"|([^{delimiter}\r\n]*))({delimiter}|\r\n|\r|\n|\Z)'
    )
    values, end = [], delimiter
    while end == delimiter:
        found = value.match(text, start)
        assert found  # Its second form fits whatever there is.
        quoted, bare, end = found.groups()
        values.append(bare.strip() if quoted is None else quoted.replace('""', '"'))
        start = found.end()
    return values, start
