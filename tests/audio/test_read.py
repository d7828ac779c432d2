import errno
import io
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audio import read
from audio.read import SAMPLE_RATE, RefusedClip, check, decode

# librosa.load imports modules that Python will drop.

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, SAMPLE_RATE).astype(np.float32)

CLICK = np.eye(1, SAMPLE_RATE, 9, dtype=np.float32)[0]


def noise_with(index: int, value: float) -> NDArray[np.float32]:
    samples = NOISE.copy()
    samples[index] = value
    return samples


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("gtzan.wav", 22_050, 1, "PCM_16"),
        ("gtzan.au", 22_050, 1, "PCM_16"),
        ("stereo.mp3", 44_100, 2, None),
        ("stereo.flac", 44_100, 2, "PCM_24"),
        ("stereo at the right rate.ogg", 22_050, 2, None),
        ("telephone.wav", 8_000, 1, "ULAW"),
        ("float.wav", 48_000, 2, "FLOAT"),
        # Here n * 22050 / rate is whole, and n * (22050 / rate) a hair above.
        ("odd.wav", 37_800, 1, "PCM_16"),
    ],
)
def test_samples_are_librosas_bit_for_bit(tmp_path, record, name, rate, channels, subtype) -> None:
    path = record(tmp_path / name, 1 / 1.4, rate, channels, subtype=subtype)
    decoded = decode(path)
    expected, _ = librosa.load(path)
    assert decoded.samples.dtype == np.float32 and decoded.samples.flags.c_contiguous
    np.testing.assert_array_equal(decoded.samples, expected, strict=True)
    assert (decoded.channels, decoded.rate) == (channels, rate)


def test_the_bytes_and_not_the_ending_say_what_a_file_is(tmp_path, record) -> None:
    path = record(tmp_path / "a.wav")
    expected = decode(path).samples
    np.testing.assert_array_equal(decode(path.rename(tmp_path / "a.mp3")).samples, expected)


def flac_of_unknown_length(record, path: Path) -> bytes:
    raw = bytearray(record(path.with_suffix(".flac")).read_bytes())
    raw[21:26] = bytes([raw[21] & 0xF0, 0, 0, 0, 0])  # As written to a pipe.
    return bytes(raw)


@pytest.mark.parametrize("name", ["text.wav", "text.mp3", "text.au", "text.raw"])
def test_text_is_refused(tmp_path, name) -> None:
    path = tmp_path / name
    path.write_text("Not found: the page you asked for does not exist.\n" * 50)
    with pytest.raises(RefusedClip, match=r"^unreadable: Format not recognised$"):
        decode(path)


def test_samples_without_a_header_are_refused(tmp_path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes((NOISE * 32767).astype("<i2").tobytes())
    with pytest.raises(RefusedClip, match=r"^unreadable: Format not recognised$"):
        decode(path)


def test_a_file_without_bytes_is_refused(tmp_path) -> None:
    path = tmp_path / "a.wav"
    path.touch()
    with pytest.raises(RefusedClip, match=r"^empty: the file has no bytes$"):
        decode(path)


def test_a_header_without_a_length_is_read_to_the_files_end(tmp_path, record) -> None:
    path = tmp_path / "a.flac"
    raw = flac_of_unknown_length(record, path)
    expected = decode(path)
    path.write_bytes(raw)
    np.testing.assert_array_equal(decode(path).samples, expected.samples)


def test_a_header_with_an_impossible_length_costs_no_memory(tmp_path, record) -> None:
    path = record(tmp_path / "a.flac")
    expected = decode(path).samples
    raw = bytearray(path.read_bytes())
    raw[21:26] = bytes([raw[21] | 0x0F, 255, 255, 255, 255])  # 36 bits of frames
    path.write_bytes(raw)
    np.testing.assert_array_equal(decode(path).samples, expected)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg"])
@pytest.mark.parametrize(("rate", "channels"), [(22_050, 1), (44_100, 2)])
def test_files_of_many_blocks_are_read_like_those_of_one(
    tmp_path, record, monkeypatch, name, rate, channels
) -> None:
    path = record(tmp_path / name, 3, rate, channels)
    expected, _ = librosa.load(path)
    monkeypatch.setattr(read, "BLOCK", 10_007)
    np.testing.assert_array_equal(decode(path).samples, expected, strict=True)


@pytest.mark.parametrize("channels", [3, 8, 9, 24])
def test_channels_are_mixed_the_same_in_blocks(tmp_path, channels, monkeypatch) -> None:
    frames = np.random.default_rng(0).uniform(-1, 1, (5000, channels)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", frames, SAMPLE_RATE, subtype="FLOAT")
    monkeypatch.setattr(read, "BLOCK", 1000)
    np.testing.assert_array_equal(decode(tmp_path / "a.wav").samples, frames.mean(axis=1))


@pytest.mark.parametrize("block", [997, 10**6])
@pytest.mark.parametrize(("rate", "channels"), [(22_050, 1), (48_000, 2)])
def test_of_a_longer_file_the_beginning_is_decoded(
    tmp_path, record, monkeypatch, block, rate, channels
) -> None:
    path = record(tmp_path / "a.wav", 3, rate, channels)
    whole, short = decode(path), tmp_path / "b.wav"
    soundfile.write(short, soundfile.read(path)[0][: 2 * rate], rate)
    monkeypatch.setattr(read, "BLOCK", block)
    decoded = decode(path, 2)
    assert (whole.whole, decoded.whole) == (None, 3)
    assert decoded.samples.size == 2 * SAMPLE_RATE
    np.testing.assert_array_equal(decoded.samples, decode(short).samples)
    assert decode(path, 3).whole is None
    np.testing.assert_array_equal(decode(path, 3).samples, whole.samples)


def test_a_long_file_of_unstated_length_says_so(tmp_path, record) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(flac_of_unknown_length(record, path))
    assert decode(path, 1).whole == np.inf


# What is not the clip's fault


def test_a_disk_that_fails_is_no_fault_of_the_clip(tmp_path, record, monkeypatch) -> None:
    path = record(tmp_path / "a.wav", 3)

    class FailingDisk(io.FileIO):
        def readinto(self, buffer) -> int:
            if self.tell() > 50_000:
                raise OSError(errno.EIO, "Input/output error")
            return super().readinto(buffer)

    monkeypatch.setattr(Path, "open", lambda path, mode: FailingDisk(path, mode))
    with pytest.raises(OSError, match="Input/output error"):
        decode(path)


def test_a_decoder_without_memory_is_no_fault_of_the_clip(tmp_path, record, monkeypatch) -> None:
    path = record(tmp_path / "a.wav")

    def failing(*_: object, **__: object) -> None:
        raise soundfile.LibsndfileError(read.MALLOC_FAILED)

    monkeypatch.setattr(soundfile.SoundFile, "read", failing)
    with pytest.raises(MemoryError, match=r"malloc \(\) failed"):
        decode(path)


def test_a_lack_of_memory_fails_the_audit(tmp_path, record, starved) -> None:
    record(tmp_path / "a.wav", 120)
    (tmp_path / "sheet.tsv").write_text("clip\tpath\tgenre\na\ta.wav\tx\n")
    options = ["--sheet=sheet.tsv", "--audio=.", "--shard=00", "--shards=1", "--shortest=1"]
    options += ["--silence=0", "--longest=600", "--clips=clips", "--samples=samples"]
    assert "MemoryError" in starved("audio.audit", options, spare=2**22)
    assert not (tmp_path / "clips").exists()


def test_a_file_that_breaks_off_gives_what_it_has(tmp_path, record) -> None:
    path = record(tmp_path / "a.wav", 2)
    whole = decode(path).samples
    path.write_bytes(path.read_bytes()[: 44 + 2 * 30_000])
    np.testing.assert_array_equal(decode(path).samples, whole[:30_000])


def test_a_file_with_a_header_alone_is_refused(tmp_path, record) -> None:
    path = record(tmp_path / "a.wav", 0, 44_100)
    with pytest.raises(RefusedClip, match=r"^empty: the file has no samples$"):
        check(decode(path).samples, 1.0, 1e-4)


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (NOISE[:0], "empty: the file has no samples"),
        (NOISE[:2205], "too short: 0.100 s, shorter than 1 s"),
        (NOISE[:-1], "too short: 1.000 s, shorter than 1 s"),
        (noise_with(7, np.nan), "non-finite: 1 of 22050 samples are NaN or infinite"),
        (noise_with(-1, np.inf), "non-finite: 1 of 22050 samples are NaN or infinite"),
        (noise_with(0, -np.inf), "non-finite: 1 of 22050 samples are NaN or infinite"),
        (0 * NOISE, "silent: no sample is further than 0.0001 from the mean"),
        (0 * NOISE + 0.3, "silent: no sample is further than 0.0001 from the mean"),
        (1e-4 * NOISE - 0.7, "silent: no sample is further than 0.0001 from the mean"),
    ],
)
def test_unusable_samples_are_refused(samples, problem) -> None:
    with pytest.raises(RefusedClip) as refusal:
        check(samples.astype(np.float32), 1.0, 1e-4)
    assert str(refusal.value) == problem


@pytest.mark.parametrize("samples", [NOISE, 1e-3 * NOISE, noise_with(3, 5.0), CLICK])
def test_usable_samples_pass(samples) -> None:
    check(samples.astype(np.float32), 1.0, 1e-4)


def test_the_bounds_are_the_callers() -> None:
    check(NOISE[:2205], 0.1, 1e-4)
    with pytest.raises(RefusedClip, match=r"silent: no sample is further than 0.6 "):
        check(NOISE, 1.0, 0.6)
