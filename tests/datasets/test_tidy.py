import re
import unicodedata

import pytest

from genregraph.datasets.sheet import Row
from genregraph.datasets.tidy import doubts, tidy


def of_genres(*genres: str) -> list[Row]:
    return [Row(f"c{i}", f"x/{i}.wav", genre) for i, genre in enumerate(genres)]


def doubts_of(*rows: Row) -> list[str]:
    return doubts(dict(enumerate(rows, start=2)), tidy(rows))


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
    assert {row.genre for row in tidy(of_genres(*genres))} == {genre}


def test_names_and_paths_stay_as_they_are() -> None:
    row = Row(" a\u0308  b ", " x/a\u0308  b.wav ", "x")
    assert tidy([row]) == [row]


@pytest.mark.parametrize(
    "word", ["FALSE", "0", "0.0", "No ", "NEIN", "FALSCH", "FAUX", "FALSO", "-", "NaN", "n/a"]
)
def test_word_for_no_excludes_nothing(word) -> None:
    rows = [Row("a", "x/a.wav", "x", excluded=said) for said in (word, "1", "replica of b")]
    assert [row.excluded for row in tidy(rows)] == ["", "1", "replica of b"]


def test_parts_artists_and_md5_are_normalised() -> None:
    row = Row("a", "x/a.wav", "x", split="Training", artist="Various Artists", md5="AB" * 16)
    assert tidy([row]) == [Row("a", "x/a.wav", "x", split="train", md5="ab" * 16)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (of_genres("rock", "rock "), []),
        (of_genres("rock", "Rock"), ["genres 'Rock', 'rock' are taken for one, 'Rock'"]),
        (
            of_genres("hip-hop", "hiphop", "jazz"),
            ["genres 'hip-hop', 'hiphop' look alike; give them one name if they are one"],
        ),
        (of_genres("?", "!", "*"), []),
        (
            [Row("a", "x/a.wav", "x"), Row("b", "x/a.wav", "x"), Row("c", "x/a.wav", "x")],
            ["line 3 names the file 'x/a.wav' again, as line 2 does (and 1 more like it)"],
        ),
        (
            [Row("a", "x/a.wav", "x", split="TEST"), Row("b", "x/b.wav", "x", split="fold 3")],
            ["line 3: split 'fold 3' is none of train, valid and test, and counts as none"],
        ),
        (
            [Row("a", "x/a.wav", "x", md5="1.23E+31")],
            ["line 2: md5 '1.23e+31' is no md5, which has 32 digits of 0-9 and a-f"],
        ),
        (
            [Row("a", "x/a.wav", "x", excluded="VALE"), Row("b", "x/b.wav", "x", excluded="TOSI")],
            [
                "line 2: excluded is 'VALE', and so or alike for all clips; if it means no, leave "
                "it empty (and 1 more like it)"
            ],
        ),
        (
            [
                Row(name, f"x/{name}", "x", artist=name)
                for name in ("Björk", "bjork feat. Ann", "Beck", "Beatles, The", "The Beatles")
            ],
            ["artists 'Björk', 'bjork feat. Ann' look alike; give them one name if they are one"],
        ),
        (of_genres("rock", "Test", "genres_original"), ["'Test', 'genres_original'"]),
        (of_genres("A", "B", "1990"), ["'1990', 'A', 'B'"]),
        (of_genres("80s", "8-bit", "2 Tone", "R"), []),
        (of_genres("Rock; Pop", "Jazz"), ["'Rock; Pop'"]),
        (of_genres("rock", "Rock/Pop", "Jazz, rock"), ["'Jazz, rock', 'Rock/Pop'"]),
        (of_genres("Old-Time / Historic", "R&B/Soul", "Folk, World, & Country"), []),
    ],
)
def test_doubts_name_what_looks_wrong(rows, said) -> None:
    assert [
        re.split(" are rather| look like lists", doubt)[0].removeprefix("genres ")
        for doubt in doubts_of(*rows)
    ] == [line.removeprefix("genres ") for line in said]


@pytest.mark.parametrize("name", ["2.0", "1.2E+05", "1E+10", "10-Jan", "1-Mar-24"])
def test_doubts_name_what_spreadsheets_make_of_numbers(name) -> None:
    (said,) = doubts_of(Row("a", "x/a.wav", "x"), Row(name, "x/b.wav", "x"))
    assert said.startswith(f"line 3: clip {name!r} is what spreadsheets make of numbers and dates")


@pytest.mark.parametrize("name", ["blues.00000", "000002", "1e5", "2.05", "10-January", "7"])
def test_doubts_pass_other_names(name) -> None:
    assert doubts_of(Row(name, "x/b.wav", "x")) == []
