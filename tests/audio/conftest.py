"""Small synthetic recordings: tones and noise, written by libsndfile in any of its formats."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

Recorder = Callable[..., Path]


def play(seconds: float, rate: int = 22_050, channels: int = 1) -> NDArray[np.float32]:
    """Tones and noise, another in each channel; shape (n, channels)."""
    count = round(seconds * rate)
    time = np.arange(count)[:, None] / rate
    tones = 0.4 * np.sin(2 * np.pi * np.array([440.0, 277.2])[:channels] * time)
    noise = 0.1 * np.random.default_rng(count).standard_normal((count, channels))
    return (tones + noise).astype(np.float32)


@pytest.fixture(scope="session")
def record() -> Recorder:
    """Write a recording; the path's ending chooses the format."""

    def write(
        path: Path,
        seconds: float = 1.2,
        rate: int = 22_050,
        channels: int = 1,
        samples: NDArray[np.float32] | None = None,
        subtype: str | None = None,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        frames = play(seconds, rate, channels) if samples is None else samples
        soundfile.write(path, frames, rate, subtype=subtype)
        return path

    return write
