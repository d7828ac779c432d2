"""Genre, artist and title that a file states of itself.

Tags are read by FFmpeg (PyAV), which decodes such files anyway and knows the tags of every format
that it decodes. A reader of tags alone would be one library more: mutagen, the best known, is under
the GPL, and this workflow under the MIT licence.
"""

from pathlib import Path
from typing import NamedTuple

import av

from genregraph.audio.decoders import FORMATS
from genregraph.datasets.delimited import plain
from genregraph.datasets.groups import is_unknown


class Tags(NamedTuple):
    """What a file states of itself; what it leaves open is an empty string."""

    genre: str = ""
    artist: str = ""
    title: str = ""


def read_tags(path: Path) -> Tags:
    """Tags of a file; none if it is no audio, which the audit will say.

    The artist is that of the album, by which its songs belong together, unless that stands for
    several or unknown ones. Of several genres, separated by semicolons, the first counts.
    """
    try:
        # A file and no name: FFmpeg would take some names for addresses.
        with (
            path.open("rb") as file,
            av.open(
                file, options={"format_whitelist": FORMATS}, metadata_errors="replace"
            ) as found,
        ):
            # In Ogg, tags are the stream's.
            both = [*(stream.metadata for stream in found.streams.audio), found.metadata]
    except (OSError, av.error.FFmpegError):
        return Tags()
    stated = {key.lower(): plain(value) for tags in both for key, value in tags.items()}
    artists = (stated.get(key, "") for key in ("album_artist", "albumartist", "artist"))
    return Tags(
        genre=plain(stated.get("genre", "").split(";")[0]),
        artist=next((artist for artist in artists if not is_unknown(artist)), ""),
        title=stated.get("title", ""),
    )
