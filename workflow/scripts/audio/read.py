"""Decode a clip's file to the samples that all features are computed from."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 22_050  # Hz; GTZAN's own, and librosa's default.
BLOCK = 2**20  # Values that are decoded at a time, over all channels.
MALLOC_FAILED = 17  # libsndfile's SFE_MALLOC_FAILED
UNSTATED = 2**62  # Frames; more are no length, but libsndfile's word for a header without one.


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
    whole : float or None
        Seconds of the file as its header states them (infinite if it does not), where the
        beginning alone was decoded; else None.
    """

    samples: NDArray[np.float32]
    channels: int
    rate: int
    whole: float | None = None


class _Bytes(io.RawIOBase):
    """A file's bytes for libsndfile, without a name and with its faults kept.

    libsndfile takes whatever is named .au for telephone speech, and a disk that fails for the end
    of the file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.fault: OSError | None = None

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return self._file.readinto(buffer)
        except OSError as error:
            self.fault = error
            return 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


class _Forward(soundfile.SoundFile):
    """A file that is read on: to seek, as soundfile does, would upset an mp3's decoder."""

    def seekable(self) -> bool:
        return False


def decode(path: Path, longest: float = np.inf) -> Decoded:
    """Read an audio file, mix it to mono and resample it to `SAMPLE_RATE`.

    The samples equal those of ``librosa.load(path)`` bit for bit: mean over channels, then
    ``soxr_hq`` resampling to ``ceil(n * (SAMPLE_RATE / rate))`` samples. No more is held in memory
    than the samples and a block of the file, whatever the header states.

    Parameters
    ----------
    path : Path
    longest : float
        Seconds; of a longer file the beginning is decoded.

    Raises
    ------
    RefusedClip
        If the file is empty or is not audio that libsndfile reads.
    OSError, MemoryError
        If reading fails for a reason that is not the clip's.
    """
    with _Bytes(path) as content:
        if not path.stat().st_size:
            raise RefusedClip("empty: the file has no bytes")
        try:
            with _Forward(content) as file:
                decoded = _decode(file, longest)
        except soundfile.LibsndfileError as error:
            if error.code == MALLOC_FAILED:
                raise MemoryError(error.error_string) from error
            problem = error.error_string.strip().rstrip(".")
            raise content.fault or RefusedClip(f"unreadable: {problem}") from error
        if content.fault:
            raise content.fault
    return decoded


def _decode(file: soundfile.SoundFile, longest: float) -> Decoded:
    rate = file.samplerate
    most = longest * rate
    resampled = _Resampled(rate)
    count = 0
    for frames in _blocks(file):
        mono = frames[:, 0] if file.channels == 1 else np.mean(frames, axis=1)
        taken = mono[: math.ceil(most - count)] if count + len(mono) > most else mono
        resampled.append(taken)
        count += len(mono)
        if count > most:
            stated = file.frames / rate if count <= file.frames < UNSTATED else np.inf
            return Decoded(resampled.all(), file.channels, rate, stated)
    return Decoded(resampled.all(), file.channels, rate)


def _blocks(file: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    size = max(1, BLOCK // file.channels)
    while len(frames := file.read(size, dtype="float32", always_2d=True)):
        yield frames


class _Resampled:
    """Samples of a file at `SAMPLE_RATE`, made block by block with the bits of a single pass."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._stream = (
            None
            if rate == SAMPLE_RATE
            else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="soxr_hq")
        )
        self._blocks: list[NDArray[np.float32]] = []
        self._count = 0

    def append(self, mono: NDArray[np.float32]) -> None:
        self._count += mono.size
        mono = np.ascontiguousarray(mono)
        self._blocks.append(self._stream.resample_chunk(mono) if self._stream else mono)

    def all(self) -> NDArray[np.float32]:
        nothing = np.empty(0, dtype=np.float32)
        if self._stream and self._count:
            self._blocks.append(self._stream.resample_chunk(nothing, last=True))
        samples = np.concatenate([nothing, *self._blocks])
        length = math.ceil(self._count * (SAMPLE_RATE / self._rate))  # librosa's order
        return np.pad(samples[:length], (0, max(0, length - samples.size)))


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
    mean = samples.mean()
    if max(samples.max() - mean, mean - samples.min()) <= silence:
        raise RefusedClip(f"silent: no sample is further than {silence:g} from the mean")
