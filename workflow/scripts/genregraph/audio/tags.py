"""Genre, artist and title that a file states of itself, by FFmpeg: mutagen is under the GPL."""

import re
from pathlib import Path
from typing import NamedTuple

import av

from genregraph.audio.decoders import opened
from genregraph.datasets.delimited import plain
from genregraph.datasets.groups import is_unknown

# The genre of an ID3v2.2, .3 or .4 of less than 128 bytes: its size, its encoding, then its text.
ID3 = re.compile(rb"TCO(?:N\0\0\0(.)..|\0\0(.))([\0-\3])", re.DOTALL)
ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


class Tags(NamedTuple):
    """What a file states of itself; what it leaves open is an empty string."""

    genre: str = ""
    artist: str = ""
    title: str = ""
    undecodable: bool = False  # Some tag is in an unknown encoding, and counts as not stated.


def read_tags(path: Path) -> Tags:
    """Tags of a file; none if it is no audio, which the audit will say.

    The artist is that of the album, by which its songs belong together, unless that is a name for
    several or unknown ones. Of several genres, separated by semicolons, the first counts.
    """
    try:
        # A file and no name: FFmpeg would take some names for addresses.
        with path.open("rb") as file:
            start = file.read(2**20)
            with opened(file) as container:
                # In Ogg, tags are the stream's.
                streams = [stream.metadata for stream in container.streams.audio]
                stated = [item for tags in (*streams, container.metadata) for item in tags.items()]
    except (OSError, av.error.FFmpegError):
        return Tags()
    tags = {key.lower(): plain(value) for key, value in stated if "\ufffd" not in value}
    artists = (tags.get(key, "") for key in ("album_artist", "albumartist", "artist"))
    genre = _genre_with_a_digit(start) or tags.get("genre", "")
    return Tags(
        genre=plain(genre.split(";")[0]),
        artist=next((artist for artist in artists if not is_unknown(artist)), ""),
        title=tags.get("title", ""),
        undecodable=any("\ufffd" in value for _, value in stated),
    )


def _genre_with_a_digit(start: bytes) -> str:
    """An ID3 genre such as 80s, which FFmpeg takes for number 80, Folk; else empty."""
    match = ID3.search(start) if start.startswith(b"ID3") else None
    if not match:
        return ""
    size = (match[1] or match[2])[0] - 1
    text = start[match.end() :][:size].decode(ENCODINGS[match[3][0]], errors="replace")
    first = text.split("\0")[0].strip()
    return first if re.fullmatch(r"\d+\D.*", first) else ""
