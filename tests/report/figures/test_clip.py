import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from genregraph.audio.samples import SAMPLE_RATE, SamplesWriter
from genregraph.common.errors import UserError
from genregraph.features.handcrafted import COLUMNS, handcrafted
from genregraph.report.figures.clip import draw, find_clip, measure


def tone(seconds):
    """A falling tone with clicks, mono."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(0).normal(size=time.size) * (time % 0.25 < 0.01)
    return (0.4 * np.sin(2 * np.pi * (880 - 100 * time) * time) + 0.1 * noise).astype(np.float32)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Two shards; the first clip by name lies in the second."""
    folder = tmp_path_factory.mktemp("shards")
    clips = {"0.parquet": ["b$1$", "c\x07"], "1.parquet": ["a & <a>"], "2.parquet": []}
    for file, names in clips.items():
        with SamplesWriter(folder / file) as writer:
            for name in names:
                writer.write(name, tone(1 + ord(name[0]) % 4 / 4))
    return [folder / file for file in clips]


def test_the_first_clip_is_taken_unless_one_is_named(shards):
    assert find_clip(shards, None)[0] == "a & <a>"
    name, samples = find_clip(shards, "b$1$")
    assert name == "b$1$"
    assert_array_equal(samples, tone(1.5))


def test_an_unknown_clip_is_told_with_one_like_it(shards):
    with pytest.raises(UserError, match=r"no usable clip 'b\$2\$'; one is 'b\$1\$'"):
        find_clip(shards, "b$2$")


def test_no_clip_at_all_is_told(shards):
    with pytest.raises(UserError, match="no clip is usable"):
        find_clip(shards[2:], None)


def test_what_is_drawn_is_what_the_features_are_made_of(shards):
    samples = tone(2)
    views, features = measure(samples), dict(zip(COLUMNS, handcrafted(samples), strict=True))
    means = {
        "rolloff_mean": views.rolloff,
        "chroma_stft_mean": views.chroma,
        "zero_crossing_rate_mean": views.zero_crossings,
        "mfcc1_mean": views.mfcc[0],
        "mfcc20_mean": views.mfcc[19],
    }
    for name, values in means.items():
        assert_allclose(values.mean(), features[name], rtol=1e-5)
    assert views.spectrogram.max() == 0
    assert views.spectrogram.min() >= -80


def test_the_figure_is_legible(shards, assert_legible):
    titles = [
        "Wave form",
        "Spectrogram",
        "Spectral roll-off (85 %)",
        "Chroma",
        "Zero crossing rate",
    ]
    expected = [*titles, "MFCCs, each about its mean", "time (s)", "frequency (Hz)", "dB", "C"]
    assert_legible(draw, *find_clip(shards, "b$1$"), texts=["Clip b$1$", *expected])


def test_labels_keep_apart(assert_apart):
    assert_apart(draw("clip", tone(1)))


def test_a_long_clip_is_cut_and_the_title_says_so():
    figure = draw("long", np.tile(tone(1), 31))
    assert figure.get_suptitle() == "Clip long, first 30 s"
    assert figure.axes[0].get_xlim() == (0, 30)
