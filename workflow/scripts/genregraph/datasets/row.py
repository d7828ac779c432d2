"""A row of a dataset sheet."""

from dataclasses import dataclass, fields


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
