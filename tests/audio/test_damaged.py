"""Files in which something is missing, or in the way."""

import numpy as np
import pytest
import soundfile
from tests.audio.conftest import encode, play, record, seconds, why

from genregraph.audio.read import decode
from genregraph.audio.samples import SAMPLE_RATE

TAG = b"ID3\3\0\0\0\0\1\2" + bytes(130)


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        *((f"a.{kind}", None) for kind in "wav au aiff w64 rf64 flac mp3 m4a ogg".split()),
        *[("a.ogg", "OPUS"), ("a.caf", "PCM_16"), ("a.caf", "ALAC_16")],
    ],
)
def test_half_a_file_is_read_and_says_that_it_breaks_off(tmp_path, name, subtype) -> None:
    path, rate = tmp_path / name, 48_000 if subtype == "OPUS" else 44_100
    if name == "a.m4a":
        encode(path, "aac", play(4, rate, 2), movflags="faststart")
    else:
        record(path, 4, rate, 2, subtype=subtype)
    complete, raw = decode(path), path.read_bytes()
    assert seconds(complete) == pytest.approx(4, abs=0.03) and not complete.problems
    path.write_bytes(raw[: len(raw) // 2])
    half = decode(path)
    assert 0.9 < seconds(half) < 2.2
    stated = f"breaks off: {seconds(half):.1f} s of the 4.0 s it states"
    assert why(half).split("; ")[0] in (stated, "breaks off before its end")
    assert ("states" in why(half)) == (name not in ("a.ogg", "a.caf") or subtype == "ALAC_16")
    if raw.startswith((b"RIFF", b"fLaC")):
        np.testing.assert_array_equal(half.samples[:20_000], complete.samples[:20_000])


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_that_ends_between_two_pages_breaks_off(tmp_path, subtype) -> None:
    path = record(tmp_path / "a.ogg", 4, 48_000, 2, subtype=subtype)
    raw = path.read_bytes()
    path.write_bytes(raw[: raw.rindex(b"OggS")])
    assert why(decode(path)) == "breaks off before its end"
    assert why(decode(path, 1)) == "3.8 s long" if subtype == "OPUS" else True
    path.write_bytes(raw + bytes(100))
    assert not decode(path).problems


def test_caf_of_unstated_size_or_without_its_last_byte_is_complete(tmp_path) -> None:
    path = record(tmp_path / "a.caf", subtype="PCM_16")
    raw, complete = path.read_bytes(), decode(path).samples
    size = raw.index(b"data") + 4
    path.write_bytes(raw[:size] + b"\xff" * 8 + raw[size + 8 :])
    np.testing.assert_array_equal(decode(path).samples, complete)
    path.write_bytes(raw[:-1])
    assert decode(path).samples.size == complete.size - 1


def test_mp3_whose_length_must_be_guessed_is_read_to_its_end(tmp_path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (10 * SAMPLE_RATE, 2)).astype(np.float32)
    noise[: 5 * SAMPLE_RATE] *= 1e-4  # Few bits first, then many: the guess is too short.
    path = tmp_path / "a.mp3"
    soundfile.write(path, noise, SAMPLE_RATE)
    complete, raw = decode(path).samples, path.read_bytes()
    assert b"Xing" in raw[:60]
    path.write_bytes(raw[raw.index(raw[:2], 2) :])
    samples = decode(path).samples
    lag = 1105  # The first frame says how many samples encoder and decoder put before the first.
    assert 0 <= samples.size - complete.size - lag < 1152
    np.testing.assert_allclose(samples[lag:][: complete.size], complete, atol=1e-4)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.wav"])
@pytest.mark.parametrize("zeros", [b"\0", bytes(200_000)])
def test_zeros_and_tags_before_the_audio_are_skipped(tmp_path, name, zeros) -> None:
    path = record(tmp_path / name, 2, 44_100, 2)
    complete, raw = decode(path).samples, path.read_bytes()
    for before in (TAG, zeros, TAG + zeros, zeros + TAG, TAG + TAG):
        path.write_bytes(before + raw)
        np.testing.assert_array_equal(decode(path).samples, complete)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac"])
def test_what_lies_behind_a_hole_of_junk_is_read(tmp_path, name) -> None:
    path = record(tmp_path / name, 6, 44_100, 2)
    raw = path.read_bytes()
    middle, junk = len(raw) // 2, np.random.default_rng(0).bytes(len(raw) // 8)
    path.write_bytes(raw[:middle] + junk + raw[middle + len(junk) :])
    decoded = decode(path)
    assert 5 < seconds(decoded) < 6.1 and decoded.problems


@pytest.mark.parametrize(("kind", "rate"), [("mp3", 44_100), ("ogg", 44_100), ("mp3", 48_000)])
def test_two_files_in_one_are_read_both(tmp_path, kind, rate) -> None:
    path = tmp_path / f"a.{kind}"
    first = record(path, 3, 44_100, 2).read_bytes()
    path.write_bytes(first + record(path, 3, rate, 2).read_bytes())
    assert seconds(decode(path)) == pytest.approx(6, abs=0.1)


def test_wav_that_leads_to_a_part_of_its_bytes_is_listed(tmp_path) -> None:
    path = record(tmp_path / "a.wav", 3)
    raw = bytearray(path.read_bytes())
    raw[40:44] = (2 * SAMPLE_RATE).to_bytes(4, "little")  # One second of three.
    path.write_bytes(raw)
    decoded = decode(path)
    assert (seconds(decoded), why(decoded)) == (1, "damaged in 1 place(s)")
