import errno
import io
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from genregraph.audio import decoders
from genregraph.audio.content import Content
from genregraph.audio.read import Decoded, RefusedClip, check, decode, to_full_scale
from genregraph.audio.samples import SAMPLE_RATE

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
    with pytest.raises(
        RefusedClip, match=r"^unreadable: Format not recognised; fetch it anew, or convert it: ffm"
    ):
        decode(path)


def test_samples_without_a_header_are_refused(tmp_path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes((NOISE * 32767).astype("<i2").tobytes())
    with pytest.raises(
        RefusedClip, match=r"^unreadable: Format not recognised; fetch it anew, or convert it: ffm"
    ):
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
    monkeypatch.setattr(decoders, "BLOCK", 10_007)
    np.testing.assert_array_equal(decode(path).samples, expected, strict=True)


@pytest.mark.parametrize("channels", [3, 8, 9, 24])
def test_channels_are_mixed_the_same_in_blocks(tmp_path, channels, monkeypatch) -> None:
    frames = np.random.default_rng(0).uniform(-1, 1, (5000, channels)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", frames, SAMPLE_RATE, subtype="FLOAT")
    monkeypatch.setattr(decoders, "BLOCK", 1000)
    np.testing.assert_array_equal(decode(tmp_path / "a.wav").samples, frames.mean(axis=1))


@pytest.mark.parametrize("block", [997, 10**6])
@pytest.mark.parametrize(("rate", "channels"), [(22_050, 1), (48_000, 2)])
def test_of_a_longer_file_the_beginning_is_decoded(
    tmp_path, record, monkeypatch, block, rate, channels
) -> None:
    path = record(tmp_path / "a.wav", 3, rate, channels)
    whole, short = decode(path), tmp_path / "b.wav"
    soundfile.write(short, soundfile.read(path)[0][: 2 * rate], rate)
    monkeypatch.setattr(decoders, "BLOCK", block)
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
        raise soundfile.LibsndfileError(decoders.MALLOC_FAILED)

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


# Files in which something is missing, or in the way


def test_a_file_that_breaks_off_gives_what_it_has_and_says_so(tmp_path, record) -> None:
    path = record(tmp_path / "a.wav", 2)
    whole = decode(path).samples
    path.write_bytes(path.read_bytes()[: 44 + 2 * 30_000])
    decoded = decode(path)
    np.testing.assert_array_equal(decoded.samples, whole[:30_000])
    assert decoded.lacking == pytest.approx(2 - 30_000 / SAMPLE_RATE)


@pytest.mark.parametrize("name", ["a.au", "a.aiff", "a.w64", "a.rf64", "a.flac", "a.mp3"])
def test_half_a_file_is_read_and_says_what_it_lacks(tmp_path, record, name) -> None:
    path = record(tmp_path / name, 4, 44_100, 2)
    whole, raw = decode(path), path.read_bytes()
    assert whole.samples.size == 4 * SAMPLE_RATE and not whole.lacking
    path.write_bytes(raw[: len(raw) // 2])
    half = decode(path)
    seconds = half.samples.size / SAMPLE_RATE
    assert 1.8 < seconds < 2.1
    assert half.lacking == pytest.approx(4 - seconds, abs=0.002)


def test_half_an_m4a_is_read_and_says_what_it_lacks(tmp_path, encode) -> None:
    path = encode(tmp_path / "a.m4a", "aac", 4, movflags="faststart")
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    half = decode(path)
    assert 1.5 < half.samples.size / SAMPLE_RATE < 2.2
    assert half.lacking == pytest.approx(4 - half.samples.size / SAMPLE_RATE, abs=0.03)


@pytest.mark.parametrize("sizes", [(40,), (4, 40)])
@pytest.mark.parametrize("stated", [0, 2**32 - 1, 0x7FFFF000])
def test_a_wav_whose_length_was_never_filled_in_is_whole(tmp_path, record, sizes, stated) -> None:
    path = record(tmp_path / "a.wav", 2)
    whole, raw = decode(path).samples, bytearray(path.read_bytes())
    for at in sizes:
        raw[at : at + 4] = stated.to_bytes(4, "little")
    path.write_bytes(raw)
    decoded = decode(path)
    np.testing.assert_array_equal(decoded.samples, whole)
    assert not decoded.lacking and not decoded.damaged


def without_xing(raw: bytes) -> bytes:
    """An mp3 less its first frame, which holds no sound but the number of frames."""
    assert b"Xing" in raw[:60]
    return raw[raw.index(raw[:2], 2) :]


def test_an_mp3_whose_length_must_be_guessed_is_read_to_its_end(tmp_path, record) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (10 * SAMPLE_RATE, 2)).astype(np.float32)
    noise[: 5 * SAMPLE_RATE] *= 1e-4  # Few bits first, then many: the guess is too short.
    path = record(tmp_path / "a.mp3", samples=noise)
    whole = decode(path).samples
    assert whole.size == 10 * SAMPLE_RATE
    path.write_bytes(without_xing(path.read_bytes()))
    samples = decode(path).samples
    lag = 1105  # The first frame says how many samples encoder and decoder put before the first.
    assert 0 <= samples.size - whole.size - lag < 1152
    np.testing.assert_allclose(samples[lag:][: whole.size], whole, atol=1e-4)


@pytest.mark.parametrize("zeros", [1, 5000, 200_000])
@pytest.mark.parametrize("name", ["a.mp3", "a.flac"])
def test_zeros_and_tags_before_the_first_frame_are_passed_over(
    tmp_path, record, name, zeros
) -> None:
    path = record(tmp_path / name, 2, 44_100, 2)
    whole, raw = decode(path).samples, path.read_bytes()
    tag = b"ID3\3\0\0\0\0\1\2" + bytes(130)
    for before in (bytes(zeros), tag + bytes(zeros), bytes(zeros) + tag, tag + tag):
        path.write_bytes(before + raw)
        np.testing.assert_array_equal(decode(path).samples, whole)


def test_a_tag_before_a_wav_costs_none_of_its_samples(tmp_path, record) -> None:
    path = record(tmp_path / "a.wav")
    whole = decode(path).samples
    path.write_bytes(b"ID3\3\0\0\0\0\2\3" + bytes(259) + path.read_bytes())
    np.testing.assert_array_equal(decode(path).samples, whole)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac"])
def test_what_lies_behind_a_hole_of_junk_is_read(tmp_path, record, name) -> None:
    path = record(tmp_path / name, 6, 44_100, 2)
    raw = path.read_bytes()
    middle, junk = len(raw) // 2, np.random.default_rng(0).bytes(len(raw) // 8)
    path.write_bytes(raw[:middle] + junk + raw[middle + len(junk) :])
    decoded = decode(path)
    assert 5 < decoded.samples.size / SAMPLE_RATE < 6.1
    assert decoded.lacking > 0 or decoded.damaged


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
def test_two_files_in_one_are_read_both(tmp_path, record, name) -> None:
    path = record(tmp_path / name, 3, 44_100, 2)
    path.write_bytes(2 * path.read_bytes())
    assert decode(path).samples.size / SAMPLE_RATE == pytest.approx(6, abs=0.1)


def test_what_a_wav_does_not_lead_to_is_told(tmp_path, record) -> None:
    path = record(tmp_path / "a.wav", 3)
    raw = bytearray(path.read_bytes())
    raw[40:44] = (2 * SAMPLE_RATE).to_bytes(4, "little")  # One second of three.
    path.write_bytes(raw)
    decoded = decode(path)
    assert decoded.samples.size == SAMPLE_RATE and decoded.damaged == 1


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.m4a", "aac", 44_100),
        ("a.mp4", "aac", 44_100),
        ("lossless.m4a", "alac", 44_100),
        ("a.wma", "wmav2", 44_100),
        ("a.aac", "aac", 44_100),
        ("a.webm", "libopus", 48_000),
        ("flac.ogg", "flac", 44_100),
        ("A.M4A", "aac", 44_100),
    ],
)
def test_what_libsndfile_does_not_read_is_read_by_ffmpeg(
    tmp_path, encode, record, name, codec, rate
) -> None:
    decoded = decode(encode(tmp_path / name, codec, 2, rate).rename(tmp_path / "named wrongly.mp3"))
    original = decode(record(tmp_path / "original.wav", 2, rate, 2)).samples
    assert (decoded.channels, decoded.rate) == (2, rate)
    assert decoded.samples.size == pytest.approx(original.size, abs=0.1 * SAMPLE_RATE)
    lags = np.correlate(decoded.samples[20_000:26_000], original[22_000:23_000])
    at = 20_000 + np.argmax(lags)
    assert abs(at - 22_000) < 0.06 * SAMPLE_RATE
    heard = np.corrcoef(decoded.samples[at : at + 10_000], original[22_000:32_000])[0, 1]
    assert heard > 0.95


@pytest.mark.parametrize(
    ("name", "subtype"), [("a.aiff", None), ("opus.ogg", "OPUS"), ("a.w64", None), ("a.caf", None)]
)
def test_other_formats_are_read_by_libsndfile(tmp_path, record, name, subtype) -> None:
    path = record(tmp_path / name, 2, 48_000, 2, subtype=subtype)
    np.testing.assert_array_equal(decode(path).samples, librosa.load(path)[0])


def test_ffmpeg_and_libsndfile_find_the_same_samples(tmp_path, record) -> None:
    for name, subtype in [("a.wav", "PCM_24"), ("a.wav", "PCM_U8"), ("a.flac", "PCM_16")]:
        path = record(tmp_path / name, 2, SAMPLE_RATE, 2, subtype=subtype)
        with Content(path) as content, decoders.ffmpeg(content) as reading:
            frames = np.concatenate([frames for frames, _ in reading.blocks])
        expected = soundfile.read(path, dtype="float32")[0]
        np.testing.assert_array_equal(frames, expected, strict=True)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{secret}'\n",
        "{secret}\n",
    ],
)
def test_a_list_of_other_files_opens_none_of_them(tmp_path, record, text) -> None:
    secret = record(tmp_path / "secret.wav")
    path = tmp_path / "a.mp3"
    path.write_text(text.format(secret=secret))
    with pytest.raises(RefusedClip, match=r"^unreadable: Format not recognised"):
        decode(path)


def test_a_rate_that_changes_on_the_way_loses_nothing(tmp_path, record) -> None:
    one = record(tmp_path / "1.mp3", 3, 44_100, 2).read_bytes()
    other = record(tmp_path / "2.mp3", 3, 48_000, 2).read_bytes()
    path = tmp_path / "a.mp3"
    path.write_bytes(one + other)
    assert decode(path).samples.size / SAMPLE_RATE == pytest.approx(6, abs=0.1)


def test_bytes_without_samples_are_refused(tmp_path, record) -> None:
    path = record(tmp_path / "a.au")
    raw = bytearray(path.read_bytes())
    raw[8:12] = bytes(4)
    path.write_bytes(raw)
    with pytest.raises(RefusedClip, match=f"^empty: no samples in {len(raw)} bytes; fetch it"):
        decode(path)


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


@pytest.mark.parametrize("peak", [256, 4074, 32767, 65536])
def test_floats_in_the_range_of_integers_are_brought_to_full_scale(peak) -> None:
    samples = NOISE / np.abs(NOISE).max() * np.float32(peak)
    scaled = to_full_scale(Decoded(samples, 1, SAMPLE_RATE))
    np.testing.assert_array_equal(scaled.samples, samples / np.float32(32768), strict=True)
    assert scaled.scaled


@pytest.mark.parametrize("peak", [0, 0.5, 1.5, 16, np.nan, np.inf])
def test_floats_within_and_over_full_scale_are_left_alone(peak) -> None:
    decoded = Decoded(noise_with(3, peak) if peak else NOISE[:0], 1, SAMPLE_RATE)
    assert to_full_scale(decoded) is decoded


@pytest.mark.parametrize("peak", [17, 255, 70_000, 2**23, 1e30])
def test_levels_that_nobody_can_explain_are_refused(peak) -> None:
    with pytest.raises(RefusedClip, match=r"^level: its largest sample is .* full scale; divide"):
        to_full_scale(Decoded(noise_with(3, -peak), 1, SAMPLE_RATE))


def test_the_bounds_are_the_callers() -> None:
    check(NOISE[:2205], 0.1, 1e-4)
    with pytest.raises(RefusedClip, match=r"silent: no sample is further than 0.6 "):
        check(NOISE, 1.0, 0.6)
