"""Fetch a dataset's published archive: several addresses, checksum, resume, progress bar."""

import logging
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlparse

import pooch
import requests
import typer
from tqdm import tqdm

from genregraph.common.errors import UserError

logger = logging.getLogger(__name__)

BLOCK = 1 << 20
KINDS = {32: "MD5", 40: "SHA-1"}  # By the number of digits.
TIMEOUT = (10, 60)  # seconds to connect, and between two blocks


def has_checksum(path: Path, checksum: str) -> bool:
    """Whether a file has an MD5 or, by its length, a SHA-1."""
    return pooch.file_hash(str(path), alg=KINDS[len(checksum)].lower().replace("-", "")) == checksum


def named(checksum: str) -> str:
    """A checksum after its kind."""
    return f"{KINDS[len(checksum)]} {checksum}"


def fetch(urls: Sequence[str], checksum: str, output: Path) -> None:
    """Bring an archive from the first address that has it.

    Parameters
    ----------
    urls : sequence of str
        Addresses (http, https) or local paths, tried in this order.
    checksum : str
        MD5 or SHA-1 of the archive.
    output : Path
        Where it goes. A download that breaks off stays beside it as ``<output>.part`` and is
        resumed by the next call; one that does not match ``checksum`` is removed.

    Raises
    ------
    UserError
        If no address gave the archive; says of each why not, and what to do by hand.
    """
    part = output.with_name(output.name + ".part")
    reasons = []
    for url in urls:
        try:
            _bring(url, part)
        except (OSError, requests.RequestException) as error:
            reasons.append(f"{url}: {error}")
            continue
        if has_checksum(part, checksum):
            part.replace(output)
            return
        part.unlink()
        reasons.append(f"{url}: what came does not have the {named(checksum)}; it was removed")
    raise UserError(
        f"could not fetch {output.name}:\n"
        + "\n".join(f"  - {reason}" for reason in reasons)
        + f"\nBy hand: put the archive with {named(checksum)} at {output}, or name another address "
        "under datasets: in config/config.yaml, or point to the audio itself with "
        "--config audio=FOLDER"
    )


def _bring(url: str, part: Path) -> None:
    if urlparse(url).scheme in ("http", "https"):
        _download(url, part)
    else:
        shutil.copyfile(Path(url.removeprefix("file://")).expanduser(), part)


def _download(url: str, part: Path) -> None:
    """Download to ``part``, going on where an earlier try broke off if the server can."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # All of it is here already: the checksum decides.
        answer.raise_for_status()
        resumed = answer.status_code == requests.codes.partial_content
        total = int(answer.headers.get("Content-Length", 0)) + (have if resumed else 0)
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(
                total=total or None,
                initial=have if resumed else 0,
                unit="B",
                unit_scale=True,
                desc=part.stem,
                file=sys.stderr,
            ) as bar,
        ):
            for block in answer.iter_content(BLOCK):
                bar.update(file.write(block))


def main(
    output: Annotated[Path, typer.Option(help="Archive to be written.")],
    checksum: Annotated[str, typer.Option(help="Its MD5 or SHA-1.")],
    urls: Annotated[list[str], typer.Argument(help="Where it is, tried in this order.")],
) -> None:
    """Fetch a dataset's published archive."""
    fetch(urls, checksum, output)
    logger.info("%s: fetched, %s", output, named(checksum))
