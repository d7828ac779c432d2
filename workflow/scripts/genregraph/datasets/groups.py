"""Names of artists, and of the groups whose clips no fold may separate."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

# What tags, spreadsheets and MusicBrainz write for an unknown artist, normalised.
UNKNOWN = (
    "various artists|various|various artist|va|diverse|diverse interpreten|verschiedene|"
    "verschiedene interpreten|artistes variés|varios artistas|vari artisti|compilation|"
    "unknown|unknown artist|unknown artists|unbekannt|unbekannter interpret|artiste inconnu|"
    "no artist|anonymous|traditional|artist|na|nan|none|null|not available|untitled artist"
).split("|")

ARTIST = "artist "


@cache
def normalised(artist: str) -> str:
    """An artist's name without case, article "The", punctuation (unless all is) or extra blanks."""
    name = unicodedata.normalize("NFC", artist).casefold()
    name = re.sub(r"^(.*\w.*),\s*the\s*$", r"the \1", name)
    words = (re.sub(r"[^\w\s]", "", name).strip() or name).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def is_unknown(artist: str) -> bool:
    """Whether a name is none, or means artists who are not known, as V.A., [unknown], N/A, or ?."""
    name = normalised(artist)
    return name in UNKNOWN or not name.strip("-?._ ")


def group_name(group: str, artist: str, song: str, genre: str, unknown: str) -> str:
    """Name of a clip's group: the sheet's group, else the artist, else as ``unknown`` says.

    That is ``together`` with those of the same genre, ``alone`` with its song, or ``out``: "".
    """
    if group:
        return f"group {group}"
    if artist:
        return ARTIST + normalised(artist)
    return {"together": f"unknown artists of {genre}", "alone": f"song {song}", "out": ""}[unknown]


def names_artist(group: str) -> bool:
    """Whether a name of `group_name` is that of an artist."""
    return group.startswith(ARTIST)


def tied(keys: Iterable[Sequence[str]], pairs: Iterable[tuple[int, int]] = ()) -> list[int]:
    """Groups of clips that share any key but "" or are a pair, or through others: their first clip.

    Pairs are positions of clips. SciPy is not used: its import takes as long as planning.
    """
    of_clips = [[key for key in enumerate(named) if key[1]] for named in keys]
    first: dict[tuple[int, str], int] = {}
    links = [(clip, first.setdefault(key, clip)) for clip, of in enumerate(of_clips) for key in of]
    groups = list(range(len(of_clips)))

    def group_of(clip: int) -> int:
        while groups[clip] != clip:
            groups[clip] = clip = groups[groups[clip]]
        return clip

    for one, other in (*links, *pairs):
        low, high = sorted((group_of(one), group_of(other)))
        groups[high] = low
    return list(map(group_of, range(len(groups))))
