"""The ten genres of the demo: numbers and patterns of each, of which its clips are made."""

from collections.abc import Sequence
from dataclasses import dataclass

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
