import json

import numpy as np
import pandas as pd
import pytest

from settings.errors import UserError
from settings.keys import Names, less_ending, peek
from settings.sheet import AUDIO_SUFFIXES, Row

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


# A table's cut


def write(path, keys):
    """A table of some keys in any form."""
    x = np.ones((len(keys), 2))
    table = pd.DataFrame({"x": 1.0, "path": keys})
    match path.suffix:
        case ".csv":
            table.to_csv(path, index=False)
        case ".jsonl":
            path.write_text("\n".join(json.dumps({"path": key, "x": [1]}) for key in keys))
        case ".parquet":
            table.to_parquet(path)
        case ".npz":
            np.savez(path, IDS=np.array(keys), X=x)
        case ".npy":
            np.save(path, x)
            path.with_suffix(".txt").write_text("\n".join(keys))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "npz", "npy"])
def test_the_first_keys_of_any_form_tell_its_cut(tmp_path, ending) -> None:
    path = tmp_path / f"table.{ending}"
    for keys, cut in [
        (["blues/blues.00000.au", "blues/blues.00001.au"], "30s"),
        (["polka.0.wav", "blues.00000.0.wav", "blues.00000.1.wav"], "3s"),
        (["x", "y"], "30s"),
    ]:
        write(path, keys)
        assert peek(path) == keys
        assert Names(ROWS).cut_of(peek(path)) == cut


def test_arrays_by_clip_and_an_index_are_keys_too(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", **{"blues/blues.00000.3.wav": np.ones(2)})
    assert peek(tmp_path / "a.npz") == ["blues/blues.00000.3.wav"]
    pd.DataFrame({"x": [1.0]}, index=["blues.00000"]).to_parquet(tmp_path / "a.parquet")
    assert peek(tmp_path / "a.parquet") == ["blues.00000"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "npz", "npy", "xlsx"])
def test_what_cannot_be_read_has_no_first_keys(tmp_path, ending) -> None:
    path = tmp_path / f"table.{ending}"
    assert peek(path) == []
    path.write_bytes(b"\xff\x00 nothing")
    assert peek(path) == []


def test_a_clip_named_like_a_segment_of_another_is_a_whole_clip() -> None:
    rows = [Row("a", "x/a.wav", "x"), Row("a.0", "x/a.0.wav", "x")]
    assert Names(rows).cut_of(["a", "a.0"]) == "30s"
    assert Names(rows).cut_of(["a.0", "a.0.0", "a.0.1"]) == "3s"
