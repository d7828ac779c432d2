"""Synthesise the demo dataset: sketches of ten genres, played by invented artists.

A genre is a row of the table `GENRES`. An artist is a genre with habits: a tempo, instruments, a
drum kit, a room and a mixing desk, and whatever is borrowed from neighbouring genres. A clip is
one performance by an artist: a key, a tempo near the habit, a progression and a melody.
"""

import logging
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import soundfile
import typer
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from audio.instruments import DRUMS, INSTRUMENTS, SAMPLE_RATE, Waveform, stroke, unit_peak
from settings.errors import UserError
from settings.sheet import read_sheet

logger = logging.getLogger(__name__)
T = TypeVar("T")

CLIP_SECONDS = 30
CLIP_SAMPLES = CLIP_SECONDS * SAMPLE_RATE
BAR = 16  # steps, four to the beat
PARTS = ("bass", "comp", "pad", "lead")
ACCENTS = {"o": 0.35, "x": 0.75, "X": 1.0}
EQ_CENTRES = np.array([60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 11000.0])  # Hz

# Chance that a field of a sketch comes from a neighbouring genre: this makes genres overlap.
ARTIST_BORROWS, CLIP_BORROWS = 0.1, 0.04
# Standard deviations of artists around their genre, and of clips around their artist: the wider
# the first beside the second, the more a classifier gains from having heard the artist before.
ARTIST_EQ_DB, CLIP_EQ_DB = 3.0, 0.8
ARTIST_MIX_DB, CLIP_MIX_DB = 2.5, 0.8

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
}
ROMAN = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
CHORD_NAME = re.compile(r"(?P<flat>b?)(?P<numeral>[IV]+|[iv]+)(?P<quality>maj7|5|7|)")


@dataclass(frozen=True)
class Part:
    """What one player may do: instruments an artist picks from, patterns a clip picks from.

    A pattern is one bar of 16 steps. `.` is silence and `-` holds the step before; `x` is the
    whole chord (or the next note of a melody), a digit that degree above the root of the chord
    (8 the octave), `a` a semitone below the next root.
    """

    instruments: str  # separated by commas; none if nobody plays the part
    patterns: str  # separated by spaces
    register: int  # MIDI pitch the part stays above
    level: float  # dB


@dataclass(frozen=True)
class Sketch:
    """Sketch of a genre. In a drum pattern `x` is a stroke, `X` an accent, `o` a ghost note."""

    tempo: tuple[int, int]  # quarter notes a minute
    swing: float  # share of the beat before its second eighth; 0.5 is straight
    tilt: float  # dB an octave, around 1 kHz
    room: float  # energy of the reverberation, the direct sound being 1
    density: float  # how hard the mix is pushed into the limiter; 1 is hardly
    neighbours: str
    harmony: tuple[str, ...]  # scale of the melody, then a chord a bar
    drums_db: float
    grooves: tuple[str, ...]
    bass: Part
    comp: Part
    pad: Part
    lead: Part


# fmt: off
GENRES = {
    "blues": Sketch(
        tempo=(66, 124), swing=0.66, tilt=-2.5, room=0.12, density=1.5,
        neighbours="rock jazz country",
        harmony=(
            "blues: I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7",
            "blues: I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7",
            "minor pentatonic: i7 i7 i7 i7 iv7 iv7 i7 i7 bVI7 V7 i7 V7",
        ),
        drums_db=-5,
        grooves=(
            "kick x.......x......., snare ....x.......x..., ride x.x.x.x.x.x.x.x.",
            "kick x.....x.x......., snare ....X.......X..., hat X.x.X.x.X.x.X.x.",
            "brush x.o.X.o.x.o.X.o., kick x...x...x...x...",
        ),
        bass=Part("upright bass, electric bass",
                  "1-1-3-3-5-5-6-5- 1---3---5---6--- 1-..1-5-..5-6-5-", 28, -2),
        comp=Part("crunch guitar, piano, clean guitar, steel guitar",
                  "x.x.x.x.x.x.x.x. ..x-..x-..x-..x- x-----x-........", 50, -5),
        pad=Part("organ", "x--------------- ........x-------", 55, -13),
        lead=Part("lead guitar, harmonica, sax, voice, clean guitar",
                  "..x-x-x---...... x-x-..x-x-----.. ....x.x.x-x-x--- x-------........", 60, -2),
    ),
    "classical": Sketch(
        tempo=(58, 126), swing=0.5, tilt=-4.2, room=0.35, density=1.0,
        neighbours="jazz pop country",
        harmony=(
            "major: I IV V I vi ii V7 I",
            "major: I V vi iii IV I ii V7",
            "harmonic minor: i iv V7 i bVI iv V7 V7",
            "harmonic minor: i bVII bIII bVI iv i V7 i",
        ),
        drums_db=-12,
        grooves=("",),
        bass=Part("cello, piano, cello",
                  "1--------------- 1-------5------- 1-------3---5---", 36, -5),
        comp=Part("piano, strings, nylon guitar, strings",
                  "1-5-3-5-1-5-3-5- 1-3-5-8-5-3-5-3- x-------x------- 1535153515351535", 55, -4),
        pad=Part("strings, choir, strings", "x---------------", 55, -8),
        lead=Part("violin, flute, clarinet, violin, piano",
                  "x-------x---x--- x---x---x------- x---x-x-x-x-x--- x-x-x-x-x---x---", 67, -3),
    ),
    "country": Sketch(
        tempo=(84, 144), swing=0.54, tilt=0.0, room=0.1, density=1.4,
        neighbours="rock pop blues",
        harmony=(
            "pentatonic: I I IV IV V V I I",
            "major: I IV I V I IV V I",
            "major: I V IV I vi IV V I",
        ),
        drums_db=-7,
        grooves=(
            "kick x...x...x...x..., brush xoXoxoXoxoXoxoXo",
            "kick x.......x......., snare ....x.......x..., hat x.x.x.x.x.x.x.x.",
            "kick x.......x......., rim ....x.......x..., shaker x.x.x.x.x.x.x.x.",
        ),
        bass=Part("upright bass, electric bass", "1---....5---.... 1---....5-----a-", 28, -2),
        comp=Part("steel guitar, steel guitar, clean guitar, piano",
                  "....x-......x-.. ..x-x-x-..x-x-x- x-..x-x-x-..x-x-", 48, -4),
        pad=Part("banjo, steel slide, steel guitar",
                 "1.3.5.8.5.3.5.8. 1-35-85-1-35-85- x---------------", 60, -9),
        lead=Part("voice, steel slide, violin, clean guitar, banjo",
                  "x-x-x---x-x-x--- x---x-x-x------- ..x-x-x-x---x---", 62, -2),
    ),
    "disco": Sketch(
        tempo=(106, 130), swing=0.5, tilt=0.8, room=0.12, density=2.0,
        neighbours="pop hiphop rock",
        harmony=(
            "dorian: i7 i7 IV7 IV7",
            "minor: i7 iv7 bVII7 bIIImaj7",
            "major: vi7 ii7 V7 Imaj7",
        ),
        drums_db=-2,
        grooves=(
            "kick x...x...x...x..., snare ....x.......x..., "
            "open hat ..x...x...x...x., hat x...x...x...x...",
            "kick X...X...X...X..., clap ....x.......x..., "
            "open hat ..x...x...x...x., shaker xoxoxoxoxoxoxoxo",
            "kick x...x...x...x..., clap ....X.......X..., hat x.xxx.xxx.xxx.xx",
        ),
        bass=Part("electric bass, synth bass",
                  "1.8.1.8.1.8.1.8. 1..11.8.5..57.8. 1-..8.1.1-..8.7.", 28, -2),
        comp=Part("clean guitar, electric piano, clean guitar, synth",
                  "..xx..x...xx..x. x..x..x.x..x..x. ..x...x...x...x.", 55, -6),
        pad=Part("strings, strings, synth",
                 "x--------------- x-------..x-x-.. ........x-x-x---", 62, -8),
        lead=Part("voice, trumpet, strings, sax",
                  "x-x-..x-x---.... x---x-x-x------- ..x-x-x-..x-x---", 64, -3),
    ),
    "hiphop": Sketch(
        tempo=(78, 112), swing=0.57, tilt=-1.7, room=0.04, density=2.2,
        neighbours="pop disco reggae",
        harmony=(
            "minor pentatonic: i7 i7 iv7 i7",
            "minor: i bVI",
            "dorian: i7 IV7",
            "minor pentatonic: i",
        ),
        drums_db=0,
        grooves=(
            "kick x..x......x..x.., snare ....X.......X..., hat x.x.x.x.x.x.x.x.",
            "kick x.x.......xx...., clap ....X.......X..., hat x.xxx.x.x.xxx.xx",
            "kick X.....x...x....., snare ....X..o.o..X..., shaker x.x.x.x.x.x.x.x.",
        ),
        bass=Part("sub bass, synth bass, electric bass",
                  "1--1......1--1.. 1-----..5-1-.... 1-1.......11....", 28, 0),
        comp=Part("electric piano, piano, strings, vibraphone",
                  "x-----....x-.... 1.3.5...8.5.3... x--.........x--.", 58, -8),
        pad=Part("pad, choir, synth", "x--------------- ........x-------", 60, -14),
        lead=Part("voice, voice, synth",
                  "x.xxx.x.xxx.x... xx.xx.xxx.xxx.x. ..xxx.xxx.x.x.xx", 53, -3),
    ),
    "jazz": Sketch(
        tempo=(96, 190), swing=0.64, tilt=-2.5, room=0.16, density=1.1,
        neighbours="blues classical hiphop",
        harmony=(
            "major: ii7 V7 Imaj7 vi7",
            "major: Imaj7 vi7 ii7 V7 iii7 VI7 ii7 V7",
            "dorian: i7 i7 i7 i7 iv7 iv7 i7 V7",
            "blues: I7 IV7 I7 I7 IV7 IV7 I7 VI7 ii7 V7 I7 V7",
        ),
        drums_db=-9,
        grooves=(
            "ride x...X.x.x...X.x., hat ....x.......x..., kick o.......o.......",
            "ride x...X.x.x...X.x., hat ....x.......x..., snare ......o.......o.",
            "brush x.o.X.o.x.o.X.o., hat ....x.......x...",
        ),
        bass=Part("upright bass, upright bass, electric bass",
                  "1---3---5---a--- 1---5---8---a--- 1---2---3---a---", 31, -2),
        comp=Part("piano, clean guitar, electric piano, vibraphone",
                  "x-....x-........ ......x-......x- x---....x-..x--- ....x-......x-..", 53, -7),
        pad=Part("organ, strings", "x---------------", 55, -18),
        lead=Part("sax, trumpet, piano, clarinet, vibraphone, clean guitar",
                  "x-x-x-x-x-x-x--- ..x-x-x-x-----x- x-x-x---..x-x-x- x-----x-x-......", 60, -1),
    ),
    "metal": Sketch(
        tempo=(96, 176), swing=0.5, tilt=1.7, room=0.08, density=2.5,
        neighbours="rock rock classical",
        harmony=(
            "phrygian: i5 i5 bII5 i5",
            "minor: i5 bVI5 bVII5 i5",
            "minor: i5 bIII5 iv5 bII5",
        ),
        drums_db=2,
        grooves=(
            "kick xxxxxxxxxxxxxxxx, snare ....X.......X..., crash x...x...x...x...",
            "kick x.xxx.xxx.xxx.xx, snare ....X.......X..., ride x.x.x.x.x.x.x.x.",
            "kick x..x..x.x..x..x., snare ........X......., crash x.......x.......",
        ),
        bass=Part("electric bass, synth bass",
                  "1.111.111.111.11 11111111111111-. 1-.1-.1-1-.1-.1-", 28, -5),
        comp=Part("distorted guitar, distorted guitar, crunch guitar",
                  "x.xxx.xxx.xxx.xx x--x--x-x--x--x- xxxxxxxxxxxxx--- x-------x-x-x-x-", 40, 0),
        pad=Part("", "", 60, 0),
        lead=Part("lead guitar, distorted guitar, voice",
                  "x-x-x-x-x-x-x-x- xxxxxxxxx------- x-----x-x-------", 62, -6),
    ),
    "pop": Sketch(
        tempo=(88, 130), swing=0.5, tilt=0.8, room=0.14, density=2.2,
        neighbours="rock disco country hiphop",
        harmony=(
            "pentatonic: I V vi IV",
            "major: vi IV I V",
            "major: I vi IV V",
            "minor pentatonic: i bVI bIII bVII",
        ),
        drums_db=-3,
        grooves=(
            "kick x.....x.x......., snare ....x.......x..., hat x.x.x.x.x.x.x.x.",
            "kick x...x...x...x..., clap ....x.......x..., shaker xoxoxoxoxoxoxoxo",
            "kick x..x..x...x....., snare ....x.......x..., hat xxxxxxxxxxxxxxxx",
        ),
        bass=Part("synth bass, electric bass, sub bass",
                  "1-1-1-1-1-1-1-1- 1-----1-1-----1- 1--1--1-1--1--1-", 28, -3),
        comp=Part("piano, synth, steel guitar, clean guitar",
                  "x-..x-..x-..x-.. 1-3-5-8-1-3-5-8- x--x--x-x--x--x- x-x-xxx-x-x-xxx-", 57, -6),
        pad=Part("pad, strings, choir", "x---------------", 58, -8),
        lead=Part("voice, voice, synth",
                  "x-x-x-x-x---.... ..x-x-x-x-x-x--- x---x-x---x-x---", 64, 0),
    ),
    "reggae": Sketch(
        tempo=(66, 96), swing=0.56, tilt=-3.4, room=0.16, density=1.5,
        neighbours="hiphop pop blues",
        harmony=(
            "minor pentatonic: i iv",
            "major: I IV V IV",
            "mixolydian: I bVII",
            "major: I ii",
        ),
        drums_db=-4,
        grooves=(
            "kick ........X......., rim ........X......., hat x.X.x.X.x.X.x.X.",
            "kick ....x.......x..., rim ....x..o....x..o, hat x.x.x.x.x.x.x.x.",
            "kick x...x...x...x..., snare ........X......., hat x.xxx.x.x.xxx.x.",
        ),
        bass=Part("electric bass, sub bass, synth bass",
                  "1-..3-5-....1-5- ..1-1-..5-8-5-.. 1--1--5-....3-1-", 28, 1),
        comp=Part("clean guitar, organ, piano",
                  "..x...x...x...x. ..x...x...xx..x. ..x...xx..x...xx", 57, -4),
        pad=Part("organ, electric piano", ".x-x.x-x.x-x.x-x ..xx..xx..xx..xx", 60, -10),
        lead=Part("voice, trumpet, harmonica, organ",
                  "x-x-x---..x-x--- ....x-x-x-x-.... x---x-x-........", 60, -4),
    ),
    "rock": Sketch(
        tempo=(92, 154), swing=0.5, tilt=0.8, room=0.1, density=2.5,
        neighbours="metal blues country pop",
        harmony=(
            "mixolydian: I bVII IV I",
            "minor pentatonic: i bVI bVII i",
            "pentatonic: I IV V IV",
            "minor pentatonic: i5 bIII5 iv5 i5",
        ),
        drums_db=0,
        grooves=(
            "kick x.......x.x....., snare ....X.......X..., hat x.x.x.x.x.x.x.x.",
            "kick x.x.....x.x...x., snare ....X.......X..., ride x.x.x.x.x.x.x.x.",
            "kick x.....x.x......., snare ....X.......X..., crash x...x...x...x...",
        ),
        bass=Part("electric bass", "1-1-1-1-1-1-1-1- 1---1-1-5---1-1- 1-....1-1-....a-", 28, -3),
        comp=Part("crunch guitar, crunch guitar, clean guitar, distorted guitar",
                  "x-x-x-x-x-x-x-x- x---x-x---x-x-x- x-------x-x-x---", 45, -1),
        pad=Part("steel guitar, organ, piano", "x--------------- x-x-x-x-x-x-x-x-", 55, -12),
        lead=Part("voice, lead guitar, voice, crunch guitar",
                  "x-x-x---x-x-x--- x---x-x-x-----.. ..x-x-x-x-x-x---", 62, -2),
    ),
}
# fmt: on


@dataclass(frozen=True)
class Chord:
    """A chord: root in semitones above the tonic, tones in semitones above the root."""

    root: int
    tones: tuple[int, ...]

    def degree(self, digit: str) -> int:
        """Semitones above the root of a degree 1 to 8, coloured as in this chord."""
        power = len(self.tones) == 2
        third, fifth = (7, 7) if power else self.tones[1:3]
        seventh = self.tones[3] if len(self.tones) > 3 else 10
        return (0, 2, third, 5, fifth, 9, seventh, 12)[int(digit) - 1]


@dataclass(frozen=True)
class Artist:
    """Habits that the clips of one artist share; `choices` and `mix_db` are by part."""

    sketch: Sketch
    tempo: float  # quarter notes a minute
    choices: Mapping[str, int]  # of instrument
    brightness: float
    tune: float  # of the drum kit; 1 is neutral
    ring: float  # of the drum kit; 1 is neutral
    mix_db: Mapping[str, float]
    eq_db: Waveform  # at EQ_CENTRES
    room_seconds: float
    hiss_db: float  # below the peak of the mix


@dataclass(frozen=True)
class Note:
    """One note: start and length in seconds, MIDI pitch, loudness 0 to 1."""

    start: float
    seconds: float
    pitch: int
    loudness: float


@dataclass(frozen=True)
class Song:
    """What the players of a clip agree on."""

    tempo: float  # quarter notes a minute
    swing: float
    key: int  # pitch class of the tonic
    scale: tuple[int, ...]
    chords: tuple[Chord, ...]  # one a bar, repeated

    @property
    def bars(self) -> int:
        """Bars begun before the clip is over."""
        return int(np.ceil(CLIP_SECONDS * self.tempo / 240))

    def seconds(self, step: int) -> float:
        """Time of a step counted from the start, its eighths swung."""
        beat, within = divmod(step / 4, 1)
        swung = np.interp(within, (0.0, 0.5, 1.0), (0.0, self.swing, 1.0))
        return float(60 / self.tempo * (beat + swung))

    def chord(self, bar: int) -> Chord:
        """Chord of a bar."""
        return self.chords[bar % len(self.chords)]


def generator(seed: int, *names: str) -> np.random.Generator:
    """Random numbers that depend on the seed and the names only."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Choose one option, all equally likely."""
    return options[int(rng.integers(len(options)))]


def parse_chord(name: str) -> Chord:
    """Read a Roman numeral: `ii7`, `bVI`, `Imaj7`, or `i5` for a power chord.

    Raises
    ------
    ValueError
        If the name is not of that form.
    """
    match = CHORD_NAME.fullmatch(name)
    if match is None or match["numeral"].upper() not in ROMAN:
        raise ValueError(f"chord {name!r} is not a Roman numeral; write it as ii7, bVI, Imaj7, i5")
    third = 4 if match["numeral"].isupper() else 3
    above = {"": (third, 7), "7": (third, 7, 10), "maj7": (third, 7, 11), "5": (7,)}
    root = ROMAN[match["numeral"].upper()] - len(match["flat"])
    return Chord(root, (0, *above[match["quality"]]))


def parse_groove(groove: str) -> dict[str, str]:
    """Split `kick x...x..., open hat ..x...x.` into a pattern for each drum."""
    lines = (line.rpartition(" ") for line in groove.split(", ") if line)
    return {drum: pattern for drum, _, pattern in lines}


def borrow(sketch: Sketch, chance: float, rng: np.random.Generator) -> Sketch:
    """Replace each field of a sketch, with the given chance, by that of a neighbouring genre."""
    other = GENRES[pick(rng, sketch.neighbours.split())]
    names = [field.name for field in fields(Sketch) if field.name != "neighbours"]
    return replace(sketch, **{n: getattr(other, n) for n in names if rng.random() < chance})


def invent_artist(genre: str, artist: str, seed: int) -> Artist:
    """Invent the habits of an artist, the same for every clip."""
    rng = generator(seed, genre, artist)
    sketch = borrow(GENRES[genre], ARTIST_BORROWS, rng)
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


def invent_song(artist: Artist, rng: np.random.Generator) -> Song:
    """Choose the tempo, key and progression of a clip."""
    scale, _, chords = pick(rng, artist.sketch.harmony).partition(": ")
    return Song(
        tempo=artist.tempo * 2 ** rng.normal(0, 0.06),
        swing=artist.sketch.swing,
        key=int(rng.integers(12)),
        scale=SCALES[scale],
        chords=tuple(parse_chord(name) for name in chords.split()),
    )


def strokes(pattern: str) -> Iterator[tuple[int, int, str]]:
    """Strokes of a pattern: step it falls on, steps it is held, symbol."""
    return ((m.start(), len(m[0]), m[0][0]) for m in re.finditer(r"[^.-]-*", pattern))


def voice(symbol: str, register: int, song: Song, bar: int) -> list[int]:
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


def accompany(part: Part, song: Song, rng: np.random.Generator) -> list[Note]:
    """Play a pattern over the progression; every fourth bar may take another pattern."""
    usual, variation = pick(rng, part.patterns.split()), pick(rng, part.patterns.split())
    notes = []
    for bar in range(song.bars):
        for step, held, symbol in strokes(variation if bar % 4 == 3 else usual):
            first = bar * BAR + step
            start = song.seconds(first)
            length = round(song.seconds(first + held) - start, 4)
            for rank, pitch in enumerate(voice(symbol, part.register, song, bar)):
                late = 0.006 * rank + abs(rng.normal(0, 0.004))
                loudness = rng.uniform(0.75, 1.0) * (1.0 if step % 4 == 0 else 0.85)
                notes.append(Note(start + late, length, pitch, loudness))
    return notes


def invent_motif(
    pattern: str, compass: int, rng: np.random.Generator
) -> list[tuple[int, int, int]]:
    """One bar of melody, mostly by step: step, steps held, place on a scale of `compass` notes."""
    place, motif = int(rng.integers(compass // 4, compass)), []
    for step, held, _ in strokes(pattern):
        motif.append((step, held, place))
        move = int(rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]))
        place += move if 0 <= place + move < compass else -move
    return motif


def nearest_tone(pitch: int, chord: Chord) -> int:
    """Nearest pitch, in semitones above the tonic, that belongs to the chord."""
    tones = {(chord.root + tone) % 12 for tone in chord.tones}
    offset = min((o for o in range(-6, 7) if (pitch + o) % 12 in tones), key=abs)
    return pitch + offset


def sing(part: Part, song: Song, rng: np.random.Generator) -> list[Note]:
    """Play a melody in phrases A B A C, some left out; long and strong notes fit the chord."""
    ladder = [12 * octave + degree for octave in (0, 1) for degree in song.scale]
    motifs = [invent_motif(pick(rng, part.patterns.split()), len(ladder), rng) for _ in range(3)]
    tonic = part.register - 5 + (song.key - part.register + 5) % 12
    left_out = rng.random(song.bars // 4 + 1) < 0.2
    notes = []
    for bar in (bar for bar in range(song.bars) if not left_out[bar // 4]):
        for step, held, place in motifs[(0, 1, 0, 2)[bar % 4]]:
            pitch = ladder[place]
            if step % 8 == 0 or held >= 4:
                pitch = nearest_tone(pitch, song.chord(bar))
            first = bar * BAR + step
            start = song.seconds(first)
            length = round(song.seconds(first + held) - start, 4)
            late, loudness = abs(rng.normal(0, 0.01)), rng.uniform(0.7, 1.0)
            notes.append(Note(start + late, length, tonic + pitch, loudness))
    return notes


def mix_in(bus: Waveform, wave: Waveform, start: float, loudness: float) -> None:
    """Add a waveform to a bus at a time in seconds, cut off where the bus ends."""
    first = int(start * SAMPLE_RATE)
    bus[first : first + len(wave)] += loudness * wave[: max(len(bus) - first, 0)]


def render_notes(
    notes: Sequence[Note], instrument: str, brightness: float, rng: np.random.Generator
) -> Waveform:
    """Sound the notes of a part through the instrument's amplifier; unit peak."""
    bus = np.zeros(CLIP_SAMPLES)
    play, drive = INSTRUMENTS[instrument].play, INSTRUMENTS[instrument].drive
    sounds: dict[tuple[int, float], Waveform] = {}
    for note in notes:
        sound = (note.pitch, note.seconds)
        if sound not in sounds:
            frequency = 440.0 * 2 ** ((note.pitch - 69) / 12)
            sounds[sound] = play(frequency, note.seconds, brightness, rng)
        mix_in(bus, sounds[sound], note.start, note.loudness)
    bus = unit_peak(bus)
    return unit_peak(np.tanh(drive * bus)) if drive else bus


def render_drums(groove: str, artist: Artist, song: Song, rng: np.random.Generator) -> Waveform:
    """Play a groove, with a snare fill at the end of some four-bar phrases; unit peak."""
    bus = np.zeros(CLIP_SAMPLES)
    fills = (rng.random(song.bars) < 0.5) & (np.arange(song.bars) % 4 == 3)
    for drum, pattern in parse_groove(groove).items():
        wave = stroke(DRUMS[drum], artist.tune, artist.ring, rng)
        for bar, fill in enumerate(fills):
            for step, _, symbol in strokes(
                pattern[:12] + "xxxX" if fill and drum == "snare" else pattern
            ):
                start = song.seconds(bar * BAR + step) + abs(rng.normal(0, 0.004))
                mix_in(bus, wave, start, ACCENTS[symbol] * rng.uniform(0.85, 1.0))
    return unit_peak(bus)


def perform(artist: Artist, song: Song, rng: np.random.Generator) -> dict[str, Waveform]:
    """Play a song, each part on its own bus of unit peak."""
    sketch = artist.sketch
    buses = {"drums": render_drums(pick(rng, sketch.grooves), artist, song, rng)}
    for name in PARTS:
        part: Part = getattr(sketch, name)
        if part.instruments:
            instruments = part.instruments.split(", ")
            instrument = instruments[artist.choices[name] % len(instruments)]
            play = sing if name == "lead" else accompany
            notes = play(part, song, rng)
            buses[name] = render_notes(notes, instrument, artist.brightness, rng)
    return buses


def set_level(bus: Waveform, level_db: float) -> Waveform:
    """Scale a bus to a root-mean-square level in dB, measured where it sounds."""
    sounding = bus[np.abs(bus) > 1e-3]
    scale = 10 ** (level_db / 20) / np.sqrt(np.mean(sounding**2)) if sounding.size else 1.0
    return bus * scale


def equalise(mix: Waveform, gains_db: Waveform) -> Waveform:
    """Apply gains in dB at EQ_CENTRES, joined by straight lines over log frequency."""
    frequencies = np.fft.rfftfreq(len(mix), 1 / SAMPLE_RATE)
    curve = np.interp(np.log(np.maximum(frequencies, 20.0)), np.log(EQ_CENTRES), gains_db)
    curve[frequencies < 25.0] = -60.0
    return np.fft.irfft(np.fft.rfft(mix) * 10 ** (curve / 20), len(mix))


def reverberate(mix: Waveform, share: float, seconds: float, rng: np.random.Generator) -> Waveform:
    """Add a room: noise that falls by 60 dB in `seconds`, of energy `share`."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / seconds)
    tail *= np.sqrt(share / np.sum(tail**2))
    wet: Waveform = fftconvolve(mix, tail)[: len(mix)]
    return mix + wet


def produce(buses: Mapping[str, Waveform], artist: Artist, rng: np.random.Generator) -> Waveform:
    """Mix the buses, equalise, add the room and tape hiss, and limit."""
    sketch = artist.sketch
    mix = np.zeros(CLIP_SAMPLES)
    for name, bus in buses.items():
        level = sketch.drums_db if name == "drums" else getattr(sketch, name).level
        mix += set_level(bus, level + artist.mix_db[name] + rng.normal(0, CLIP_MIX_DB))
    gains_db = sketch.tilt * np.log2(EQ_CENTRES / 1000.0) + artist.eq_db
    mix = equalise(mix, gains_db + rng.normal(0, CLIP_EQ_DB, len(EQ_CENTRES)))
    mix = unit_peak(reverberate(mix, sketch.room, artist.room_seconds, rng))
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
    ndarray of float32, shape (661_500,)
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
    rng = generator(seed, genre, artist, clip)
    habits = replace(habits, sketch=borrow(habits.sketch, CLIP_BORROWS, rng))
    buses = perform(habits, invent_song(habits, rng), rng)
    mix = produce(buses, habits, rng)
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
        soundfile.write(target, samples, SAMPLE_RATE, subtype="PCM_16")
        logger.info("%s by %s written to %s", row.clip, row.artist, target)
