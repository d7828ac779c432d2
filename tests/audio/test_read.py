import errno
import io
import struct
from pathlib import Path
from unittest.mock import Mock

import librosa
import numpy as np
import pytest
import soundfile
from tests.audio.conftest import encode, play, record, seconds, why

from genregraph.audio import decoders
from genregraph.audio.read import RejectedClip, check, decode, to_full_scale
from genregraph.audio.samples import SAMPLE_RATE, Samples

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, SAMPLE_RATE).astype(np.float32)


def noise_with(index: int, value: float) -> Samples:
    return np.where(np.arange(NOISE.size) == index, np.float32(value), NOISE)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        *((f"gtzan.{kind}", 22_050, 1, "PCM_16") for kind in ("wav", "au")),
        ("stereo.mp3", 44_100, 2, None),
        ("stereo.flac", 44_100, 2, "PCM_24"),
        ("stereo at the right rate.ogg", 22_050, 2, None),
        ("telephone.wav", 8_000, 1, "ULAW"),
        ("float.wav", 48_000, 2, "FLOAT"),
        ("opus.ogg", 48_000, 2, "OPUS"),
        *((f"a.{kind}", 48_000, 2, None) for kind in ("aiff", "w64", "caf")),
        # Here n * 22050 / rate is an integer, and n * (22050 / rate) a hair above.
        ("odd.wav", 37_800, 1, "PCM_16"),
        *((f"{channels}.wav", 22_050, channels, "FLOAT") for channels in (3, 8, 9, 24)),
    ],
)
def test_samples_are_librosas_bit_for_bit_however_many_blocks_are_read(
    tmp_path, monkeypatch, name, rate, channels, subtype
) -> None:
    path = record(tmp_path / name, 1 / 1.4, rate, channels, subtype=subtype)
    for block in (decoders.BLOCK, 3001):
        monkeypatch.setattr(decoders, "BLOCK", block)
        decoded = decode(path)
        assert decoded.samples.flags.c_contiguous and not decoded.problems
        np.testing.assert_array_equal(decoded.samples, librosa.load(path)[0], strict=True)


@pytest.mark.parametrize(("rate", "channels"), [(22_050, 1), (48_000, 2)])
def test_of_a_longer_file_the_beginning_is_decoded(tmp_path, rate, channels) -> None:
    path = record(tmp_path / "a.wav", 3, rate, channels)
    soundfile.write(tmp_path / "b.wav", soundfile.read(path)[0][: 2 * rate], rate)
    decoded = decode(path, 2)
    np.testing.assert_array_equal(decoded.samples, decode(tmp_path / "b.wav").samples)
    assert decoded.problems == [("3.0 s long", "the first 2 s are used")]
    assert not decode(path, 3).problems


@pytest.mark.parametrize("frames", [0, 2**36 - 1])
def test_flac_with_an_unstated_or_impossible_length_is_read_to_its_end(tmp_path, frames) -> None:
    path = record(tmp_path / "a.flac")
    expected, raw = decode(path), bytearray(path.read_bytes())
    raw[21:26] = ((raw[21] & 0xF0) << 32 | frames).to_bytes(5)
    path.write_bytes(raw)
    np.testing.assert_array_equal(decode(path).samples, expected.samples)
    assert frames or why(decode(path, 1)) == "of unstated length"


def test_failing_disk_or_memory_is_no_fault_of_the_clip(tmp_path, monkeypatch) -> None:
    class FailingDisk(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            if self.tell() > 50_000:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(min(size, 50_000))

    path = record(tmp_path / "a.wav", 3)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda path, mode: FailingDisk(path, mode))
        with pytest.raises(OSError, match="Input/output error"):
            decode(path)
    for failing in (soundfile.LibsndfileError(decoders.MALLOC_FAILED), MemoryError("failed")):
        monkeypatch.setattr(soundfile.SoundFile, "read", Mock(side_effect=failing))
        with pytest.raises(MemoryError, match="failed"):
            decode(path)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *[("a.m4a", "aac"), ("lossless.m4a", "alac"), ("a.wma", "wmav2"), ("a.aac", "aac")],
        *[("a.webm", "libopus"), ("flac.ogg", "flac")],
    ],
)
def test_other_formats_are_read_by_ffmpeg(tmp_path, name, codec) -> None:
    path = encode(tmp_path / name, codec, play(2, 48_000, 2), rate=48_000)
    samples = decode(path.rename(tmp_path / "named wrongly.mp3")).samples
    original = decode(record(tmp_path / "original.wav", 2, 48_000, 2)).samples
    assert samples.size == pytest.approx(original.size, abs=0.1 * SAMPLE_RATE)
    at = 20_000 + np.argmax(np.correlate(samples[20_000:26_000], original[22_000:23_000]))
    assert abs(at - 22_000) < 0.06 * SAMPLE_RATE
    assert np.corrcoef(samples[at : at + 9000], original[22_000:31_000])[0, 1] > 0.95


def test_ffmpeg_and_libsndfile_find_the_same_samples(tmp_path) -> None:
    for name, subtype in [("a.wav", "PCM_24"), ("a.wav", "PCM_U8"), ("a.flac", "PCM_16")]:
        path = record(tmp_path / name, 2, SAMPLE_RATE, 2, subtype=subtype)
        with path.open("rb") as file:
            blocks = decoders.ffmpeg(decoders.Content(file)).blocks
            frames = np.concatenate([frames for frames, _ in blocks])
        np.testing.assert_array_equal(frames, soundfile.read(path, dtype="float32")[0], strict=True)


def test_low_rate_m4a_of_itunes_is_complete(tmp_path) -> None:
    """iTunes states the encoder's delay in a tag: 2,112 samples, a quarter of a second at 8 kHz."""
    path = encode(tmp_path / "a.m4a", "aac", play(4, 8000), rate=8000)
    raw = path.read_bytes().replace(b"edts", b"free")
    delay = b"\0\0\0\1\0\0\0\0 00000000 00000840 00000000 0000000000000000"
    boxes = (b"mean", b"\0\0\0\0com.apple.iTunes"), (b"name", b"\0\0\0\0iTunSMPB"), (b"data", delay)
    tag = b"".join(struct.pack(">I4s", 8 + len(text), kind) + text for kind, text in boxes)
    tag = struct.pack(">I4s", 8 + len(tag), b"----") + tag
    at = raw.rindex(b"moov") - 4
    path.write_bytes(raw[:at] + struct.pack(">I", len(raw) - at + len(tag)) + raw[at + 4 :] + tag)
    decoded = decode(path)
    assert seconds(decoded) == pytest.approx(4, abs=0.05) and not decoded.problems


def test_default_stream_of_several_is_read(tmp_path) -> None:
    music = play(2, 44_100)
    decoded = decode(encode(tmp_path / "a.mka", "flac", 0 * music, music))
    assert np.abs(decoded.samples).max() > 0.3
    assert why(decoded) == "2 streams of audio"


def in_wav(path: Path, payload: bytes) -> Path:
    frames = np.frombuffer(payload[: len(payload) // 4 * 4], "<i2").reshape(-1, 2)
    soundfile.write(path, frames, 48_000, subtype="PCM_16")
    return path


@pytest.mark.parametrize("container", ["ac3", "spdif"])
def test_ac3_within_a_wav_is_decoded(tmp_path, container) -> None:
    music = play(3, 48_000, 2)
    payload = encode(tmp_path / f"a.{container}", "ac3", music, rate=48_000).read_bytes()
    decoded = decode(in_wav(tmp_path / "a.wav", payload))
    original = decode(encode(tmp_path / "b.ac3", "ac3", music, rate=48_000))
    np.testing.assert_array_equal(decoded.samples, original.samples)


def test_dts_within_a_wav_is_no_noise(tmp_path) -> None:
    """Frames of 1,024 bytes, stereo at 48 kHz, that hold random bits: no encoder is at hand."""
    header, rng = bytes.fromhex("7ffe8001fc3c3ff0b5e0003800"), np.random.default_rng(0)
    frames = b"".join(header + rng.bytes(1011) for _ in range(300))
    path = in_wav(tmp_path / "a.wav", np.frombuffer(frames, ">u2").astype("<u2").tobytes())
    with pytest.raises(RejectedClip, match=r"^unreadable: dca in a WAV file of samples; fetch it"):
        decode(path)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{secret}'\n",
        "{secret}\n",
    ],
)
def test_list_of_other_files_opens_none_of_them(tmp_path, text) -> None:
    path = tmp_path / "a.mp3"
    path.write_text(text.format(secret=record(tmp_path / "secret.wav")))
    with pytest.raises(RejectedClip, match=r"^unreadable: Format not recognised"):
        decode(path)


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (NOISE[:-1], "too short: 1.000 s, under 1 s"),
        (noise_with(7, np.nan), "non-finite: 1 of 22050 samples are NaN or infinite"),
        (noise_with(0, -np.inf), "non-finite: 1 of 22050 samples are NaN or infinite"),
        *(
            (NOISE * scale + level, "silent: no sample is further than 0.0001 from the mean")
            for scale, level in [(0, 0), (0, 0.3), (1e-4, -0.7)]
        ),
    ],
)
def test_unusable_samples_are_rejected(samples, problem) -> None:
    with pytest.raises(RejectedClip) as rejection:
        check(samples.astype(np.float32), 1.0, 1e-4)
    assert str(rejection.value) == problem
    for usable in (NOISE, 1e-3 * NOISE, noise_with(3, 5.0), np.eye(1, NOISE.size, 9)[0]):
        check(usable.astype(np.float32), 1.0, 1e-4)


@pytest.mark.parametrize("peak", [256, 4074, 32767, 65536])
def test_floats_in_the_range_of_integers_are_brought_to_full_scale(peak) -> None:
    samples = NOISE / np.abs(NOISE).max() * np.float32(peak)
    scaled, problems = to_full_scale(samples)
    np.testing.assert_array_equal(scaled, samples / np.float32(32768), strict=True)
    assert problems == [("in the range of 16-bit integers", "divided by 32768")]


@pytest.mark.parametrize("peak", [0.5, 1.5, 16, np.nan, np.inf])
def test_other_levels_are_kept_and_an_offset_is_listed(peak) -> None:
    samples = noise_with(3, peak)
    assert to_full_scale(samples)[0] is samples
    offset = ("DC offset of 0.6 of full scale", "kept")
    assert to_full_scale(NOISE + np.float32(0.6))[1] == [offset]


@pytest.mark.parametrize("peak", [-17, -255, 70_000, 2**23, 1e30])
def test_unknown_levels_are_rejected(peak) -> None:
    with pytest.raises(RejectedClip, match=r"^level: a peak of .* times full scale; bring it"):
        to_full_scale(noise_with(3, peak))
