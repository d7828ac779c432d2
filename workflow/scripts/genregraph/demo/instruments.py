"""Instruments of the demo's music: a part, or a stroke on a drum, as a waveform."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from genregraph.audio.samples import SAMPLE_RATE

TABLE_SIZE = 4096
MAX_PARTIALS = 40

Waveform = NDArray[np.floating]  # shape (n,), at SAMPLE_RATE


class Note(NamedTuple):
    """One note of a part: start and length in seconds, MIDI pitch, loudness from 0 to 1."""

    start: float
    seconds: float
    pitch: int
    loudness: float


@dataclass(frozen=True)
class Instrument:
    """Partials that fall with rank, an envelope, and an amplifier."""

    slope: float  # exponent by which partials fall with rank; 1 is a saw
    even: float = 1.0  # level of even partials; 0 is the hollow sound of a closed pipe
    formants: tuple[int, ...] = ()  # Hz, resonances of voices and reeds
    attack: float = 0.005  # seconds
    decay: float = 0.0  # 1/s at which a struck note dies, its upper partials three times as fast
    release: float = 0.08  # seconds
    vibrato: float = 0.0  # cents, setting in over a quarter of a second
    ensemble: float = 0.0  # cents between three players in unison; 0 for one player
    drive: float = 0.0  # of the amplifier; 0 is clean

    def perform(self, notes: list[Note], samples: int, bright: float, rng: Generator) -> Waveform:
        """Play a part, of peak 1 and brightness `bright` (1 is neutral); like notes sound alike."""
        bus = np.zeros(samples, dtype=np.float32)
        sounds: dict[tuple[int, float], Waveform] = {}
        for note in notes:
            sound = (note.pitch, note.seconds)
            if sound not in sounds:
                frequency = 440.0 * 2 ** ((note.pitch - 69) / 12)
                sounds[sound] = self._play(frequency, note.seconds, bright, rng)
            mix_in(bus, sounds[sound], note.start, note.loudness)
        bus = unit_peak(bus)
        return unit_peak(np.tanh(self.drive * bus)) if self.drive else bus

    def _play(self, frequency: float, seconds: float, bright: float, rng: Generator) -> Waveform:
        """A note in Hz, and its release."""
        time = clock(seconds + self.release)
        turns = 2 * np.pi * rng.uniform(5.0, 6.0)  # a second, of the vibrato
        depth = self.vibrato / 1200 * np.log(2) / turns
        bent = time + depth * np.sin(turns * time) * np.minimum(time / 0.25, 1.0)
        struck = self._period(frequency, self.slope / bright)
        dull = self._period(frequency, self.slope / bright + 1.0)
        wave = np.zeros(len(time), dtype=np.float32)
        for cents in (-self.ensemble, 0.0, self.ensemble) if self.ensemble else (0.0,):
            cycles = np.float32(frequency * 2 ** (cents / 1200)) * bent + np.float32(rng.random())
            position = (cycles * TABLE_SIZE).astype(np.int32) % TABLE_SIZE
            wave += struck[position] * np.exp(-3 * self.decay * time)
            if self.decay:  # into a duller tone
                wave += dull[position] * np.exp(-self.decay * time)
        rise = np.minimum(time / self.attack, 1.0)
        return unit_peak(wave * rise * np.clip(1.0 + (seconds - time) / self.release, 0.0, 1.0))

    def _period(self, frequency: float, slope: float) -> Waveform:
        """One period of the tone."""
        count = int(np.clip(0.45 * SAMPLE_RATE / frequency, 1, MAX_PARTIALS))
        rank = np.arange(1, count + 1)
        level = rank**-slope * np.where(rank % 2 == 0, self.even, 1.0)
        if self.formants:
            octaves_away = np.log2(rank[:, None] * frequency / np.asarray(self.formants))
            level *= 0.1 + np.exp(-((octaves_away / 0.35) ** 2)).sum(axis=1)
        spectrum = np.zeros(TABLE_SIZE // 2 + 1, dtype=np.complex128)
        # Scattered phases keep the tone from being one spike a period.
        spectrum[1 : count + 1] = level * np.exp(1j * rank**2)
        return unit_peak(np.fft.irfft(spectrum)).astype(np.float32)


@dataclass(frozen=True)
class Drum:
    """A pitched body that falls in pitch, and a band of noise, both dying away."""

    pitch: float  # Hz, where the body comes to rest
    body: float  # level of the body, 0 to 1; the noise has the rest
    body_decay: float  # seconds to fall to 1/e
    noise_decay: float  # seconds to fall to 1/e
    band: tuple[float, float]  # Hz, of the noise
    sweep: float = 0.0  # how far above `pitch` the body starts, in multiples of it
    level: float = 1.0  # in the kit, 0 to 1

    def stroke(self, tune: float, rng: Generator) -> Waveform:
        """One stroke, all its frequencies multiplied by `tune`."""
        longest = max(self.body_decay * (self.body > 0), self.noise_decay * (self.body < 1))
        time = clock(5 * longest + 0.01)
        cycles = self.pitch * tune * (time + self.sweep * 0.03 * (1.0 - np.exp(-time / 0.03)))
        body = np.sin(2 * np.pi * cycles)
        frequency = np.fft.rfftfreq(len(time), 1 / SAMPLE_RATE) / tune
        low, high = self.band
        below, above = low / np.maximum(frequency, 1.0), frequency / high
        band = 1 / np.sqrt((1 + below**4) * (1 + above**4))  # Butterworth's, of second order
        spectrum = np.fft.rfft(rng.standard_normal(len(time))) * band
        noise = np.fft.irfft(spectrum, len(time))
        wave = self.body * unit_peak(body) * np.exp(-time / self.body_decay)
        wave += (1 - self.body) * unit_peak(noise) * np.exp(-time / self.noise_decay)
        return self.level * unit_peak(wave * np.minimum(time / 0.0005, 1.0))


def unit_peak(wave: Waveform) -> Waveform:
    """Scale a waveform to a peak of 1; silence stays silence."""
    peak = np.max(np.abs(wave), initial=0.0)
    return wave / peak if peak > 0 else wave


def mix_in(bus: Waveform, wave: Waveform, start: float, loudness: float) -> None:
    """Add a waveform to a bus, in place, at a time in seconds; what lies beyond its end is lost."""
    first = int(start * SAMPLE_RATE)
    bus[first : first + len(wave)] += np.float32(loudness) * wave[: max(len(bus) - first, 0)]


def clock(seconds: float) -> Waveform:
    """Sample times in seconds, from 0 up to `seconds`."""
    return np.arange(int(seconds * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)


INSTRUMENTS = {
    "piano": Instrument(1.3, decay=0.9, release=0.12),
    "organ": Instrument(1.5, even=0.7, vibrato=6, ensemble=2),
    "strings": Instrument(1.2, attack=0.12, release=0.3, vibrato=8, ensemble=7),
    "violin": Instrument(1.0, attack=0.06, vibrato=22, formants=(500, 1000, 2800)),
    "flute": Instrument(2.4, attack=0.05, vibrato=15),
    "clarinet": Instrument(1.3, even=0.1, attack=0.03, vibrato=6),
    "sax": Instrument(0.9, attack=0.03, vibrato=18, formants=(550, 1300, 2500)),
    "trumpet": Instrument(0.7, attack=0.025, vibrato=12, formants=(1200, 2400)),
    "voice": Instrument(0.8, attack=0.05, vibrato=25, formants=(650, 1150, 2700)),
    "synth": Instrument(1.0, ensemble=8, release=0.1),
    "steel guitar": Instrument(1.0, decay=1.4, release=0.05),
    "banjo": Instrument(0.6, decay=7.0, release=0.05),
    "clean guitar": Instrument(1.2, decay=1.2, release=0.05, drive=0.8),
    "crunch guitar": Instrument(1.1, decay=1.0, release=0.05, drive=4.0),
    "lead guitar": Instrument(1.1, decay=0.5, vibrato=12, drive=3.0),
    "distorted guitar": Instrument(0.9, decay=0.4, ensemble=5, drive=9.0),
    "electric piano": Instrument(2.2, decay=1.5, release=0.1),
    "upright bass": Instrument(1.9, decay=2.5, release=0.05),
    "electric bass": Instrument(1.5, decay=1.3, release=0.05, drive=1.0),
    "synth bass": Instrument(1.4, drive=1.5),
    "sub bass": Instrument(3.0, attack=0.01),
}

DRUMS = {
    "kick": Drum(52, 0.9, 0.13, 0.01, (500, 4000), sweep=3.5),
    "snare": Drum(185, 0.35, 0.07, 0.11, (700, 8000), sweep=0.4),
    "brush": Drum(200, 0.1, 0.03, 0.08, (1500, 7000), level=0.6),
    "rim": Drum(820, 0.7, 0.015, 0.012, (1200, 6000)),
    "clap": Drum(200, 0.0, 0.02, 0.09, (900, 3500)),
    "hat": Drum(400, 0.0, 0.02, 0.03, (6000, 10500), level=0.5),
    "open hat": Drum(400, 0.0, 0.02, 0.16, (5000, 10500), level=0.5),
    "ride": Drum(2900, 0.35, 0.25, 0.22, (4500, 10500), level=0.4),
    "crash": Drum(400, 0.0, 0.02, 0.45, (2500, 10500), level=0.4),
    "shaker": Drum(400, 0.0, 0.02, 0.04, (4000, 9000), level=0.4),
}
