import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import AUDIO_SUFFIXES, Row
from genregraph.features.keys import Names, less_ending

ROWS = [
    Row("blues.00000", "blues/blues.00000.wav", "blues"),
    Row("blues.00001", "blues/blues.00001.wav", "blues"),
    Row("rock.01", "rock/01.mp3", "rock"),
    Row("jazz.01", "jazz/01.mp3", "jazz"),
    Row("02", "jazz/02.mp3", "jazz"),
    Row("000003", "000/000003.mp3", "rock"),
    Row("a song", "pop/Ün, deux.flac", "pop"),
]


def clips(*keys: str, cut: str = "30s", rows=ROWS) -> list[str | None]:
    found = Names(rows).match(keys, cut)
    return [found.get(key) for key in keys]


@pytest.mark.parametrize(
    ("key", "clip"),
    [
        ("blues.00000", "blues.00000"),
        *((f"blues.00000{ending}", "blues.00000") for ending in AUDIO_SUFFIXES),
        ("BLUES.00000.WAV", "blues.00000"),
        ("blues/blues.00000.au", "blues.00000"),
        ("/data/gtzan/genres/blues/blues.00000.wav", "blues.00000"),
        ("./blues.00000.wav", "blues.00000"),
        ("C:\\Music\\Blues\\Blues.00000.Wav", "blues.00000"),
        ("elsewhere/blues.00000.wav", "blues.00000"),
        ("rock/01.mp3", "rock.01"),
        ("jazz\\01", "jazz.01"),
        ("000003", "000003"),
        ("fma/000/000003.mp3", "000003"),
        ("Ün, deux.wav", "a song"),
        ("u\u0308n, DEUX", "a song"),
        (" a song ", "a song"),
        # Unknown.
        ("blues.00002", None),
        ("blues", None),
        ("3", None),
        ("blues.00000.npy", None),
        ("blues.00000.0", None),
        ("", None),
        (".wav", None),
        ("/", None),
        (".", None),
        # There is another 02, among the rock.
        ("rock/02.mp3", None),
    ],
)
def test_a_key_means_the_clip_that_it_clearly_names(key, clip) -> None:
    assert clips(key) == [clip]


@pytest.mark.parametrize("key", ["01", "01.mp3", "elsewhere/01.wav"])
def test_a_key_that_fits_two_clips_is_refused(key) -> None:
    with pytest.raises(UserError, match=r"may be clip 'jazz\.01' or 'rock\.01'; write clips as"):
        clips("blues.00000", key)


def test_clips_that_differ_in_case_alone_are_told_apart_by_it() -> None:
    rows = [Row("Song", "x/Song.wav", "x"), Row("SONG", "x/SONG.wav", "x")]
    assert clips("SONG", "Song", rows=rows) == ["SONG", "Song"]
    assert clips("SONG.WAV", "x/Song.wav", rows=rows) == ["SONG", "Song"]
    with pytest.raises(UserError, match="key 'song' may be clip 'SONG' or 'Song'"):
        clips("song", rows=rows)


def test_of_several_keys_the_nearest_to_a_clips_name_counts() -> None:
    assert clips("pop/02.wav", "02.wav", "jazz/02.wav", "02") == [None, None, None, "02"]
    assert clips("polka/02.wav", "jazz/02.wav") == [None, "02"]
    assert clips("02.wav", "02.au") == ["02", "02"]


@pytest.mark.parametrize(
    ("key", "segment"),
    [
        ("blues.00000.0", "blues.00000.0"),
        ("blues.00000.9.wav", "blues.00000.9"),
        ("genres/blues/BLUES.00000.07.WAV", "blues.00000.7"),
        ("blues.00000.wav.3", "blues.00000.3"),
        ("rock/01.2.mp3", "rock.01.2"),
        ("blues.00000", None),
        ("blues.00000.wav", None),
        ("blues.00000.x", None),
    ],
)
def test_keys_of_segments_end_in_their_number(key, segment) -> None:
    assert clips(key, cut="3s") == [segment]


def test_only_audio_endings_are_cut() -> None:
    names = ["a.wav", "a.Flac", "a.00000", "a", ".wav", "a.b.mp3", "a.", "a.npy"]
    cut = ["a", "a", "a.00000", "a", "", "a.b", "a.", "a.npy"]
    assert [less_ending(name) for name in names] == cut


def test_a_clip_named_like_a_segment_of_another_is_a_whole_clip() -> None:
    rows = [Row("a", "x/a.wav", "x"), Row("a.0", "x/a.0.wav", "x")]
    assert Names(rows).cut_of(["a", "a.0"]) == "30s"
    assert Names(rows).cut_of(["a.0", "a.0.0", "a.0.1"]) == "3s"
