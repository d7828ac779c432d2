"""Two decoders of audio: libsndfile, and FFmpeg for what libsndfile does not read completely."""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

import av
import numpy as np
import soundfile

from genregraph.audio.samples import Samples

# What may follow zeros that do not belong there. An mp4 starts with zeros of its own.
AFTER_ZEROS = re.compile(rb"\xff[\xe0-\xff]|ID3|RIFF|fLaC|OggS")
LARGEST_PAGE = 27 + 255 + 255 * 255  # Bytes of an Ogg page.
BLOCK = 2**18  # Values that libsndfile decodes at a time, over all channels.
SHORTEST_SHARE = 0.25  # Of a file without header that must be frames, lest noise is taken for one.

# libsndfile's names of formats, and its log where a file is not what its header states.
MPEG = ("MP3", "MPEG")
LIE = re.compile(r"^ *(?:data|SSND|Data Size|riff|Riff size) +: (\d+) \(should be (\d+)\)", re.M)
LOST = re.compile(r"Unknown chunk marker .* at position (\d+)")
# In an mp3's first frame, where it states how many follow; else libsndfile guesses.
COUNTED = re.compile(rb"(?:Xing|Info)...[\x01\x03\x05\x07\x09\x0b\x0d\x0f]", re.DOTALL)
UNSTATED = 2**62  # Frames; more are libsndfile's word for a header without a length.
STREAMED = 0x7FFFF000  # Bytes; more in a header say that its writer did not know.

# FFmpeg's formats, by its names. It knows others that open further files or addresses.
FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,eac3,flac,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,"
    "tak,tta,w64,wav,wv"
)
HEADERLESS = "aac ac3 eac3 mp3".split()
STATING = "aiff asf au caf flac matroska,webm mov,mp4,m4a,3gp,3g2,mj2 w64 wav".split()  # A length.
UNKNOWN = "Format not recognised"  # libsndfile's words, and FFmpeg's for it:
IN_OTHER_WORDS = ("Invalid data found when processing input", "Invalid argument")
MALLOC_FAILED = 17  # libsndfile's SFE_MALLOC_FAILED


class Content:
    """A file's bytes without its name, from where the audio starts: behind zeros and ID3 tags.

    libsndfile takes any file named .au for telephone speech, and the ID3 tag before a WAV file for
    some of its samples. Both decoders take a disk that fails for the end of the file: its last
    fault is `fault`.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._start = file, 0
        self.fault: OSError | None = None
        self.size = file.seek(0, io.SEEK_END)
        self._start = self._audio()
        self.size -= self._start

    def _audio(self) -> int:
        start = 0
        while head := self.at(start, 2**20):  # More zeros are not skipped.
            rest = head.lstrip(b"\0")
            if head.startswith(b"ID3"):  # Its length is in bytes of seven bits.
                size = enumerate(head[9:5:-1])
                start += 10 + sum((byte & 127) << 7 * place for place, byte in size)
            elif rest != head and AFTER_ZEROS.match(rest):
                start += len(head) - len(rest)
            else:
                return start
        return 0

    def at(self, offset: int, size: int) -> bytes:
        """Bytes at an offset; fewer at the end."""
        self.seek(offset)
        return self.read(size)

    def lacks_last_page(self) -> bool:
        """Whether this is an Ogg file without the page that is marked as its last (RFC 3533)."""
        end = self.at(self.size - 2 * LARGEST_PAGE, 2 * LARGEST_PAGE)
        page = end[end.rfind(b"OggS") :]
        segments = page[27 : 27 + page[26]] if len(page) > 26 else b""
        complete = segments and len(page) >= 27 + len(segments) + sum(segments)
        return self.at(0, 4) == b"OggS" and not (complete and page[5] & 4)

    def read(self, size: int) -> bytes:
        """Read; at a fault of the disk, nothing."""
        try:
            return self._file.read(size)
        except OSError as error:
            self.fault = error
            return b""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, no further than the file reaches: headers lie."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.size}[whence]
        inside = min(max(0, base + offset), self.size)
        return self._file.seek(self._start + inside) - self._start

    def tell(self) -> int:
        """Bytes from where the audio starts."""
        return self._file.tell() - self._start


# Frames of shape (n, channels), nominally in [-1, 1], and their sample rate in Hz.
Blocks = Iterator[tuple[Samples, int]]


class Unreadable(Exception):
    """Bytes that are no audio, though some of them may have passed for it."""


@dataclass
class Reading:
    """A file as one decoder reads it; what follows `streams` is known when all blocks are read."""

    blocks: Blocks = field(default_factory=lambda: iter(()))
    stated: float = 0.0  # Seconds by the header; 0 where it states none, or all it counts is read.
    streams: int = 1  # Of audio; the one that the file marks as default is read.
    to_the_end: bool = True  # Nothing of note lies behind the last block.
    broken_off: bool = False
    damaged: int = 0  # Places that could not be decoded, and were left out.


class _Forward(soundfile.SoundFile):
    """A file that is read on: to seek, as soundfile does, would upset an mp3's decoder."""

    def seekable(self) -> bool:
        return False


def libsndfile(content: Content) -> Reading:
    """Read by libsndfile."""
    head = content.at(0, 256)
    content.seek(0)
    file = _Forward(content)
    if (file.format, file.subtype, file.channels) == ("WAV", "PCM_16", 2):
        _check_codec(content)
    reading = Reading()
    if file.frames < UNSTATED and (file.format not in MPEG or COUNTED.search(head)):
        reading.stated = file.frames / file.samplerate
        if lie := LIE.search(file.extra_info):
            stated, there = map(int, lie.groups())
            reading.stated *= stated / there if there and stated < STREAMED else 1.0
    reading.blocks = _sndfile_blocks(file, content, reading)
    return reading


def _check_codec(content: Content) -> None:
    """Raise `Unreadable` if samples are another codec's frames: AC-3 and DTS come in WAV files."""
    place, codec = content.tell(), "pcm"
    with suppress(av.error.FFmpegError):
        stream = opened(content, probesize="32768").streams.best("audio")
        codec = stream.codec_context.name if stream else codec
    content.seek(place)
    if not codec.startswith("pcm"):
        raise Unreadable(f"{codec} in a WAV file of samples")


def _sndfile_blocks(file: _Forward, content: Content, reading: Reading) -> Blocks:
    size = max(1, BLOCK // file.channels)
    while len(frames := file.read(size, dtype="float32", always_2d=True)):
        yield frames, file.samplerate
    # A second song behind the first, or a length that was guessed too short.
    lost = LOST.search(file.extra_info)
    stream = file.format in (*MPEG, "OGG")
    ended = content.tell() if stream else int(lost[1]) if lost else content.size
    reading.to_the_end = content.size - ended <= content.size // 20
    if file.format in MPEG:
        reading.to_the_end &= reading.stated > 0
    else:
        reading.damaged = int(not reading.to_the_end)


def opened(file: IO[bytes] | Content, **options: str) -> Any:
    """Open a file by FFmpeg."""
    file.seek(0)
    options["format_whitelist"] = FORMATS
    return av.open(file, options=options, metadata_errors="replace")


def ffmpeg(content: Content) -> Reading:
    """Read by FFmpeg, what libsndfile cannot: AAC, WMA, ALAC, ..., and damaged files."""
    container = opened(content)
    stream = container.streams.best("audio")
    if stream is None:
        raise Unreadable(f"no audio in this {container.format.name}")
    reading = Reading(streams=len(container.streams.audio))
    if stream.duration and container.format.name in STATING:
        reading.stated = float(stream.duration * stream.time_base)
    reading.blocks = _ffmpeg_blocks(container, stream, content, reading)
    return reading


def _ffmpeg_blocks(container: Any, stream: Any, content: Content, reading: Reading) -> Blocks:
    packets = used = 0
    for packet in container.demux(stream):
        packets += packet.size > 0
        # Of a WAV file whose length was never filled in, FFmpeg calls the last packet corrupt.
        reading.broken_off |= packet.is_corrupt and container.format.name != "wav"
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            reading.damaged += bool(why(error))
            continue
        used += packet.size if frames else 0
        yield from ((_float(frame), frame.rate) for frame in frames)
    if container.format.name in HEADERLESS and used < SHORTEST_SHARE * content.size:
        raise Unreadable(UNKNOWN)
    # What an encoder puts before the first sample is no sound, but counts as length.
    if 0 < stream.frames <= packets:
        reading.stated = 0.0


def _float(frame: Any) -> Samples:
    """Samples of a frame, shape (n, channels), nominally in [-1, 1]."""
    stored = frame.to_ndarray()
    samples = stored.T if frame.format.is_planar else stored.reshape(-1, len(frame.layout.channels))
    if stored.dtype.kind == "f":
        return samples.astype(np.float32)
    middle = 128 if stored.dtype.kind == "u" else 0
    full = 2.0 ** (8 * stored.itemsize - 1)
    return ((samples.astype(np.float64) - middle) / full).astype(np.float32)


def why(error: Exception) -> str:
    """What a decoder says of a file; a lack of memory is no fault of the file, and raised."""
    said = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    said = (said or type(error).__name__).strip().rstrip(".")
    if isinstance(error, MemoryError) or getattr(error, "code", None) == MALLOC_FAILED:
        raise MemoryError(said) from error
    return UNKNOWN if said in IN_OTHER_WORDS else said
