"""Names of the groups whose clips no fold may separate."""

import re


def normalised(artist: str) -> str:
    """An artist's name without case, leading "The", punctuation and repeated blanks.

    Examples
    --------
    >>> normalised("The  Guns N' Roses") == normalised("guns n roses")
    True
    """
    words = re.sub(r"[^\w\s]", "", artist.casefold()).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


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
        return f"artist {normalised(artist)}"
    return {"together": f"unknown artists of {genre}", "alone": f"song {song}", "out": ""}[unknown]
