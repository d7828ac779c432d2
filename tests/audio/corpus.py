"""Broken and odd files, made from good ones: what strangers' folders hold."""

import io
import struct
from collections.abc import Iterator

import numpy as np
import soundfile
from tests.audio.conftest import play

SECONDS = 1.5
SUBTYPES = {
    "WAV": "PCM_16 PCM_24 PCM_32 PCM_U8 FLOAT DOUBLE ULAW ALAW IMA_ADPCM MS_ADPCM GSM610",
    "AIFF": "PCM_16 PCM_24 PCM_32 PCM_S8 PCM_U8 FLOAT DOUBLE ULAW ALAW IMA_ADPCM",
    "AU": "PCM_16 PCM_24 PCM_32 PCM_S8 FLOAT DOUBLE ULAW ALAW",
    "FLAC": "PCM_16 PCM_24 PCM_S8",
    "OGG": "VORBIS OPUS",
    "MP3": "MPEG_LAYER_III",
    "W64": "PCM_16 FLOAT",
    "RF64": "PCM_16",
    "CAF": "PCM_16 FLOAT ALAC_16",
}
# Separated by what no name holds.
NAMES = (
    'a b.wav/it\'s.wav/a "quote".wav/two\nlines.wav/tab\t.wav/bell\a.wav/escape\x1b[31m.wav/'
    "$(id); `id` & | > <.wav/{live}.wav/-rf.wav/--help.wav/日本 🎷.wav/e\u0301.wav/.hidden.wav/"
    "A.WAV/without extension/two..dots.wav/trailing .wav /%s%n.wav/*?.wav/back\\slash.wav"
).split("/")


# A file's name, its bytes, and the seconds of sound in it: None if a rejection is as good.
Odd = tuple[str, bytes, float | None]


def written(kind="WAV", subtype: str | None = None, rate: int = 22_050, samples=None) -> bytes:
    """A good file."""
    file = io.BytesIO()
    frames = play(SECONDS, rate) if samples is None else samples
    soundfile.write(file, frames, rate, format=kind, subtype=subtype)
    return file.getvalue()


def of_64_bits() -> bytes:
    """A WAV file of 64-bit integers: FFmpeg reads it, and PyAV raises a ValueError."""
    raw = written(samples=(play(SECONDS)[:, 0] * 2.0**62).astype("<i8").view("<i2"))
    return raw[:28] + struct.pack("<IHH", 8 * 22_050, 8, 64) + raw[36:]


def corpus() -> Iterator[Odd]:
    """All files."""
    for files in (formats, truncated, lies, values, additions, strangers):
        yield from files()
    yield "64 bits.wav", of_64_bits(), None
    for name in [*NAMES, "n" * 246 + ".wav"]:
        yield name, written(), SECONDS


def formats() -> Iterator[Odd]:
    """Every sample format, one to eight channels, 8 to 192 kHz: good files, if odd ones."""
    for kind, subtypes in SUBTYPES.items():
        for subtype in subtypes.split():
            rate = {"OPUS": 48_000, "GSM610": 8_000}.get(subtype, 22_050)
            yield f"{kind}.{subtype}", written(kind, subtype, rate), SECONDS
    for channels in range(1, 9):
        for kind in ("WAV", "FLAC", "AIFF"):
            content = written(kind, samples=play(SECONDS, channels=channels))
            yield f"{channels} channels.{kind}", content, SECONDS
    for rate in (8_000, 11_025, 16_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000):
        for kind in ("WAV", "FLAC"):
            yield f"{rate} Hz.{kind}", written(kind, rate=rate), SECONDS
    for rate in (1, 7, 100, 999, 768_000, 2**31 - 1):
        yield f"{rate} Hz of few.wav", written(rate=rate, samples=play(SECONDS)), None


def truncated() -> Iterator[Odd]:
    """Files that end anywhere."""
    for kind in ("WAV", "AIFF", "AU", "FLAC", "OGG", "MP3", "W64", "CAF"):
        good = written(kind)
        for size in (1, 3, 4, 8, 11, 12, 16, 20, 28, 36, 40, 43, 44, 45, 60, 100, 500):
            yield f"{kind} of {size} bytes", good[:size], None
        for share in (0.25, 0.5, 0.9):
            yield f"{share} of {kind}", good[: int(share * len(good))], None
        yield f"{kind} less a byte", good[:-1], None if kind in ("FLAC", "OGG") else SECONDS


def lies() -> Iterator[Odd]:
    """WAV headers whose numbers are not so."""
    good = written()
    long = {"riff": 4, "fmt": 16, "rate": 24, "bytes a second": 28, "data": 40}
    short = {"format": 20, "channels": 22, "block": 32, "bits": 34}
    for field, at in {**long, **short}.items():
        size = 4 if field in long else 2
        largest = 2 ** (8 * size) - 1
        for value in (0, 1, 3, 255, largest // 2, largest):
            raw = good[:at] + value.to_bytes(size, "little") + good[at + size :]
            unstated = field == "data" and value in (0, largest)
            known = unstated or field in ("riff", "bytes a second")
            yield f"{field} of {value}.wav", raw, SECONDS if known else None


def values() -> Iterator[Odd]:
    """Samples that are no sound, or strange sound."""
    good = play(SECONDS)
    for name, value in [("nan", np.nan), ("inf", np.inf), ("-inf", -np.inf), ("1e38", 1e38)]:
        for subtype in ("FLOAT", "DOUBLE"):
            broken = good.copy()
            broken[1000] = value
            yield f"{name}.{subtype}", written(subtype=subtype, samples=broken), None
    for name, samples in [
        ("denormal", good * 1e-40),
        ("silence", 0 * good),
        ("dc", 0 * good + 0.5),
        ("dc and sound", good + 0.5),
        ("integers", good * 30_000),
        ("24 bit integers", good * 2**23),
        ("one sample", good[:1]),
        ("no sample", good[:0]),
        ("a click", np.eye(len(good), 1, -5000, dtype=np.float32)),
    ]:
        yield f"{name}.wav", written(subtype="FLOAT", samples=samples), None


def additions() -> Iterator[Odd]:
    """Good files with something before, behind or inside."""
    junk = np.random.default_rng(0).bytes(3000)
    picture = b"APIC" + struct.pack(">I", 3000) + b"\0\0" + junk
    size = bytes([0, 0, len(picture) >> 7, len(picture) & 127])
    tag = b"ID3\3\0\0" + size + picture
    for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF"):
        good = written(kind)
        expected = SECONDS if kind in ("WAV", "FLAC", "MP3") else None
        yield f"cover before.{kind}", tag + good, expected
        yield f"zeros before.{kind}", bytes(777) + good, expected
        yield f"junk before.{kind}", junk + good, None
        yield f"tag behind.{kind}", good + b"TAG" + bytes(125), SECONDS
        yield f"junk behind.{kind}", good + junk, SECONDS
        yield f"twice.{kind}", good + good, None
        middle = len(good) // 2
        yield f"hole.{kind}", good[:middle] + junk + good[middle + len(junk) :], None
        yield f"named.{kind}.mp3", good, SECONDS


def strangers() -> Iterator[Odd]:
    """Files that are no audio, whatever they are called."""
    rng = np.random.default_rng(0)
    for name, content in [
        ("empty", b""),
        ("tag alone", b"ID3"),
        ("text", b"Not found: the page you asked for does not exist.\n" * 200),
        ("html", b"<!doctype html><html><body>404</body></html>" * 100),
        ("zeros", bytes(100_000)),
        ("ones", b"\xff" * 100_000),
        ("noise", rng.bytes(300_000)),
        ("raw", (play(SECONDS)[:, 0] * 32767).astype("<i2").tobytes()),
        ("raw floats", play(SECONDS)[:, 0].tobytes()),
        ("pdf", b"%PDF-1.7\n" + rng.bytes(5000)),
        ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + rng.bytes(20_000)),
        ("png", b"\x89PNG\r\n\x1a\n" + rng.bytes(20_000)),
        ("zip", b"PK\3\4" + rng.bytes(20_000)),
        ("gzip", b"\x1f\x8b\x08" + rng.bytes(20_000)),
        ("elf", b"\x7fELF" + rng.bytes(20_000)),
        ("sync alone", b"\xff\xfb\x90\x64" * 5000),
        ("riff alone", b"RIFF\xff\xff\xff\xffWAVE"),
        ("list", b"#EXTM3U\n#EXTINF:9,\n/etc/hostname\n"),
        ("lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1323588\n"),
        ("apple double", b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(4000)),
    ]:
        for extension in ("wav", "mp3"):
            yield f"{name}.{extension}", content, 0.0
