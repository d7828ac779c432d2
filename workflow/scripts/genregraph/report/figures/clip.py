"""Figure of one clip: what the features are measured on.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "Feature
   Extraction": wave form, spectrogram, roll-off, chroma, zero crossings and MFCCs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from genregraph.audio.samples import SAMPLE_RATE, read_samples
from genregraph.common.errors import UserError
from genregraph.report.figures.style import BLUE, in_style, new_figure, plain

HOP = 512  # librosa's, in samples.
LONGEST = 30  # s
COLUMNS = 1200  # Of the drawn wave form.
PITCHES = "C C♯ D D♯ E F F♯ G G♯ A A♯ B".split()

Floats = NDArray[np.floating]


def measure(samples: NDArray[np.float32]) -> dict[str, Floats]:
    """Measure a clip's t frames, as `features.handcrafted` does.

    Parameters
    ----------
    samples : NDArray[np.float32], shape (n,)
        Mono, at 22,050 Hz; at least 1,025 samples.

    Returns
    -------
    dict of str to NDArray
        ``spectrogram``, shape (1025, t), in dB below the loudest; ``rolloff``, shape (t,), in Hz:
        85 % of the magnitude lies below; ``chroma``, shape (12, t): energy of each pitch class, at
        most 1; ``zero_crossings``, shape (t,): share of samples; ``mfcc``, shape (20, t).
    """
    magnitude = np.abs(librosa.stft(samples, pad_mode="reflect"))
    power = magnitude**2
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE))
    return {
        "spectrogram": librosa.amplitude_to_db(magnitude, ref=np.max, top_db=80),
        "rolloff": librosa.feature.spectral_rolloff(S=magnitude, sr=SAMPLE_RATE)[0],
        "chroma": librosa.feature.chroma_stft(S=power, sr=SAMPLE_RATE),
        "zero_crossings": librosa.feature.zero_crossing_rate(samples)[0],
        "mfcc": librosa.feature.mfcc(S=mel, sr=SAMPLE_RATE),
    }


def first_clip(shards: Sequence[Path]) -> tuple[str, NDArray[np.float32]]:
    """Name and samples, shape (n,), of the first clip by the alphabet (``samples.parquet``).

    Raises
    ------
    UserError
        If the shards have no clip.
    """
    names = [
        (pq.read_table(shard, columns=["clip"])["clip"].to_pylist(), shard) for shard in shards
    ]
    clips = [(clip, shard) for held, shard in names for clip in held]
    if not clips:
        raise UserError("no clip is usable: see problems.csv")
    first, shard = min(clips)
    return next((clip, samples) for clip, samples in read_samples(shard) if clip == first)


@in_style()
def draw(clip: str, samples: NDArray[np.float32]) -> Figure:
    """Six views of the first 30 seconds of a clip, one below the other.

    Parameters
    ----------
    clip : str
    samples : NDArray[np.float32], shape (n,)
        Mono, at 22,050 Hz.
    """
    shown = samples[: LONGEST * SAMPLE_RATE]
    views, seconds = measure(shown), shown.size / SAMPLE_RATE
    figure = new_figure(7.5, 10)
    panels = figure.subplots(6, sharex=True, height_ratios=[1, 2, 1, 1.4, 1, 1.8])
    wave, spectrogram, rolloff, chroma, crossings, mfcc = panels
    _draw_wave(wave, shown)
    _draw_spectrogram(spectrogram, views["spectrogram"])
    _draw_series(rolloff, views["rolloff"] / 1000, "Spectral roll-off (85 %)", "kHz")
    _draw_image(chroma, views["chroma"], seconds, "energy", cmap="magma", vmin=0, vmax=1)
    chroma.set(title="Chroma", ylabel="pitch class")
    chroma.set_yticks(np.arange(0, 12, 2) + 0.5, PITCHES[::2])
    _draw_series(crossings, views["zero_crossings"], "Zero crossing rate", "share of\nsamples")
    # Each about its mean: the first, loudness, would dwarf the others.
    deviation = np.maximum(views["mfcc"].std(axis=1, keepdims=True), 1e-6)
    standard = (views["mfcc"] - views["mfcc"].mean(axis=1, keepdims=True)) / deviation
    _draw_image(mfcc, standard, seconds, "standard deviations", cmap="RdBu_r", vmin=-3, vmax=3)
    mfcc.set(title="MFCCs, each about its mean", ylabel="coefficient")
    mfcc.set_yticks([0.5, 4.5, 9.5, 14.5, 19.5], [1, 5, 10, 15, 20])
    mfcc.set(xlabel="time (s)", xlim=(0, seconds))
    figure.align_ylabels(panels)
    part = "" if shown.size == samples.size else ", first 30 s"
    figure.suptitle(f"Clip {plain(clip, 60)}{part}")
    return figure


def _draw_wave(axes: Axes, samples: NDArray[np.float32]) -> None:
    """Draw the range of the samples in each of some columns."""
    starts = np.unique(np.linspace(0, samples.size, COLUMNS, endpoint=False).astype(int))
    lowest, highest = (f.reduceat(samples, starts) for f in (np.minimum, np.maximum))
    axes.fill_between(starts / SAMPLE_RATE, lowest, highest, color=BLUE, linewidth=0.3)
    axes.set(title="Wave form", ylabel="amplitude")


def _draw_spectrogram(axes: Axes, spectrogram: Floats) -> None:
    """Draw on a logarithmic scale, which has no place for the frequency 0."""
    times = np.arange(spectrogram.shape[1]) * HOP / SAMPLE_RATE
    frequencies = librosa.fft_frequencies(sr=SAMPLE_RATE)[1:]
    mesh = axes.pcolormesh(
        times, frequencies, spectrogram[1:], cmap="magma", shading="nearest", rasterized=True
    )
    axes.set(title="Spectrogram", ylabel="frequency (Hz)", yscale="log")
    axes.set_ylim(30, SAMPLE_RATE / 2)
    axes.set_yticks([50, 200, 1000, 5000])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda hertz, _: f"{hertz:,.0f}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.figure.colorbar(mesh, ax=axes, label="dB")


def _draw_series(axes: Axes, values: Floats, title: str, unit: str) -> None:
    axes.plot(np.arange(values.size) * HOP / SAMPLE_RATE, values, color=BLUE, linewidth=0.8)
    axes.set(title=title, ylabel=unit)
    axes.set_ylim(bottom=0)


def _draw_image(axes: Axes, rows: Floats, seconds: float, label: str, **options: Any) -> None:
    """Draw rows, the first lowest, over the clip's time."""
    extent = (0, seconds, 0, len(rows))
    image = axes.imshow(rows, origin="lower", aspect="auto", extent=extent, **options)
    axes.figure.colorbar(image, ax=axes, label=label)
