"""Sound for the extractors."""

import numpy as np
from numpy.typing import NDArray

from genregraph.audio.samples import SAMPLE_RATE


def music(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Decaying random notes with a noisy attack, two a second."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    beat, phase = np.divmod(2 * time, 1)
    pitches = 220 * 2 ** (rng.integers(0, 24, size=int(beat[-1]) + 1) / 12)
    notes = 0.3 * np.exp(-3 * phase) * np.sin(2 * np.pi * pitches[beat.astype(int)] * time)
    attacks = 0.1 * np.exp(-30 * phase) * rng.standard_normal(time.size)
    return (notes + attacks + 1e-3 * rng.standard_normal(time.size)).astype(np.float32)
