"""Open every clip of a shard once: keep its samples, or say why it is rejected."""

import hashlib
import logging
import shlex
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from genregraph.audio.read import Decoded, RejectedClip, check, decode
from genregraph.audio.samples import SamplesWriter
from genregraph.datasets.sheet import Row, locate, read_sheet, rows_by_shard

logger = logging.getLogger(__name__)

GONE = "missing: the audio folder has no such file"
COLUMNS = "clip path file samples status problem what_was_done md5".split()


def audit(
    row: Row, file: str | None, folder: Path, shortest: float, silence: float, longest: float
) -> tuple[dict[str, object], Decoded | None]:
    """Facts of one clip, a value for each of `COLUMNS`, and its samples unless it is rejected.

    The file lies in the folder; it is None if there is none. `read.decode` and `read.check` say
    when it is rejected: ``shortest`` and ``longest`` are in seconds, ``silence`` in full scale.
    """
    facts = {"clip": row.clip, "path": row.path, "file": file or "", "samples": 0, "md5": ""}
    decoded = None
    try:
        if file is None:
            raise RejectedClip(_missing(folder / row.path))
        try:
            facts["md5"] = md5(folder / file)
        except PermissionError as error:
            allow = shlex.join(["chmod", "u+r", str(folder / file)])
            raise RejectedClip(f"unreadable: no permission; allow it: {allow}") from error
        decoded = decode(folder / file, longest)
        facts["samples"] = decoded.samples.size
        check(decoded.samples, shortest, silence)
        problems = [(GONE, f"{file} is used")] * (file != row.path) + decoded.problems
        facts["status"] = "repaired" if problems else "ok"
    except RejectedClip as rejection:
        problems = [(str(rejection), "rejected: no feature, fold or result has it")]
        facts["status"], decoded = "rejected", None
    facts["problem"] = "; ".join(problem for problem, _ in problems)
    facts["what_was_done"] = "; ".join(done for _, done in problems)
    return facts, decoded


def _missing(path: Path) -> str:
    """Why there is no file at a path."""
    with suppress(OSError):
        if path.exists():
            return "missing: the path is that of a folder, or of something else that is no file"
        if path.is_symlink():
            return f"missing: it is a link to {path.readlink()}, where no file is"
    return GONE


def md5(path: Path) -> str:
    """MD5 of a file, 32 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def audit_shard(
    files: Mapping[Row, str | None], folder: Path, samples: Path, *limits: float
) -> pd.DataFrame:
    """`audit` clips in the order of their names, a row each, and write the good ones' samples."""
    facts = []
    with SamplesWriter(samples) as writer:
        for row in sorted(files, key=lambda row: row.clip):
            fact, decoded = audit(row, files[row], folder, *limits)
            if decoded is not None:
                writer.write(row.clip, decoded.samples)
            if fact["problem"]:
                logger.info("%r: %s: %s", row.clip, fact["problem"], fact["what_was_done"])
            facts.append(fact)
    return pd.DataFrame(facts, columns=COLUMNS)


def main(
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    audio: Annotated[Path, typer.Option(help="Folder of its audio.")],
    shard: Annotated[str, typer.Option(help="Which shard, such as 07.")],
    shards: Annotated[int, typer.Option(help="Of how many.")],
    shortest: Annotated[float, typer.Option(help="Shortest clip, in seconds.")],
    silence: Annotated[float, typer.Option(help="Largest deviation that is silence.")],
    longest: Annotated[float, typer.Option(help="Seconds of a longer clip that are used.")],
    clips: Annotated[Path, typer.Option(help="Facts of the clips, to be written (Parquet).")],
    samples: Annotated[Path, typer.Option(help="Their samples, to be written (Parquet).")],
    extension: Annotated[list[str] | None, typer.Option(help="Fallbacks for each other.")] = None,
) -> None:
    """Open every clip of a shard once: keep its samples, or say why it is rejected."""
    rows = read_sheet(sheet)
    named = {row.path for row in rows}
    here = rows_by_shard(rows, shards).get(shard, [])
    files = {row: locate(audio, row.path, extension or (), named) for row in here}
    table = audit_shard(files, audio, samples, shortest, silence, longest)
    table.to_parquet(clips, index=False)
    logger.info("shard %s: %d clips, %s", shard, len(table), dict(Counter(table["status"])))
