"""Decode a clip's file to the samples that all features are computed from."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 22_050  # Hz; GTZAN's own, and librosa's default.


class RefusedClip(Exception):
    """A clip that cannot be used; the message says why."""


@dataclass(frozen=True)
class Decoded:
    """A decoded clip.

    Attributes
    ----------
    samples : NDArray[np.float32], shape (n,)
        Mono, at `SAMPLE_RATE`, nominally in [-1, 1].
    channels : int
        Channels of the file.
    rate : int
        Sample rate of the file in Hz.
    """

    samples: NDArray[np.float32]
    channels: int
    rate: int


def decode(path: Path) -> Decoded:
    """Read an audio file, mix it to mono and resample it to `SAMPLE_RATE`.

    The samples equal those of ``librosa.load(path)`` bit for bit: mean over channels, then
    ``soxr_hq`` resampling to ``ceil(n * (SAMPLE_RATE / rate))`` samples.

    Raises
    ------
    RefusedClip
        If the file is empty or is not audio that libsndfile reads.
    """
    content = path.read_bytes()
    if not content:
        raise RefusedClip("empty: the file has no bytes")
    try:
        # Not by the name: libsndfile takes whatever is named .au for telephone speech.
        frames, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, ValueError, MemoryError) as error:
        # Not libsndfile's own: a header that states no length, or an impossible one.
        reason = getattr(error, "error_string", str(error))
        raise RefusedClip(f"unreadable: {reason.strip().rstrip('.')}") from error
    mono = frames[:, 0] if frames.shape[1] == 1 else np.mean(frames, axis=1)
    return Decoded(_resample(mono, rate), frames.shape[1], rate)


def _resample(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    if rate == SAMPLE_RATE or not samples.size:
        return np.ascontiguousarray(samples)
    length = int(np.ceil(samples.size * (SAMPLE_RATE / rate)))  # librosa's order
    resampled = soxr.resample(samples, rate, SAMPLE_RATE, quality="soxr_hq")[:length]
    return np.pad(resampled, (0, length - resampled.size)).astype(np.float32)


def check(samples: NDArray[np.float32], shortest: float, silence: float) -> None:
    """Refuse samples from which no features can be computed.

    Parameters
    ----------
    samples : NDArray[np.float32], shape (n,)
        Mono, at `SAMPLE_RATE`.
    shortest : float
        Shortest length in seconds.
    silence : float
        Largest distance of a sample from the mean, in full scale, up to which a clip is silent.

    Raises
    ------
    RefusedClip
        If there are no samples, too few, some that are not finite, or only silence.
    """
    if not samples.size:
        raise RefusedClip("empty: the file has no samples")
    if samples.size < shortest * SAMPLE_RATE:
        seconds = samples.size / SAMPLE_RATE
        raise RefusedClip(f"too short: {seconds:.3f} s, shorter than {shortest:g} s")
    broken = int(np.count_nonzero(~np.isfinite(samples)))
    if broken:
        raise RefusedClip(f"non-finite: {broken} of {samples.size} samples are NaN or infinite")
    if np.abs(samples - samples.mean()).max() <= silence:
        raise RefusedClip(f"silent: no sample is further than {silence:g} from the mean")
