"""Two decoders of audio: libsndfile, and FFmpeg for what libsndfile does not read, or not whole."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from genregraph.audio.content import Content

BLOCK = 2**20  # Values that are decoded at a time, over all channels.
MALLOC_FAILED = 17  # libsndfile's SFE_MALLOC_FAILED
UNSTATED = 2**62  # Frames; more are no length, but libsndfile's word for a header without one.
STREAMED = 0x7FFFF000  # Bytes; more in a header say that its writer did not know.
FEW = 2**16  # Frames, of which a block is put together from FFmpeg's small ones.
SHORTEST_SHARE = 0.25  # Of a file without header that must be frames, lest noise is taken for one.

# libsndfile's names of formats, and its log where a file is not what its header states.
MPEG = ("MP3", "MPEG")
STREAMS = (*MPEG, "OGG")
LIE = re.compile(r"^ *(?:data|SSND|Data Size|riff|Riff size) +: (\d+) \(should be (\d+)\)", re.M)
LOST = re.compile(r"Unknown chunk marker .* at position (\d+)")

# FFmpeg's formats, by its names. It knows others that open further files or addresses.
FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,eac3,flac,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,"
    "tak,tta,w64,wav,wv"
)
HEADERLESS = {"aac", "ac3", "eac3", "mp3"}
STATING = {"aiff", "asf", "au", "caf", "flac", "matroska,webm", "w64", "wav"}  # A length.
MOV = "mov,mp4,m4a,3gp,3g2,mj2"
UNKNOWN = "Format not recognised"  # libsndfile's words, and FFmpeg's for it:
IN_OTHER_WORDS = ("Invalid data found when processing input", "Invalid argument")

Block = tuple[NDArray[np.float32], int]


class Unreadable(Exception):
    """Bytes that a decoder cannot read, or not on; the message says why."""


class Noise(Unreadable):
    """Bytes that are no audio, though some of them passed for it."""


@dataclass
class Reading:
    """A file as one decoder reads it.

    Attributes
    ----------
    blocks : iterator of (NDArray[np.float32] of shape (n, channels), int)
        Frames, nominally in [-1, 1], and their sample rate in Hz. Ends in `Unreadable` where the
        decoder cannot go on.
    stated : float or None
        Seconds that the header states; None if it states no length.
    to_the_end : bool
        Known when all blocks are read: nothing of note lies behind them.
    damaged : int
        Known when all blocks are read: places that could not be decoded, and were left out.
    """

    blocks: Iterator[Block]
    stated: float | None = None
    to_the_end: bool = True
    damaged: int = 0


class _Forward(soundfile.SoundFile):
    """A file that is read on: to seek, as soundfile does, would upset an mp3's decoder."""

    def seekable(self) -> bool:
        return False


@contextmanager
def libsndfile(content: Content) -> Iterator[Reading]:
    """Read by libsndfile.

    Raises
    ------
    Unreadable
        If it does not know the format.
    MemoryError
    """
    content.seek(0)
    with _explained(), _Forward(content) as file:
        reading = Reading(iter(()))
        reading.stated = _stated(file, content)
        reading.blocks = _sndfile_blocks(file, content, reading)
        yield reading


def _sndfile_blocks(file: _Forward, content: Content, reading: Reading) -> Iterator[Block]:
    size = max(1, BLOCK // file.channels)
    with _explained():
        while len(frames := file.read(size, dtype="float32", always_2d=True)):
            yield frames, file.samplerate
    # A second song behind the first, or a length that was guessed too short.
    ended = content.tell() if file.format in STREAMS else _lost(file.extra_info, content.size)
    reading.to_the_end = content.size - ended <= content.size // 20
    if file.format in MPEG:
        reading.to_the_end &= reading.stated is not None
    elif not reading.to_the_end:
        reading.damaged = 1


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except soundfile.LibsndfileError as error:
        if error.code == MALLOC_FAILED:
            raise MemoryError(error.error_string) from error
        raise Unreadable(error.error_string.strip().rstrip(".")) from error


def _stated(file: soundfile.SoundFile, content: Content) -> float | None:
    seconds = file.frames / file.samplerate
    if file.format in MPEG and not _counted(content.head):
        return None
    if file.frames >= UNSTATED:
        return None
    lie = LIE.search(file.extra_info)
    if lie and int(lie[2]) and int(lie[1]) < STREAMED:
        seconds *= int(lie[1]) / int(lie[2])
    return seconds


def _lost(log: str, size: int) -> int:
    """Where libsndfile lost its way among a file's chunks; its size if it did not."""
    lost = LOST.search(log)
    return int(lost[1]) if lost else size


def _counted(head: bytes) -> bool:
    """Whether an mp3's first frame says how many there are; else libsndfile guesses."""
    found = re.search(rb"(?:Xing|Info)...(.)", head, re.DOTALL)
    return bool(found and found[1][0] & 1)


@contextmanager
def ffmpeg(content: Content) -> Iterator[Reading]:
    """Read by FFmpeg, what libsndfile cannot: AAC, WMA, ALAC, ..., and damaged files.

    Raises
    ------
    Unreadable
        If it does not know the format, or finds no audio in it.
    MemoryError
    """
    content.seek(0)
    options = {"format_whitelist": FORMATS}
    with _told(), av.open(content, options=options, metadata_errors="replace") as container:
        if not container.streams.audio:
            raise Unreadable(f"no audio in this {container.format.name}")
        stream: Any = container.streams.audio[0]
        reading = Reading(iter(()))
        if stream.duration and container.format.name in {*STATING, MOV}:
            reading.stated = float(stream.duration * stream.time_base)
        reading.blocks = _ffmpeg_blocks(container, stream, content, reading)
        yield reading


def _ffmpeg_blocks(
    container: Any, stream: Any, content: Content, reading: Reading
) -> Iterator[Block]:
    frames: list[NDArray[np.float32]] = []
    rate = used = 0
    for frame, size in _frames(container, stream, reading):
        samples = _float(frame)
        used += size
        new = frames and (frame.rate, samples.shape[1]) != (rate, frames[0].shape[1])
        if new or sum(map(len, frames)) >= FEW:
            yield np.concatenate(frames), rate
            frames = []
        rate = frame.rate
        frames.append(samples)
    if container.format.name in HEADERLESS and used < SHORTEST_SHARE * content.size:
        raise Noise(UNKNOWN)
    if frames:
        yield np.concatenate(frames), rate


def _frames(container: Any, stream: Any, reading: Reading) -> Iterator[tuple[Any, int]]:
    """Decoded frames, the first of a packet with the packet's bytes, and what was damaged."""
    with _told():
        for packet in container.demux(stream):
            size = packet.size
            try:
                for frame in packet.decode():
                    yield frame, size
                    size = 0
            except av.error.InvalidDataError:
                reading.damaged += 1


def _float(frame: Any) -> NDArray[np.float32]:
    """Samples of a frame, shape (n, channels), nominally in [-1, 1]."""
    stored = frame.to_ndarray()
    samples = stored.T if frame.format.is_planar else stored.reshape(-1, len(frame.layout.channels))
    if stored.dtype.kind == "f":
        return samples.astype(np.float32)
    middle = 128 if stored.dtype.kind == "u" else 0
    full = 2.0 ** (8 * stored.itemsize - 1)
    return ((samples.astype(np.float64) - middle) / full).astype(np.float32)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise Unreadable(UNKNOWN if error.strerror in IN_OTHER_WORDS else error.strerror) from error
