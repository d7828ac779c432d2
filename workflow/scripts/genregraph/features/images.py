"""Mel spectrogram images of clips, 256 x 256, from which the CNN learns its features.

Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "CNN".
"""

import librosa
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from genregraph.audio.samples import SAMPLE_RATE, read_pieces
from genregraph.features.parquet import SIZE, write_images
from genregraph.features.table import Clips, Cut, Output

RANGE = 80  # dB


def mel_image(samples: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Mel spectrogram of a clip as an image of shape (256, 256), whatever the clip's length.

    Samples are mono, at 22,050 Hz, at least 256; their level does not matter. The hop is 512
    samples, or less if a clip is too short for 256 frames then; a column is the mean power of
    consecutive frames. Rows are mel bands from 0 to 11,025 Hz, lowest first. 255 is the clip's
    maximum, 0 is 80 dB or more below it, in equal steps of dB. A silent segment is 0.
    """
    if not (peak := np.abs(samples).max()):
        return np.zeros((SIZE, SIZE), dtype=np.uint8)
    hop = min(512, samples.size // SIZE)
    power = librosa.feature.melspectrogram(
        y=samples / peak, sr=SAMPLE_RATE, n_fft=2048, hop_length=hop, n_mels=SIZE
    )
    # Groups of consecutive frames, whose sizes differ by one at most.
    starts = np.arange(SIZE + 1) * power.shape[1] // SIZE
    sizes = np.diff(starts).astype(power.dtype)
    columns = np.add.reduceat(power, starts[:-1], axis=1) / sizes
    decibels = librosa.power_to_db(columns / columns.max(), amin=10 ** (-RANGE / 10), top_db=None)
    return np.rint((decibels / RANGE + 1) * 255).astype(np.uint8)


def main(samples: Clips, cut: Cut, output: Output) -> None:
    """Draw the mel spectrogram images of a shard's clips."""
    pieces = tqdm(read_pieces(samples, cut), desc=output.stem, unit="clip")
    images = {clip: mel_image(piece) for clip, piece in pieces}
    write_images(list(images), list(images.values()), output)
