import logging
from collections import Counter
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from genregraph.audio.samples import SAMPLE_RATE, Samples
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row, read_sheet, write_sheet
from genregraph.demo.synthesise import GENRES, main, synthesise_clip

SHEET = Path(__file__).parents[2] / "config" / "datasets" / "demo.tsv"


@pytest.fixture(scope="module")
def clips() -> dict[str, Samples]:
    return {genre: synthesise_clip(genre, "an artist", "a clip", 0) for genre in GENRES}


def test_sheet_has_two_clips_of_three_artists_in_ten_genres() -> None:
    rows = read_sheet(SHEET)
    clips = Counter((row.genre, row.artist) for row in rows)
    assert Counter(genre for genre, _ in clips) == dict.fromkeys(GENRES, 3)
    assert set(clips.values()) == {2}
    assert all(row.group == row.artist and row.artist.startswith(row.genre) for row in rows)


@pytest.mark.parametrize("genre", GENRES)
def test_clip_is_fifteen_seconds_of_music_and_not_noise(clips, genre) -> None:
    clip = clips[genre]
    assert (clip.shape, clip.dtype) == ((330_750,), np.float32)
    assert 0.3 <= np.abs(clip).max() <= 0.95
    assert abs(clip.mean()) < 0.01
    assert np.median(librosa.feature.spectral_flatness(y=clip)) < 0.12  # White noise: 0.56.
    loudness = librosa.feature.rms(y=clip)[0]
    assert np.mean(loudness > 0.05 * loudness.max()) > 0.8  # hardly a silence


def test_clip_depends_on_its_arguments_alone(clips) -> None:
    again = synthesise_clip("blues", "an artist", "a clip", 0)  # After all others of the fixture.
    assert again.tobytes() == clips["blues"].tobytes()
    for other in [("an artist", "b", 0), ("b", "a clip", 0), ("an artist", "a clip", 1)]:
        assert abs(np.corrcoef(clips["jazz"], synthesise_clip("jazz", *other))[0, 1]) < 0.5


def test_clips_of_an_artist_resemble_each_other_more_than_others_of_the_genre() -> None:
    def timbre(artist: str, clip: str) -> np.ndarray:
        samples = synthesise_clip("pop", artist, clip, 0)
        return librosa.feature.mfcc(y=samples)[1:].mean(axis=1)  # The first is loudness.

    one, two = (np.stack([timbre(artist, clip) for clip in "abcd"]) for artist in ("A", "B"))
    within, between = (np.linalg.norm(one[:, None] - other, axis=2) for other in (one, two))
    assert within[np.triu_indices(4, 1)].mean() < 0.8 * between.mean()


def test_step_writes_all_clips_of_known_genres(tmp_path, caplog) -> None:
    sheet, one = tmp_path / "sheet.tsv", tmp_path / "out" / "in" / "one.wav"
    write_sheet([Row("one", "in/one.wav", "disco", artist="A")], sheet)
    with caplog.at_level(logging.INFO):
        main(sheet, tmp_path / "out", 3)
    assert list((tmp_path / "out").rglob("*.wav")) == [one]
    assert len(caplog.messages) == 1 and "one by A" in caplog.messages[0]
    samples, rate = soundfile.read(one, dtype="float32")
    assert (rate, soundfile.info(one).subtype) == (SAMPLE_RATE, "PCM_16")
    assert np.abs(samples - synthesise_clip("disco", "A", "one", 3)).max() <= 1 / 32768
    write_sheet([Row("two", "two.wav", "polka")], sheet)
    with pytest.raises(UserError, match=r"'polka'.*blues.*rock"):
        main(sheet, tmp_path / "out", 3)
