"""Which clip of a sheet a key of a foreign table means, without guessing.

Others name clips by file, with or without ending and folder, in another case, or with Windows'
slashes.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import AUDIO_SUFFIXES, Row

# Columns that may hold keys, the likeliest first.
KEYS = (
    "clip filename file_name file path filepath file_path audio audio_path wav id ids track_id "
    "track song_id song name key"
).split()
SEGMENT = re.compile(r"(.+)\.(\d{1,6})")


def is_key(name: str) -> bool:
    """Whether a column or array of this name may hold keys; plurals count."""
    plain = plain_name(name)
    return plain in KEYS or plain.removesuffix("s") in KEYS


def plain_name(name: str) -> str:
    """A column's name in lower case, words joined by ``_``."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def names_beside(path: Path) -> list[Path]:
    """Files that may name the rows of an ``.npy`` file, a name a line."""
    return [path.with_suffix(".txt"), path.with_suffix(".names.txt")]


def less_ending(name: str) -> str:
    """A file's name or path without an audio ending; other endings stay.

    Examples
    --------
    >>> less_ending("blues.00000.WAV"), less_ending("blues.00000")
    ('blues.00000', 'blues.00000')
    """
    start, dot, ending = name.rpartition(".")
    return start if dot + ending.lower() in AUDIO_SUFFIXES else name


class Found(NamedTuple):
    """Clips that a key may mean, and how far it had to be bent for that (0: not at all)."""

    clips: tuple[str, ...]
    bent: int


class Names:
    r"""Names that others may use for the clips of a sheet.

    A key means the clip of this name; else that whose path, less an audio ending, it ends in (or
    which ends in it, folder and all); else that of its file's name less an audio ending, unless its
    folder is that of other clips; else, in this order, what differs in case alone.

    Examples
    --------
    >>> names = Names([Row("blues.00000", "blues/blues.00000.wav", "blues")])
    >>> [names.find(key).clips for key in (r"C:\gtzan\Blues\blues.00000.AU", "blues.00001")]
    [('blues.00000',), ()]
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._indices = [_Index(rows, plain) for plain in (str, _folded)]
        self._first = rows[0].clip

    def example(self, cut: str) -> str:
        """A key as it should be."""
        return self._first if cut == "30s" else f"{self._first}.0"

    def find(self, key: str) -> Found:
        """Clips that a key of a whole clip may mean: one if it is clear, none if it is unknown."""
        candidates = enumerate(c for index in self._indices for c in index.candidates(key))
        return next((Found(tuple(sorted(c)), bent) for bent, c in candidates if c), Found((), 0))

    def find_segment(self, key: str) -> Found:
        """Segments, ``<clip>.<number>``, that a key may mean."""
        parts = SEGMENT.fullmatch(less_ending(key.strip()))
        if not parts:
            return Found((), 0)
        found = self.find(parts[1])
        return Found(tuple(f"{clip}.{int(parts[2])}" for clip in found.clips), found.bent)

    def match(self, keys: Iterable[str], cut: str) -> dict[str, str]:
        """Clips by key, for those keys that mean one.

        Parameters
        ----------
        keys : iterable of str
        cut : {"30s", "3s"}
            Keys of segments are ``<key of the clip>.<number>``, with an audio ending or without.

        Returns
        -------
        dict of str to str
            Where keys of several forms mean one clip, those of the form nearest to its name.

        Raises
        ------
        UserError
            If a key fits several clips alike.
        """
        find = self.find if cut == "30s" else self.find_segment
        found = {key: find(key) for key in dict.fromkeys(keys)}
        for key, (clips, _) in found.items():
            if len(clips) > 1:
                raise UserError(
                    f"key {key!r} may be clip {clips[0]!r} or {clips[1]!r}; write clips as the "
                    "sheet does, or their paths"
                )
        known = {key: (clips[0], bent) for key, (clips, bent) in found.items() if clips}
        # Of several for one clip the last, which is the least bent.
        least = dict(sorted(known.values(), key=lambda one: one[1], reverse=True))
        return {key: clip for key, (clip, bent) in known.items() if bent == least[clip]}

    def cut_of(self, keys: Iterable[str]) -> str:
        """Cut of a table by its keys: ``3s`` if more of them mean segments than whole clips."""
        more = sum(
            -1 if self.find(key).clips else bool(self.find_segment(key).clips) for key in keys
        )
        return "3s" if more > 0 else "30s"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _parts(path: str) -> tuple[str, ...]:
    parts = less_ending(path).replace("\\", "/").split("/")
    return tuple(part for part in parts if part != ".") or ("",)


class _Index:
    """Clips by name, by the ends of their paths, and by file."""

    def __init__(self, rows: Sequence[Row], plain: Callable[[str], str]) -> None:
        self._plain = plain
        self._clips: dict[str, set[str]] = defaultdict(set)
        self._tails: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._files: dict[str, set[str]] = defaultdict(set)
        self._folders: dict[str, str] = {}
        for row in rows:
            *folders, file = parts = tuple(map(plain, _parts(row.path)))
            self._clips[plain(row.clip)].add(row.clip)
            for start in range(len(folders)):
                self._tails[parts[start:]].add(row.clip)
            for name in (plain(row.clip), file):
                self._files[name].add(row.clip)
            self._folders[row.clip] = _folded(folders[-1]) if folders else ""
        self._known = set(self._folders.values()) - {""}

    def candidates(self, key: str) -> Iterator[set[str]]:
        yield self._clips.get(self._plain(key), set())
        *folders, file = parts = tuple(map(self._plain, _parts(key)))
        tails = (self._tails.get(parts[start:]) for start in range(len(folders)))
        yield next(filter(None, tails), set())
        folder = _folded(folders[-1]) if folders else ""
        files = self._files.get(file, set())
        yield {c for c in files if folder not in self._known or folder == self._folders[c]}
