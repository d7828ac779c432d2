"""A place where libraries may keep what they compile and draw with."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def ensure_cache() -> None:
    """Point ``XDG_CACHE_HOME`` to a folder of this process's own, if no other can be written.

    Numba, without which librosa does nothing, ends a step if it finds no place for its cache.
    """
    if not _writable():
        folder = tempfile.mkdtemp(prefix="genregraph-cache-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["XDG_CACHE_HOME"] = folder


def _writable() -> bool:
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # Path.home knows none.
        return False
    return os.access(cache, os.W_OK)
