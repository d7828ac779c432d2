"""Decode a clip's file to the samples that all features are computed from."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from genregraph.audio.content import Content
from genregraph.audio.decoders import UNKNOWN, Noise, Reading, Unreadable, ffmpeg, libsndfile
from genregraph.audio.ends import breaks_off
from genregraph.audio.samples import SAMPLE_RATE

LACKING = 0.05  # Seconds, a frame of AAC; a file that lacks less of what it states is whole.
OVER = 16  # Times full scale.
INTEGERS = 256  # Times full scale; a smaller peak is no music of 16-bit integers.
FULL_SCALE = 2**15  # Of 16-bit integers.
MUCH = 4096  # Bytes, in which one expects samples.
WAY_OUT = "fetch it anew, or convert it: ffmpeg -i FILE NEW.flac"


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
    lacking : float
        Seconds that the header states and that are not in the file; 0 if it holds them all.
    ends_early : bool
        Whether the file breaks off, where nothing says by how much.
    damaged : int
        Places in the file that could not be decoded, and were left out.
    scaled : bool
        Whether `to_full_scale` divided the samples.
    """

    samples: NDArray[np.float32]
    channels: int
    rate: int
    whole: float | None = None
    lacking: float = 0.0
    ends_early: bool = False
    damaged: int = 0
    scaled: bool = False


@dataclass(frozen=True)
class _Attempt:
    """What a decoder made of a file, if anything, and whether that is all of it."""

    decoded: Decoded | None = None
    stated: float = 0.0
    sound: bool = False
    fault: str = ""

    @property
    def seconds(self) -> float:
        return self.decoded.samples.size / SAMPLE_RATE if self.decoded else 0.0


def decode(path: Path, longest: float = np.inf) -> Decoded:
    """Read an audio file, mix it to mono and resample it to `SAMPLE_RATE`.

    The samples of what libsndfile reads whole equal those of ``librosa.load(path)`` bit for bit:
    mean over channels, then ``soxr_hq`` resampling to ``ceil(n * (SAMPLE_RATE / rate))`` samples.
    Where it reads nothing, breaks off or guesses a length, FFmpeg reads the file too, and the one
    that found more counts. No more is held in memory than samples and a block of the file, whatever
    the header states.

    Parameters
    ----------
    path : Path
    longest : float
        Seconds; of a longer file the beginning is decoded.

    Raises
    ------
    RefusedClip
        If the file is empty, or is not audio that one of them reads.
    OSError, MemoryError
        If reading fails for a reason that is not the clip's.
    """
    with Content(path) as content:
        if not content.whole:
            raise RefusedClip("empty: the file has no bytes")
        attempts = [_attempt(libsndfile, content, longest)]
        if not attempts[0].sound:
            attempts.append(_attempt(ffmpeg, content, longest))
        ends_early = breaks_off(content)
    best = max(attempts, key=lambda attempt: attempt.seconds)
    if best.decoded is None:
        raise RefusedClip(f"unreadable: {_why(attempts)}; {WAY_OUT}")
    if not best.seconds and content.size > MUCH:
        raise RefusedClip(f"empty: no samples in {content.size} bytes; {WAY_OUT}")
    lacking = max(attempt.stated for attempt in attempts) - best.seconds
    told = lacking > LACKING and best.decoded.whole is None
    ends_early &= not told and best.decoded.whole is None
    return replace(best.decoded, lacking=lacking if told else 0.0, ends_early=ends_early)


def _why(attempts: list[_Attempt]) -> str:
    """Why no decoder reads a file: what one of them knows beside that it does not know it."""
    faults = [attempt.fault for attempt in attempts]
    return next((fault for fault in faults if fault != UNKNOWN), UNKNOWN)


def _attempt(
    decoder: Callable[[Content], AbstractContextManager[Reading]], content: Content, longest: float
) -> _Attempt:
    """Decode a file as far as a decoder goes."""
    mono = _Mono(longest)
    reading, fault = None, None
    try:
        with decoder(content) as reading:
            for frames, rate in reading.blocks:
                if mono.append(frames, rate):
                    break
    except Unreadable as error:
        fault = error
    if content.fault:
        raise content.fault
    stated = reading.stated or 0.0 if reading else 0.0
    if reading is None or isinstance(fault, Noise) or (fault and not mono.seconds):
        return _Attempt(stated=stated, fault=str(fault))
    whole = None if not mono.full else stated if stated > longest else math.inf
    complete = mono.full or (
        not fault and reading.to_the_end and mono.seconds > max(0.0, stated - LACKING)
    )
    return _Attempt(mono.decoded(whole, reading.damaged), stated, complete)


class _Mono:
    """A file's frames as mono samples at `SAMPLE_RATE`, until there are enough of them.

    Where the rate changes within a file, each part is resampled by itself.
    """

    def __init__(self, longest: float) -> None:
        self.full = False
        self.seconds = 0.0
        self._longest = longest
        self._form = (0, 0)
        self._parts: list[NDArray[np.float32]] = []
        self._part: _Resampled | None = None
        self._before = 0.0  # Seconds of the parts before this one.

    def append(self, frames: NDArray[np.float32], rate: int) -> bool:
        """Append frames of shape (n, channels); whether there are more than enough."""
        if self._part is None or self._part.rate != rate:
            self._parts.append(self._finished())
            self._part, self._before = _Resampled(rate), self.seconds
        if not self._form[0]:
            self._form = (frames.shape[1], rate)
        mono = frames[:, 0] if frames.shape[1] == 1 else np.mean(frames, axis=1)
        left = (self._longest - self._before) * rate - self._part.count
        self.full = len(mono) > left
        self._part.append(mono[: math.ceil(left)] if self.full else mono)
        self.seconds = self._before + self._part.count / rate
        return self.full

    def _finished(self) -> NDArray[np.float32]:
        return self._part.all() if self._part else np.empty(0, dtype=np.float32)

    def decoded(self, whole: float | None, damaged: int) -> Decoded:
        """All that was appended."""
        self._parts.append(self._finished())
        parts = [part for part in self._parts if part.size] or self._parts[:1]
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return Decoded(samples, *self._form, whole, damaged=damaged)


class _Resampled:
    """Samples of a file at `SAMPLE_RATE`, made block by block with the bits of a single pass."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.count = 0
        self._stream = (
            None
            if rate == SAMPLE_RATE
            else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="soxr_hq")
        )
        self._blocks: list[NDArray[np.float32]] = []

    def append(self, mono: NDArray[np.float32]) -> None:
        self.count += mono.size
        mono = np.ascontiguousarray(mono)
        self._blocks.append(self._stream.resample_chunk(mono) if self._stream else mono)

    def all(self) -> NDArray[np.float32]:
        nothing = np.empty(0, dtype=np.float32)
        if self._stream and self.count:
            self._blocks.append(self._stream.resample_chunk(nothing, last=True))
        samples = np.concatenate([nothing, *self._blocks])
        length = math.ceil(self.count * (SAMPLE_RATE / self.rate))  # librosa's order
        missing = length - samples.size
        return np.pad(samples, (0, missing)) if missing > 0 else samples[:length]


def to_full_scale(decoded: Decoded) -> Decoded:
    """Bring samples in the range of 16-bit integers, as some float files have them, to full scale.

    A float file may go over full scale, but hardly to `OVER` times (24 dB). With a peak between
    `INTEGERS` and twice their full scale, samples are taken for such integers: divided by 32,768.

    Raises
    ------
    RefusedClip
        If the largest sample is anywhere else beyond `OVER`: nobody knows what full scale was.
    """
    samples = decoded.samples
    peak = float(max(samples.max(initial=0), -samples.min(initial=0)))
    if not OVER < peak < math.inf:
        return decoded
    if not INTEGERS <= peak <= 2 * FULL_SCALE:
        raise RefusedClip(
            f"level: its largest sample is {peak:.4g} times full scale; divide its samples so that "
            "they lie within -1 and 1"
        )
    return replace(decoded, samples=samples / np.float32(FULL_SCALE), scaled=True)


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
