import unicodedata

import pytest

from genregraph.datasets.sheet import Row
from genregraph.datasets.tidy import doubts, tidy


def rows_of(column: str, values: list[str]) -> list[Row]:
    """Rows that differ in a column, and in clip and file."""
    stated = ({"clip": f"c{i}", "path": f"x/c{i}", "genre": "x"} for i in range(len(values)))
    return [Row(**{**row, column: value}) for row, value in zip(stated, values, strict=True)]


@pytest.mark.parametrize(
    ("genres", "genre"),
    [
        (["rock", "rock ", " rock", "rock\u00a0"], "rock"),
        (["hip hop", "hip  hop", "hip\thop"], "hip hop"),
        (["chão", unicodedata.normalize("NFD", "chão")], "chão"),
        (["Rock", "rock", "rock", "ROCK"], "rock"),
        (["rock", "Rock"], "Rock"),
    ],
)
def test_genres_that_differ_in_case_or_blanks_are_one(genres, genre) -> None:
    assert {row.genre for row in tidy(rows_of("genre", genres))} == {genre}


def test_names_and_paths_stay_and_parts_artists_and_md5_are_normalised() -> None:
    names = (" a\u0308  b ", " x/a\u0308  b.wav ", "x")
    row = Row(*names, split="Training", artist="Various Artists", md5="AB" * 16)
    assert tidy([row]) == [Row(*names, split="train", md5="ab" * 16)]


def test_word_for_no_excludes_nothing() -> None:
    words = "FALSE 0 0.0 No NEIN FALSCH FAUX FALSO - NaN n/a".split()
    rows = tidy(rows_of("excluded", [*(f"{word} " for word in words), "1", "replica of b"]))
    assert [row.excluded for row in rows if row.excluded] == ["1", "replica of b"]


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("genre", ["rock", "rock "], []),
        ("genre", ["rock", "Rock"], ["genres 'Rock', 'rock' are taken for one, 'Rock'"]),
        ("genre", ["hip-hop", "hiphop", "jazz"], ["genres 'hip-hop', 'hiphop' look alike; give"]),
        ("genre", ["?", "!", "*"], []),
        ("genre", ["rock", "Test", "genres_original"], ["genres 'Test', 'genres_original' are ra"]),
        ("genre", ["A", "B", "1990"], ["genres '1990', 'A', 'B' are rather parts of a split"]),
        ("genre", ["80s", "8-bit", "2 Tone", "R"], []),
        ("genre", ["Rock; Pop", "Jazz"], ["genres 'Rock; Pop' look like lists"]),
        ("genre", ["rock", "Rock/Pop", "Jazz, rock"], ["genres 'Jazz, rock', 'Rock/Pop' look li"]),
        ("genre", ["Old-Time / Historic", "R&B/Soul", "Folk, World, & Country"], []),
        (
            "path",
            3 * ["x"],
            ["line 3 names the file 'x' again, as line 2 does (and 1 more like it)"],
        ),
        *(
            ("clip", ["a", name], [f"line 3: clip {name!r} is what spreadsheets make of numbers"])
            for name in ("2.0", "1.2E+05", "1E+10", "10-Jan", "1-Mar-24")
        ),
        ("clip", ["blues.00000", "000002", "1e5", "2.05", "10-January", "7"], []),
        ("split", ["TEST", "fold 3"], ["line 3: split 'fold 3' is none of train, valid and test"]),
        ("md5", ["1.23E+31"], ["line 2: md5 '1.23e+31' is no md5, which has 32 digits of 0-9"]),
        ("excluded", ["VALE", "TOSI"], ["line 2: excluded is 'VALE', and so or alike for all"]),
        (
            "artist",
            ["Böc", "boc feat. Al", "Beck"],
            ["artists 'Böc', 'boc feat. Al' look alike; give"],
        ),
        ("artist", ["Beatles, The", "The Beatles"], []),
    ],
)
def test_doubts_name_what_looks_wrong(column, values, said) -> None:
    rows = rows_of(column, values)
    found = doubts(dict(enumerate(rows, start=2)), tidy(rows))
    assert all(doubt.startswith(start) for doubt, start in zip(found, said, strict=True))
