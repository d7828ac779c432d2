"""Values of a sheet that mean the same, written the same; and those that look wrong."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from settings.delimited import plain
from settings.groups import is_unknown
from settings.row import Row

TIDIED = ("genre", "group", "md5", "split", "excluded", "title", "artist")
PARTS = {
    **dict.fromkeys(["train", "training", "trainset"], "train"),
    **dict.fromkeys(["valid", "validation", "val", "dev"], "valid"),
    **dict.fromkeys(["test", "testing", "testset"], "test"),
}
# What says that nothing speaks against a clip.
NO_REASONS = frozenset("0 0.0 - no n false f nein none null nan na n/a ok".split())
SPREADSHEET = re.compile(
    r"\d+\.0|\d(\.\d+)?E\+\d+|\d{1,2}[-.](Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(-\d+)?"
)


def tidy(rows: Sequence[Row]) -> list[Row]:
    """Rows with values that mean the same written the same.

    Names of clips and paths stay as they are. Other values are in Unicode's form NFC, without
    blanks around them or runs of blanks in them. Genres that differ in case alone are one, written
    as most of its clips have it. Parts of a split are ``train``, ``valid`` and ``test``; ``no`` and
    the like exclude nothing; ``Various Artists`` and the like are no artist.
    """
    tidied = [replace(row, **{name: _tidy(getattr(row, name)) for name in TIDIED}) for row in rows]
    spelt = {name: spelling for names in _spellings(tidied) for name, spelling in names.items()}
    return [
        replace(
            row,
            genre=spelt[row.genre],
            md5=row.md5.lower(),
            split=PARTS.get(row.split.casefold(), row.split),
            excluded="" if row.excluded.casefold() in NO_REASONS else row.excluded,
            artist="" if is_unknown(row.artist) else row.artist,
        )
        for row in tidied
    ]


def _tidy(value: str) -> str:
    return plain(unicodedata.normalize("NFC", value))


def _spellings(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Of each genre, how it is to be spelt, by how it is spelt."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.genre.casefold(), Counter())[row.genre] += 1
    return [
        dict.fromkeys(sorted(names), min(names, key=lambda name: (-names[name], name)))
        for names in counts.values()
    ]


def doubts(rows: Mapping[int, Row], made_tidy: Sequence[Row]) -> list[str]:
    """What looks wrong in a sheet and may be right, each in a line.

    Parameters
    ----------
    rows : mapping of int to Row
        By line, before they are made tidy.
    made_tidy : sequence of Row
        What `tidy` makes of them.
    """
    tidied = dict(zip(rows, made_tidy, strict=True))
    merged = [
        f"genres {_listed(names)} are taken for one, {next(iter(names.values()))!r}"
        for names in _spellings(replace(row, genre=_tidy(row.genre)) for row in rows.values())
        if len(names) > 1
    ]
    return [*merged, *_alike_genres(tidied.values()), *_same_file(tidied), *_odd_values(tidied)]


def _alike_genres(rows: Iterable[Row]) -> list[str]:
    alike: dict[str, set[str]] = {}
    for row in rows:
        bare = "".join(filter(str.isalnum, unicodedata.normalize("NFKD", row.genre.casefold())))
        alike.setdefault(bare, set()).add(row.genre)
    return [
        f"genres {_listed(sorted(names))} look alike; give them one name if they are one"
        for bare, names in alike.items()
        if bare and len(names) > 1
    ]


def _same_file(rows: Mapping[int, Row]) -> list[str]:
    first: dict[str, int] = {}
    again = [(line, first.setdefault(row.path, line), row.path) for line, row in rows.items()]
    return _some(
        f"line {line} names the file {path!r} again, as line {other} does"
        for line, other, path in again
        if line != other
    )


def _odd_values(rows: Mapping[int, Row]) -> list[str]:
    def odd(names: str, wrong: Callable[[str], object], said: str) -> list[str]:
        return _some(
            f"line {line}: {name} {getattr(row, name)!r} {said}"
            for line, row in rows.items()
            for name in names.split()
            if getattr(row, name) and wrong(getattr(row, name))
        )

    return [
        *odd(
            "clip genre group",
            SPREADSHEET.fullmatch,
            "is what spreadsheets make of numbers and dates; if it was another, set the column's "
            "format to text before pasting",
        ),
        *odd(
            "split",
            lambda part: part not in PARTS,
            "is none of train, valid and test, and counts as none",
        ),
        *odd(
            "md5",
            lambda md5: not re.fullmatch("[0-9a-f]{32}", md5),
            "is no md5, which has 32 digits of 0-9 and a-f",
        ),
    ]


def _some(found: Iterable[str]) -> list[str]:
    """The first of what was found, and how many more there are."""
    all_of_them = list(found)
    more = f" (and {len(all_of_them) - 1} more like it)" if len(all_of_them) > 1 else ""
    return [f"{each}{more}" for each in all_of_them[:1]]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
