"""Open each new file of a shard once: keep its pieces' samples, or say why it is refused."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.audit import audit
from genregraph.audio.cut import SEGMENT
from genregraph.audio.read import RejectedClip, check
from genregraph.audio.samples import SAMPLE_RATE, SamplesWriter
from genregraph.audio.tags import read_tags
from genregraph.datasets.row import Row
from genregraph.predict.listing import NOT_PREDICTED

logger = logging.getLogger(__name__)

# Of the pieces that a file is cut into, in samples; those of 3 s as `audio.cut` has them.
PIECE = {"30s": 30 * SAMPLE_RATE, "3s": SEGMENT - 1}
COLUMNS = "piece file artist start length samples status problem what_was_done md5".split()


def piece_length(clips: pd.DataFrame, cut: str) -> int:
    """Samples of a piece: those of the cut, or of most training clips where these are longer.

    A clip's features are statistics over its length: a piece should be as long as what it is
    compared with, which may be whole songs.

    Parameters
    ----------
    clips : pd.DataFrame
        The dataset's, as `audio.clips` lists them.
    cut : {"30s", "3s"}
    """
    lengths = clips.loc[(clips["status"] != "rejected") & (clips["samples"] > 0), "samples"]
    usual = int(lengths.median()) if len(lengths) else 0
    return max(PIECE[cut], usual)


def cut_up(samples: int, length: int) -> list[tuple[int, int]]:
    """Start and length of each piece of a file.

    Parameters
    ----------
    samples : int
        Of the file.
    length : int
        Of a piece. A file of less than one and a half is a single piece. What is left behind the
        last whole piece is left out, or, from half a piece on, makes a piece that reaches back into
        the one before it.

    Returns
    -------
    list of (int, int)

    Examples
    --------
    >>> cut_up(70, 20)
    [(0, 20), (20, 20), (40, 20), (50, 20)]
    >>> cut_up(69, 20), cut_up(29, 20), cut_up(3, 20)
    ([(0, 20), (20, 20), (40, 20)], [(0, 29)], [(0, 3)])
    """
    if 2 * samples < 3 * length:
        return [(0, samples)]
    starts = [*range(0, samples - length + 1, length)]
    rest = samples - starts[-1] - length
    return [(start, length) for start in [*starts, *([samples - length] * (2 * rest >= length))]]


def cut_files(
    files: Iterable[str],
    samples: Path,
    length: int,
    shortest: float,
    silence: float,
    longest: float,
) -> pd.DataFrame:
    """Audit files as a dataset's clips are, and write the samples of their pieces.

    Parameters
    ----------
    files : iterable of str
    samples : Path
        To be written.
    length : int
        As `cut_up` takes it.
    shortest, silence, longest : float
        As `audio.audit.audit` takes them.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`, a row a piece; ``start`` and ``length``, and ``samples`` of the file, in samples;
        ``artist`` is that of the file's tags. Pieces that would be refused as a clip, for silence,
        are left out; a file of which none is left has a row that says why.
    """
    rows = []
    with SamplesWriter(samples) as writer:
        for file in files:
            row = Row(clip=file, path=file, genre="")
            facts, decoded = audit(row, file, Path(), shortest, silence, longest)
            refusal = str(facts["problem"])
            good: list[dict[str, object]] = []
            whole = decoded.samples if decoded else np.empty(0, dtype=np.float32)
            facts |= {"file": file, "artist": read_tags(Path(file)).artist if decoded else ""}
            for start, size in cut_up(whole.size, length) if decoded else []:
                piece = whole[start : start + size]
                name = f"{file}#{len(good)}"
                try:
                    check(piece, shortest, silence)
                except RejectedClip as why:
                    refusal = f"every piece of it is refused, the first for being {why}"
                    continue
                writer.write(name, piece)
                good.append({**facts, "piece": name, "start": start, "length": size})
            refused = {"status": "rejected", "problem": refusal, "what_was_done": NOT_PREDICTED}
            rows += good or [{**facts, "start": 0, "length": 0, **refused}]
    return pd.DataFrame(rows, columns=COLUMNS)


def main(
    files: Annotated[list[str], typer.Argument(help="New files of a shard.")],
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    cut: Annotated[str, typer.Option(help="The experiment's: 30s or 3s.")],
    shortest: Annotated[float, typer.Option(help="Shortest file, in seconds.")],
    silence: Annotated[float, typer.Option(help="Largest deviation that is silence.")],
    longest: Annotated[float, typer.Option(help="Seconds of a longer file that are used.")],
    pieces: Annotated[Path, typer.Option(help="Facts of the pieces, to be written (Parquet).")],
    samples: Annotated[Path, typer.Option(help="Their samples, to be written (Parquet).")],
) -> None:
    """Open each new file of a shard once: keep its pieces' samples, or say why it is refused."""
    columns = ["status", "samples"]
    length = piece_length(pd.read_parquet(clips, columns=columns), cut)
    table = cut_files(files, samples, length, shortest, silence, longest)
    table.to_parquet(pieces, index=False)
    logger.info("%d files, %d pieces", len(files), len(table))
