"""Features of a shard's clips: columns ``clip`` and ``problem``, then float columns."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import librosa
import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from tqdm import tqdm

from genregraph.audio.samples import read_pieces
from genregraph.features.parquet import write_table

logger = logging.getLogger(__name__)

Clips = Annotated[Path, typer.Option("--samples", help="Samples of a shard's clips (Parquet).")]
Cut = Annotated[str, typer.Option(help="30s or 3s.")]
Output = Annotated[Path, typer.Option(help="Features of the shard, to be written (Parquet).")]
# Of a piece's samples: a value for each of the columns.
Extractor = Callable[[NDArray[np.float32]], NDArray[np.floating]]


def write_shard(
    samples: Path, cut: str, output: Path, columns: Sequence[str], compute: Extractor
) -> None:
    """Compute the features of every piece in a shard and write them as a table.

    A `ValueError` or librosa's `ParameterError` rejects a piece: it gets a row of NaN, and its
    column ``problem`` says why, so that `features.gather` lists it. Whatever else is raised (for
    want of memory, say) fails the job, and nothing is written: another run may do better.
    """
    rows, problems = {}, {}
    for clip, piece in tqdm(read_pieces(samples, cut), desc=output.stem, unit="clip"):
        problems[clip] = ""
        try:
            rows[clip] = compute(piece)
        except (ValueError, librosa.ParameterError) as error:
            logger.exception("%r: its features could not be computed", clip)
            rows[clip] = np.full(len(columns), np.nan, dtype=np.float32)
            problems[clip] = str(error)
        except Exception as error:
            error.add_note(f"This was at clip {clip!r}.")
            raise
    values = np.array(list(rows.values())).reshape(len(rows), len(columns))
    said = pd.DataFrame({"clip": list(rows), "problem": list(problems.values())}, dtype="str")
    write_table(said.join(pd.DataFrame(values, columns=list(columns))), output)
