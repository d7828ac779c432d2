from pathlib import Path

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

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


def test_a_header_without_a_length_is_refused(tmp_path, record) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(flac_of_unknown_length(record, path))
    with pytest.raises(RefusedClip, match=r"^unreadable: "):
        decode(path)


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
