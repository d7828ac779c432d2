import librosa
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.features.images import main, mel_image, time_means
from genregraph.features.parquet import read_images


def tone(frequency, seconds=3.0):
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sin(2 * np.pi * frequency * time).astype(np.float32)


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large:UserWarning")
@pytest.mark.parametrize("seconds", [0.012, 1, 2.9999, 30])
def test_size_and_range_do_not_depend_on_length(seconds, music):
    image = mel_image(music(seconds))
    assert image.shape == (256, 256)
    assert image.dtype == np.uint8
    assert image.max() == 255
    assert image.std() > 10


@pytest.mark.parametrize("level", [2**-20, 1e-25, 0.3, 1000])
def test_level_does_not_matter(level, music):
    samples = music(3)
    louder = mel_image((level * samples).astype(np.float32))
    apart = np.abs(louder.astype(int) - mel_image(samples)).max()
    assert apart <= (0 if level == 2**-20 else 1)


def test_image_is_librosas_mel_spectrogram_in_decibels(music):
    """One frame a column, but for the last, which has two."""
    samples = music(3)
    power = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, hop_length=samples.size // 256, n_mels=256
    )
    assert power.shape == (256, 257)
    columns = np.column_stack([power[:, :255], power[:, 255:].mean(axis=1)])
    expected = 255 + librosa.power_to_db(columns, ref=np.max, top_db=80) * 255 / 80
    assert np.abs(mel_image(samples) - expected).max() < 0.51


def test_quiet_parts_are_black_and_bands_rise_with_frequency():
    silence = np.zeros(SAMPLE_RATE, dtype=np.float32)
    image = mel_image(np.concatenate([tone(500), silence, tone(5000)]))
    # 3, 1 and 3 of 7 seconds
    low, quiet, high = image[:, 5:105], image[:, 115:140], image[:, 150:250]
    assert not quiet.any()
    centres = librosa.mel_frequencies(258, fmax=SAMPLE_RATE / 2)[1:-1]
    for part, frequency in ((low, 500), (high, 5000)):
        brightest = np.argmax(part.mean(axis=1))
        assert abs(brightest - np.argmin(np.abs(centres - frequency))) <= 1


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (np.append(np.ones(SAMPLE_RATE), np.inf), "needs finite samples"),
        (np.ones(255), "255 samples"),
        (np.ones(0), "0 samples"),
    ],
)
def test_clips_that_cannot_be_drawn_are_an_error(samples, problem):
    with pytest.raises(ValueError, match=problem):
        mel_image(samples.astype(np.float32))


@pytest.mark.parametrize("frames", [4, 5, 9, 1293])
def test_each_frame_counts_once(frames):
    values = np.random.default_rng(0).random((3, frames)).astype(np.float32)
    sizes = np.diff(np.arange(5) * frames // 4)
    assert sizes.max() - sizes.min() <= 1
    parts = np.split(values, np.cumsum(sizes)[:-1].tolist(), axis=1)
    expected = np.transpose([part.mean(axis=1) for part in parts])
    np.testing.assert_allclose(time_means(values, 4), expected, rtol=1e-5)


@pytest.mark.parametrize(("cut", "names"), [("30s", ["a", "b"]), ("3s", ["a.0", "a.1", "b.0"])])
def test_main_draws_each_piece_with_the_same_bytes(cut, names, samples_file, tmp_path, music):
    """A silent segment of a song is 0 throughout."""
    silent_first = np.concatenate([np.zeros(66_150, np.float32), music(3.5, seed=1)])
    samples = samples_file({"b": music(3.5), "a": silent_first})
    for name in ("1", "2"):
        main(samples, cut, tmp_path / name)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    drawn, images = read_images([tmp_path / "1"])
    assert drawn.tolist() == names
    assert images[0].any() == (cut == "30s")
    last = music(3.5) if cut == "30s" else music(3.5)[:66_149]
    assert_array_equal(images[-1], mel_image(last))


def test_clip_that_cannot_be_drawn_fails_the_job(samples_file, tmp_path, music):
    clips = {"good": music(1), "bad": np.full(SAMPLE_RATE, np.nan, dtype=np.float32)}
    with pytest.raises(ValueError, match="needs finite samples"):
        main(samples_file(clips), "30s", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
