"""Small synthetic recordings: tones and noise, written by libsndfile in any of its formats."""

from collections.abc import Callable
from pathlib import Path

import av
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


@pytest.fixture(scope="session")
def encode() -> Recorder:
    """Write a recording by FFmpeg, for what libsndfile does not write."""

    def write(
        path: Path, codec: str, seconds: float = 1.2, rate: int = 44_100, **options: str
    ) -> Path:
        frames = np.ascontiguousarray(play(seconds, rate, 2).T)
        with av.open(path, "w", options=options) as container:
            stream = container.add_stream(codec, rate=rate, layout="stereo", bit_rate=128_000)
            for start in range(0, frames.shape[1], 1024):
                block = np.ascontiguousarray(frames[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
                frame.rate, frame.pts = rate, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write
