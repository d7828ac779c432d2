"""The file of a feature table: a row a clip, first column ``clip``, then float columns."""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from tqdm import tqdm

from audio.cut import read_pieces
from audio.problems import PROBLEM_COLUMNS

logger = logging.getLogger(__name__)

Clips = Annotated[Path, typer.Option("--samples", help="Samples of a shard's clips (Parquet).")]
Cut = Annotated[str, typer.Option(help="30s or 3s.")]
Output = Annotated[Path, typer.Option(help="Feature table of the shard, to be written (Parquet).")]


def write_shard(
    samples: Path,
    cut: str,
    output: Path,
    columns: Sequence[str],
    compute: Callable[[NDArray[np.float32]], NDArray[np.floating]],
) -> None:
    """Compute the features of every piece in a shard and write them as a table.

    A piece whose features cannot be computed gets a row of NaN, and the reason goes to the log:
    `features.gather` refuses such rows where all can see it.

    Parameters
    ----------
    samples : Path
        As `audio.samples` writes it.
    cut : {"30s", "3s"}
    output : Path
    columns : sequence of str, length d
    compute : callable
        Takes samples of shape (n,), gives features of shape (d,).
    """
    rows = {}
    for clip, piece in tqdm(read_pieces(samples, cut), desc=output.stem, unit="clip"):
        try:
            rows[clip] = compute(piece)
        except Exception:
            logger.exception("%r: its features could not be computed", clip)
            rows[clip] = np.full(len(columns), np.nan, dtype=np.float32)
    values = np.array(list(rows.values())).reshape(len(rows), len(columns))
    table = pd.DataFrame(values, columns=list(columns))
    table.insert(0, "clip", pd.Series(list(rows), dtype="str"))
    write_table(table, output)


def write_refusals(clips: Iterable[str], problem: str, output: Path) -> None:
    """Write the list of clips that a table lacks, in the columns of ``problems.csv``."""
    done = "refused: no experiment with this table has it"
    rows = [[clip, "", problem, done] for clip in clips]
    pd.DataFrame(rows, columns=PROBLEM_COLUMNS).to_csv(output, index=False)


def write_table(table: pd.DataFrame, output: Path) -> None:
    """Write a feature table as Parquet."""
    table.to_parquet(output, index=False, compression="zstd")
