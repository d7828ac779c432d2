"""Synthesise the demo dataset: sketches of ten genres, played by invented artists.

A genre is a row of `demo.sketches.GENRES`. An artist is a genre with habits: a tempo, instruments,
a drum kit, a reverberation and a mixing desk, and whatever is borrowed from neighbouring genres. A
clip is one performance by an artist: a key, a tempo near the habit, a progression and a melody.
"""

import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer
from numpy.random import Generator

from genregraph.audio.samples import SAMPLE_RATE, Samples
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import read_sheet
from genregraph.demo.compose import SECONDS, Song, accompany, beat, pick, sing
from genregraph.demo.instruments import DRUMS, INSTRUMENTS, Waveform, clock, mix_in, unit_peak
from genregraph.demo.sketches import GENRES, PARTS, Part, Sketch, parse_groove, parse_harmony

logger = logging.getLogger(__name__)

CLIP_SAMPLES = SECONDS * SAMPLE_RATE
FFT_SIZE = 729_000  # A clip and the longest reverberation; a product of small primes.
EQ_CENTRES = np.array([60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 11000.0])  # Hz

# Chance that a field of a sketch comes from a neighbouring genre: this makes genres overlap.
ARTIST_BORROWS, CLIP_BORROWS = 0.1, 0.04
# Standard deviations of artists around their genre, and of clips around their artist: the larger
# the first is, the more a classifier gains from training clips of the same artist.
ARTIST_EQ_DB, CLIP_EQ_DB = 4.0, 0.8
ARTIST_MIX_DB, CLIP_MIX_DB = 2.5, 0.8


@dataclass(frozen=True)
class Artist:
    """Habits that the clips of one artist share; `choices` and `mix_db` are by part."""

    sketch: Sketch
    tempo: float  # quarter notes a minute
    choices: Mapping[str, int]  # of instrument
    brightness: float  # of the instruments; 1 is neutral
    tune: float  # of the drum kit; 1 is neutral
    mix_db: Mapping[str, float]
    eq_db: Waveform  # at EQ_CENTRES
    reverb_seconds: float


def _generator(seed: int, *names: str) -> Generator:
    """Random numbers that depend on the seed and the names only."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def _borrow(sketch: Sketch, chance: float, rng: Generator) -> Sketch:
    """Replace each field of a sketch, with the given chance, by that of a neighbouring genre."""
    other = GENRES[pick(rng, sketch.neighbours.split())]
    names = [field.name for field in fields(Sketch) if field.name != "neighbours"]
    return replace(sketch, **{n: getattr(other, n) for n in names if rng.random() < chance})


def invent_artist(genre: str, artist: str, seed: int) -> Artist:
    """Invent the habits of an artist, the same for every clip."""
    rng = _generator(seed, genre, artist)
    sketch = _borrow(GENRES[genre], ARTIST_BORROWS, rng)
    return Artist(
        sketch=sketch,
        tempo=rng.uniform(*sketch.tempo),
        choices={part: int(rng.integers(60)) for part in PARTS},
        brightness=rng.uniform(0.75, 1.3),
        tune=2 ** rng.normal(0, 0.2),
        mix_db={part: rng.normal(0, ARTIST_MIX_DB) for part in ("drums", *PARTS)},
        eq_db=rng.normal(0, ARTIST_EQ_DB, len(EQ_CENTRES)),
        reverb_seconds=rng.uniform(0.3, 1.6),
    )


def invent_song(artist: Artist, rng: Generator) -> Song:
    """Choose the progression, tempo and key of a clip."""
    scale, chords = parse_harmony(pick(rng, artist.sketch.harmony))
    tempo = artist.tempo * 2 ** rng.normal(0, 0.06)
    return Song(tempo, artist.sketch.swing, int(rng.integers(12)), scale, chords)


def render_drums(groove: str, artist: Artist, song: Song, rng: Generator) -> Waveform:
    """Play a groove: a clip of peak 1."""
    bus = np.zeros(CLIP_SAMPLES, dtype=np.float32)
    for drum, pattern in parse_groove(groove).items():
        wave = DRUMS[drum].stroke(artist.tune, rng)
        for start, loudness in beat(pattern, song, rng):
            mix_in(bus, wave, start, loudness)
    return unit_peak(bus)


def _perform(artist: Artist, song: Song, rng: Generator) -> dict[str, Waveform]:
    """Play a song, each part on its own bus of unit peak."""
    buses = {"drums": render_drums(pick(rng, artist.sketch.grooves), artist, song, rng)}
    for name in PARTS:
        part: Part = getattr(artist.sketch, name)
        if part.instruments:
            instruments = part.instruments.split(", ")
            instrument = INSTRUMENTS[instruments[artist.choices[name] % len(instruments)]]
            notes = (sing if name == "lead" else accompany)(part, song, rng)
            buses[name] = instrument.perform(notes, CLIP_SAMPLES, artist.brightness, rng)
    return buses


def _set_level(bus: Waveform, level_db: float) -> Waveform:
    """Scale a bus to a root-mean-square level in dB, measured where it sounds."""
    power, sounding = np.sum(bus**2), np.count_nonzero(np.abs(bus) > 1e-3)
    return bus * np.float32(10 ** (level_db / 20) * np.sqrt(sounding / power)) if power else bus


def _filter(mix: Waveform, artist: Artist, gains_db: Waveform, rng: Generator) -> Waveform:
    """Apply gains in dB at `EQ_CENTRES` and reverberation, noise that dies away exponentially."""
    time = clock(artist.reverb_seconds)
    fall = np.exp(-6.9 / artist.reverb_seconds * time, dtype=np.float32)  # By 60 dB.
    tail = rng.standard_normal(len(time), dtype=np.float32) * fall
    tail *= np.sqrt(artist.sketch.reverb / np.sum(tail**2))
    tail[0] += 1.0  # The direct sound.
    frequencies = np.fft.rfftfreq(FFT_SIZE, 1 / SAMPLE_RATE)
    octaves = np.log2(np.maximum(frequencies, 20.0))
    curve = np.interp(octaves, np.log2(EQ_CENTRES), 10 ** (gains_db / 20)).astype(np.float32)
    curve[frequencies < 25.0] = 0.001
    response = np.fft.rfft(tail, FFT_SIZE) * curve
    return np.fft.irfft(np.fft.rfft(mix, FFT_SIZE) * response, FFT_SIZE)[:CLIP_SAMPLES]


def _produce(buses: Mapping[str, Waveform], artist: Artist, rng: Generator) -> Waveform:
    """Mix the buses, equalise, add reverberation, and limit."""
    sketch = artist.sketch
    mix = np.zeros(CLIP_SAMPLES, dtype=np.float32)
    for name, bus in buses.items():
        level_db = sketch.drums_db if name == "drums" else getattr(sketch, name).level_db
        mix += _set_level(bus, level_db + artist.mix_db[name] + rng.normal(0, CLIP_MIX_DB))
    gains_db = sketch.tilt * np.log2(EQ_CENTRES / 1000.0) + artist.eq_db
    gains_db += rng.normal(0, CLIP_EQ_DB, len(EQ_CENTRES))
    mix = unit_peak(_filter(mix, artist, gains_db, rng))
    return np.tanh(np.float32(sketch.density) * mix)


def synthesise_clip(genre: str, artist: str, clip: str, seed: int) -> Samples:
    """30 s of music by a genre, an artist, a clip and a seed alone; peak between 0.3 and 0.95."""
    if genre not in GENRES:
        raise UserError(f"genre {genre!r} is unknown; the demo dataset has {', '.join(GENRES)}")
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
    seed: Annotated[int, typer.Option(help="Seed of the dataset.", min=0)] = 0,
) -> None:
    """Synthesise the clips of one genre of the demo dataset as 16-bit WAV files."""
    rows = [row for row in read_sheet(sheet) if row.genre == genre]
    if not rows:
        raise UserError(f"{sheet}: no clip of genre {genre!r}; name another genre or add a line")
    for row in rows:
        target = folder / row.path
        target.parent.mkdir(parents=True, exist_ok=True)
        samples = synthesise_clip(genre, row.artist, row.clip, seed)
        soundfile.write(target, samples, SAMPLE_RATE, subtype="PCM_16")
        logger.info("%s by %s written to %s", row.clip, row.artist, target)
