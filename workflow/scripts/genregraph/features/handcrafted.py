"""The hand-crafted features: length, and the 57 columns of the public GTZAN table.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "Feature
   Extraction" and "Data Visualization": 57 means and variances.
.. [2] B. McFee et al., "librosa: Audio and music signal analysis in Python", SciPy 2015.
.. [3] D. Fitzgerald, "Harmonic/percussive separation using median filtering", DAFx 2010.
"""

import math
from typing import Annotated, Literal

import librosa
import numpy as np
import typer
from numpy.typing import NDArray
from scipy import ndimage

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.features.table import Clips, Cut, Output, write_shard

N_FFT = 2048
HOP = 512
MFCCS = 20
HPSS_KERNEL = 31  # frames, and frequency bins
BLOCK = 128  # frames that are worked on at a time, to save memory

Profile = Annotated[str, typer.Option(help="kaggle or librosa.")]

SERIES = (
    "chroma_stft rms spectral_centroid spectral_bandwidth rolloff zero_crossing_rate "
    "harmony perceptr"
).split()
COLUMNS = [
    "length",
    *(f"{name}_{statistic}" for name in SERIES for statistic in ("mean", "var")),
    "tempo",
    *(f"mfcc{i}_{statistic}" for i in range(1, MFCCS + 1) for statistic in ("mean", "var")),
]


def handcrafted(samples: NDArray[np.float32], profile: str = "kaggle") -> NDArray[np.float64]:
    """Hand-crafted features of a clip, of shape (58,): a value for each of `COLUMNS`.

    Length is in samples, spectral features are in Hz, tempo in beats per minute; variances have
    divisor n, over all frames (and all bins of chroma). Samples are mono, at 22,050 Hz, 1,024 or
    more. Profile ``kaggle`` gives the published table's values (librosa 0.7 defaults), ``librosa``
    those of the installed version's defaults.
    """
    # By half a frame at both ends.
    pad_mode: Literal["reflect", "constant"] = "reflect" if profile == "kaggle" else "constant"
    stft = librosa.stft(samples, n_fft=N_FFT, hop_length=HOP, pad_mode=pad_mode)
    magnitude = np.abs(stft)
    power = magnitude**2
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE))
    mfcc = librosa.feature.mfcc(S=mel, sr=SAMPLE_RATE, n_mfcc=MFCCS)
    onsets = librosa.onset.onset_strength(S=mel, sr=SAMPLE_RATE, aggregate=np.median)
    # As of librosa's beat tracker: 0 where nothing begins.
    tempo = librosa.feature.tempo(onset_envelope=onsets, sr=SAMPLE_RATE)[0] if onsets.any() else 0
    chroma = librosa.feature.chroma_stft(S=power, sr=SAMPLE_RATE, tuning=tuning(power))
    del power  # A long clip's spectrograms are large.
    shape = spectral_shape(magnitude)
    stft *= harmonic_mask(magnitude)  # Of the harmonic part from here on.
    del magnitude
    # The transform is linear and the shares add up to 1: what is not harmonic is percussive. Of the
    # published table, both are zero after the last complete hop.
    end = samples.size // HOP * HOP if profile == "kaggle" else samples.size
    harmonic = librosa.istft(stft, n_fft=N_FFT, hop_length=HOP, length=end)
    waves = (harmonic, samples[:end] - harmonic)
    series = [
        chroma,
        librosa.feature.rms(y=samples, pad_mode=pad_mode),
        *shape,
        zero_crossing_rate(samples),
        *(librosa.util.fix_length(wave, size=samples.size) for wave in waves),
    ]
    spectral = [statistic(values) for values in series for statistic in (np.mean, np.var)]
    cepstral = [statistic(values) for values in mfcc for statistic in (np.mean, np.var)]
    return np.array([samples.size, *spectral, tempo, *cepstral])


def in_blocks(spectrogram: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Parts of a spectrogram of shape (d, t), each of some frames: never one alone of several."""
    return np.array_split(spectrogram, math.ceil(spectrogram.shape[1] / BLOCK), axis=1)


def tuning(power: NDArray[np.float32]) -> float:
    """Deviation of a clip, a power spectrogram of shape (1025, t), from A = 440 Hz, in semitones.

    Equal to ``librosa.estimate_tuning(S=power)``, which needs eight times the memory, and time for
    frequencies that it leaves out: here pitches are tracked by blocks, up to a quarter of the rate.
    """
    lower = power[: len(power) // 2 + 1]
    pitches, strengths = [], []
    for frames, all_frequencies in zip(in_blocks(lower), in_blocks(power), strict=True):
        least = 0.1 * all_frequencies.max(axis=0, keepdims=True)  # librosa's threshold.
        tracked, strength = librosa.piptrack(S=frames, sr=SAMPLE_RATE / 2, ref=least)
        pitches.append(tracked[tracked > 0])
        strengths.append(strength[tracked > 0])
    pitch, strength = np.concatenate(pitches), np.concatenate(strengths)
    if not pitch.size:
        return 0.0
    return float(librosa.pitch_tuning(pitch[strength >= np.median(strength)]))


def spectral_shape(magnitude: NDArray[np.float32]) -> list[NDArray[np.floating]]:
    """Spectral centroid, bandwidth and 85 % roll-off, in Hz, each of shape (1, t), as librosa's.

    The magnitude is of shape (1025, t). Moments are computed by one product in double precision.
    """
    frequencies = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=N_FFT)
    powers = np.stack([frequencies**0, frequencies, frequencies**2])
    parts = []
    for frames in in_blocks(magnitude):
        total, first, second = powers @ frames.astype(np.float64)
        total[total == 0] = 1  # Of a silent frame all are 0.
        centroid = first / total
        bandwidth = np.sqrt(np.maximum(second / total - centroid**2, 0))
        below = np.cumsum(frames, axis=0)
        rolloff = frequencies[(below >= 0.85 * below[-1]).argmax(axis=0)]
        parts.append((centroid, bandwidth, rolloff))
    return [np.concatenate(series)[None] for series in zip(*parts, strict=True)]


def zero_crossing_rate(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Share of a frame's samples at which the sign changes, shape (1, t): as librosa's, faster."""
    negative = np.pad(samples, N_FFT // 2, mode="edge") < -1e-10  # librosa's threshold.
    so_far = np.cumsum(np.diff(negative, prepend=negative[0]))
    starts = np.arange(0, negative.size - N_FFT + 1, HOP)
    return (so_far[starts + N_FFT - 1] - so_far[starts])[None] / N_FFT


def harmonic_mask(magnitude: NDArray[np.float32]) -> NDArray[np.float32]:
    """Harmonic share of each bin [3]_, by `librosa.util.softmask` of power 2; silent: 0.5."""
    harmonic = np.asfortranarray(running_median(magnitude))  # In memory as the other one.
    percussive = running_median(magnitude.T).T
    for of, other in zip(in_blocks(harmonic), in_blocks(percussive), strict=True):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = 1 / (1 + (other / of) ** 2)
        share[np.maximum(of, other) < np.finfo(np.float32).tiny] = 0.5
        other[:] = share
    return percussive


def running_median(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median over a window that runs along each row, which is mirrored at both ends.

    Equal to ``scipy.ndimage.median_filter(rows, size=(1, HPSS_KERNEL))``, but SciPy has a fast
    filter for one dimension: rows stand one behind the other, each with its mirrored ends.
    """
    half = HPSS_KERNEL // 2
    padded = np.pad(rows, [(0, 0), (half, half)], mode="symmetric")
    medians = ndimage.median_filter(padded.ravel(), HPSS_KERNEL)
    return medians.reshape(padded.shape)[:, half:-half]


def main(samples: Clips, cut: Cut, profile: Profile, output: Output) -> None:
    """Compute the hand-crafted features of a shard's clips."""
    write_shard(samples, cut, output, COLUMNS, lambda piece: handcrafted(piece, profile))
