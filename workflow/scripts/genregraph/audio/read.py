"""Decode a clip's file to the samples that all features are computed from."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

from genregraph.audio.decoders import UNKNOWN, Content, Reading, Unreadable, ffmpeg, libsndfile, why
from genregraph.audio.samples import SAMPLE_RATE, Samples

LACKING = 0.05  # Seconds; a file that lacks less of what it states is complete.
OVER = 16  # Times full scale.
INTEGERS = 256  # Times full scale; a smaller peak is no music of 16-bit integers.
FULL_SCALE = 2**15  # Of 16-bit integers.
OFFSET = 0.1  # Of full scale; a larger mean is listed.
THERE = "what is there is used"
WAY_OUT = "fetch it anew, or convert it: ffmpeg -i FILE NEW.flac"

Decoder = Callable[[Content], Reading]
Problem = tuple[str, str]  # What was wrong with a file, and what was done about it.


class RejectedClip(Exception):
    """A clip that cannot be used; the message says why."""


class Decoded(NamedTuple):
    """A file's samples, shape (n,): mono, at `SAMPLE_RATE`, nominally in [-1, 1]; its problems."""

    samples: Samples
    problems: list[Problem]


def decode(path: Path, longest: float = math.inf) -> Decoded:
    """Read an audio file, mix it to mono and resample it to `SAMPLE_RATE`.

    The samples of what libsndfile reads completely equal those of ``librosa.load(path)`` bit for
    bit: mean over channels, then ``soxr_hq`` resampling to ``ceil(n * (SAMPLE_RATE / rate))``
    samples. Where it reads nothing, breaks off or guesses a length, FFmpeg reads the file too, and
    the decoder that reads more counts. Of a file longer than `longest` seconds the beginning is
    decoded. No more is held in memory than samples and a block of the file.

    Raises
    ------
    RejectedClip
        If the file is empty, or no decoder reads it, whatever that raises.
    OSError, MemoryError
        If reading fails for a reason that is not the file's.
    """
    with Content(path) as content:
        if not content.size:
            raise RejectedClip("empty: the file has no bytes")
        attempts = [_Attempt(libsndfile, content, longest)]
        if not attempts[0].complete:
            attempts.append(_Attempt(ffmpeg, content, longest))
        best = max(attempts, key=lambda attempt: attempt.seconds)
        best.reading.broken_off |= content.lacks_last_page()
    if not best.seconds:
        if attempts[0].fault:
            faults = [attempt.fault or UNKNOWN for attempt in attempts]
            fault = max(faults, key=lambda fault: fault != UNKNOWN)
            raise RejectedClip(f"unreadable: {fault}; {WAY_OUT}")
        raise RejectedClip(f"empty: no samples in {content.size} bytes; {WAY_OUT}")
    samples, problems = to_full_scale(best.samples)
    stated = max(attempt.reading.stated for attempt in attempts)
    return Decoded(samples, [*_problems(best, stated, longest), *problems])


def _problems(best: "_Attempt", stated: float, longest: float) -> Iterator[Problem]:
    seconds, reading = best.seconds, best.reading
    if best.full:
        length = f"{stated:.1f} s long" if stated > longest else "of unstated length"
        yield length, f"the first {longest:g} s are used"
    elif stated - seconds > LACKING:
        yield f"breaks off: {seconds:.1f} s of the {stated:.1f} s it states", THERE
    elif reading.broken_off or best.fault:
        yield "breaks off before its end", THERE
    if reading.damaged:
        yield f"damaged in {reading.damaged} place(s)", "what can be decoded is used"
    if reading.streams > 1:
        yield f"{reading.streams} streams of audio", "the one that is marked as default is used"


class _Attempt:
    """What a decoder makes of a file, as mono samples at `SAMPLE_RATE`, until there are enough.

    They are resampled block by block, with the bits of a single pass. Where the rate changes within
    a file, each part is resampled by itself.
    """

    def __init__(self, decoder: Decoder, content: Content, longest: float) -> None:
        self._longest = longest
        self.reading, self.fault = Reading(), ""
        self._clear()
        try:
            self.reading = decoder(content)
            for frames, rate in self.reading.blocks:
                self._append(frames, rate)
                if self.full:
                    break
        except Exception as error:  # Libraries raise whatever they like at odd bytes.
            self.fault = why(error)
            if isinstance(error, Unreadable):
                self._clear()
        if content.fault:
            raise content.fault
        self._finish()

    def _clear(self) -> None:
        self.full = False  # Whether there are more than enough.
        self.samples: Samples = np.empty(0, dtype=np.float32)
        self._before = 0.0  # Seconds of the parts before the one at hand.
        self._rate, self._count = SAMPLE_RATE, 0
        self._stream: soxr.ResampleStream | None = None
        self._blocks: list[Samples] = []

    @property
    def seconds(self) -> float:
        """Seconds of the file that were decoded."""
        return self._before + self._count / self._rate

    @property
    def complete(self) -> bool:
        """Whether there is no more to be had of the file."""
        enough = self.seconds > max(0.0, self.reading.stated - LACKING)
        return self.full or (not self.fault and self.reading.to_the_end and enough)

    def _append(self, frames: Samples, rate: int) -> None:
        if rate != self._rate:
            self._finish()
            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, "float32", "soxr_hq")
            self._rate = rate
        mono = frames[:, 0] if frames.shape[1] == 1 else np.mean(frames, axis=1)
        left = (self._longest - self._before) * rate - self._count
        self.full = len(mono) > left
        mono = np.ascontiguousarray(mono[: math.ceil(left)] if self.full else mono)
        self._count += mono.size
        self._blocks.append(self._stream.resample_chunk(mono) if self._stream else mono)

    def _finish(self) -> None:
        """End a part of one rate."""
        if not self._count:
            return
        if self._stream:
            nothing = np.empty(0, dtype=np.float32)
            self._blocks.append(self._stream.resample_chunk(nothing, last=True))
        part = np.concatenate(self._blocks)
        length = math.ceil(self._count * (SAMPLE_RATE / self._rate))  # librosa's order
        missing = length - part.size
        part = np.pad(part, (0, missing)) if missing > 0 else part[:length]
        self.samples = np.concatenate([self.samples, part]) if self.samples.size else part
        self._before, self._count = self.seconds, 0
        self._stream, self._blocks = None, []


def to_full_scale(samples: Samples) -> tuple[Samples, list[Problem]]:
    """Bring samples in the range of 16-bit integers, as some float files have them, to full scale.

    A float file may go over full scale, but hardly to `OVER` times (24 dB). With a peak between
    `INTEGERS` and twice their full scale, samples are taken for such integers: divided by 32,768.
    At any other peak beyond `OVER`, `RejectedClip` is raised: full scale is unknown.
    """
    problems = []
    peak = float(max(samples.max(initial=0), -samples.min(initial=0)))
    if OVER < peak < math.inf:
        if not INTEGERS <= peak <= 2 * FULL_SCALE:
            raise RejectedClip(
                f"level: its largest sample is {peak:.4g} times full scale; divide its samples so "
                "that they lie within -1 and 1"
            )
        samples = samples / np.float32(FULL_SCALE)
        problems.append(("in the range of 16-bit integers", f"divided by {FULL_SCALE}"))
    with np.errstate(invalid="ignore"):
        offset = float(samples.mean(dtype=np.float64)) if samples.size else 0.0
    if abs(offset) > OFFSET:
        problems.append((f"DC offset of {offset:.2g} of full scale", "kept"))
    return samples, problems


def check(samples: Samples, shortest: float, silence: float) -> None:
    """Raise `RejectedClip` at samples from which no features can be computed.

    They must be finite, last `shortest` seconds, and at least one of them must lie further than
    `silence` (of full scale) from their mean.
    """
    if not samples.size:
        raise RejectedClip("empty: the file has no samples")
    if samples.size < shortest * SAMPLE_RATE:
        seconds = samples.size / SAMPLE_RATE
        raise RejectedClip(f"too short: {seconds:.3f} s, shorter than {shortest:g} s")
    broken = int(np.count_nonzero(~np.isfinite(samples)))
    if broken:
        raise RejectedClip(f"non-finite: {broken} of {samples.size} samples are NaN or infinite")
    mean = samples.mean()
    if max(samples.max() - mean, mean - samples.min()) <= silence:
        raise RejectedClip(f"silent: no sample is further than {silence:g} from the mean")
