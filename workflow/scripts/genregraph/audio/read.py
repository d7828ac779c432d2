"""Decode a clip's file to the samples that all features are computed from."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
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
    bit. Where it reads nothing, breaks off or guesses a length, FFmpeg reads the file too, and the
    decoder that reads more counts. Of a file longer than `longest` seconds the beginning is
    decoded. No more is held in memory than samples and a block of the file.

    It raises `RejectedClip` if the file is empty or no decoder reads it, whatever that raises;
    `OSError` or `MemoryError` if reading fails for a reason that is not the file's.
    """
    with path.open("rb") as file:
        content = Content(file)
        if not content.size:
            raise RejectedClip("empty: the file has no bytes")
        attempts = [_Attempt(libsndfile, content, longest)]
        if not attempts[0].complete:
            attempts.append(_Attempt(ffmpeg, content, longest))
        best = max(attempts, key=lambda attempt: attempt.seconds)
        best.reading.broken_off |= content.lacks_last_page()
    if not best.seconds:
        if attempts[0].fault:
            fault = next((a.fault for a in attempts if a.fault not in ("", UNKNOWN)), UNKNOWN)
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

    Where the rate changes within a file, each part is resampled by itself.
    """

    def __init__(self, decoder: Decoder, content: Content, longest: float) -> None:
        self.reading, self.fault = Reading(), ""
        self.seconds = 0.0  # Of the file that were decoded.
        self.full = False  # Whether there are more than enough.
        blocks = groupby(self._blocks(decoder, content, longest), key=itemgetter(1))
        try:
            parts = [_resampled((mono for mono, _ in of_rate), rate) for rate, of_rate in blocks]
        except Exception as error:  # At an odd rate.
            self.full, self.seconds, self.fault = False, 0.0, why(error)
        if content.fault:
            raise content.fault
        if not self.seconds:
            parts = [np.empty(0, dtype=np.float32)]
        self.samples: Samples = np.concatenate(parts) if len(parts) > 1 else parts[0]

    def _blocks(
        self, decoder: Decoder, content: Content, longest: float
    ) -> Iterator[tuple[Samples, int]]:
        """Mono samples and their rate."""
        before, count, rate_before = 0.0, 0, 0
        try:
            self.reading = decoder(content)
            for frames, rate in self.reading.blocks:
                if rate != rate_before:
                    before, count, rate_before = self.seconds, 0, rate
                mono = frames[:, 0] if frames.shape[1] == 1 else np.mean(frames, axis=1)
                left = (longest - before) * rate - count
                self.full = len(mono) > left
                mono = np.ascontiguousarray(mono[: math.ceil(left)] if self.full else mono)
                count += mono.size
                self.seconds = before + count / rate
                yield mono, rate
                if self.full:
                    break
        except Exception as error:  # Libraries raise whatever they like at odd bytes.
            self.fault = why(error)
            if isinstance(error, Unreadable):
                self.full, self.seconds = False, 0.0

    @property
    def complete(self) -> bool:
        """Whether there is no more to be had of the file."""
        enough = self.seconds > max(0.0, self.reading.stated - LACKING)
        return self.full or (not self.fault and self.reading.to_the_end and enough)


def _resampled(blocks: Iterable[Samples], rate: int) -> Samples:
    """Blocks at `SAMPLE_RATE`, with the bits of a single pass."""
    if rate == SAMPLE_RATE:
        return np.concatenate(list(blocks))
    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, "float32", "soxr_hq")
    count, resampled = 0, []
    for mono in blocks:
        count += mono.size
        resampled.append(stream.resample_chunk(mono))
    resampled.append(stream.resample_chunk(np.empty(0, dtype=np.float32), last=True))
    samples = np.concatenate(resampled)
    samples.resize(math.ceil(count * (SAMPLE_RATE / rate)), refcheck=False)  # In librosa's order.
    return samples


def to_full_scale(samples: Samples) -> tuple[Samples, list[Problem]]:
    """Bring samples in the range of 16-bit integers, as some float files have them, to full scale.

    With a peak between `INTEGERS` and twice their full scale, samples are taken for such integers.
    At any other peak beyond `OVER` (24 dB), `RejectedClip` is raised: full scale is unknown.
    """
    problems = []
    peak = float(max(samples.max(initial=0), -samples.min(initial=0)))
    if OVER < peak < math.inf:
        if not INTEGERS <= peak <= 2 * FULL_SCALE:
            raise RejectedClip(f"level: a peak of {peak:.4g} times full scale; bring it to 1")
        samples = samples / np.float32(FULL_SCALE)
        problems.append(("in the range of 16-bit integers", f"divided by {FULL_SCALE}"))
    with np.errstate(invalid="ignore"):
        offset = float(samples.mean(dtype=np.float64)) if samples.size else 0.0
    if abs(offset) > OFFSET:
        problems.append((f"DC offset of {offset:.2g} of full scale", "kept"))
    return samples, problems


def check(samples: Samples, shortest: float, silence: float) -> None:
    """Raise `RejectedClip` at samples (one or more) from which no features can be computed.

    They must be finite, last `shortest` seconds, and at least one of them must lie further than
    `silence` (of full scale) from their mean.
    """
    if samples.size < shortest * SAMPLE_RATE:
        raise RejectedClip(f"too short: {samples.size / SAMPLE_RATE:.3f} s, under {shortest:g} s")
    if broken := np.count_nonzero(~np.isfinite(samples)):
        raise RejectedClip(f"non-finite: {broken} of {samples.size} samples are NaN or infinite")
    mean = samples.mean()
    if max(samples.max() - mean, mean - samples.min()) <= silence:
        raise RejectedClip(f"silent: no sample is further than {silence:g} from the mean")
