"""What files hold, without reading them anew: by size and time of change, where these are known.

Whether a file is newer than what was made of it says little: a restored backup is older, and a file
that was touched is what it was. Therefore the MD5 of what was read is kept beside its size and
time. As long as these stay, so does the content; where they differ, the file is read.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from settings.steps import write_if_new

Known = Mapping[str, tuple[int, int, str]]

_md5 = partial(hashlib.md5, usedforsecurity=False)


def stamps(folder: Path, files: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Size and time of change (ns) of those files in a folder that are there."""
    found = {}
    for file in files:
        try:
            status = (folder / file).stat()
        except OSError:
            continue
        found[file] = (status.st_size, status.st_mtime_ns)
    return found


def md5(path: Path) -> str:
    """MD5 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest()


def write_known(known: Known, path: Path) -> None:
    """Write size, time of change (ns) and MD5 of files, which is empty where none could be read."""
    write_if_new(path, json.dumps(dict(sorted(known.items())), indent=1) + "\n")


def read_known(path: Path) -> dict[str, tuple[int, int, str]]:
    """As `write_known` wrote it; nothing if there is no such file."""
    if not path.is_file():
        return {}
    known = json.loads(path.read_text(encoding="utf-8"))
    return {file: (size, time, md5) for file, (size, time, md5) in known.items()}


def look(folder: Path, files: Iterable[str], known: Known) -> dict[str, tuple[int, int, str]]:
    """Size, time of change and MD5 of files that are there; those alone are read that changed."""
    found = {}
    for file, stamp in stamps(folder, files).items():
        *before, content = known.get(file, (*stamp, ""))
        same = content and tuple(before) == stamp
        found[file] = (*stamp, content if same else md5_if_readable(folder / file))
    return found


def md5_if_readable(path: Path) -> str:
    """MD5 of a file, or nothing."""
    try:
        return md5(path)
    except OSError:
        return ""


def digest(folder: Path, files: Iterable[str], cache: Path) -> str:
    """Digest of what files hold; what is known of them is kept in a cache, a small JSON file."""
    found = look(folder, files, read_known(cache))
    write_known(found, cache)
    return _digest(found)


def digest_if_new(folder: Path, files: Iterable[str], read: Path) -> str | None:
    """Digest of what files hold, if that is not what a job read.

    Parameters
    ----------
    folder : Path
    files : iterable of str
        Relative to it.
    read : Path
        What the job read, as it wrote it by `write_known`. Where times alone differ, it is brought
        up to date. If there is no such file, nothing was read yet, and nothing is new.
    """
    known = read_known(read)
    if not read.is_file():
        return None
    found = look(folder, files, known)
    if _contents(found) != _contents(known):
        return _digest(found)
    write_known(found, read)
    return None


def _contents(known: Known) -> dict[str, str]:
    return {file: content for file, (_, _, content) in known.items()}


def _digest(known: Known) -> str:
    text = json.dumps(_contents(known), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
