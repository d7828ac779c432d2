"""Synthesise the demo dataset: sketches of ten genres, played by invented artists.

A genre is a row of `demo.sketches.GENRES`. An artist is a genre with habits: a tempo, instruments,
a drum kit, a room and a mixing desk, and whatever is borrowed from neighbouring genres. A clip is
one performance by an artist: a key, a tempo near the habit, a progression and a melody.
"""

import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import read_sheet
from genregraph.demo.instruments import (
    DRUMS,
    INSTRUMENTS,
    Note,
    Waveform,
    mix_in,
    stroke,
    unit_peak,
)
from genregraph.demo.sketches import (
    ACCENTS,
    BAR,
    GENRES,
    PARTS,
    Chord,
    Part,
    Sketch,
    parse_groove,
    parse_harmony,
    strokes,
)

logger = logging.getLogger(__name__)

CLIP_SECONDS = 30
CLIP_SAMPLES = CLIP_SECONDS * SAMPLE_RATE
EQ_CENTRES = np.array([60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 11000.0])  # Hz

# Chance that a field of a sketch comes from a neighbouring genre: this makes genres overlap.
ARTIST_BORROWS, CLIP_BORROWS = 0.1, 0.04
# Standard deviations of artists around their genre, and of clips around their artist: the wider
# the first beside the second, the more a classifier gains from having heard the artist before.
ARTIST_EQ_DB, CLIP_EQ_DB = 3.0, 0.8
ARTIST_MIX_DB, CLIP_MIX_DB = 2.5, 0.8


@dataclass(frozen=True)
class Artist:
    """Habits that the clips of one artist share; `choices` and `mix_db` are by part."""

    sketch: Sketch
    tempo: float  # quarter notes a minute
    choices: Mapping[str, int]  # of instrument
    brightness: float  # of the instruments; 1 is neutral
    tune: float  # of the drum kit; 1 is neutral
    ring: float  # of the drum kit; 1 is neutral
    mix_db: Mapping[str, float]
    eq_db: NDArray[np.float64]  # at EQ_CENTRES
    room_seconds: float
    hiss_db: float  # below the peak of the mix


@dataclass(frozen=True)
class Song:
    """What the players of a clip agree on."""

    tempo: float  # quarter notes a minute
    swing: float  # as in `Sketch`
    key: int  # pitch class of the tonic, 0 to 11
    scale: tuple[int, ...]  # semitones above the tonic
    chords: tuple[Chord, ...]  # one a bar, repeated

    @property
    def bars(self) -> int:
        """Bars begun before the clip is over."""
        return int(np.ceil(CLIP_SECONDS * self.tempo / 240))

    def chord(self, bar: int) -> Chord:
        """Chord of a bar."""
        return self.chords[bar % len(self.chords)]

    def seconds(self, step: int) -> float:
        """Time of a step counted from the start, its eighths swung."""
        beat, within = divmod(step / 4, 1)
        swung = np.interp(within, (0.0, 0.5, 1.0), (0.0, self.swing, 1.0))
        return float(60 / self.tempo * (beat + swung))

    def span(self, step: int, held: int) -> tuple[float, float]:
        """Start and length in seconds of a note held for some steps."""
        start = self.seconds(step)
        return start, round(self.seconds(step + held) - start, 4)


def _generator(seed: int, *names: str) -> Generator:
    """Random numbers that depend on the seed and the names only."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def _pick(rng: Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _borrow(sketch: Sketch, chance: float, rng: Generator) -> Sketch:
    """Replace each field of a sketch, with the given chance, by that of a neighbouring genre."""
    other = GENRES[_pick(rng, sketch.neighbours.split())]
    names = [field.name for field in fields(Sketch) if field.name != "neighbours"]
    return replace(sketch, **{n: getattr(other, n) for n in names if rng.random() < chance})


def invent_artist(genre: str, artist: str, seed: int) -> Artist:
    """Invent the habits of an artist, the same for every clip.

    Parameters
    ----------
    genre : str
        One of the names in `GENRES`; any other raises `KeyError`.
    artist : str
        Any name.
    seed : int
        0 or more.
    """
    rng = _generator(seed, genre, artist)
    sketch = _borrow(GENRES[genre], ARTIST_BORROWS, rng)
    return Artist(
        sketch=sketch,
        tempo=rng.uniform(*sketch.tempo),
        choices={part: int(rng.integers(60)) for part in PARTS},
        brightness=rng.uniform(0.75, 1.3),
        tune=2 ** rng.normal(0, 0.2),
        ring=2 ** rng.normal(0, 0.35),
        mix_db={part: rng.normal(0, ARTIST_MIX_DB) for part in ("drums", *PARTS)},
        eq_db=rng.normal(0, ARTIST_EQ_DB, len(EQ_CENTRES)),
        room_seconds=rng.uniform(0.3, 1.6),
        hiss_db=rng.uniform(-80, -50),
    )


def invent_song(artist: Artist, rng: Generator) -> Song:
    """Choose the progression, tempo and key of a clip."""
    scale, chords = parse_harmony(_pick(rng, artist.sketch.harmony))
    tempo = artist.tempo * 2 ** rng.normal(0, 0.06)
    return Song(tempo, artist.sketch.swing, int(rng.integers(12)), scale, chords)


def _voice(symbol: str, register: int, song: Song, bar: int) -> list[int]:
    """MIDI pitches of one symbol of a pattern, from the register upwards."""
    chord = song.chord(bar)
    root = register + (song.key + chord.root - register) % 12
    if symbol == "a":
        return [root + (song.chord(bar + 1).root - chord.root - 1) % 12]
    if symbol != "x":
        return [root + chord.degree(symbol)]
    if len(chord.tones) == 2:
        return [root, root + 7, root + 12]
    # Each tone in the octave above the register, so that chords change by small steps.
    return sorted(register + (root + tone - register) % 12 for tone in chord.tones)


def _accompany(part: Part, song: Song, rng: Generator) -> list[Note]:
    """Play a pattern over the progression; every fourth bar may take another pattern."""
    usual, variation = _pick(rng, part.patterns.split()), _pick(rng, part.patterns.split())
    notes = []
    for bar in range(song.bars):
        for step, held, symbol in strokes(variation if bar % 4 == 3 else usual):
            start, seconds = song.span(bar * BAR + step, held)
            for rank, pitch in enumerate(_voice(symbol, part.register, song, bar)):
                late = 0.006 * rank + abs(rng.normal(0, 0.004))
                loudness = rng.uniform(0.75, 1.0) * (1.0 if step % 4 == 0 else 0.85)
                notes.append(Note(start + late, seconds, pitch, loudness))
    return notes


def _motif(pattern: str, compass: int, rng: Generator) -> list[tuple[int, int, int]]:
    """One bar of melody, mostly by step: step, steps held, place on a scale of `compass` notes."""
    place, motif = int(rng.integers(compass // 4, compass)), []
    for step, held, _ in strokes(pattern):
        motif.append((step, held, place))
        move = int(rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]))
        place += move if 0 <= place + move < compass else -move
    return motif


def _sing(part: Part, song: Song, rng: Generator) -> list[Note]:
    """Play a melody in phrases A B A C, some left out; long and strong notes fit the chord."""
    ladder = [12 * octave + degree for octave in (0, 1) for degree in song.scale]
    motifs = [_motif(_pick(rng, part.patterns.split()), len(ladder), rng) for _ in range(3)]
    tonic = part.register - 5 + (song.key - part.register + 5) % 12
    left_out = rng.random(song.bars // 4 + 1) < 0.2
    notes = []
    for bar in (bar for bar in range(song.bars) if not left_out[bar // 4]):
        for step, held, place in motifs[(0, 1, 0, 2)[bar % 4]]:
            fits = step % 8 == 0 or held >= 4
            pitch = song.chord(bar).nearest_tone(ladder[place]) if fits else ladder[place]
            start, seconds = song.span(bar * BAR + step, held)
            late, loudness = abs(rng.normal(0, 0.01)), rng.uniform(0.7, 1.0)
            notes.append(Note(start + late, seconds, tonic + pitch, loudness))
    return notes


def render_drums(groove: str, artist: Artist, song: Song, rng: Generator) -> Waveform:
    """Play a groove, with a snare fill at the end of some four-bar phrases.

    Returns
    -------
    NDArray[np.float64], shape (661_500,)
        30 s at 22,050 Hz, peak 1, or zeros if the groove is empty.
    """
    bus = np.zeros(CLIP_SAMPLES)
    fills = (rng.random(song.bars) < 0.5) & (np.arange(song.bars) % 4 == 3)
    for drum, usual in parse_groove(groove).items():
        wave = stroke(DRUMS[drum], artist.tune, artist.ring, rng)
        for bar, fill in enumerate(fills):
            pattern = usual[:12] + "xxxX" if fill and drum == "snare" else usual
            for step, _, symbol in strokes(pattern):
                start = song.seconds(bar * BAR + step) + abs(rng.normal(0, 0.004))
                mix_in(bus, wave, start, ACCENTS[symbol] * rng.uniform(0.85, 1.0))
    return unit_peak(bus)


def _perform(artist: Artist, song: Song, rng: Generator) -> dict[str, Waveform]:
    """Play a song, each part on its own bus of unit peak."""
    buses = {"drums": render_drums(_pick(rng, artist.sketch.grooves), artist, song, rng)}
    for name in PARTS:
        part: Part = getattr(artist.sketch, name)
        if part.instruments:
            instruments = part.instruments.split(", ")
            instrument = instruments[artist.choices[name] % len(instruments)]
            notes = (_sing if name == "lead" else _accompany)(part, song, rng)
            buses[name] = INSTRUMENTS[instrument].perform(
                notes, CLIP_SAMPLES, artist.brightness, rng
            )
    return buses


def _set_level(bus: Waveform, level_db: float) -> Waveform:
    """Scale a bus to a root-mean-square level in dB, measured where it sounds."""
    sounding = bus[np.abs(bus) > 1e-3]
    scale = 10 ** (level_db / 20) / np.sqrt(np.mean(sounding**2)) if sounding.size else 1.0
    return bus * scale


def _equalise(mix: Waveform, gains_db: NDArray[np.float64]) -> Waveform:
    """Apply gains in dB at EQ_CENTRES, joined by straight lines over log frequency."""
    frequencies = np.fft.rfftfreq(len(mix), 1 / SAMPLE_RATE)
    curve = np.interp(np.log(np.maximum(frequencies, 20.0)), np.log(EQ_CENTRES), gains_db)
    curve[frequencies < 25.0] = -60.0
    return np.fft.irfft(np.fft.rfft(mix) * 10 ** (curve / 20), len(mix))


def _reverberate(mix: Waveform, share: float, seconds: float, rng: Generator) -> Waveform:
    """Add a room: noise that falls by 60 dB in `seconds`, of energy `share`."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / seconds)
    tail *= np.sqrt(share / np.sum(tail**2))
    wet: Waveform = fftconvolve(mix, tail)[: len(mix)]
    return mix + wet


def _produce(buses: Mapping[str, Waveform], artist: Artist, rng: Generator) -> Waveform:
    """Mix the buses, equalise, add the room and tape hiss, and limit."""
    sketch = artist.sketch
    mix = np.zeros(CLIP_SAMPLES)
    for name, bus in buses.items():
        level_db = sketch.drums_db if name == "drums" else getattr(sketch, name).level_db
        mix += _set_level(bus, level_db + artist.mix_db[name] + rng.normal(0, CLIP_MIX_DB))
    gains_db = sketch.tilt * np.log2(EQ_CENTRES / 1000.0) + artist.eq_db
    mix = _equalise(mix, gains_db + rng.normal(0, CLIP_EQ_DB, len(EQ_CENTRES)))
    mix = unit_peak(_reverberate(mix, sketch.room, artist.room_seconds, rng))
    mix += 10 ** (artist.hiss_db / 20) * rng.standard_normal(CLIP_SAMPLES)
    limited: Waveform = np.tanh(sketch.density * mix)
    return limited


def synthesise_clip(genre: str, artist: str, clip: str, seed: int) -> NDArray[np.float32]:
    """Synthesise one clip of the demo dataset.

    Parameters
    ----------
    genre : str
        One of the ten names in `GENRES`.
    artist, clip : str
        Any names; an artist's clips share tempo habit, instruments and mixing.
    seed : int
        0 or more; another seed gives another dataset.

    Returns
    -------
    NDArray[np.float32], shape (661_500,)
        30 s of mono at 22,050 Hz, peak between 0.3 and 0.95. It depends on the four arguments
        only, not on clips synthesised before.

    Raises
    ------
    UserError
        If the genre is unknown or the seed negative.
    """
    if genre not in GENRES:
        raise UserError(f"genre {genre!r} is unknown; the demo dataset has {', '.join(GENRES)}")
    if seed < 0:
        raise UserError(f"seed is {seed}; give 0 or a positive whole number")
    habits = invent_artist(genre, artist, seed)
    rng = _generator(seed, genre, artist, clip)
    habits = replace(habits, sketch=_borrow(habits.sketch, CLIP_BORROWS, rng))
    buses = _perform(habits, invent_song(habits, rng), rng)
    mix = _produce(buses, habits, rng)
    return (unit_peak(mix) * rng.uniform(0.35, 0.93)).astype(np.float32)


def main(
    sheet: Annotated[Path, typer.Option(help="Dataset sheet (TSV) with artists.")],
    genre: Annotated[str, typer.Option(help="Genre whose clips to synthesise.")],
    folder: Annotated[Path, typer.Option(help="Folder that the sheet's paths are relative to.")],
    seed: Annotated[int, typer.Option(help="Seed of the whole dataset.", min=0)] = 0,
) -> None:
    """Synthesise the clips of one genre of the demo dataset as 16-bit WAV files."""
    rows = [row for row in read_sheet(sheet) if row.genre == genre]
    if not rows:
        raise UserError(f"{sheet}: no clip of genre {genre!r}; name another genre or add a line")
    for row in rows:
        target = folder / row.path
        target.parent.mkdir(parents=True, exist_ok=True)
        samples = synthesise_clip(genre, row.artist, row.clip, seed)
        part = target.with_name(f".part-{target.name}")
        soundfile.write(part, samples, SAMPLE_RATE, subtype="PCM_16")
        part.replace(target)
        logger.info("%s by %s written to %s", row.clip, row.artist, target)
