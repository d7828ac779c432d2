"""Synthesise the demo dataset: clips by invented artists of ten genres.

A genre is a row of `GENRES`. An artist's numbers deviate from those of the row, drawn by the
artist's name; a clip's deviate less from its artist's, drawn by its own. `compose` says when which
note or drum is struck, and `render` makes sound of it: every note and stroke is a spectrum with
random phases that dies away.
"""

import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import soundfile
import typer
from numpy.random import Generator
from numpy.typing import NDArray

from genregraph.audio.samples import SAMPLE_RATE, Samples
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import read_sheet

logger = logging.getLogger(__name__)

CLIP_SAMPLES = 15 * SAMPLE_RATE  # Half of those of GTZAN: a demo should be quick.
SOUND_SAMPLES = 2**15  # Of the longest sound.
TIME = np.arange(SOUND_SAMPLES) / SAMPLE_RATE  # s
FREQUENCIES = np.fft.rfftfreq(SOUND_SAMPLES, 1 / SAMPLE_RATE)  # Hz

SCALES = {  # semitones of the seven degrees above the tonic
    "major": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
REGISTERS = {"bass": 33, "chords": 52, "melody": 64}  # MIDI pitches, the lowest of an octave
DRUMS = {  # Hz of a band of noise, from and to, and seconds in which it falls to 1/e
    "kick": (45, 110, 0.12),
    "snare": (250, 5000, 0.08),
    "hat": (5500, 10500, 0.04),
}
BANDS = (60, 150, 400, 1000, 2500, 6000, 11000)  # Hz, of the equaliser


@dataclass(frozen=True)
class Style:
    """How a genre is played; an artist or a clip has other numbers and the same patterns.

    A pattern is a bar of any number of equal steps. ``.`` strikes nothing, ``x`` the chord or the
    drum, ``m`` a note of the melody and a digit that degree above the root of the bar (8 is 1).
    """

    tempo: float  # quarter notes a minute
    slope: float  # exponent by which harmonics fall with their rank: 1 is bright, 2 is dull
    noise: float  # breath, bow and plectrum: amplitude beside the first harmonic
    decay: float  # seconds in which a note falls to 1/e
    drive: float  # of the amplifier: 0.3 is clean, 3 is distorted
    percussion: float  # amplitude of the drums beside the notes
    scale: str
    harmony: str  # root of each bar, a degree of the scale
    chord: str  # degrees above the root
    notes: str  # patterns of bass, chords and melody
    drums: str  # patterns of kick, snare and hat
    mix: Sequence[float] = (1.0,) * 6  # amplitudes of these patterns
    equaliser: Sequence[float] = (1.0,) * len(BANDS)  # amplitudes at `BANDS`


# fmt: off
GENRES = {
    # tempo, slope, noise, decay, drive, percussion
    "blues": Style(92, 1.4, 0.3, 0.40, 1.0, 0.8, "mixolydian", "111144115411", "1357",
        notes="1..3..5..6..     x.xx.xx.xx.x     m.mm.mm.....",
        drums="x.....x.....     ...x.....x..     x.xx.xx.xx.x"),
    "classical": Style(88, 1.5, 0.3, 0.70, 0.3, 0.0, "major", "14516251", "1358",
        notes="1.......         15351535         m...m.m.",
        drums=".                .                ."),
    "country": Style(112, 1.2, 0.2, 0.30, 0.6, 0.6, "major", "11445511", "135",
        notes="1...5...         ..x.x.x...x.x.x. m.m.m.mmm.m.....",
        drums="x...x...         ..x...x.         x.xxx.xxx.xxx.xx"),
    "disco": Style(118, 1.3, 0.3, 0.20, 1.0, 1.3, "dorian", "1144", "1357",
        notes="1.8.1.8.1.8.1.8. ..xx..x...xx..x. m.m...m.m.......",
        drums="x...x...x...x... ....x.......x... ..x...x...x...x."),
    "hiphop": Style(92, 1.8, 0.2, 0.30, 1.2, 1.6, "minor", "1164", "137",
        notes="1..1......1.5... x.........x..... m.mmm.m.mmm.m...",
        drums="x..x......x..x.. ....x.......x... x.x.x.x.x.xxx.x."),
    "jazz": Style(138, 1.6, 0.4, 0.35, 0.4, 0.7, "major", "2516", "1357",
        notes="1..3..5..6..     x....x......     m.mm.mm.mm.m",
        drums="x...........     ........x...     x..x.xx..x.x"),
    "metal": Style(136, 0.9, 0.5, 0.25, 3.0, 1.4, "phrygian", "1121", "158",
        notes="1.111.111.111.11 x.xxx.xxx.xxx.xx m.m.m.m.m.m.m.m.",
        drums="xxxxxxxxxxxxxxxx ....x.......x... x...x...x...x..."),
    "pop": Style(110, 1.2, 0.3, 0.35, 1.2, 1.0, "major", "1564", "135",
        notes="1.1.1.1.1.1.1.1. x..x..x.x..x..x. m.m.m.m.m.......",
        drums="x.....x.x....... ....x.......x... x.x.x.x.x.x.x.x."),
    "reggae": Style(78, 1.7, 0.2, 0.20, 0.7, 1.0, "mixolydian", "1177", "135",
        notes="1..3.5......1.5. ..x...x...x...x. m.m.m.....m.m...",
        drums="........x....... ........x....... x.x.x.x.x.x.x.x."),
    "rock": Style(122, 1.1, 0.4, 0.35, 2.0, 1.2, "mixolydian", "1741", "158",
        notes="1.1.1.1.1.1.1.1. x.x.x.x.x.x.x.x. m.m.m...m.m.m...",
        drums="x.......x.x..... ....x.......x... x.x.x.x.x.x.x.x."),
}
# fmt: on

# Standard deviation of artists around their genre, in octaves of each number: the larger it is, the
# more a classifier gains from training clips of the same artist.
DEVIATIONS = {
    "tempo": 0.2,
    "slope": 0.2,
    "noise": 0.5,
    "decay": 0.35,
    "drive": 0.35,
    "percussion": 0.5,
    "mix": 0.4,
    "equaliser": 0.75,
}
CLIP_SHARE = 0.6  # Of these: standard deviation of clips around their artist.

Array = NDArray[np.float64]  # Machines differ in its last bits, which 16-bit files do not have.


class Strike(NamedTuple):
    """A note or a stroke of a drum."""

    sound: int | str  # MIDI pitch, or name of the drum
    start: int  # sample
    amplitude: float


def generator(seed: int, *names: str) -> Generator:
    """Random numbers that depend on the seed and the names only."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def deviate(style: Style, share: float, rng: Generator) -> Style:
    """Draw the numbers of a style around what they are, by a share of `DEVIATIONS`."""
    drawn = {}
    for name, octaves in DEVIATIONS.items():
        number = np.asarray(getattr(style, name))
        drawn[name] = (number * 2 ** rng.normal(0, share * octaves, number.shape)).tolist()
    return replace(style, **drawn)


def strokes(pattern: str, tempo: float) -> Iterator[tuple[int, int, str, int]]:
    """Repeat a pattern to the clip's end: bar, step, symbol and first sample of its strokes."""
    bar_samples = 240 / tempo * SAMPLE_RATE
    for bar in range(int(np.ceil(CLIP_SAMPLES / bar_samples))):
        for step, symbol in enumerate(pattern):
            if symbol != ".":
                yield bar, step, symbol, int((bar + step / len(pattern)) * bar_samples)


def compose(style: Style, rng: Generator) -> Iterator[Strike]:
    """Play all patterns, in a key and with a melody of four bars that are drawn for the clip."""
    key = int(rng.integers(12))
    melody = np.cumsum(rng.integers(-2, 3, 64)).reshape(4, 16)  # degrees of the scale
    for pattern, lowest, level in zip(
        style.notes.split(), REGISTERS.values(), style.mix[:3], strict=True
    ):
        for bar, step, symbol, start in strokes(pattern, style.tempo):
            if symbol == "m":
                degrees = [melody[bar % 4, step]]
            else:
                root = int(style.harmony[bar % len(style.harmony)])
                digits = style.chord if symbol == "x" else symbol
                degrees = [root + int(digit) - 2 for digit in digits]
            for degree in degrees:
                semitone = key + SCALES[style.scale][degree % 7]
                yield Strike(lowest + (semitone - lowest) % 12, start, level)
    for pattern, drum, level in zip(style.drums.split(), DRUMS, style.mix[3:], strict=True):
        for _, _, _, start in strokes(pattern, style.tempo):
            yield Strike(drum, start, level * style.percussion)


def spectrum(sound: int | str, style: Style) -> Array:
    """Amplitudes at `FREQUENCIES`: a drum's band of noise, or a note's harmonics and noise."""
    if isinstance(sound, str):
        low, high, _ = DRUMS[sound]
        return ((low < FREQUENCIES) & (high > FREQUENCIES)).astype(float)
    bins = np.arange(len(FREQUENCIES))
    fundamental = round(440 * 2 ** ((sound - 69) / 12) / FREQUENCIES[1])
    harmonic = (bins % fundamental == 0) & (bins > 0)
    levels = np.where(harmonic, 1.0, style.noise / fundamental**0.5)
    return levels * np.maximum(bins / fundamental, 1.0) ** -style.slope


def render(style: Style, rng: Generator) -> Array:
    """Make the sound of a clip: shape (CLIP_SAMPLES,), of peak 1."""
    equaliser = np.interp(np.log(np.maximum(FREQUENCIES, 1)), np.log(BANDS), style.equaliser)
    colour = equaliser * np.exp(2j * np.pi * rng.random(len(FREQUENCIES)))
    waves: dict[int | str, Array] = {}
    mix = np.zeros(CLIP_SAMPLES)
    for sound, start, amplitude in compose(style, rng):
        if sound not in waves:
            decay = DRUMS[sound][2] if isinstance(sound, str) else style.decay
            levels = spectrum(sound, style)
            wave = np.fft.irfft(levels / np.sqrt(np.sum(levels**2)) * colour)
            envelope = np.minimum(TIME / 0.005, 1) * np.exp(-TIME / decay) * (1 - TIME / TIME[-1])
            waves[sound] = (wave * envelope)[: int(7 * decay * SAMPLE_RATE)]
        first = start + int(rng.exponential(0.004) * SAMPLE_RATE)  # Late, as players are.
        place = mix[first : first + len(waves[sound])]
        place += amplitude * rng.uniform(0.7, 1.0) * waves[sound][: len(place)]
    mix = np.tanh(style.drive / 2 * mix / mix.std())
    mix -= mix.mean()
    return mix / np.abs(mix).max()


def synthesise_clip(genre: str, artist: str, clip: str, seed: int) -> Samples:
    """Music by a genre, an artist, a clip and a seed alone: (CLIP_SAMPLES,), at `SAMPLE_RATE`.

    Its peak is between 0.35 and 0.93 of full scale. A `UserError` if the genre is unknown.
    """
    if genre not in GENRES:
        raise UserError(f"genre {genre!r} is unknown; the demo dataset has {', '.join(GENRES)}")
    of_artist = deviate(GENRES[genre], 1.0, generator(seed, genre, artist))
    rng = generator(seed, genre, artist, clip)
    of_clip = deviate(of_artist, CLIP_SHARE, rng)
    return (render(of_clip, rng) * rng.uniform(0.35, 0.93)).astype(np.float32)


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
