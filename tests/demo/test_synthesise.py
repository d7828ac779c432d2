import logging
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from genregraph.audio.samples import SAMPLE_RATE, Samples
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import read_sheet
from genregraph.demo import sketches, synthesise
from genregraph.demo.compose import Song
from genregraph.demo.instruments import DRUMS, INSTRUMENTS, Note
from genregraph.demo.sketches import GENRES
from genregraph.demo.synthesise import invent_artist, invent_song, main, synthesise_clip

SHEET = Path(__file__).parents[2] / "config" / "datasets" / "demo.tsv"


@pytest.fixture(scope="module")
def clips() -> dict[str, Samples]:
    return {genre: synthesise_clip(genre, "an artist", "a clip", 0) for genre in GENRES}


def test_sheet_has_four_clips_of_three_artists_in_ten_genres() -> None:
    rows = read_sheet(SHEET)
    assert len(rows) == 120
    assert {row.genre for row in rows} == set(GENRES)
    assert len({row.artist for row in rows}) == 30
    assert all(row.path == f"{row.genre}/{row.clip}.wav" for row in rows)
    assert all(row.group == row.artist and row.artist.startswith(row.genre) for row in rows)


@pytest.mark.parametrize("genre", GENRES)
def test_sketch_can_be_played(genre) -> None:
    sketch = GENRES[genre]
    assert set(sketch.neighbours.split()) <= set(GENRES) - {genre}
    assert all(chords for _, chords in map(sketches.parse_harmony, sketch.harmony))
    for groove in map(sketches.parse_groove, sketch.grooves):
        assert set(groove) <= set(DRUMS)
        assert all(len(pattern) == sketches.BAR for pattern in groove.values())
        assert set("".join(groove.values())) <= {".", *sketches.ACCENTS}
    for part in (getattr(sketch, name) for name in sketches.PARTS):
        assert set(filter(None, part.instruments.split(", "))) <= set(INSTRUMENTS)
        for pattern in part.patterns.split():
            assert len(pattern) == sketches.BAR and set(pattern) <= set(".-x12345678a"), pattern


@pytest.mark.parametrize("genre", GENRES)
def test_clip_is_thirty_seconds_of_music_and_not_noise(clips, genre) -> None:
    clip = clips[genre]
    assert (clip.shape, clip.dtype) == ((661_500,), np.float32)
    assert 0.3 <= np.abs(clip).max() <= 0.95
    assert abs(clip.mean()) < 0.01
    flatness = np.median(librosa.feature.spectral_flatness(y=clip))
    assert flatness < 0.12  # white noise has about 0.56, cymbals and distortion some
    loudness = librosa.feature.rms(y=clip)[0]
    assert np.mean(loudness > 0.05 * loudness.max()) > 0.8  # hardly a silence


def test_clip_depends_on_its_arguments_alone(clips) -> None:
    for genre in ("rock", "blues"):  # not the order in which the fixture made them
        again = synthesise_clip(genre, "an artist", "a clip", 0)
        assert again.tobytes() == clips[genre].tobytes()
    for other in [
        ("an artist", "another", 0),
        ("another", "a clip", 0),
        ("an artist", "a clip", 1),
    ]:
        assert abs(np.corrcoef(clips["jazz"], synthesise_clip("jazz", *other))[0, 1]) < 0.5


@pytest.mark.parametrize("genre", ["classical", "jazz", "pop", "country"])
def test_notes_lie_on_the_tempered_scale(clips, genre) -> None:
    clip = clips[genre][: 10 * SAMPLE_RATE]
    frequencies, magnitudes = librosa.piptrack(
        y=clip, sr=SAMPLE_RATE, n_fft=8192, fmin=200, fmax=1000, threshold=0.2
    )
    semitones = librosa.hz_to_midi(frequencies[magnitudes > 0])
    off = np.abs(semitones - np.round(semitones))
    assert np.median(off) < 0.1  # a uniform spread would give 0.25


@pytest.mark.parametrize("genre", sorted(set(GENRES) - {"classical"}))
def test_drums_keep_the_tempo(genre) -> None:
    rng = np.random.default_rng(0)
    artist = invent_artist(genre, "an artist", 0)
    song = invent_song(artist, rng)
    drums = synthesise.render_drums(GENRES[genre].grooves[0], artist, song, rng)
    hop = 256
    onsets = librosa.onset.onset_strength(y=drums, sr=SAMPLE_RATE, hop_length=hop)
    repeats = librosa.autocorrelate(onsets - onsets.mean())
    bar = 240 / song.tempo * SAMPLE_RATE / hop
    lags = np.arange(round(0.9 * bar), round(1.1 * bar))
    assert lags[repeats[lags].argmax()] == pytest.approx(bar, rel=0.015)


def test_swing_delays_the_off_beat_only() -> None:
    song = Song(tempo=120, swing=2 / 3, key=0, scale=sketches.SCALES["blues"], chords=())
    steps = [song.seconds(step) for step in (0, 1, 2, 3, 4, 8)]
    assert steps == pytest.approx([0, 1 / 6, 1 / 3, 5 / 12, 0.5, 1.0])


def test_harmony_is_read_as_scale_and_chords() -> None:
    scale, chords = sketches.parse_harmony("pentatonic: I bVII7 ii5 imaj7")
    assert scale == sketches.SCALES["pentatonic"]
    tones = [(0, 4, 7), (0, 4, 7, 10), (0, 7), (0, 3, 7, 11)]
    assert chords == tuple(map(sketches.Chord, (0, 10, 2, 0), tones))
    fifth = sketches.parse_chord("V7")  # 7 11 2 5
    assert [fifth.nearest_tone(pitch) for pitch in (7, 12, 13, 21)] == [7, 11, 14, 19]
    for name, degrees in {
        "I": [0, 2, 4, 5, 7, 9, 10, 12],
        "imaj7": [0, 2, 3, 5, 7, 9, 11, 12],
        "V5": [0, 2, 7, 5, 7, 9, 10, 12],  # A power chord has no third: the fifth for it.
    }.items():
        assert [sketches.parse_chord(name).degree(digit) for digit in "12345678"] == degrees


def test_strokes_are_held_until_the_next_or_a_silence() -> None:
    held = [(2, 3, "x"), (5, 1, "1"), (7, 2, "a"), (9, 1, "x"), (10, 1, "x")]
    assert list(sketches.strokes("..x--1.a-xx.....")) == held


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_instrument_plays_in_tune_and_where_the_note_is(name) -> None:
    note = Note(start=0.5, seconds=0.5, pitch=57, loudness=0.8)  # 220 Hz
    wave = INSTRUMENTS[name].perform([note], 2 * SAMPLE_RATE, 1.0, np.random.default_rng(0))
    assert wave.shape == (2 * SAMPLE_RATE,)
    assert np.abs(wave).max() == pytest.approx(1)
    assert not wave[: SAMPLE_RATE // 2].any() and not wave[-SAMPLE_RATE // 2 :].any()
    spectrum = np.abs(np.fft.rfft(wave))  # 0.5 Hz a bin
    harmonic = np.argmax(spectrum) / 2 / 220
    assert harmonic == pytest.approx(max(1, round(harmonic)), abs=0.02)


def test_step_writes_the_genre_and_no_other(tmp_path, caplog) -> None:
    sheet, one = tmp_path / "sheet.tsv", tmp_path / "out" / "in" / "one.wav"
    sheet.write_text(
        "clip\tpath\tgenre\tartist\none\tin/one.wav\tdisco\tA\ntwo\ttwo.wav\tpolka\tB\n"
    )
    with caplog.at_level(logging.INFO):
        main(sheet, "disco", tmp_path / "out", 3)
    assert list((tmp_path / "out").rglob("*.wav")) == [one]
    assert len(caplog.messages) == 1 and "one by A" in caplog.messages[0]
    samples, rate = soundfile.read(one, dtype="float32")
    assert (rate, soundfile.info(one).subtype) == (SAMPLE_RATE, "PCM_16")
    assert np.abs(samples - synthesise_clip("disco", "A", "one", 3)).max() <= 1 / 32768
    with pytest.raises(UserError, match="no clip of genre 'jazz'"):
        main(sheet, "jazz", tmp_path / "out", 3)
    with pytest.raises(UserError, match=r"'polka'.*blues.*rock"):
        main(sheet, "polka", tmp_path / "out", 3)
