import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tests.report.conftest import assert_legible

from genregraph.audio.samples import SAMPLE_RATE, SamplesWriter
from genregraph.common.errors import UserError
from genregraph.features.handcrafted import COLUMNS, handcrafted
from genregraph.report.figures.clip import draw, first_clip, measure


def tone(seconds):
    """A falling tone with clicks, mono."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(0).normal(size=time.size) * (time % 0.25 < 0.01)
    return (0.4 * np.sin(2 * np.pi * (880 - 100 * time) * time) + 0.1 * noise).astype(np.float32)


def test_first_clip_of_all_shards_is_taken(tmp_path):
    shards = {"0.parquet": ["b$1$", "c\x07"], "1.parquet": ["a & <a>"], "2.parquet": []}
    for file, names in shards.items():
        with SamplesWriter(tmp_path / file) as writer:
            for name in names:
                writer.write(name, tone(len(name) / 2))
    paths = [tmp_path / file for file in shards]
    name, samples = first_clip(paths)
    assert name == "a & <a>"
    assert_array_equal(samples, tone(3.5))
    with pytest.raises(UserError, match="no clip is usable"):
        first_clip(paths[2:])


def test_views_are_what_the_features_are_measured_on():
    views, features = measure(tone(2)), dict(zip(COLUMNS, handcrafted(tone(2)), strict=True))
    names = {"rolloff": "rolloff", "chroma": "chroma_stft", "zero_crossings": "zero_crossing_rate"}
    for view, name in names.items():
        assert_allclose(views[view].mean(), features[f"{name}_mean"], rtol=1e-5)
    coefficients = [features[f"mfcc{i + 1}_mean"] for i in range(20)]
    assert_allclose(views["mfcc"].mean(axis=1), coefficients, rtol=1e-4)
    assert (views["spectrogram"].min(), views["spectrogram"].max()) == (-80, 0)


def test_figure_is_legible_and_shows_30_seconds(tmp_path):
    titles = ["Wave form", "Spectrogram", "Spectral roll-off (85 %)", "Chroma"]
    titles += ["Zero crossing rate", "MFCCs, each about its mean"]
    texts = ["Clip b$1$", *titles, "time (s)", "frequency (Hz)", "dB", "C"]
    assert_legible(tmp_path, draw, "b$1$", tone(1.5), texts=texts)
    figure = draw("long", np.tile(tone(1), 31))
    assert figure.get_suptitle() == "Clip long, first 30 s"
    assert figure.axes[0].get_xlim() == (0, 30)
