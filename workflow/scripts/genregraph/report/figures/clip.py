"""Figure of one clip: what the features are measured on, as in the paper's "Feature Extraction"."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pyarrow.parquet as pq
from librosa.display import specshow
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.report.figures import style

LONGEST = 30  # s

Floats = NDArray[np.floating]


def measure(samples: NDArray[np.float32]) -> dict[str, Floats]:
    """Measure n mono samples at 22,050 Hz in t frames, as `features.handcrafted` does.

    ``spectrogram``, shape (1025, t), is in dB below the loudest, ``rolloff``, shape (t,), in Hz,
    ``chroma``, shape (12, t), energy of at most 1, ``zero_crossings``, shape (t,), a share of
    samples; ``mfcc`` has shape (20, t).
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
    """Name and samples, shape (n,), of the first clip by the alphabet (``samples.parquet``)."""
    clips = pq.read_table(shards, columns=["clip"])["clip"].to_pylist()
    if not clips:
        raise UserError("no clip is usable: see problems.csv")
    first = pq.read_table(shards, filters=[("clip", "==", min(clips))])
    return min(clips), first["samples"].combine_chunks().flatten().to_numpy()


@style.in_style()
def draw(clip: str, samples: NDArray[np.float32]) -> Figure:
    """Six views of the first 30 seconds of a clip: of n mono samples at 22,050 Hz."""
    shown = samples[: LONGEST * SAMPLE_RATE]
    views = measure(shown)
    # Each about its mean: the first, loudness, would dwarf the others.
    deviation = np.maximum(views["mfcc"].std(axis=1, keepdims=True), 1e-6)
    standard = (views["mfcc"] - views["mfcc"].mean(axis=1, keepdims=True)) / deviation
    figure = style.new_figure(7.5, 10)
    panels = figure.subplots(6, sharex=True, height_ratios=[1, 2, 1, 1.4, 1, 1.8])
    wave, spectrogram, rolloff, chroma, crossings, mfcc = panels
    times = np.arange(shown.size) / SAMPLE_RATE
    wave.plot(times, shown, color=style.BLUE, linewidth=0.3, rasterized=True)
    wave.set(title="Wave form", ylabel="amplitude")
    _draw_image(spectrogram, views["spectrogram"], "dB", y_axis="log", cmap="magma")
    spectrogram.set(title="Spectrogram", ylabel="frequency (Hz)", ylim=(30, SAMPLE_RATE / 2))
    _draw_series(rolloff, views["rolloff"] / 1000, "Spectral roll-off (85 %)", "kHz")
    _draw_image(chroma, views["chroma"], "energy", y_axis="chroma", cmap="magma", vmin=0, vmax=1)
    chroma.set(title="Chroma", ylabel="pitch class", yticks=range(0, 12, 2))
    _draw_series(crossings, views["zero_crossings"], "Zero crossing rate", "share of\nsamples")
    _draw_image(mfcc, standard, "standard deviations", cmap="RdBu_r", vmin=-3, vmax=3)
    mfcc.set(title="MFCCs, each about its mean", ylabel="coefficient")
    mfcc.set_yticks([0, 4, 9, 14, 19], [1, 5, 10, 15, 20])
    for axes in panels:
        axes.label_outer()
    mfcc.set(xlabel="time (s)", xlim=(0, shown.size / SAMPLE_RATE))
    figure.align_ylabels(panels)
    part = "" if shown.size == samples.size else ", first 30 s"
    figure.suptitle(f"Clip {style.plain(clip, 60)}{part}")
    return figure


def _draw_image(axes: Axes, rows: Floats, label: str, **options: Any) -> None:
    mesh = specshow(rows, sr=SAMPLE_RATE, x_axis="s", ax=axes, rasterized=True, **options)
    axes.figure.colorbar(mesh, ax=axes, label=label)


def _draw_series(axes: Axes, values: Floats, title: str, unit: str) -> None:
    axes.plot(librosa.times_like(values, sr=SAMPLE_RATE), values, color=style.BLUE, linewidth=0.8)
    axes.set(title=title, ylabel=unit)
    axes.set_ylim(bottom=0)
