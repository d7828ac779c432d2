"""Small synthetic recordings: tones and noise, written by libsndfile or FFmpeg."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from genregraph.audio.read import Decoded
from genregraph.audio.samples import SAMPLE_RATE, SamplesWriter


def play(seconds: float, rate: int = 22_050, channels: int = 1) -> NDArray[np.float32]:
    """Tones and noise, another in each channel; shape (n, channels)."""
    count = round(seconds * rate)
    time = np.arange(count)[:, None] / rate
    tones = 0.4 * np.sin(2 * np.pi * 440 / 1.587 ** np.arange(channels) * time)
    noise = 0.1 * np.random.default_rng(count).standard_normal((count, channels))
    return (tones + noise).astype(np.float32)


def music(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Decaying random notes with a noisy attack, two a second; shape (n,)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    beat, phase = np.divmod(2 * time, 1)
    pitches = 220 * 2 ** (rng.integers(0, 24, size=int(beat[-1]) + 1) / 12)
    notes = 0.3 * np.exp(-3 * phase) * np.sin(2 * np.pi * pitches[beat.astype(int)] * time)
    attacks = 0.1 * np.exp(-30 * phase) * rng.standard_normal(time.size)
    return (notes + attacks + 1e-3 * rng.standard_normal(time.size)).astype(np.float32)


def seconds(decoded: Decoded) -> float:
    return decoded.samples.size / SAMPLE_RATE


def why(decoded: Decoded) -> str:
    return "; ".join(problem for problem, _ in decoded.problems)


def record(
    path: Path, seconds: float = 1.2, rate: int = 22_050, channels: int = 1, **options: str
) -> Path:
    """Write a recording by libsndfile; the path's extension chooses the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, play(seconds, rate, channels), rate, **options)
    return path


def write_samples(path: Path, clips: Iterable[tuple[str, NDArray[np.float32]]]) -> Path:
    """Write samples of clips, as the audit does."""
    with SamplesWriter(path) as writer:
        for clip in clips:
            writer.write(*clip)
    return path


def encode(
    path: Path,
    codec: str,
    *streams: NDArray[np.float32],
    rate: int = 44_100,
    tags: Mapping[str, str] | None = None,
    **options: str,
) -> Path:
    """Write streams of shape (n, channels) by FFmpeg, the last of them marked as default."""
    with av.open(path, "w", options=options) as container:
        container.metadata.update(tags or {})
        added = []
        for frames in streams:
            layout = "mono" if frames.shape[1] == 1 else "stereo"
            added.append(container.add_stream(codec, rate=rate, layout=layout, bit_rate=128_000))
            added[-1].disposition = av.stream.Disposition(int(frames is streams[-1]))
        for stream, frames in zip(added, streams, strict=True):
            size = stream.codec_context.frame_size or 960
            for start in range(0, len(frames), size):
                block = np.ascontiguousarray(frames[start : start + size].T)
                frame = av.AudioFrame.from_ndarray(block, "fltp", stream.layout.name)
                frame.rate, frame.pts = rate, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def tagged(path: Path, codec: str, tags: Mapping[str, str]) -> Path:
    """Write some music with tags."""
    return encode(path, codec, play(0.2, 48_000, 2), rate=48_000, tags=tags)
