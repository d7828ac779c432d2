import librosa
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from genregraph.audio.cut import windows
from genregraph.audio.read import decode
from genregraph.audio.samples import SAMPLE_RATE
from genregraph.features.handcrafted import (
    COLUMNS,
    HOP,
    N_FFT,
    PROFILES,
    handcrafted,
    harmonic_mask,
    harmonic_percussive,
    main,
    running_median,
    spectral_shape,
    tempo,
    tuning,
    zero_crossing_rate,
)

GENRES = "blues classical country disco hiphop jazz metal pop reggae rock".split()
EXACT = ["length", "tempo"]
MEANS_OF_WAVES = ["harmony_mean", "perceptr_mean"]  # Around 1e-5: mere rounding.
OTHERS = [column for column in COLUMNS if column not in EXACT + MEANS_OF_WAVES]


def assert_same(found, expected, rtol):
    found, expected = (pd.Series(values, index=COLUMNS) for values in (found, expected))
    assert_array_equal(found[EXACT], expected[EXACT])
    assert_allclose(found[MEANS_OF_WAVES], expected[MEANS_OF_WAVES], rtol=0, atol=1e-7)
    assert_allclose(found[OTHERS], expected[OTHERS], rtol=rtol)


def plain_librosa(y):
    """Today's defaults, called as a user would."""
    harmonic, percussive = librosa.effects.hpss(y)
    return summarised(
        y,
        {
            "chroma_stft": librosa.feature.chroma_stft(y=y),
            "rms": librosa.feature.rms(y=y),
            "spectral_centroid": librosa.feature.spectral_centroid(y=y),
            "spectral_bandwidth": librosa.feature.spectral_bandwidth(y=y),
            "rolloff": librosa.feature.spectral_rolloff(y=y),
            "zero_crossing_rate": librosa.feature.zero_crossing_rate(y),
            "harmony": harmonic,
            "perceptr": percussive,
        },
        librosa.beat.beat_track(y=y)[0],
        librosa.feature.mfcc(y=y, n_mfcc=20),
    )


def librosa_as_of_0_7(y):
    """Padded by reflection; nothing behind the last whole hop."""
    parts = librosa.decompose.hpss(librosa.stft(y, pad_mode="reflect"))
    harmonic, percussive = (
        librosa.util.fix_length(librosa.istft(part), size=len(y)) for part in parts
    )
    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=y, pad_mode="reflect"))
    onsets = librosa.onset.onset_strength(S=mel, aggregate=np.median)
    return summarised(
        y,
        {
            "chroma_stft": librosa.feature.chroma_stft(y=y, pad_mode="reflect"),
            "rms": librosa.feature.rms(y=y, pad_mode="reflect"),
            "spectral_centroid": librosa.feature.spectral_centroid(y=y, pad_mode="reflect"),
            "spectral_bandwidth": librosa.feature.spectral_bandwidth(y=y, pad_mode="reflect"),
            "rolloff": librosa.feature.spectral_rolloff(y=y, pad_mode="reflect"),
            "zero_crossing_rate": librosa.feature.zero_crossing_rate(y),
            "harmony": harmonic,
            "perceptr": percussive,
        },
        librosa.beat.beat_track(onset_envelope=onsets)[0],
        librosa.feature.mfcc(S=mel, n_mfcc=20),
    )


def summarised(y, series, beats_per_minute, mfcc):
    series |= {f"mfcc{i}": row for i, row in enumerate(mfcc, start=1)}
    values = {"length": len(y), "tempo": float(np.squeeze(beats_per_minute))}
    for name, frames in series.items():
        values[f"{name}_mean"] = frames.mean()
        values[f"{name}_var"] = frames.var()
    return pd.Series(values)[COLUMNS].to_numpy()


@pytest.mark.parametrize("genre", GENRES)
def test_real_clips_have_the_values_of_the_public_table(genre, real_audio, public_table):
    clips = sorted((real_audio / genre).glob("*.wav"))
    assert len(clips) == 10
    expected = public_table.set_index("filename")[COLUMNS]
    for clip in clips[::5]:  # tests/workflow/test_real.py holds all 100.
        assert_same(handcrafted(decode(clip).samples), expected.loc[clip.name], rtol=1e-4)


def test_a_real_segment_has_the_values_of_the_public_3_second_table(real_audio):
    samples = decode(real_audio / "blues" / "blues.00000.wav").samples
    start, length = windows(samples.size, "3s")[0]
    found = pd.Series(handcrafted(samples[start : start + length]), index=COLUMNS)
    assert found["tempo"] == 129.19921875
    expected = {
        "rms_mean": 0.1304050236940384,
        "zero_crossing_rate_mean": 0.08185096153846154,
        "mfcc1_mean": -118.62791442871094,
        "harmony_var": 0.008353590033948421,
    }
    assert_allclose(found[list(expected)], list(expected.values()), rtol=1e-4)


@pytest.fixture(scope="module")
def real_clips(real_audio):
    """Samples of all 100 real clips, by the name of their file."""
    return {path.name: decode(path).samples for path in sorted(real_audio.glob("*/*.wav"))}


def test_real_clips_are_cut_into_nine_or_ten_segments_by_their_length(real_clips, public_table):
    lengths = public_table.set_index("filename")["length"]
    counts = {name: len(windows(samples.size, "3s")) for name, samples in real_clips.items()}
    assert len(counts) == 100
    assert set(counts.values()) == {9, 10}
    assert counts == {name: min(10, (int(lengths[name]) - 1) // 66_150) for name in counts}


def test_main_writes_a_row_a_segment(real_clips, samples_file, tmp_path):
    samples = {"blues.00000": real_clips["blues.00000.wav"]}
    main(samples_file(samples), "3s", "kaggle", tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["clip"].tolist() == [f"blues.00000.{i}" for i in range(10)]
    assert set(table["length"]) == {66_149}
    last = samples["blues.00000"][9 * 66_150 : 10 * 66_150 - 1]
    assert_array_equal(table.loc[9, COLUMNS].to_numpy(dtype=np.float64), handcrafted(last))


def test_the_columns_are_those_of_the_public_table(public_table):
    assert public_table.columns.tolist() == ["filename", *COLUMNS, "label"]


@pytest.mark.parametrize(
    ("profile", "reference"), [("kaggle", librosa_as_of_0_7), ("librosa", plain_librosa)]
)
@pytest.mark.parametrize("seconds", [1, 5.01])
def test_a_profile_gives_what_librosa_itself_gives(profile, reference, seconds, music):
    samples = music(seconds)
    assert_same(handcrafted(samples, profile), reference(samples), rtol=1e-5)


def test_the_profiles_differ(music):
    samples = music(3)
    kaggle, today = (pd.Series(handcrafted(samples, name), COLUMNS) for name in PROFILES)
    for column in ["rms_var", "spectral_centroid_mean", "harmony_var", "mfcc1_mean"]:
        assert abs(kaggle[column] / today[column] - 1) > 1e-5


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large:UserWarning")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("samples", [1024, SAMPLE_RATE])
def test_short_clips_have_finite_features(profile, samples, music):
    features = handcrafted(music(1)[:samples], profile)
    assert features.shape == (len(COLUMNS),)
    assert np.isfinite(features).all()


@pytest.mark.parametrize(("bpm", "seconds"), [(70, 3), (120, 3), (133, 6), (180, 6)])
def test_tempo_is_the_beat_trackers(bpm, seconds, music):
    samples = music(seconds, bpm, seed=bpm)
    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=samples))
    assert tempo(mel) == librosa.beat.beat_track(y=samples)[0][0]


def test_tempo_is_that_of_the_sound_at_most_pitches():
    """Three loud low notes at 90 beats per minute, a faint noise at 140."""
    time = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    attack, decay = np.exp(-30 * (time * 140 / 60 % 1)), np.exp(-8 * (time * 90 / 60 % 1))
    noise = np.random.default_rng(0).standard_normal(time.size) * (0.01 + 0.02 * attack)
    notes = 0.3 * sum(np.sin(2 * np.pi * pitch * time) for pitch in (100, 200, 400)) * decay
    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=noise + notes))
    assert tempo(mel) == librosa.beat.beat_track(y=noise + notes)[0][0]
    assert tempo(mel) == pytest.approx(140, rel=0.03)


def test_tempo_is_0_without_onsets():
    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=np.zeros(SAMPLE_RATE)))
    assert tempo(mel) == librosa.beat.beat_track(y=np.zeros(SAMPLE_RATE))[0] == 0


def test_harmonic_and_percussive_parts_are_librosas_and_zero_in_the_tail_if_so_wished(music):
    samples = music(1)
    whole = samples.size // HOP * HOP
    stft = librosa.stft(samples, n_fft=N_FFT, hop_length=HOP)
    expected = librosa.effects.hpss(samples)
    for zero_tail in (True, False):
        parts = harmonic_percussive(samples, stft * harmonic_mask(np.abs(stft)), zero_tail)
        for part, reference in zip(parts, expected, strict=True):
            assert part.shape == samples.shape
            assert_allclose(part[: whole - N_FFT], reference[: whole - N_FFT], atol=1e-6)
            assert np.any(part[whole:]) != zero_tail


@pytest.mark.parametrize("levels", [2, 10**6])
@pytest.mark.parametrize("frames", [3, 44, 130])
def test_running_medians_are_scipys_in_time_and_in_frequency(frames, levels):
    rng = np.random.default_rng(frames)
    magnitude = rng.integers(0, levels, (1025, frames)).astype(np.float32)
    for rows in (magnitude, magnitude.T):
        expected = ndimage.median_filter(rows, (1, 31))
        assert_array_equal(running_median(rows), expected, strict=True)


def test_what_is_silent_in_both_is_half_harmonic():
    magnitude = np.zeros((1025, 40), dtype=np.float32)
    magnitude[:, :4] = 1e-30
    mask = harmonic_mask(magnitude)
    assert (mask[:, 30:] == 0.5).all()
    medians = ndimage.median_filter(magnitude, (1, 31)), ndimage.median_filter(magnitude, (31, 1))
    expected = librosa.util.softmask(*medians, power=2, split_zeros=True)
    assert_allclose(mask, expected, atol=1e-6)


@pytest.mark.parametrize("samples", [1024, 2000, SAMPLE_RATE])
def test_zero_crossings_are_librosas(samples):
    rng = np.random.default_rng(samples)
    heard = rng.choice([-1, -1e-11, 0, 1e-11, 1], samples).astype(np.float32)
    expected = librosa.feature.zero_crossing_rate(heard)
    assert_array_equal(zero_crossing_rate(heard), expected, strict=True)


@pytest.mark.parametrize("profile", PROFILES)
def test_main_writes_a_row_a_clip(profile, samples_file, tmp_path, music):
    clips = {"a": music(1), "b": music(1.5, seed=1)}
    main(samples_file(clips), "30s", profile, tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table.columns.tolist() == ["clip", *COLUMNS]
    assert table["clip"].tolist() == ["a", "b"]
    expected = [handcrafted(samples, profile) for samples in clips.values()]
    assert_array_equal(table[COLUMNS].to_numpy(), expected, strict=True)


def test_a_lack_of_memory_fails_the_job(samples_file, tmp_path, music, starved):
    samples = samples_file({"long": np.tile(music(30), 10)})
    options = [f"--samples={samples}", "--cut=30s", "--profile=kaggle", "--output=out.parquet"]
    assert "This was at clip 'long'." in starved("features.handcrafted", options, 550 * 2**20)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("frames", [1, 5, 127, 128, 129, 400])
def test_what_is_made_in_blocks_is_what_librosa_makes_at_once(frames) -> None:
    rng = np.random.default_rng(frames)
    magnitude = rng.uniform(0, 1, (1025, frames)).astype(np.float32) ** 4
    magnitude[:, ::3] *= np.arange(1025)[:, None] == 40  # A single frequency has no width.
    magnitude[:, 4::7] = 0
    expected = [
        librosa.feature.spectral_centroid(S=magnitude, sr=SAMPLE_RATE),
        librosa.feature.spectral_bandwidth(S=magnitude, sr=SAMPLE_RATE),
        librosa.feature.spectral_rolloff(S=magnitude, sr=SAMPLE_RATE),
    ]
    found = spectral_shape(magnitude)
    assert_allclose(found[0], expected[0], rtol=1e-7)
    assert_allclose(found[1], expected[1], rtol=1e-7, atol=1e-4)
    assert_array_equal(found[2], expected[2], strict=True)
    assert tuning(magnitude) == librosa.estimate_tuning(S=magnitude, sr=SAMPLE_RATE)


def test_silence_has_no_tuning() -> None:
    assert tuning(np.zeros((1025, 5), dtype=np.float32)) == 0
