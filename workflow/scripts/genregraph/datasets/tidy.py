"""Values of a sheet that mean the same, written the same; and those that look wrong."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from genregraph.datasets.delimited import plain
from genregraph.datasets.groups import is_unknown
from genregraph.datasets.row import Row

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


# Columns, what is wrong with a value of theirs, and what is said of it.
ODD: tuple[tuple[str, Callable[[str], object], str], ...] = (
    (
        "clip genre group",
        SPREADSHEET.fullmatch,
        "is what spreadsheets make of numbers and dates; if it was another, set the column's "
        "format to text before pasting",
    ),
    (
        "split",
        lambda part: part not in PARTS,
        "is none of train, valid and test, and counts as none",
    ),
    (
        "md5",
        lambda md5: not re.fullmatch("[0-9a-f]{32}", md5),
        "is no md5, which has 32 digits of 0-9 and a-f",
    ),
)


def tidy(rows: Sequence[Row]) -> list[Row]:
    """Rows with values that mean the same written the same.

    Names of clips and paths stay as they are. Other values are in Unicode's form NFC, without
    blanks around them or runs of blanks in them. Genres that differ in case alone are one, written
    as most of its clips have it. Parts of a split are ``train``, ``valid`` and ``test``; ``no`` and
    the like exclude nothing; ``Various Artists`` and the like are no artist.
    """
    tidied = [replace(row, **{name: _tidy(getattr(row, name)) for name in TIDIED}) for row in rows]
    counts = Counter(row.genre for row in tidied)
    spelling: dict[str, str] = {}
    for genre in sorted(counts, key=lambda name: (-counts[name], name)):
        spelling.setdefault(genre.casefold(), genre)
    return [
        replace(
            row,
            genre=spelling[row.genre.casefold()],
            md5=row.md5.lower(),
            split=PARTS.get(row.split.casefold(), row.split),
            excluded="" if row.excluded.casefold() in NO_REASONS else row.excluded,
            artist="" if is_unknown(row.artist) else row.artist,
        )
        for row in tidied
    ]


def _tidy(value: str) -> str:
    return plain(unicodedata.normalize("NFC", value))


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
    genres = {_tidy(row.genre): tidied[line].genre for line, row in rows.items()}
    first: dict[str, int] = {}
    same_file = [
        f"line {line} names the file {row.path!r} again, as line {first[row.path]} does"
        for line, row in tidied.items()
        if first.setdefault(row.path, line) != line
    ]
    odd = [
        [
            f"line {line}: {name} {value!r} {said}"
            for line, row in tidied.items()
            for name in names.split()
            if (value := getattr(row, name)) and wrong(value)
        ]
        for names, wrong, said in ODD
    ]
    return [
        *(
            f"genres {', '.join(map(repr, names))} are taken for one, {genres[names[0]]!r}"
            for names in _alike(genres, str.casefold)
        ),
        *(
            f"genres {', '.join(map(repr, names))} look alike; give them one name if they are one"
            for names in _alike(genres.values(), _bare)
        ),
        *(
            each[0] + (f" (and {len(each) - 1} more like it)" if len(each) > 1 else "")
            for each in filter(None, [same_file, *odd])
        ),
    ]


def _bare(genre: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", genre.casefold())))


def _alike(names: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    """Names that are one by a key, which is not empty."""
    found: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        found.setdefault(key(name), []).append(name)
    return [alike for common, alike in found.items() if common and len(alike) > 1]
