"""Notes of a song, from the patterns of a sketch: accompaniment, melody and drums."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from genregraph.demo.instruments import Note
from genregraph.demo.sketches import ACCENTS, BAR, Chord, Part, strokes

SECONDS = 30  # Of a clip.


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
        return int(np.ceil(SECONDS * self.tempo / 240))

    def chord(self, bar: int) -> Chord:
        """Chord of a bar."""
        return self.chords[bar % len(self.chords)]

    def seconds(self, step: int) -> float:
        """Time of a step counted from the start, its eighths swung."""
        beat, within = divmod(step / 4, 1)
        early, late = 2 * within * self.swing, 1 - 2 * (1 - within) * (1 - self.swing)
        return 60 / self.tempo * (beat + (early if within < 0.5 else late))

    def note(self, step: int, held: int, late: float, pitch: int, loudness: float) -> Note:
        """A note on a step, held for some steps, and late by some seconds."""
        start = self.seconds(step)
        return Note(start + late, round(self.seconds(step + held) - start, 4), pitch, loudness)


def pick(rng: Generator, options: Sequence[str]) -> str:
    """One of some options, all of them alike likely."""
    return options[int(rng.integers(len(options)))]


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


def accompany(part: Part, song: Song, rng: Generator) -> list[Note]:
    """Play a pattern over the progression; every fourth bar may take another pattern."""
    usual, variation = pick(rng, part.patterns.split()), pick(rng, part.patterns.split())
    notes = []
    for bar in range(song.bars):
        for step, held, symbol in strokes(variation if bar % 4 == 3 else usual):
            for rank, pitch in enumerate(_voice(symbol, part.register, song, bar)):
                late = 0.006 * rank + abs(rng.normal(0, 0.004))
                loudness = rng.uniform(0.75, 1.0) * (1.0 if step % 4 == 0 else 0.85)
                notes.append(song.note(bar * BAR + step, held, late, pitch, loudness))
    return notes


def sing(part: Part, song: Song, rng: Generator) -> list[Note]:
    """Play a melody in phrases A B A C, mostly by step; long and strong notes fit the chord."""
    ladder = [12 * octave + degree for octave in (0, 1) for degree in song.scale]
    motifs = []
    for _ in range(3):
        rhythm = list(strokes(pick(rng, part.patterns.split())))
        moves = rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3], len(rhythm))
        places = np.abs(rng.integers(len(ladder)) + np.cumsum(moves)) % len(ladder)
        motifs.append(list(zip(rhythm, places, strict=True)))
    tonic = part.register - 5 + (song.key - part.register + 5) % 12
    left_out = rng.random(song.bars // 4 + 1) < 0.2
    notes = []
    for bar in (bar for bar in range(song.bars) if not left_out[bar // 4]):
        for (step, held, _), place in motifs[(0, 1, 0, 2)[bar % 4]]:
            fits = step % 8 == 0 or held >= 4
            pitch = song.chord(bar).nearest_tone(ladder[place]) if fits else ladder[place]
            late, loudness = abs(rng.normal(0, 0.01)), rng.uniform(0.7, 1.0)
            notes.append(song.note(bar * BAR + step, held, late, tonic + pitch, loudness))
    return notes


def beat(pattern: str, song: Song, rng: Generator) -> Iterator[tuple[float, float]]:
    """Play a drum's pattern: seconds and loudness of its strokes."""
    for bar in range(song.bars):
        for step, _, symbol in strokes(pattern):
            late = abs(rng.normal(0, 0.004))
            yield song.seconds(bar * BAR + step) + late, ACCENTS[symbol] * rng.uniform(0.85, 1.0)
