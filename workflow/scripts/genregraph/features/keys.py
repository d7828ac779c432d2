"""Which clip of a sheet a key of a foreign table means, without guessing."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import AUDIO_SUFFIXES, Row

# Columns that may hold keys, the likeliest first.
KEYS = (
    "clip filename file_name file path filepath file_path audio audio_path wav id ids track_id "
    "track song_id song name key"
).split()
BLANK = " \t'\""  # openSMILE writes names in quotation marks.
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


def without_extension(name: str) -> str:
    """A file's name or path without an audio file's extension; others stay."""
    start, dot, extension = name.rpartition(".")
    return start if dot + extension.lower() in AUDIO_SUFFIXES else name


class Names:
    """Names that others may use for the clips of a sheet.

    A key means the clip of this name; else that whose path it ends in, or which ends in it, folder
    and all; else that of its file's name, unless its folder is that of other clips. File extension,
    case and quotation marks do not count. A key of a segment is a clip's, and ``.<number>``.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.first = rows[0].clip
        self._folders: dict[str, str] = {}
        self._by_end: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            self._folders[row.clip], ends = _ends(row.path)
            for end in (*ends, _plain(row.clip)):
                self._by_end[end].add(row.clip)
        self._known = set(self._folders.values()) - {""}

    def find(self, key: str, cut: str) -> tuple[list[str], int]:
        """Clips that a key may mean, and how unlike their names it is (0: equal)."""
        if cut == "3s":
            parts = SEGMENT.fullmatch(without_extension(key.strip(BLANK)))
            clips, unlike = self.find(parts[1], "30s") if parts else ([], 0)
            return [f"{clip}.{int(parts[2])}" for clip in clips if parts], unlike
        if key in self._folders:
            return [key], 0
        folder, (*paths, file) = _ends(key)
        for path in paths:
            if path in self._by_end:
                return sorted(self._by_end[path]), 1
        clips = sorted(self._by_end.get(file, ()))
        return [c for c in clips if folder not in self._known or folder == self._folders[c]], 2

    def match(self, keys: Iterable[str], cut: str) -> dict[str, str]:
        """Clips by key, for those keys that mean one; of several keys the most alike.

        A `UserError` says if a key fits several clips.
        """
        known: dict[str, tuple[str, int]] = {}
        for key in dict.fromkeys(keys):
            clips, unlike = self.find(key, cut)
            if len(clips) > 1:
                said = f"key {key!r} may be clip {clips[0]!r} or {clips[1]!r}"
                raise UserError(f"{said}; write clips as the sheet does, or their paths")
            known |= {key: (clips[0], unlike)} if clips else {}
        # Of several for one clip the last, which is the most alike.
        least = dict(sorted(known.values(), key=lambda one: -one[1]))
        return {key: clip for key, (clip, unlike) in known.items() if unlike == least[clip]}

    def cut_of(self, keys: Sequence[str]) -> str:
        """Cut of a table by its keys: ``3s`` if more of them mean segments than clips."""
        cuts = [next((cut for cut in ("30s", "3s") if self.find(key, cut)[0]), "") for key in keys]
        return "3s" if cuts.count("3s") > cuts.count("30s") else "30s"


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip(BLANK)).casefold()


def _ends(path: str) -> tuple[str, list[str]]:
    """A path's innermost folder, and its ends, the longest first, the file last."""
    parts = without_extension(_plain(path)).replace("\\", "/").split("/")
    parts = [part for part in parts if part != "."] or [""]
    return "".join(parts[-2:-1]), ["/".join(parts[start:]) for start in range(len(parts))]
