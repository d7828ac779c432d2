"""Synthesise the demo dataset: clips by invented artists of ten genres.

Tempo, timbre and the like are drawn for each genre, by its name. An artist's deviate from the
genre's, drawn by the artist's name; a clip's deviate less from its artist's, drawn by its own.
"""

import logging
import zlib
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer
from numpy.random import Generator
from numpy.typing import NDArray

from genregraph.audio.samples import SAMPLE_RATE, Samples
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import read_sheet

logger = logging.getLogger(__name__)

GENRES = "blues classical country disco hiphop jazz metal pop reggae rock".split()
CLIP_SAMPLES = 15 * SAMPLE_RATE  # Half of those of GTZAN: a demo should be quick.
SCALE = (0, 2, 4, 7, 9)  # Semitones above the tonic: pentatonic.
STEPS = 8  # Of a bar: a note, a stroke, both or nothing.
STRUCK = 0.75  # Share of these that a genre's pattern strikes.
# Typical tempo (quarter notes a minute), tonic (Hz), seconds in which a note falls to 1/e,
# amplitudes of breath and of drums beside it, and distortion; then amplitudes of harmonics.
TYPICAL = np.array([110, 160, 0.4, 0.05, 1.0, 1.0, *1 / np.arange(1, 13)])
SPREAD = np.array([0.3, 0.4, 0.5, 1.0, 1.0, 0.7, *[1.5] * 12])  # Octaves: of genres around these.
SHARES = (1.0, 0.6, 0.2)  # Of this spread: genres, artists of a genre, and clips of an artist.

Array = NDArray[np.float64]  # Machines differ in its last bits, which 16-bit files do not have.


def generator(seed: int, *names: str) -> Generator:
    """Random numbers that depend on the seed and the names only."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def numbers_of(seed: int, *names: str) -> Array:
    """Numbers of a clip, shape (18,), as in `TYPICAL`, by the names of genre, artist and clip."""
    octaves = sum(
        share * generator(seed, *names[:depth]).normal(0, SPREAD)
        for depth, share in enumerate(SHARES, start=1)
    )
    return TYPICAL * 2**octaves


def render(numbers: Array, pattern: NDArray[np.bool_], rng: Generator) -> Array:
    """Make the sound of a clip: shape (CLIP_SAMPLES,), of peak 1.

    ``pattern``, shape (2, STEPS), says in which steps of a bar notes and drums are struck; the
    melody is drawn.
    """
    tempo, tonic, decay, breath, drums, drive, *harmonics = numbers
    time = np.arange(int(SAMPLE_RATE * 5 * decay)) / SAMPLE_RATE
    starts = np.arange(0, CLIP_SAMPLES, 30 / tempo * SAMPLE_RATE).astype(int)
    melody = np.cumsum(rng.integers(-2, 3, len(starts)))
    mix = np.zeros(CLIP_SAMPLES + len(time))
    for step, (start, degree) in enumerate(zip(starts, melody, strict=True)):
        note, stroke = pattern[:, step % STEPS]
        frequency = tonic * 2 ** (SCALE[degree % len(SCALE)] / 12)
        sound = sum(
            level * np.sin(2 * np.pi * rank * frequency * time)
            for rank, level in enumerate(harmonics, start=1)
        )
        noise = rng.normal(size=len(time))
        struck = note * (sound + breath * noise) * np.exp(-time / decay)
        struck += stroke * drums * noise * np.exp(-time / 0.04)
        mix[start : start + len(time)] += struck
    mix = np.tanh(drive / 2 * mix / mix.std())[:CLIP_SAMPLES]
    mix -= mix.mean()
    return mix / np.abs(mix).max()


def synthesise_clip(genre: str, artist: str, clip: str, seed: int) -> Samples:
    """Music by a genre, an artist, a clip and a seed alone: (CLIP_SAMPLES,), at `SAMPLE_RATE`.

    Its peak is between 0.35 and 0.93 of full scale. A `UserError` if the genre is unknown.
    """
    if genre not in GENRES:
        raise UserError(f"genre {genre!r} is unknown; the demo dataset has {', '.join(GENRES)}")
    pattern = generator(seed, genre, "pattern").random((2, STEPS)) < STRUCK
    rng = generator(seed, genre, artist, clip, "melody")
    sound = render(numbers_of(seed, genre, artist, clip), pattern, rng)
    return (sound * rng.uniform(0.35, 0.93)).astype(np.float32)


def main(
    sheet: Annotated[Path, typer.Option(help="Dataset sheet (TSV) with artists.")],
    genre: Annotated[str, typer.Option(help="Genre whose clips to synthesise.")],
    folder: Annotated[Path, typer.Option(help="Folder that the sheet's paths are relative to.")],
    seed: Annotated[int, typer.Option(help="Seed of the dataset.", min=0)] = 0,
) -> None:
    """Synthesise the clips of one genre of the demo dataset as 16-bit WAV files."""
    for row in (row for row in read_sheet(sheet) if row.genre == genre):
        target = folder / row.path
        target.parent.mkdir(parents=True, exist_ok=True)
        samples = synthesise_clip(genre, row.artist, row.clip, seed)
        soundfile.write(target, samples, SAMPLE_RATE, subtype="PCM_16")
        logger.info("%s by %s written to %s", row.clip, row.artist, target)
