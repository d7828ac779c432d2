"""Open each new file of a shard once: keep its pieces' samples, or say why it is rejected."""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.audit import audit
from genregraph.audio.read import RejectedClip, check
from genregraph.audio.samples import SAMPLE_RATE, SEGMENT, SamplesWriter
from genregraph.audio.tags import read_tags
from genregraph.datasets.listing import NOT_PREDICTED
from genregraph.datasets.sheet import Row

logger = logging.getLogger(__name__)

# Samples of a piece by segment length; those of 3 s as `audio.samples` has them.
PIECE = {"30s": 30 * SAMPLE_RATE, "3s": SEGMENT - 1}
COLUMNS = "piece file artist start length samples status problem what_was_done md5".split()


def piece_length(clips: pd.DataFrame, cut: str) -> int:
    """Samples of a piece: of the segment length (30s or 3s), or the clips' median if that is more.

    Features are statistics over a clip's length: a piece should be as long as the clips
    (`audio.clips`) that it is compared with, which may be complete songs.
    """
    lengths = clips.loc[(clips["status"] != "rejected") & (clips["samples"] > 0), "samples"]
    return max(PIECE[cut], int(lengths.median()) if len(lengths) else 0)


def cut_up(samples: int, length: int) -> list[tuple[int, int]]:
    """Start and length of each piece of a file, in samples.

    A file of less than one and a half pieces is a single one. The rest behind the last full piece
    is left out, or, from half a piece on, makes a piece that overlaps the one before it.

    Examples
    --------
    >>> cut_up(70, 20), cut_up(69, 20), cut_up(29, 20)
    ([(0, 20), (20, 20), (40, 20), (50, 20)], [(0, 20), (20, 20), (40, 20)], [(0, 29)])
    """
    if 2 * samples < 3 * length:
        return [(0, samples)]
    starts = [*range(0, samples - length + 1, length)]
    if 2 * (samples % length) >= length:
        starts.append(samples - length)
    return [(start, length) for start in starts]


def cut_files(files: list[str], samples: Path, length: int, *limits: float) -> pd.DataFrame:
    """Audit files by the limits of `audio.audit.audit`, and write the samples of their pieces.

    It returns `COLUMNS`, a row a piece of ``length`` samples; ``samples`` are those of the file,
    ``artist`` is that of its tags. Silent pieces are left out; a file without any other piece has a
    row that says why.
    """
    rows = []
    with SamplesWriter(samples) as writer:
        for file in files:
            row = Row(clip=file, path=file, genre="")
            facts, decoded = audit(row, file, Path(), *limits)
            facts |= {"file": file, "artist": read_tags(Path(file)).artist if decoded else ""}
            why, good = facts["problem"], list[dict[str, object]]()
            wave = decoded.samples if decoded else np.empty(0, dtype=np.float32)
            for start, size in cut_up(wave.size, length) if decoded else []:
                piece, name = wave[start : start + size], f"{file}#{len(good)}"
                try:
                    check(piece, *limits[:2])
                except RejectedClip as problem:
                    why = f"every piece of it is rejected, the first for being {problem}"
                    continue
                writer.write(name, piece)
                good.append({**facts, "piece": name, "start": start, "length": size})
            rejected = {"status": "rejected", "problem": why, "what_was_done": NOT_PREDICTED}
            rows += good or [{**facts, "start": 0, "length": 0, **rejected}]
    return pd.DataFrame(rows, columns=COLUMNS)


def main(
    files: Annotated[list[str], typer.Option(help="New file of a shard.")],
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    cut: Annotated[str, typer.Option(help="The experiment's: 30s or 3s.")],
    shortest: Annotated[float, typer.Option(help="Shortest file, in seconds.")],
    silence: Annotated[float, typer.Option(help="Largest deviation that is silence.")],
    longest: Annotated[float, typer.Option(help="Seconds of a longer file that are used.")],
    pieces: Annotated[Path, typer.Option(help="Facts of the pieces, to be written (Parquet).")],
    samples: Annotated[Path, typer.Option(help="Their samples, to be written (Parquet).")],
) -> None:
    """Open each new file of a shard once: keep its pieces' samples, or say why it is rejected."""
    length = piece_length(pd.read_parquet(clips, columns=["status", "samples"]), cut)
    table = cut_files(files, samples, length, shortest, silence, longest)
    table.to_parquet(pieces, index=False)
    logger.info("%d files, %d pieces", len(files), len(table))
