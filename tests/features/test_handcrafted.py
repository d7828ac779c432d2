import librosa
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from tests.audio.conftest import music, write_samples

from genregraph.audio.read import decode
from genregraph.audio.samples import SAMPLE_RATE, segments
from genregraph.features.handcrafted import (
    COLUMNS,
    SERIES,
    handcrafted,
    running_median,
    tuning,
    zero_crossing_rate,
)

EXACT = ["length", "tempo"]
MEANS_OF_WAVES = ["harmony_mean", "perceptr_mean"]  # Around 1e-5: mere rounding.
OTHERS = [column for column in COLUMNS if column not in EXACT + MEANS_OF_WAVES]


def plain_librosa(y, **padding):
    """Spectral series of `SERIES`, each called as a user would."""
    names = "chroma_stft rms spectral_centroid spectral_bandwidth spectral_rolloff".split()
    series = [getattr(librosa.feature, name)(y=y, **padding) for name in names]
    return [*series, librosa.feature.zero_crossing_rate(y)]


def librosa_today(y):
    series = [*plain_librosa(y), *librosa.effects.hpss(y)]
    return summarised(y, series, librosa.beat.beat_track(y=y)[0], librosa.feature.mfcc(y=y))


def librosa_as_of_0_7(y):
    """Padded by reflection; nothing after the last complete hop."""
    parts = librosa.decompose.hpss(librosa.stft(y, pad_mode="reflect"))
    waves = [librosa.util.fix_length(librosa.istft(part), size=len(y)) for part in parts]
    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=y, pad_mode="reflect"))
    onsets = librosa.onset.onset_strength(S=mel, aggregate=np.median)
    beats_per_minute = librosa.beat.beat_track(onset_envelope=onsets)[0]
    series = [*plain_librosa(y, pad_mode="reflect"), *waves]
    return summarised(y, series, beats_per_minute, librosa.feature.mfcc(S=mel))


def summarised(y, series, beats_per_minute, mfcc):
    named = dict(zip(SERIES, series, strict=True))
    named |= {f"mfcc{i}": row for i, row in enumerate(mfcc, start=1)}
    values = {"length": len(y), "tempo": float(np.squeeze(beats_per_minute))}
    for name, frames in named.items():
        values |= {f"{name}_mean": frames.mean(), f"{name}_var": frames.var()}
    return pd.Series(values)


def test_real_segment_has_the_values_of_the_public_3_second_table(real_audio, public_table):
    """Those of complete clips: tests/workflow/test_real.py."""
    assert public_table.columns.tolist() == ["filename", *COLUMNS, "label"]
    samples = decode(real_audio / "blues" / "blues.00000.wav").samples
    start, length = segments(samples.size)[0]
    features = pd.Series(handcrafted(samples[start : start + length]), index=COLUMNS)
    assert features["tempo"] == 129.19921875
    names = ["rms_mean", "zero_crossing_rate_mean", "mfcc1_mean", "harmony_var"]
    expected = [0.1304050236940384, 0.08185096153846154, -118.62791442871094, 0.008353590033948421]
    assert_allclose(features[names], expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("profile", "reference"), [("kaggle", librosa_as_of_0_7), ("librosa", librosa_today)]
)
@pytest.mark.parametrize("sound", ["long", "129 frames", "short", "silence", "faint beginning"])
@pytest.mark.filterwarnings("ignore:Trying to estimate tuning from empty frequency set")
def test_profile_gives_what_librosa_itself_gives(profile, reference, sound):
    samples = {
        "long": music(9.01),
        "129 frames": music(2.98),
        "short": music(1),
        "silence": 0 * music(1),
        "faint beginning": np.geomspace(1e-30, 1, SAMPLE_RATE) * music(1),
    }[sound].astype(np.float32)
    features = pd.Series(handcrafted(samples, profile), index=COLUMNS)
    expected = reference(samples)
    assert_array_equal(features[EXACT], expected[EXACT])
    assert_allclose(features[MEANS_OF_WAVES], expected[MEANS_OF_WAVES], rtol=0, atol=1e-7)
    assert_allclose(features[OTHERS], expected[OTHERS], rtol=1e-5)


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large:UserWarning")
def test_short_clips_have_finite_features():
    features = [handcrafted(music(1)[:1024], profile) for profile in ("kaggle", "librosa")]
    assert np.isfinite(features).all()


def test_tuning_medians_and_zero_crossings_are_librosas_and_scipys():
    """To the last bit."""
    magnitude = np.random.default_rng(0).uniform(0, 1, (1025, 400)).astype(np.float32) ** 4
    assert tuning(magnitude) == librosa.estimate_tuning(S=magnitude)
    medians = ndimage.median_filter(magnitude, (1, 31))
    assert_array_equal(running_median(magnitude), medians, strict=True)
    wave = np.repeat(magnitude[0] - magnitude[1], 60)
    crossings = librosa.feature.zero_crossing_rate(wave)
    assert_array_equal(zero_crossing_rate(wave), crossings, strict=True)


def test_lack_of_memory_fails_the_job(tmp_path, starved):
    samples = write_samples(tmp_path / "samples.parquet", [("long", np.tile(music(30), 10))])
    options = [f"--samples={samples}", "--cut=30s", "--profile=kaggle", "--output=out.parquet"]
    assert "This was at clip 'long'." in starved("features.handcrafted", options, 550 * 2**20)
    assert not (tmp_path / "out.parquet").exists()
