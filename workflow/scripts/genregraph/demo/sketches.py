"""Sketches of ten genres, in a notation that musicians can read, and its readers.

Harmony is the scale of the melody, then a chord a bar in Roman numerals: capitals are major, small
letters minor, ``b`` is a semitone lower and ``i5`` a power chord. A pattern is a bar of 16 steps,
four to the beat: ``.`` is silence, ``-`` holds the step before, and other symbols strike.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

BAR = 16  # steps
PARTS = ("bass", "comp", "lead")
ACCENTS = {"o": 0.35, "x": 0.75, "X": 1.0}  # loudness of a ghost note, a stroke and an accent

SCALES = {  # semitones above the tonic
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
}
ROMAN = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}


@dataclass(frozen=True)
class Part:
    """What one player may do: an artist picks the instrument, a clip the patterns.

    In a pattern ``x`` is the complete chord (or the next note of a melody), a digit that degree
    above the root of the chord (8 the octave), and ``a`` a semitone below the next root.
    """

    instruments: str  # separated by commas, repeated if likelier; "" if none plays
    register: int  # MIDI pitch that the part stays above
    level_db: float
    patterns: str  # separated by spaces


@dataclass(frozen=True)
class Sketch:
    """A genre. What an artist or a clip borrows is drawn in the order of these fields."""

    tempo: tuple[int, int]  # slowest and fastest, in quarter notes a minute
    tilt: float  # dB an octave, around 1 kHz
    reverb: float  # energy of the reverberation, the direct sound being 1
    density: float  # how hard the mix is pushed into the limiter; 1 is hardly
    drums_db: float
    neighbours: str  # genres to borrow from, repeated if likelier
    harmony: tuple[str, ...]
    grooves: tuple[str, ...]  # a pattern for each drum, of the symbols in `ACCENTS`
    bass: Part
    comp: Part
    lead: Part
    swing: float = 0.5  # share of the beat before its second eighth; 0.5 is straight


@dataclass(frozen=True)
class Chord:
    """A chord: root in semitones above the tonic, tones in semitones above the root."""

    root: int
    tones: tuple[int, ...]

    def degree(self, digit: str) -> int:
        """Semitones above the root of a degree 1 to 8, coloured as in this chord."""
        third, fifth = self.tones[1:3] if len(self.tones) > 2 else (7, 7)
        seventh = self.tones[3] if len(self.tones) > 3 else 10
        return (0, 2, third, 5, fifth, 9, seventh, 12)[int(digit) - 1]

    def nearest_tone(self, pitch: int) -> int:
        """Nearest pitch that belongs to the chord, both in semitones above the tonic."""
        tones = {(self.root + tone) % 12 for tone in self.tones}
        return pitch + min((o for o in range(-6, 7) if (pitch + o) % 12 in tones), key=abs)


def parse_chord(name: str) -> Chord:
    """Read a Roman numeral: ``ii7``, ``bVI``, ``Imaj7``, or ``i5`` for a power chord."""
    [(flat, numeral, quality)] = re.findall("^(b?)([IViv]+)(maj7|5|7|)$", name)
    third = 4 if numeral.isupper() else 3
    above = {"": (third, 7), "7": (third, 7, 10), "maj7": (third, 7, 11), "5": (7,)}
    return Chord(ROMAN[numeral.upper()] - len(flat), (0, *above[quality]))


def parse_harmony(harmony: str) -> tuple[tuple[int, ...], tuple[Chord, ...]]:
    """Read ``blues: I7 IV7 V7``: the scale, in semitones above the tonic, and the chords."""
    scale, _, chords = harmony.partition(": ")
    return SCALES[scale], tuple(parse_chord(name) for name in chords.split())


def parse_groove(groove: str) -> dict[str, str]:
    """Split ``kick x...x..., open hat ..x...x.`` into a pattern for each drum."""
    return dict(line.rsplit(" ", 1) for line in groove.split(", ") if line)


def strokes(pattern: str) -> Iterator[tuple[int, int, str]]:
    """Strokes of a pattern: step that each falls on, steps that it is held, its symbol."""
    return ((m.start(), len(m[0]), m[0][0]) for m in re.finditer(r"[^.-]-*", pattern))


# fmt: off
GENRES = {
    "blues": Sketch(
        tempo=(66, 124), swing=0.66, tilt=-2.5, reverb=0.12, density=1.5, drums_db=-5,
        neighbours="rock jazz country",
        harmony=("blues: I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7",
                 "minor pentatonic: i7 i7 i7 i7 iv7 iv7 i7 i7 bVI7 V7 i7 V7"),
        grooves=("kick x.......x......., snare ....x.......x..., ride x.x.x.x.x.x.x.x.",
                 "kick x.....x.x......., snare ....X.......X..., hat X.x.X.x.X.x.X.x."),
        bass=Part("upright bass, electric bass", 28, -2, "1-1-3-3-5-5-6-5- 1---3---5---6---"),
        comp=Part("crunch guitar, piano", 50, -5, "x.x.x.x.x.x.x.x. ..x-..x-..x-..x-"),
        lead=Part("lead guitar, sax, voice", 60, -2, "..x-x-x---...... x-x-..x-x-----..")),
    "classical": Sketch(
        tempo=(58, 126), tilt=-4.2, reverb=0.35, density=1.0, drums_db=-12,
        neighbours="jazz pop country",
        harmony=("major: I IV V I vi ii V7 I", "major: I V vi iii IV I ii V7"),
        grooves=("",),
        bass=Part("strings, piano", 36, -5, "1--------------- 1-------5-------"),
        comp=Part("piano, strings, steel guitar", 55, -4, "1-5-3-5-1-5-3-5- 1-3-5-8-5-3-5-3-"),
        lead=Part("violin, flute, clarinet, violin", 67, -3, "x-------x---x--- x---x---x-------")),
    "country": Sketch(
        tempo=(84, 144), swing=0.54, tilt=0.0, reverb=0.1, density=1.4, drums_db=-7,
        neighbours="rock pop blues",
        harmony=("pentatonic: I I IV IV V V I I", "major: I IV I V I IV V I"),
        grooves=("kick x...x...x...x..., brush xoXoxoXoxoXoxoXo",
                 "kick x.......x......., snare ....x.......x..., hat x.x.x.x.x.x.x.x."),
        bass=Part("upright bass, electric bass", 28, -2, "1---....5---.... 1---....5-----a-"),
        comp=Part("steel guitar, banjo", 48, -4, "....x-......x-.. ..x-x-x-..x-x-x-"),
        lead=Part("voice, violin, clean guitar", 62, -2, "x-x-x---x-x-x--- x---x-x-x-------")),
    "disco": Sketch(
        tempo=(106, 130), tilt=0.8, reverb=0.12, density=2.0, drums_db=-2,
        neighbours="pop hiphop rock",
        harmony=("dorian: i7 i7 IV7 IV7", "minor: i7 iv7 bVII7 bIIImaj7"),
        grooves=("kick x...x...x...x..., snare ....x.......x..., open hat ..x...x...x...x.",
                 "kick x...x...x...x..., clap ....X.......X..., hat x.xxx.xxx.xxx.xx"),
        bass=Part("electric bass, synth bass", 28, -2, "1.8.1.8.1.8.1.8. 1..11.8.5..57.8."),
        comp=Part("clean guitar, electric piano", 55, -6, "..xx..x...xx..x. x..x..x.x..x..x."),
        lead=Part("voice, trumpet, strings, sax", 64, -3, "x-x-..x-x---.... x---x-x-x-------")),
    "hiphop": Sketch(
        tempo=(78, 112), swing=0.57, tilt=-1.7, reverb=0.04, density=2.2, drums_db=0,
        neighbours="pop disco reggae",
        harmony=("minor pentatonic: i7 i7 iv7 i7", "minor: i bVI", "dorian: i7 IV7"),
        grooves=("kick x..x......x..x.., snare ....X.......X..., hat x.x.x.x.x.x.x.x.",
                 "kick x.x.......xx...., clap ....X.......X..., hat x.xxx.x.x.xxx.xx"),
        bass=Part("sub bass, synth bass", 28, 0, "1--1......1--1.. 1-----..5-1-...."),
        comp=Part("electric piano, piano, organ", 58, -8, "x-----....x-.... 1.3.5...8.5.3..."),
        lead=Part("voice, voice, synth", 53, -3, "x.xxx.x.xxx.x... xx.xx.xxx.xxx.x.")),
    "jazz": Sketch(
        tempo=(96, 190), swing=0.64, tilt=-2.5, reverb=0.16, density=1.1, drums_db=-9,
        neighbours="blues classical hiphop",
        harmony=("major: ii7 V7 Imaj7 vi7", "major: Imaj7 vi7 ii7 V7 iii7 VI7 ii7 V7"),
        grooves=("ride x...X.x.x...X.x., hat ....x.......x..., kick o.......o.......",
                 "ride x...X.x.x...X.x., hat ....x.......x..., snare ......o.......o."),
        bass=Part("upright bass, electric bass", 31, -2, "1---3---5---a--- 1---5---8---a---"),
        comp=Part("piano, clean guitar", 53, -7, "x-....x-........ ......x-......x-"),
        lead=Part("sax, trumpet, piano, clarinet", 60, -1, "x-x-x-x-x-x-x--- ..x-x-x-x-----x-")),
    "metal": Sketch(
        tempo=(96, 176), tilt=1.7, reverb=0.08, density=2.5, drums_db=2,
        neighbours="rock rock classical",
        harmony=("phrygian: i5 i5 bII5 i5", "minor: i5 bVI5 bVII5 i5", "minor: i5 bIII5 iv5 bII5"),
        grooves=("kick xxxxxxxxxxxxxxxx, snare ....X.......X..., crash x...x...x...x...",
                 "kick x.xxx.xxx.xxx.xx, snare ....X.......X..., ride x.x.x.x.x.x.x.x."),
        bass=Part("electric bass, synth bass", 28, -5, "1.111.111.111.11 11111111111111-."),
        comp=Part("distorted guitar, crunch guitar", 40, 0, "x.xxx.xxx.xxx.xx x--x--x-x--x--x-"),
        lead=Part("lead guitar, distorted guitar", 62, -6, "x-x-x-x-x-x-x-x- xxxxxxxxx-------")),
    "pop": Sketch(
        tempo=(88, 130), tilt=0.8, reverb=0.14, density=2.2, drums_db=-3,
        neighbours="rock disco country hiphop",
        harmony=("pentatonic: I V vi IV", "major: vi IV I V", "major: I vi IV V"),
        grooves=("kick x.....x.x......., snare ....x.......x..., hat x.x.x.x.x.x.x.x.",
                 "kick x...x...x...x..., clap ....x.......x..., shaker xoxoxoxoxoxoxoxo"),
        bass=Part("synth bass, electric bass", 28, -3, "1-1-1-1-1-1-1-1- 1-----1-1-----1-"),
        comp=Part("piano, synth, steel guitar", 57, -6, "x-..x-..x-..x-.. 1-3-5-8-1-3-5-8-"),
        lead=Part("voice, voice, synth", 64, 0, "x-x-x-x-x---.... ..x-x-x-x-x-x---")),
    "reggae": Sketch(
        tempo=(66, 96), swing=0.56, tilt=-3.4, reverb=0.16, density=1.5, drums_db=-4,
        neighbours="hiphop pop blues",
        harmony=("minor pentatonic: i iv", "major: I IV V IV", "mixolydian: I bVII"),
        grooves=("kick ........X......., rim ........X......., hat x.X.x.X.x.X.x.X.",
                 "kick ....x.......x..., rim ....x..o....x..o, hat x.x.x.x.x.x.x.x."),
        bass=Part("electric bass, sub bass", 28, 1, "1-..3-5-....1-5- ..1-1-..5-8-5-.."),
        comp=Part("clean guitar, organ, piano", 57, -4, "..x...x...x...x. ..x...x...xx..x."),
        lead=Part("voice, trumpet, organ", 60, -4, "x-x-x---..x-x--- ....x-x-x-x-....")),
    "rock": Sketch(
        tempo=(92, 154), tilt=0.8, reverb=0.1, density=2.5, drums_db=0,
        neighbours="metal blues country pop",
        harmony=("mixolydian: I bVII IV I", "minor pentatonic: i bVI bVII i"),
        grooves=("kick x.......x.x....., snare ....X.......X..., hat x.x.x.x.x.x.x.x.",
                 "kick x.x.....x.x...x., snare ....X.......X..., ride x.x.x.x.x.x.x.x."),
        bass=Part("electric bass", 28, -3, "1-1-1-1-1-1-1-1- 1---1-1-5---1-1-"),
        comp=Part("crunch guitar, clean guitar", 45, -1, "x-x-x-x-x-x-x-x- x---x-x---x-x-x-"),
        lead=Part("voice, lead guitar, voice", 62, -2, "x-x-x---x-x-x--- x---x-x-x-----..")),
}
# fmt: on
