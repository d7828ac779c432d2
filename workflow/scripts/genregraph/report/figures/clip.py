"""Figure of one clip: what the features are measured on.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "Feature
   Extraction": wave form, spectrogram, roll-off, chroma, zero crossings and MFCCs.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import librosa
import numpy as np
import pyarrow.parquet as pq
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from genregraph.audio.samples import SAMPLE_RATE, read_samples
from genregraph.common.errors import UserError
from genregraph.features.handcrafted import HOP, MFCCS, N_FFT, spectral_shape
from genregraph.report.figures.style import BLUE, in_style, new_figure, plain, save

LONGEST = 30 * SAMPLE_RATE
COLUMNS = 1200  # Of the drawn wave form.
LOUDNESS_RANGE = 80  # dB
PITCHES = "C C♯ D D♯ E F F♯ G G♯ A A♯ B".split()

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Views:
    """What is measured in a clip's t frames.

    Attributes
    ----------
    spectrogram : NDArray, shape (1025, t)
        In dB below the loudest.
    rolloff : NDArray, shape (t,)
        Frequency below which 85 % of the magnitude lies, in Hz.
    chroma : NDArray, shape (12, t)
        Energy of each pitch class; the largest of a frame is 1.
    zero_crossings : NDArray, shape (t,)
        Share of samples whose sign is not that of the sample before.
    mfcc : NDArray, shape (20, t)
        Mel-frequency cepstral coefficients.
    """

    spectrogram: Floats
    rolloff: Floats
    chroma: Floats
    zero_crossings: Floats
    mfcc: Floats


def measure(samples: NDArray[np.float32]) -> Views:
    """Measure a clip frame by frame, as `features.handcrafted` does.

    Parameters
    ----------
    samples : NDArray[np.float32], shape (n,)
        Mono, at 22,050 Hz; at least 1,025 samples.
    """
    stft = librosa.stft(samples, n_fft=N_FFT, hop_length=HOP, pad_mode="reflect")
    magnitude = np.abs(stft)
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=magnitude**2, sr=SAMPLE_RATE))
    return Views(
        spectrogram=librosa.amplitude_to_db(magnitude, ref=np.max, top_db=LOUDNESS_RANGE),
        rolloff=spectral_shape(magnitude)[2][0],
        chroma=librosa.feature.chroma_stft(S=magnitude**2, sr=SAMPLE_RATE),
        zero_crossings=librosa.feature.zero_crossing_rate(samples)[0],
        mfcc=librosa.feature.mfcc(S=mel, sr=SAMPLE_RATE, n_mfcc=MFCCS),
    )


def find_clip(shards: Sequence[Path], clip: str | None) -> tuple[str, NDArray[np.float32]]:
    """Name and samples, shape (n,), of a clip; by default of the first of all.

    Raises
    ------
    UserError
        If no shard has the clip.
    """
    where = {
        name: path
        for path in shards
        for name in pq.read_table(path, columns=["clip"])["clip"].to_pylist()
    }
    if not where:
        raise UserError("no clip is usable: see problems.csv")
    name = min(where) if clip is None else clip
    if name not in where:
        near = difflib.get_close_matches(name, where, n=1) or [min(where)]
        raise UserError(f"clip: there is no usable clip '{name}'; one is '{near[0]}'")
    return name, next(found for clip, found in read_samples(where[name]) if clip == name)


@in_style()
def draw(clip: str, samples: NDArray[np.float32]) -> Figure:
    """Six views of a clip, one below the other.

    Parameters
    ----------
    clip : str
        Its name.
    samples : NDArray[np.float32], shape (n,)
        Mono, at 22,050 Hz. Only the first 30 seconds are drawn.
    """
    shown = samples[:LONGEST]
    seconds = shown.size / SAMPLE_RATE
    views = measure(shown)
    figure = new_figure(7.5, 10)
    heights = [1, 2, 1, 1.4, 1, 1.8]
    grid = figure.subplots(6, 2, gridspec_kw={"width_ratios": [40, 1], "height_ratios": heights})
    wave, spectrogram, rolloff, chroma, crossings, mfcc = grid[:, 0]
    _draw_wave(wave, shown)
    _draw_spectrogram(spectrogram, grid[1, 1], views.spectrogram)
    _draw_series(rolloff, views.rolloff / 1000, "Spectral roll-off (85 %)", "kHz")
    _draw_chroma(chroma, grid[3, 1], views.chroma, seconds)
    _draw_series(crossings, views.zero_crossings, "Zero crossing rate", "share of\nsamples")
    _draw_mfcc(mfcc, grid[5, 1], views.mfcc, seconds)
    for row in (0, 2, 4):
        grid[row, 1].set_axis_off()
    for axes in grid[:, 0]:
        axes.set_xlim(0, seconds)
        axes.tick_params(labelbottom=axes is mfcc)
    mfcc.set_xlabel("time (s)")
    figure.align_ylabels(grid[:, 0])
    part = "" if shown.size == samples.size else ", first 30 s"
    figure.suptitle(f"Clip {plain(clip, 60)}{part}")
    return figure


def _draw_wave(axes: Axes, samples: NDArray[np.float32]) -> None:
    """Draw the range of the samples in each of some columns."""
    starts = np.unique(np.linspace(0, samples.size, COLUMNS, endpoint=False).astype(int))
    lowest, highest = (f.reduceat(samples, starts) for f in (np.minimum, np.maximum))
    axes.fill_between(starts / SAMPLE_RATE, lowest, highest, color=BLUE, linewidth=0.3)
    axes.set(title="Wave form", ylabel="amplitude")


def _draw_spectrogram(axes: Axes, bar: Axes, spectrogram: Floats) -> None:
    """Draw on a logarithmic scale, which has no place for the frequency 0."""
    frequencies = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=N_FFT)
    times = np.arange(spectrogram.shape[1]) * HOP / SAMPLE_RATE
    mesh = axes.pcolormesh(
        times, frequencies[1:], spectrogram[1:], cmap="magma", shading="nearest", rasterized=True
    )
    axes.set_yscale("log")
    axes.set_ylim(30, SAMPLE_RATE / 2)
    axes.set_yticks([50, 200, 1000, 5000])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda hertz, _: f"{hertz:,.0f}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set(title="Spectrogram", ylabel="frequency (Hz)")
    bar.figure.colorbar(mesh, cax=bar, label="dB")


def _draw_series(axes: Axes, values: Floats, title: str, unit: str) -> None:
    axes.plot(np.arange(values.size) * HOP / SAMPLE_RATE, values, color=BLUE, linewidth=0.8)
    axes.set(title=title, ylabel=unit)
    axes.set_ylim(bottom=0)


def _draw_chroma(axes: Axes, bar: Axes, chroma: Floats, seconds: float) -> None:
    image = axes.imshow(chroma, cmap="magma", vmin=0, vmax=1, **_spread(chroma, seconds, 0))
    axes.set_yticks(range(0, 12, 2), PITCHES[::2])
    axes.set(title="Chroma", ylabel="pitch class")
    bar.figure.colorbar(image, cax=bar, label="energy")


def _draw_mfcc(axes: Axes, bar: Axes, mfcc: Floats, seconds: float) -> None:
    """Draw each coefficient about its mean: the first, loudness, would dwarf the others."""
    deviation = np.maximum(mfcc.std(axis=1, keepdims=True), 1e-6)
    standard = (mfcc - mfcc.mean(axis=1, keepdims=True)) / deviation
    image = axes.imshow(standard, cmap="RdBu_r", vmin=-3, vmax=3, **_spread(mfcc, seconds, 1))
    axes.set_yticks([1, 5, 10, 15, 20])
    axes.set(title="MFCCs, each about its mean", ylabel="coefficient")
    bar.figure.colorbar(image, cax=bar, label="standard deviations", extend="both")


def _spread(rows: Floats, seconds: float, first: int) -> dict[str, Any]:
    """Options that spread an image over the clip's time, rows upward from number ``first``."""
    return {
        "extent": (0, seconds, first - 0.5, first + len(rows) - 0.5),
        "origin": "lower",
        "aspect": "auto",
        "interpolation": "nearest",
    }


def main(
    samples: Annotated[list[Path], typer.Argument(help="Samples of all shards' clips (Parquet).")],
    output: Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")],
    clip: Annotated[str | None, typer.Option(help="Which clip; by default the first.")] = None,
) -> None:
    """Draw one clip: wave form, spectrogram, roll-off, chroma, zero crossings and MFCCs."""
    save(draw(*find_clip(samples, clip)), output)
