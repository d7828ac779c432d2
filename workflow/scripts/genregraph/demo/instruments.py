"""Instruments of the demo dataset: one note, one part or one drum stroke as a waveform."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

from genregraph.audio.samples import SAMPLE_RATE

TABLE_SIZE = 4096
MAX_PARTIALS = 40

Waveform = NDArray[np.float64]  # shape (n,), at SAMPLE_RATE


class Player(Protocol):
    """Plays one note."""

    def __call__(
        self, frequency: float, seconds: float, brightness: float, rng: Generator
    ) -> Waveform:
        """Play one note.

        Parameters
        ----------
        frequency : float
            Hz, above 0 and well below `SAMPLE_RATE` / 2.
        seconds : float
            Length, above 0, until the note is released.
        brightness : float
            About 1; more is brighter.
        rng : Generator
            Source of all that differs between two strokes of one note.

        Returns
        -------
        NDArray[np.float64], shape (n,)
            The note and its release, peak 1, at `SAMPLE_RATE`.
        """


@dataclass(frozen=True)
class Note:
    """One note of a part."""

    start: float  # seconds
    seconds: float
    pitch: int  # MIDI
    loudness: float  # 0 to 1


@dataclass(frozen=True)
class Instrument:
    """A way to play notes, and how hard its amplifier is driven (0 is clean)."""

    play: Player
    drive: float = 0.0

    def perform(
        self, notes: Sequence[Note], samples: int, brightness: float, rng: Generator
    ) -> Waveform:
        """Play a part through the amplifier; notes alike in pitch and length sound alike.

        Returns
        -------
        NDArray[np.float64], shape (samples,)
            Peak 1, or zeros if there are no notes; cut off where it ends.
        """
        bus = np.zeros(samples)
        sounds: dict[tuple[int, float], Waveform] = {}
        for note in notes:
            sound = (note.pitch, note.seconds)
            if sound not in sounds:
                frequency = 440.0 * 2 ** ((note.pitch - 69) / 12)
                sounds[sound] = self.play(frequency, note.seconds, brightness, rng)
            mix_in(bus, sounds[sound], note.start, note.loudness)
        bus = unit_peak(bus)
        return unit_peak(np.tanh(self.drive * bus)) if self.drive else bus


@dataclass(frozen=True)
class Drum:
    """A drum: a pitched body that falls in pitch, and a band of noise, both dying away."""

    pitch: float  # Hz, where the body comes to rest
    body: float  # level of the body, 0 to 1; the noise has the rest
    body_decay: float  # seconds to fall to 1/e
    noise_decay: float  # seconds to fall to 1/e
    band: tuple[float, float]  # Hz, of the noise
    sweep: float = 0.0  # how far above `pitch` the body starts, in multiples of it
    partials: tuple[float, ...] = (1.0,)  # of the body, in multiples of `pitch`
    level: float = 1.0  # in the kit, 0 to 1


def unit_peak(wave: Waveform) -> Waveform:
    """Scale a waveform to a peak of 1; silence stays silence."""
    peak = np.max(np.abs(wave), initial=0.0)
    return wave / peak if peak > 0 else wave


def mix_in(bus: Waveform, wave: Waveform, start: float, loudness: float) -> None:
    """Add a waveform to a bus, in place, at a time in seconds; what lies beyond its end is lost."""
    first = int(start * SAMPLE_RATE)
    bus[first : first + len(wave)] += loudness * wave[: max(len(bus) - first, 0)]


def _clock(seconds: float) -> Waveform:
    """Sample times in seconds, from 0 up to `seconds`."""
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _gate(time: Waveform, seconds: float, attack: float, release: float) -> Waveform:
    """Envelope that rises over `attack`, holds until `seconds`, then falls to 0."""
    rise = np.minimum(time / attack, 1.0)
    return rise * np.clip(1.0 + (seconds - time) / release, 0.0, 1.0)


def _bend(time: Waveform, cents: float, rng: Generator) -> Waveform:
    """Seconds by which vibrato, setting in over a quarter of a second, runs ahead of time."""
    rate = rng.uniform(5.0, 6.0)
    depth = cents / 1200 * np.log(2) / (2 * np.pi * rate)
    return depth * np.sin(2 * np.pi * rate * time) * np.minimum(time / 0.25, 1.0)


def _wavetable(
    frequency: float, slope: float, even: float, formants: tuple[float, ...]
) -> Waveform:
    """One period of a tone whose partials fall as rank to the power -`slope`."""
    count = int(np.clip(0.45 * SAMPLE_RATE / frequency, 1, MAX_PARTIALS))
    rank = np.arange(1, count + 1)
    level = rank**-slope * np.where(rank % 2 == 0, even, 1.0)
    if formants:
        octaves_away = np.log2(rank[:, None] * frequency / np.asarray(formants))
        level *= 0.1 + np.exp(-((octaves_away / 0.35) ** 2)).sum(axis=1)
    spectrum = np.zeros(TABLE_SIZE // 2 + 1, dtype=np.complex128)
    # Scattered phases keep the tone from being one spike a period.
    spectrum[1 : count + 1] = level * np.exp(1j * rank**2)
    return unit_peak(np.fft.irfft(spectrum))


def tone(
    frequency: float,
    seconds: float,
    brightness: float,
    rng: Generator,
    *,
    slope: float,
    even: float = 1.0,
    formants: tuple[float, ...] = (),
    attack: float = 0.005,
    decay: float = 0.0,
    release: float = 0.08,
    vibrato: float = 0.0,
    ensemble: float = 0.0,
) -> Waveform:
    """Additive tone: organ, piano, strings, winds, saw.

    Parameters
    ----------
    frequency, seconds, brightness, rng
        As in `Player`, and so is the result.
    slope : float
        Exponent by which partials fall with rank; 1 is a saw.
    even : float
        Level of even partials, 0 to 1; 0 gives the hollow sound of a closed pipe.
    formants : tuple of float
        Resonances in Hz, for voices and reeds.
    attack, release : float
        Seconds.
    decay : float
        Rate in 1/s at which a struck note dies, its upper partials three times as fast.
    vibrato : float
        Depth in cents, setting in over the first quarter of a second.
    ensemble : float
        Detuning in cents between three players in unison; 0 for one player.
    """
    time = _clock(seconds + release)
    bent = time + _bend(time, vibrato, rng)
    bright = _wavetable(frequency, slope / brightness, even, formants)
    dull = _wavetable(frequency, slope / brightness + 1.0, even, formants)

    detunings = (-ensemble, 0.0, ensemble) if ensemble else (0.0,)
    starts = rng.random(len(detunings))
    wave = np.zeros_like(time)
    for cents, start in zip(detunings, starts, strict=True):
        cycles = frequency * 2 ** (cents / 1200) * bent + start
        position = (cycles * TABLE_SIZE).astype(np.int64) % TABLE_SIZE
        if decay:  # the bright tone dies into the dull one
            wave += dull[position] * np.exp(-decay * time)
        wave += bright[position] * np.exp(-3 * decay * time)
    return unit_peak(wave * _gate(time, seconds, attack, release))


def plucked(
    frequency: float,
    seconds: float,
    brightness: float,
    rng: Generator,
    *,
    ring: float,
    pick: float = 0.6,
    release: float = 0.05,
) -> Waveform:
    """Karplus-Strong string: guitar, banjo, bass.

    Parameters
    ----------
    frequency, seconds, brightness, rng
        As in `Player`, and so is the result.
    ring : float
        Seconds in which the string falls by 60 dB.
    pick : float
        Hardness of the pick, 0 to 1.
    release : float
        Seconds.
    """
    time = _clock(seconds + release)
    period = SAMPLE_RATE / frequency
    # The averaging loop delays by half a sample; interpolation makes up the fraction.
    whole = int(period - 0.5)
    fraction = period - 0.5 - whole
    loop = np.convolve([0.5, 0.5], [1.0 - fraction, fraction]) * 10 ** (-3 / (ring * frequency))
    feedback = np.zeros(whole + 3)
    feedback[0] = 1.0
    feedback[whole:] -= loop
    softness = np.clip(1.0 - pick * brightness, 0.0, 0.95)
    burst = lfilter([1.0 - softness], [1.0, -softness], rng.uniform(-1.0, 1.0, whole))
    pluck = np.zeros_like(time)
    length = min(whole, len(time))
    pluck[:length] = (burst - burst.mean())[:length]
    wave = np.asarray(lfilter([1.0], feedback, pluck), dtype=np.float64)
    return unit_peak(wave * _gate(time, seconds, 0.001, release))


def electric_piano(
    frequency: float,
    seconds: float,
    brightness: float,
    rng: Generator,
    *,
    ratio: float = 1.0,
    index: float = 1.5,
    decay: float = 1.5,
) -> Waveform:
    """Two-operator frequency modulation: electric piano, vibraphone.

    Parameters
    ----------
    frequency, seconds, brightness, rng
        As in `Player`, and so is the result.
    ratio : float
        Frequency of the modulator, the carrier's being 1.
    index : float
        Depth of the modulation at the attack, in radians.
    decay : float
        Rate in 1/s at which the note dies, the modulation twice as fast.
    """
    time = _clock(seconds + 0.1)
    depth = index * brightness * np.exp(-2 * decay * time)
    modulator = np.sin(2 * np.pi * ratio * frequency * time + rng.uniform(0, 0.1))
    wave = np.sin(2 * np.pi * frequency * time + depth * modulator)
    return unit_peak(wave * np.exp(-decay * time) * _gate(time, seconds, 0.003, 0.1))


def stroke(drum: Drum, tune: float, ring: float, rng: Generator) -> Waveform:
    """One stroke on a drum.

    Parameters
    ----------
    drum : Drum
        One of `DRUMS`.
    tune, ring : float
        Factors of the drum's pitch and of its decays; 1 is neutral.
    rng : Generator
        Source of the noise.

    Returns
    -------
    NDArray[np.float64], shape (n,)
        The stroke until it has died away, its peak the drum's level, at `SAMPLE_RATE`.
    """
    longest = max(drum.body_decay * (drum.body > 0), drum.noise_decay * (drum.body < 1))
    time = _clock(5 * ring * longest + 0.01)
    fall = drum.sweep * 0.03 * (1.0 - np.exp(-time / 0.03))
    cycles = drum.pitch * tune * (time + fall)
    body = np.sum([np.sin(2 * np.pi * partial_ * cycles) for partial_ in drum.partials], axis=0)
    low, high = np.clip(np.asarray(drum.band) * tune, 20.0, 0.49 * SAMPLE_RATE)
    band = butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
    noise = sosfilt(band, rng.standard_normal(len(time)))
    wave = drum.body * unit_peak(body) * np.exp(-time / (ring * drum.body_decay))
    wave += (1 - drum.body) * unit_peak(noise) * np.exp(-time / (ring * drum.noise_decay))
    return drum.level * unit_peak(wave * np.minimum(time / 0.0005, 1.0))


def _tone(drive: float = 0.0, **settings: Any) -> Instrument:
    return Instrument(partial(tone, **settings), drive)


INSTRUMENTS: dict[str, Instrument] = {
    "piano": _tone(slope=1.3, decay=0.9, release=0.12),
    "organ": _tone(slope=1.5, even=0.7, vibrato=6, ensemble=2),
    "strings": _tone(slope=1.2, attack=0.12, release=0.3, vibrato=8, ensemble=7),
    "violin": _tone(slope=1.0, attack=0.06, release=0.12, vibrato=22, formants=(500, 1000, 2800)),
    "flute": _tone(slope=2.4, attack=0.05, vibrato=15),
    "clarinet": _tone(slope=1.3, even=0.1, attack=0.03, vibrato=6),
    "sax": _tone(slope=0.9, attack=0.03, vibrato=18, formants=(550, 1300, 2500)),
    "trumpet": _tone(slope=0.7, attack=0.025, vibrato=12, formants=(1200, 2400)),
    "harmonica": _tone(drive=1.5, slope=0.8, attack=0.03, vibrato=14, formants=(900, 2200)),
    "voice": _tone(slope=0.8, attack=0.05, vibrato=25, formants=(650, 1150, 2700)),
    "choir": _tone(slope=1.0, attack=0.15, release=0.3, ensemble=9, formants=(600, 1100, 2600)),
    "synth": _tone(slope=1.0, ensemble=8, release=0.1),
    "pad": _tone(slope=1.7, attack=0.2, release=0.4, ensemble=9),
    "steel slide": _tone(slope=1.5, attack=0.04, release=0.2, vibrato=20),
    "nylon guitar": Instrument(partial(plucked, ring=2.5, pick=0.35)),
    "steel guitar": Instrument(partial(plucked, ring=3.5, pick=0.75)),
    "banjo": Instrument(partial(plucked, ring=0.7, pick=1.0)),
    "clean guitar": Instrument(partial(plucked, ring=4.0, pick=0.55), drive=0.8),
    "crunch guitar": Instrument(partial(plucked, ring=5.0, pick=0.7), drive=4.0),
    "lead guitar": _tone(drive=3.0, slope=1.1, decay=0.5, vibrato=12),
    "distorted guitar": _tone(drive=9.0, slope=0.9, decay=0.4, ensemble=5),
    "electric piano": Instrument(electric_piano),
    "vibraphone": Instrument(partial(electric_piano, ratio=4.0, index=0.5, decay=1.2)),
    "upright bass": Instrument(partial(plucked, ring=1.5, pick=0.15)),
    "electric bass": Instrument(partial(plucked, ring=3.0, pick=0.3), drive=1.0),
    "synth bass": _tone(slope=1.4, drive=1.5),
    "sub bass": _tone(slope=3.0, attack=0.01),
    "cello": _tone(slope=1.3, attack=0.1, release=0.25, vibrato=8, ensemble=4),
}

DRUMS: dict[str, Drum] = {
    "kick": Drum(52, 0.9, 0.13, 0.01, (500, 4000), sweep=3.5),
    "snare": Drum(185, 0.35, 0.07, 0.11, (700, 8000), sweep=0.4),
    "brush": Drum(200, 0.1, 0.03, 0.08, (1500, 7000), level=0.6),
    "rim": Drum(820, 0.7, 0.015, 0.012, (1200, 6000), partials=(1.0, 1.63)),
    "clap": Drum(200, 0.0, 0.02, 0.09, (900, 3500)),
    "hat": Drum(400, 0.0, 0.02, 0.03, (6000, 10500), level=0.5),
    "open hat": Drum(400, 0.0, 0.02, 0.16, (5000, 10500), level=0.5),
    "ride": Drum(
        2900, 0.35, 0.25, 0.22, (4500, 10500), partials=(1.0, 1.47, 2.09, 2.56), level=0.4
    ),
    "crash": Drum(400, 0.0, 0.02, 0.45, (2500, 10500), level=0.4),
    "shaker": Drum(400, 0.0, 0.02, 0.04, (4000, 9000), level=0.4),
}
