"""A sheet's rows: values that mean the same, written the same; and those that look wrong."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from genregraph.datasets.delimited import plain
from genregraph.datasets.groups import is_unknown, normalised


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
TIDIED = ("genre", "group", "md5", "split", "excluded", "title", "artist")
PARTS = {
    **dict.fromkeys(["train", "training", "trainset"], "train"),
    **dict.fromkeys(["valid", "validation", "val", "dev"], "valid"),
    **dict.fromkeys(["test", "testing", "testset"], "test"),
}
# What says that nothing speaks against a clip.
NO_REASONS = frozenset(
    "0 0.0 - no n false f falsch faux falso falsk nein non não nee none null nan na n/a ok".split()
)
SPREADSHEET = re.compile(
    r"\d+\.0|\d(\.\d+)?E\+\d+|\d{1,2}[-.](Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(-\d+)?"
)
# Folders that hold music of several genres.
COLLECTIONS = frozenset("data dataset audio music genres genres_original images_original".split())
ALIKE = "look alike; give them one name if they are one"


def tidy(rows: Sequence[Row]) -> list[Row]:
    """Rows with values that mean the same written the same.

    Names of clips and paths stay as they are. Other values are in Unicode's form NFC, without
    blanks around them or runs of blanks in them. Genres that differ in case alone are one, spelt
    as in most of its clips. Parts of a split are ``train``, ``valid`` and ``test``; ``no`` and
    the like exclude nothing; ``Various Artists`` and the like are no artist.
    """
    tidied = [replace(row, **{name: _tidy(getattr(row, name)) for name in TIDIED}) for row in rows]
    counts = Counter(row.genre for row in tidied)
    rarest_first = sorted(counts, key=lambda name: (-counts[name], name), reverse=True)
    spelling = {genre.casefold(): genre for genre in rarest_first}
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


def doubts(rows: Mapping[int, Row], tidied: Sequence[Row]) -> list[str]:
    """What looks wrong and may be right in rows by line, also given as `tidy` leaves them.

    Of doubts of one kind about lines and artists, the first is shown.
    """
    by_line = dict(zip(rows, tidied, strict=True))
    genres = {_tidy(row.genre): by_line[line].genre for line, row in rows.items()}
    artists = {normalised(row.artist): row.artist for row in tidied}
    guests = _alike(artists.values(), _without_guests)
    kinds = [[f"artists {_named(names)} {ALIKE}" for names in guests], *_odd(by_line).values()]
    return [
        *(
            f"genres {_named(names)} are taken for one, {genres[names[0]]!r}"
            for names in _alike(genres, str.casefold)
        ),
        *(f"genres {_named(names)} {ALIKE}" for names in _alike(genres.values(), _bare)),
        *_no_genres({*genres.values()}),
        *_lists({*genres.values()}),
        *(
            each[0] + (f" (and {len(each) - 1} more like it)" if len(each) > 1 else "")
            for each in filter(None, kinds)
        ),
    ]


def _odd(rows: Mapping[int, Row]) -> dict[str, list[str]]:
    """What is odd in lines, by kind."""
    odd: dict[str, list[str]] = defaultdict(list)
    first: dict[str, int] = {}
    all_excluded = all(row.excluded for row in rows.values())
    for line, row in rows.items():
        if first.setdefault(row.path, line) != line:
            again = f"names the file {row.path!r} again, as line {first[row.path]} does"
            odd["path"].append(f"line {line} {again}")
        for name in ("clip", "genre", "group"):
            if SPREADSHEET.fullmatch(value := getattr(row, name)):
                made = "is what spreadsheets make of numbers and dates; paste into cells of text"
                odd["number"].append(f"line {line}: {name} {value!r} {made}")
        if row.split and row.split not in PARTS:
            none = "is none of train, valid and test, and counts as none"
            odd["split"].append(f"line {line}: split {row.split!r} {none}")
        if row.md5 and not re.fullmatch("[0-9a-f]{32}", row.md5):
            none = "is no md5, which has 32 digits of 0-9 and a-f"
            odd["md5"].append(f"line {line}: md5 {row.md5!r} {none}")
        if all_excluded:
            alike = "and so or alike for all clips; if it means no, leave it empty"
            odd["excluded"].append(f"line {line}: excluded is {row.excluded!r}, {alike}")
    return odd


def _no_genres(genres: set[str]) -> list[str]:
    """Genres like parts of a split, or like folders of several: collections, letters, years."""
    odd = {name for name in genres if name.casefold() in {*PARTS, *COLLECTIONS}}
    if len(genres) > 2 and all(re.fullmatch(r"\w|(19|20)\d\d", name) for name in genres):
        odd = genres
    said = "are rather parts of a split (column split), collections, letters or years"
    return [f"genres {_named(sorted(odd))} {said}"] if odd else []


def _lists(genres: set[str]) -> list[str]:
    """Genres like lists: with ; or |, or with a part of another; Old-Time / Historic is none."""
    parts = {name: re.split(r"\s*[;|/,]\s*", name.casefold()) for name in genres}
    uses = Counter(part for each in parts.values() for part in set(each))
    lists = [
        name
        for name, each in sorted(parts.items())
        if len(each) > 1 and (re.search("[;|]", name) or any(uses[part] > 1 for part in each))
    ]
    said = "look like lists, and each counts as one genre; write one genre a clip, unless it is one"
    return [f"genres {_named(lists)} {said}"] if lists else []


def _named(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _bare(name: str) -> str:
    """Letters and digits of a name, without accents."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", name.casefold())))


def _without_guests(artist: str) -> str:
    return _bare(re.sub(r"\W(feat|ft|featuring)\b.*", "", normalised(artist)))


def _alike(names: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    """Names that are one by a key, which is not empty."""
    by_key = defaultdict(list)
    for name in sorted(set(names)):
        by_key[key(name)].append(name)
    return [alike for common, alike in by_key.items() if common and len(alike) > 1]
