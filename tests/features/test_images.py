import librosa
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tests.audio.conftest import music, write_samples

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.features.images import main, mel_image
from genregraph.features.parquet import read_images


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large:UserWarning")
@pytest.mark.parametrize("seconds", [0.012, 1, 2.9999, 30])
def test_size_and_range_do_not_depend_on_length(seconds):
    image = mel_image(music(seconds))
    assert (image.shape, image.dtype, image.max()) == ((256, 256), np.uint8, 255)
    assert image.std() > 10


@pytest.mark.parametrize("level", [2**-20, 1e-25, 0.3, 1000])
def test_level_does_not_matter(level):
    samples = music(3)
    louder = mel_image((level * samples).astype(np.float32))
    apart = np.abs(louder.astype(int) - mel_image(samples)).max()
    assert apart <= (0 if level == 2**-20 else 1)


def test_image_is_librosas_mel_spectrogram_in_decibels():
    """One frame a column, but for the last, which has two; what is silent is black."""
    samples = np.concatenate([music(1), np.zeros(SAMPLE_RATE, np.float32), music(1, seed=1)])
    power = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, hop_length=samples.size // 256, n_mels=256
    )
    assert power.shape == (256, 257)
    columns = np.column_stack([power[:, :255], power[:, 255:].mean(axis=1)])
    expected = 255 + librosa.power_to_db(columns, ref=np.max, top_db=80) * 255 / 80
    image = mel_image(samples)
    assert np.abs(image - expected).max() < 0.51
    assert not image[:, 100:150].any()


@pytest.mark.parametrize(("cut", "names"), [("30s", ["a", "b"]), ("3s", ["a.0", "a.1", "b.0"])])
def test_main_draws_each_piece_with_the_same_bytes(cut, names, tmp_path):
    """A silent segment of a song is 0 throughout."""
    silent_first = np.concatenate([np.zeros(66_150, np.float32), music(3.5, seed=1)])
    samples = write_samples(tmp_path / "samples", [("b", music(3.5)), ("a", silent_first)])
    for name in ("1", "2"):
        main(samples, cut, tmp_path / name)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    drawn, images = read_images([tmp_path / "1"])
    assert drawn.tolist() == names
    assert images[0].any() == (cut == "30s")
    last = music(3.5) if cut == "30s" else music(3.5)[:66_149]
    assert_array_equal(images[-1], mel_image(last))
