import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from genregraph.datasets.groups import group_name, is_unknown, names_artist, normalised, tied

NORMALISED = {
    **{"The Beatles": "beatles", "the  guns\tn roses": "guns n roses", "AC/DC": "acdc"},
    **{"The The": "the", "Beatles, The": "beatles", "Tyler, the Creator": "tyler the creator"},
    **{"Theatre of Tragedy": "theatre of tragedy", "Björk": "björk", "Bjo\u0308rk": "björk"},
    **{"Straße": "strasse", "!!!": "!!!", "": ""},
}
UNKNOWN = (
    "| |-|?|???|VA|V.A.|v/a|Various Artists|VARIOUS  ARTISTS|Various|Unknown Artist|unknown|"
    "<unknown>|[unknown]|[no artist]|N/A|n.a.|NaN|None|Verschiedene Interpreten|"
    "The Various Artists"
).split("|")


def test_normalised_keeps_words_alone() -> None:
    assert {artist: normalised(artist) for artist in NORMALISED} == NORMALISED


def test_names_for_unknown_artists_are_unknown_and_bands_of_similar_names_are_known() -> None:
    assert all(map(is_unknown, UNKNOWN))
    bands = ["!!!", "Vaya", "The Unknowns", "Nana", "Unknown Mortal", "311"]
    assert not any(map(is_unknown, bands))


@pytest.mark.parametrize(
    ("unknown", "name"),
    [("together", "unknown artists of artist"), ("alone", "song artist a"), ("out", "")],
)
def test_group_name_is_the_groups_or_the_artists_or_as_asked(unknown, name) -> None:
    stated = [("Live!", "The Clash"), ("artist", ""), ("", "The Clash"), ("", "")]
    names = [group_name(*each, "artist a", "artist", unknown) for each in stated]
    assert names == ["group Live!", "group artist", "artist clash", name]
    assert [names_artist(name) for name in names] == [False, False, True, False]


@given(st.data())
def test_tied_agrees_with_components_of_a_graph(data) -> None:
    name = st.sampled_from(["", "a", "b", "c"])
    keys = data.draw(st.lists(st.tuples(name, name, name), min_size=1, max_size=12))
    position = st.integers(0, len(keys) - 1)
    pairs = data.draw(st.lists(st.tuples(position, position), max_size=3))
    named = np.array(keys)
    linked = ((named[:, None] == named) & (named != "")).any(axis=2)
    linked[tuple(np.array(pairs, dtype=int).reshape(-1, 2).T)] = True
    _, components = connected_components(linked, directed=False)
    assert tied(keys, pairs) == [components.tolist().index(each) for each in components]
