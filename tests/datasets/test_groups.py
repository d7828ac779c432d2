import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregraph.datasets.groups import group_name, is_unknown, names_artist, normalised, tied
from genregraph.folds.groups import tie


@pytest.mark.parametrize(
    ("artist", "name"),
    [
        ("The Beatles", "beatles"),
        ("  BEATLES ", "beatles"),
        ("Guns N' Roses", "guns n roses"),
        ("the  guns\tn roses", "guns n roses"),
        ("AC/DC", "acdc"),
        ("The The", "the"),
        ("The", "the"),
        ("Theatre of Tragedy", "theatre of tragedy"),
        ("Björk", "björk"),
        ("Straße", "strasse"),
        ("!!!", "!!!"),
        (" ? ", "?"),
        ("Bjo\u0308rk", "björk"),
        ("", ""),
    ],
)
def test_an_artist_is_known_by_its_words(artist, name) -> None:
    assert normalised(artist) == name


@pytest.mark.parametrize(
    "artist",
    [
        *("", " ", "-", "?", "???", "VA", "V.A.", "v/a", "Various Artists", "VARIOUS  ARTISTS"),
        *("Various", "Unknown Artist", "unknown", "<unknown>", "[unknown]", "[no artist]", "N/A"),
        *("n.a.", "NaN", "None", "Verschiedene Interpreten", "The Various Artists"),
    ],
)
def test_what_stands_for_unknown_artists_is_no_artist(artist) -> None:
    assert is_unknown(artist)


@pytest.mark.parametrize("artist", ["!!!", "Vaya", "The Unknowns", "Nana", "Unknown Mortal", "311"])
def test_a_band_with_such_a_name_is_an_artist(artist) -> None:
    assert not is_unknown(artist)


@given(st.text(st.sampled_from("aB é'./-\t"), max_size=12))
def test_case_and_blanks_make_no_other_artist(artist) -> None:
    assert normalised(f" {artist.upper()}  ") == normalised(artist)


def test_a_name_tells_whether_it_is_an_artists() -> None:
    stated = [("", "The Clash"), ("artist", ""), ("g", "The Clash"), ("", "")]
    names = [group_name(*each, "artist", "artist", "alone") for each in stated]
    assert [names_artist(name) for name in names] == [True, False, False, False]
    assert not names_artist(group_name("", "", "a", "artist", "together"))


@pytest.mark.parametrize("unknown", ["together", "alone", "out"])
def test_the_group_goes_before_the_artist_and_both_before_the_unknown(unknown) -> None:
    assert group_name("Live!", "The Clash", "a", "rock", unknown) == "group Live!"
    assert group_name("", "The Clash", "a", "rock", unknown) == "artist clash"


@pytest.mark.parametrize(
    ("unknown", "name"),
    [("together", "unknown artists of rock"), ("alone", "song a"), ("out", "")],
)
def test_an_unknown_artist_is_one_of_its_genre_or_its_song_or_left_out(unknown, name) -> None:
    assert group_name("", "", "a", "rock", unknown) == name


def test_a_group_an_artist_and_a_song_of_one_name_are_three() -> None:
    names = [
        group_name("a", "", "s", "rock", "alone"),
        group_name("", "a", "s", "rock", "alone"),
        group_name("", "", "a", "rock", "alone"),
    ]
    assert len(set(names)) == 3


@given(st.lists(st.tuples(*[st.sampled_from(["", "a", "b", "c"])] * 3), max_size=12))
def test_ties_are_those_of_clips_that_were_heard(keys) -> None:
    columns = [[key[i] for key in keys] for i in range(3)]
    heard = tie(columns, np.empty((0, 2), dtype=np.int64))

    def together(numbers):
        return [[a == b for a in numbers] for b in numbers]

    assert together(tied(keys)) == together(heard.tolist())
