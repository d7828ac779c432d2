from pathlib import Path

import pytest
import soundfile as sf
from tests.audio.corpus import SECONDS, SUBTYPES, sound, written

from genregraph.audio.content import Content
from genregraph.audio.ends import breaks_off
from genregraph.audio.read import decode
from genregraph.audio.samples import SAMPLE_RATE

FORMATS = [(kind, subtype) for kind in ("OGG", "CAF") for subtype in SUBTYPES[kind].split()]


def of(kind: str, subtype: str) -> bytes:
    rate = 48_000 if subtype == "OPUS" else SAMPLE_RATE
    return written(kind, subtype, rate, sound(2, rate, 3 * SECONDS))


def told(path: Path, raw: bytes) -> bool:
    path.write_bytes(raw)
    with Content(path) as content:
        return breaks_off(content)


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_what_breaks_off_is_told_and_what_does_not_is_not(tmp_path, kind, subtype) -> None:
    whole = of(kind, subtype)
    assert not told(tmp_path / "a", whole)
    assert not told(tmp_path / "a", whole + bytes(100))
    for share in (0.5, 0.9, 0.99):
        assert told(tmp_path / "a", whole[: int(share * len(whole))])


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_the_clip_says_so(tmp_path, kind, subtype) -> None:
    whole = of(kind, subtype)
    (tmp_path / "a").write_bytes(whole)
    assert not decode(tmp_path / "a").ends_early
    (tmp_path / "a").write_bytes(whole[: int(0.7 * len(whole))])
    decoded = decode(tmp_path / "a")
    assert decoded.ends_early or decoded.lacking
    assert 0 < decoded.samples.size < 0.9 * 3 * SECONDS * SAMPLE_RATE
    assert not decode(tmp_path / "a", longest=1.0).ends_early


def test_an_ogg_that_ends_between_two_pages(tmp_path) -> None:
    whole = of("OGG", "VORBIS")
    assert told(tmp_path / "a", whole[: whole.rindex(b"OggS")])


def test_a_caf_of_unstated_size_may_end_anywhere(tmp_path) -> None:
    whole = of("CAF", "PCM_16")
    size = whole.index(b"data") + 4
    raw = whole[:size] + b"\xff" * 8 + whole[size + 8 :]
    assert not told(tmp_path / "a", raw)
    assert not told(tmp_path / "a", raw[:-1000])


def test_a_caf_less_a_byte_is_whole(tmp_path) -> None:
    assert not told(tmp_path / "a", of("CAF", "PCM_16")[:-1])


MP3S = [(44_100, "CONSTANT"), (44_100, "VARIABLE"), (22_050, "CONSTANT"), (8_000, "CONSTANT")]


@pytest.mark.parametrize(("rate", "mode"), MP3S)
def test_an_mp3_that_breaks_off_within_a_frame(tmp_path, rate, mode) -> None:
    """Of MPEG 1, 2 and 2.5; less the first frame, which counts the others."""
    path = tmp_path / "a.mp3"
    sf.write(path, sound(2, rate, 3 * SECONDS), rate, bitrate_mode=mode)
    whole = path.read_bytes()
    second = whole.index(whole[:2], 4)
    whole = whole[second:]
    for tag in (b"", bytes(100), b"TAG" + bytes(125)):
        assert not told(tmp_path / "a", whole + tag)
    told_of = [told(tmp_path / "a", whole[:-cut]) for cut in range(1, 400)]
    # All but those that end between two frames, or lack a few bytes.
    assert sum(told_of) > 390 - 3 * 8


def test_half_an_mp3_without_a_counted_header_says_so(tmp_path) -> None:
    path = tmp_path / "a.mp3"
    sf.write(path, sound(2, 44_100, 3 * SECONDS), 44_100, bitrate_mode="CONSTANT")
    whole = path.read_bytes()
    path.write_bytes(whole[whole.index(whole[:2], 4) :])
    assert not decode(path).ends_early
    path.write_bytes(whole[whole.index(whole[:2], 4) : len(whole) // 2 + 1])
    assert decode(path).ends_early


def test_of_other_formats_nothing_is_known(tmp_path) -> None:
    assert not told(tmp_path / "a", written("FLAC")[:-1000])
    assert told(tmp_path / "a", b"OggS") and not told(tmp_path / "a", b"caff")
