"""Open every clip of a shard once: keep its samples, or say why it is refused."""

import logging
import math
import shlex
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.read import Decoded, RefusedClip, check, decode, to_full_scale
from genregraph.audio.samples import SAMPLE_RATE, SamplesWriter
from genregraph.common.contents import md5
from genregraph.datasets.sheet import Row, locate, read_sheet, rows_by_shard

logger = logging.getLogger(__name__)

OFFSET = 0.1  # Of full scale; a larger mean is told.
COLUMNS = "clip path file samples status problem what_was_done md5".split()
SHELL_CHARACTERS = frozenset('$`;&|<>*?!\\"\n\t{}')


def audit(
    row: Row, file: str | None, folder: Path, shortest: float, silence: float, longest: float
) -> tuple[dict[str, object], Decoded | None]:
    """Facts of one clip, and its samples unless it is refused.

    Parameters
    ----------
    row : Row
        The clip as the sheet states it; only `datasets.sheet.AUDITED` are looked at.
    file : str or None
        Its file, as `datasets.sheet.locate` finds it.
    folder : Path
        Folder to which both paths are relative.
    shortest, silence : float
        As `audio.read.check` takes them.
    longest : float
        Seconds; of a longer clip the beginning is used.

    Returns
    -------
    facts : dict
        A value for each of `COLUMNS`; ``status`` is ok, repaired or refused.
    decoded : Decoded or None
    """
    facts = {"clip": row.clip, "path": row.path, "file": file or "", "samples": 0, "md5": ""}
    try:
        if file is None:
            raise RefusedClip(f"missing: {_missing(folder / row.path)}")
        decoded = _decode(row, folder / file, facts, longest)
        check(decoded.samples, shortest, silence)
    except RefusedClip as refusal:
        done = "rejected: no feature, fold or result has it"
        return {**facts, "status": "rejected", "problem": str(refusal), "what_was_done": done}, None
    problems = _stand_in(row, file) + _mended(decoded, longest) + _odd_name(row)
    return {
        **facts,
        "status": "repaired" if problems else "ok",
        "problem": "; ".join(problem for problem, _ in problems),
        "what_was_done": "; ".join(done for _, done in problems),
    }, decoded


def _missing(path: Path) -> str:
    """Why there is no file at a path."""
    with suppress(OSError):
        if path.is_dir():
            return "there is a folder of this name, and no file"
        if path.is_symlink():
            return f"it is a link to {path.readlink()}, where no file is"
        if path.exists():
            return "there is something of this name, and no file"
    return "the audio folder has no such file"


def _decode(row: Row, path: Path, facts: dict[str, object], longest: float) -> Decoded:
    try:
        facts["md5"] = md5(path)
    except PermissionError as error:
        allow = shlex.join(["chmod", "u+r", str(path)])
        raise RefusedClip(f"unreadable: no permission; allow it: {allow}") from error
    if row.md5 and row.md5 != facts["md5"]:
        logger.info("%r: its md5 is not the sheet's: another copy of this clip?", row.clip)
    decoded = to_full_scale(decode(path, longest))
    facts["samples"] = decoded.samples.size
    return decoded


def _stand_in(row: Row, file: str) -> list[tuple[str, str]]:
    if file == row.path:
        return []
    return [("missing: the audio folder has no such file", f"{file} stands in")]


def _mended(decoded: Decoded, longest: float) -> list[tuple[str, str]]:
    """What had to be mended of a clip's samples, as pairs of problem and remedy."""
    pairs = []
    if decoded.lacking:
        there = decoded.samples.size / SAMPLE_RATE
        stated = f"breaks off: {there:.1f} s of the {there + decoded.lacking:.1f} s it states"
        pairs.append((stated, "what is there is used"))
    if decoded.ends_early:
        pairs.append(("breaks off before its end", "what is there is used"))
    if decoded.damaged:
        pairs.append((f"damaged in {decoded.damaged} place(s)", "what can be decoded is used"))
    if decoded.scaled:
        pairs.append(("in the range of 16-bit integers", "divided by 32768"))
    offset = float(decoded.samples.mean(dtype=np.float64))
    if abs(offset) > OFFSET:
        pairs.append((f"DC offset of {offset:.2g} of full scale", "kept"))
    if decoded.whole is not None:
        stated = (
            f"{_time(decoded.whole)} long" if math.isfinite(decoded.whole) else "of unstated length"
        )
        pairs.append((stated, f"the first {_time(longest)} are used"))
    return pairs


def _time(seconds: float) -> str:
    """A length as it is best read.

    Examples
    --------
    >>> _time(3672), _time(600), _time(7.5)
    ('61.2 min', '10 min', '7.5 s')
    """
    return f"{seconds / 60:.1f} min".replace(".0 ", " ") if seconds >= 60 else f"{seconds:g} s"


def _odd_name(row: Row) -> list[tuple[str, str]]:
    odd = sorted(SHELL_CHARACTERS.intersection(row.path))
    named = " ".join(repr(character)[1:-1] for character in odd)
    return [(f"the name holds {named}", "kept: no shell ever sees the name")] if odd else []


def audit_shard(
    files: Mapping[Row, str | None],
    folder: Path,
    samples: Path,
    shortest: float,
    silence: float,
    longest: float,
) -> pd.DataFrame:
    """Audit a shard's clips in the order of their names and write the samples of the good ones.

    Parameters
    ----------
    files : mapping of Row to str or None
        File of each clip, as `datasets.sheet.locate` finds it.
    folder, shortest, silence, longest
        As `audit` takes them.
    samples : Path
        To be written.

    Returns
    -------
    pd.DataFrame, shape (len(files), 7)
        A row a clip with `COLUMNS`.
    """
    facts = []
    with SamplesWriter(samples) as writer:
        for row in sorted(files, key=lambda row: row.clip):
            fact, decoded = audit(row, files[row], folder, shortest, silence, longest)
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
    ending: Annotated[
        list[str] | None, typer.Option(help="Endings that stand in for each other.")
    ] = None,
) -> None:
    """Open every clip of a shard once: keep its samples, or say why it is refused."""
    rows = read_sheet(sheet)
    named = {row.path for row in rows}
    files = {
        row: locate(audio, row.path, ending or (), named)
        for row in rows_by_shard(rows, shards).get(shard, [])
    }
    table = audit_shard(files, audio, samples, shortest, silence, longest)
    table.to_parquet(clips, index=False)
    logger.info("shard %s: %d clips, %s", shard, len(table), dict(Counter(table["status"])))
