"""Results of steps that anybody computed before, in a folder that several checkouts share.

What a result is kept by says all that it depends on: the step and the digest of its code, the
installed versions of the libraries that it uses, its options, and what its input files hold. Paths
and names of datasets are no part of it. Nothing is ever changed in the folder: a result is written
aside and renamed, with a checksum, so that whoever reads meanwhile finds it whole or not at all.
"""

import functools
import hashlib
import json
import logging
import os
import platform
import sys
import uuid
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from settings.code import SCRIPTS, digest, libraries

logger = logging.getLogger(__name__)

CHECKSUM = hashlib.sha256().digest_size  # bytes, before the result itself


def stored(folder: Path, step: str, main: Callable[..., None]) -> Callable[..., None]:
    """A step that takes its result from a folder, or computes it and keeps it there.

    Parameters
    ----------
    folder : Path
        Of this machine or shared. What cannot be read there is computed, and what cannot be written
        there is told.
    step : str
        Dotted name, such as ``features.compare``.
    main : callable
        The step: all its inputs are options, and ``output`` is the only file that it writes.
    """

    @functools.wraps(main)
    def through(output: Path, **options: Any) -> None:
        entry = folder / key(step, options)
        if not fetch(entry, output):
            main(output=output, **options)
            keep(output, entry)

    return through


def key(step: str, options: Mapping[str, Any], scripts: Path = SCRIPTS) -> str:
    """What a step's result is kept by.

    Parameters
    ----------
    step : str
    options : mapping
        All that the step is given but where to write; a `Path` counts by what its file holds.
    scripts : Path
        Folder that holds the rooms.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    depends = {
        "step": step,
        "code": digest(step, scripts),
        "libraries": installed(libraries(step, scripts)),
        "python": sys.version_info[:2],
        "machine": [platform.system(), platform.machine()],
        "options": {name: _content(value) for name, value in options.items()},
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def _content(value: Any) -> Any:
    if not isinstance(value, Path):
        return value
    with value.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def installed(packages: Mapping[str, str]) -> dict[str, str]:
    """Versions, as installed here, of some packages and of all that they need.

    Parameters
    ----------
    packages : mapping of str to str
        Versions that are locked, by package.
    """
    found: dict[str, str] = {}
    waiting = list(packages)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
            continue
        found[name] = package.version
        needed = map(Requirement, package.requires or [])
        waiting += [each.name for each in needed if not each.marker or each.marker.evaluate()]
    return found


def fetch(entry: Path, output: Path) -> bool:
    """Write a result that was kept, if it was and is whole; whether it is."""
    try:
        found = entry.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as error:
        logger.warning("%s cannot be read, so this is computed anew: %s", entry, error)
        return False
    checksum, content = found[:CHECKSUM], found[CHECKSUM:]
    if hashlib.sha256(content).digest() != checksum:
        logger.warning("%s is damaged, so this is computed anew", entry)
        return False
    output.write_bytes(content)
    logger.info("taken from %s", entry)
    return True


def keep(output: Path, entry: Path) -> None:
    """Keep a result; where that fails, nothing but a warning is left of it."""
    content = output.read_bytes()
    aside = entry.with_name(f".{uuid.uuid4().hex}.part")
    try:
        try:
            with aside.open("xb") as file:
                file.write(hashlib.sha256(content).digest() + content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(entry)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("not kept in %s: %s", entry.parent, error)
    else:
        logger.info("kept in %s", entry)
