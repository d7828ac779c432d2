import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import AUDIO_SUFFIXES, Row
from genregraph.features.keys import Names

ROWS = [
    Row("blues.00000", "blues/blues.00000.wav", "blues"),
    Row("rock.01", "rock/01.mp3", "rock"),
    Row("jazz.01", "jazz/01.mp3", "jazz"),
    Row("02", "jazz/02.mp3", "jazz"),
    Row("000003", "000/000003.mp3", "rock"),
    Row("a song", "pop/Ün, deux.flac", "pop"),
]


def clips(*keys, cut="30s", rows=ROWS):
    named = Names(rows).match(keys, cut)
    return [named.get(key) for key in keys]


@pytest.mark.parametrize(
    ("key", "clip"),
    [
        *((f"blues.00000{extension}", "blues.00000") for extension in ("", *AUDIO_SUFFIXES)),
        ("BLUES.00000.WAV", "blues.00000"),
        ("'blues.00000.wav'", "blues.00000"),
        *((f"{at}/blues.00000.wav", "blues.00000") for at in ("/data/blues", ".", "elsewhere")),
        ("C:\\Music\\Blues\\Blues.00000.Wav", "blues.00000"),
        ("jazz\\01", "jazz.01"),
        ("fma/000/000003.mp3", "000003"),
        *((key, "a song") for key in ("Ün, deux.wav", "u\u0308n, DEUX", " a song ")),
        *((key, None) for key in ["blues.00002", "blues", "3", "blues.00000.npy", "blues.00000.0"]),
        *((empty, None) for empty in ["", ".wav", "/", "."]),
        # There is another 02, among the rock.
        ("rock/02.mp3", None),
    ],
)
def test_key_means_the_clip_that_it_clearly_names(key, clip):
    assert clips(key) == [clip]


@pytest.mark.parametrize("key", ["01", "01.mp3", "elsewhere/01.wav"])
def test_key_that_fits_two_clips_is_rejected(key):
    with pytest.raises(UserError, match=r"may be clip 'jazz\.01' or 'rock\.01'; write clips as"):
        clips("blues.00000", key)


def test_clips_may_differ_in_case_alone():
    rows = [Row("Song", "x/Song.wav", "x"), Row("SONG", "x/SONG.wav", "x")]
    assert clips("SONG", "Song", rows=rows) == ["SONG", "Song"]
    with pytest.raises(UserError, match="key 'song' may be clip 'SONG' or 'Song'"):
        clips("song", rows=rows)


def test_of_several_keys_the_nearest_to_a_clips_name_counts():
    assert clips("pop/02.wav", "02.wav", "jazz/02.wav", "02") == [None, None, None, "02"]
    assert clips("polka/02.wav", "jazz/02.wav") == [None, "02"]
    assert clips("02.wav", "02.au") == ["02", "02"]


@pytest.mark.parametrize(
    ("key", "segment"),
    [
        ("blues.00000.0", "blues.00000.0"),
        ("genres/blues/BLUES.00000.07.WAV", "blues.00000.7"),
        ("blues.00000.wav.3", "blues.00000.3"),
        ("rock/01.2.mp3", "rock.01.2"),
        *((key, None) for key in ("blues.00000", "blues.00000.x")),
    ],
)
def test_keys_of_segments_have_their_number_last(key, segment):
    assert clips(key, cut="3s") == [segment]


def test_clip_may_be_named_like_a_segment_of_another():
    rows = [Row("a", "x/a.wav", "x"), Row("a.0", "x/a.0.wav", "x")]
    assert Names(rows).cut_of(["a", "a.0"]) == "30s"
    assert Names(rows).cut_of(["a.0", "a.0.0", "a.0.1"]) == "3s"
