"""Names of the groups whose clips no fold may separate."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

# What stands where no artist is known, as tags, spreadsheets and MusicBrainz write it, normalised.
UNKNOWN = frozenset(
    "various artists|various|various artist|va|diverse|diverse interpreten|verschiedene|"
    "verschiedene interpreten|artistes variés|varios artistas|vari artisti|compilation|"
    "unknown|unknown artist|unknown artists|unbekannt|unbekannter interpret|artiste inconnu|"
    "no artist|anonymous|traditional|artist|na|nan|none|null|not available|untitled artist".split(
        "|"
    )
)

ARTIST = "artist "


@cache
def normalised(artist: str) -> str:
    """An artist's name without case, leading "The", punctuation and repeated blanks.

    Punctuation stays where there is nothing else.

    Examples
    --------
    >>> normalised("The  Guns N' Roses") == normalised("guns n roses")
    True
    >>> normalised(" !!! ")
    '!!!'
    """
    plain = unicodedata.normalize("NFC", artist).casefold()
    words = (re.sub(r"[^\w\s]", "", plain).strip() or plain).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def is_unknown(artist: str) -> bool:
    """Whether a name is none, or stands for artists who are not known.

    Examples
    --------
    >>> [is_unknown(name) for name in ("", "V.A.", "[unknown]", "N/A", "?", "The Unknowns", "!!!")]
    [True, True, True, True, True, False, False]
    """
    name = normalised(artist)
    return name in UNKNOWN or not name.strip("-?._ ")


def group_name(group: str, artist: str, song: str, genre: str, unknown: str) -> str:
    """Name of the group of a clip; empty if the clip is to be left out.

    Parameters
    ----------
    group, artist, song, genre : str
        What the sheet says of the clip; group and artist may be empty.
    unknown : {"together", "alone", "out"}
        What becomes of a clip without group and artist.

    Returns
    -------
    str
        The group, else the artist, else one name for the genre's unknown artists, or the song.
    """
    if group:
        return f"group {group}"
    if artist:
        return ARTIST + normalised(artist)
    return {"together": f"unknown artists of {genre}", "alone": f"song {song}", "out": ""}[unknown]


def names_artist(group: str) -> bool:
    """Whether a name of `group_name` is that of an artist, and not of a song or of a user's group.

    Examples
    --------
    >>> names_artist(group_name("", "The Fugees", "song", "hiphop", "alone"))
    True
    >>> names_artist(group_name("", "", "song", "hiphop", "alone"))
    False
    """
    return group.startswith(ARTIST)


def tied(keys: Iterable[Sequence[str]]) -> list[int]:
    """Numbers of groups of what shares any key, directly or through others.

    As `folds.groups.tie` does for clips that were heard, without a library to load.

    Parameters
    ----------
    keys : iterable of sequences of str
        Of each clip; empty keys tie nothing.

    Examples
    --------
    >>> tied([["a", "x"], ["b", ""], ["c", "x"], ["c", ""]])
    [0, 1, 0, 0]
    """
    owner: dict[tuple[int, str], int] = {}
    parents: list[int] = []

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    for number, named in enumerate(keys):
        parents.append(number)
        for key in filter(lambda key: key[1], enumerate(named)):
            first, own = sorted((root(owner.setdefault(key, number)), root(number)))
            parents[own] = first
    return [root(number) for number in range(len(parents))]
