"""Fetch a dataset's published archive: several addresses, checksum, resume, progress bar."""

import logging
import shutil
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
OTHER_COPIES = (
    "Another copy, such as GTZAN's on Kaggle (andradaolteanu/gtzan-dataset-music-genre-"
    "classification, whose jazz.00054 is damaged), is used as it is: unpack it, and name the "
    "folder of its genres with --config audio=FOLDER"
)


def has_checksum(path: Path, checksum: str) -> bool:
    """Whether a file has an MD5 or, by its length, a SHA-1."""
    return pooch.file_hash(str(path), alg=KINDS[len(checksum)].lower().replace("-", "")) == checksum


def named(checksum: str) -> str:
    """A checksum after its kind."""
    return f"{KINDS[len(checksum)]} {checksum}"


def fetch(urls: Sequence[str], checksum: str, output: Path) -> None:
    """Bring an archive from the first address (http, https) or local path that has it.

    A download that breaks off is kept as ``<output>.part`` and resumed by the next call. A
    `UserError` says of each address why it did not give the archive, and what to do by hand.
    """
    part = output.with_name(output.name + ".part")
    reasons = []
    for url in urls:
        try:
            _bring(url, part)
        except (OSError, requests.RequestException) as error:
            reasons.append(f"  - {url}: {error}\n")
            continue
        if has_checksum(part, checksum):
            part.replace(output)
            return
        part.unlink()
        reasons.append(f"  - {url}: what came does not have the {named(checksum)}\n")
    raise UserError(
        f"could not fetch {output.name}:\n{''.join(reasons)}"
        f"By hand: put the archive with {named(checksum)} at {output}, or name another address "
        f"under datasets: in config/config.yaml. {OTHER_COPIES}"
    )


def _bring(url: str, part: Path) -> None:
    """Copy or download to ``part``, from where an earlier download broke off if a server can."""
    if urlparse(url).scheme not in ("http", "https"):
        shutil.copyfile(Path(url.removeprefix("file://")).expanduser(), part)
        return
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # All of it is here already: the checksum decides.
        answer.raise_for_status()
        if answer.status_code != requests.codes.partial_content:
            have = 0
        total = int(answer.headers.get("Content-Length", 0)) + have
        bar = tqdm(total=total or None, initial=have, unit="B", unit_scale=True, desc=part.stem)
        with bar, part.open("ab" if have else "wb") as file:
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
