"""Mel spectrogram images of clips, from which the CNN learns its features.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "CNN": a 256 x 256
   image of each clip's mel spectrum.
.. [2] B. McFee et al., "librosa: Audio and music signal analysis in Python", SciPy 2015.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import librosa
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from numpy.typing import NDArray
from tqdm import tqdm

from genregraph.audio.cut import read_pieces
from genregraph.audio.samples import SAMPLE_RATE
from genregraph.features.table import Clips, Cut

logger = logging.getLogger(__name__)

SIZE = 256  # mel bands, and columns of time
N_FFT = 2048
LONGEST_HOP = 512
RANGE = 80  # dB
SCHEMA = pa.schema([("clip", pa.string()), ("image", pa.binary(SIZE * SIZE))])


def mel_image(samples: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Mel spectrogram of a clip as an image of fixed size, whatever the clip's length.

    The hop is 512 samples, or less if a clip is too short for 256 frames then; the mean power of
    consecutive frames, as many a column as their number allows, makes a column.

    Parameters
    ----------
    samples : NDArray[np.float32], shape (n,)
        Mono, at 22,050 Hz; at least 256 samples. The level does not matter.

    Returns
    -------
    NDArray[np.uint8], shape (256, 256)
        Mel bands from 0 to 11,025 Hz (lowest first) by time. 255 is the clip's maximum, 0 is 80 dB
        or more below it, and the steps between are equal in dB. A silent segment of a song is 0
        throughout.

    Raises
    ------
    ValueError
        If the clip is too short or not finite: no clip that the audit let pass.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal(22_050).astype(np.float32)
    >>> image = mel_image(noise)
    >>> image.shape, int(image.max())
    ((256, 256), 255)
    """
    if samples.size < SIZE:
        raise ValueError(f"{samples.size} samples: an image needs {SIZE}")
    peak = np.abs(samples).max()
    if not np.isfinite(peak):
        raise ValueError(f"an image needs finite samples: the largest is {peak}")
    if not peak:
        return np.zeros((SIZE, SIZE), dtype=np.uint8)
    power = librosa.feature.melspectrogram(
        y=samples / peak,
        sr=SAMPLE_RATE,
        n_fft=N_FFT,
        hop_length=min(LONGEST_HOP, samples.size // SIZE),
        n_mels=SIZE,
    )
    columns = time_means(power, SIZE)
    decibels = librosa.power_to_db(columns / columns.max(), amin=10 ** (-RANGE / 10), top_db=None)
    return np.rint((decibels / RANGE + 1) * 255).astype(np.uint8)


def time_means(frames: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Mean of consecutive frames, in groups whose sizes differ by one at most.

    Parameters
    ----------
    frames : NDArray[np.float32], shape (d, t)
    columns : int
        At most t.

    Returns
    -------
    NDArray[np.float32], shape (d, columns)
    """
    starts = np.arange(columns + 1) * frames.shape[1] // columns
    return np.add.reduceat(frames, starts[:-1], axis=1) / np.diff(starts).astype(frames.dtype)


def write_images(clips: Sequence[str], images: Sequence[NDArray[np.uint8]], output: Path) -> None:
    """Write images, each of shape (256, 256), as Parquet: ``clip``, and the image's bytes."""
    table = {"clip": list(clips), "image": [image.tobytes() for image in images]}
    pq.write_table(pa.table(table, schema=SCHEMA), output, compression="zstd", use_dictionary=False)


def read_images(paths: Sequence[Path]) -> tuple[NDArray[np.str_], NDArray[np.uint8]]:
    """Images of several shards, ordered by clip.

    Parameters
    ----------
    paths : sequence of Path
        As `write_images` writes them.

    Returns
    -------
    clips : NDArray[np.str_], shape (n,)
    images : NDArray[np.uint8], shape (n, 256, 256)
    """
    table = pa.concat_tables([pq.read_table(path, schema=SCHEMA) for path in paths])
    table = table.sort_by("clip")
    pixels = [np.frombuffer(image.as_buffer(), np.uint8) for image in table["image"]]
    images = np.array(pixels, np.uint8).reshape(-1, SIZE, SIZE)
    return np.array(table["clip"].to_pylist(), dtype=str), images


def main(
    samples: Clips,
    cut: Cut,
    output: Annotated[Path, typer.Option(help="Images of the shard, to be written (Parquet).")],
) -> None:
    """Draw the mel spectrogram images of a shard's clips."""
    pieces = tqdm(read_pieces(samples, cut), desc=output.stem, unit="clip")
    images = {clip: mel_image(piece) for clip, piece in pieces}
    write_images(list(images), list(images.values()), output)
    logger.info("%s: %d images", output, len(images))
