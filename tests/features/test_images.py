import librosa
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.features.images import main, mel_image, read_images, time_means, write_images


def tone(frequency, seconds=3.0):
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sin(2 * np.pi * frequency * time).astype(np.float32)


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large:UserWarning")
@pytest.mark.parametrize("seconds", [0.012, 0.1, 1, 2.9999, 3, 30])
def test_an_image_has_the_same_size_and_range_whatever_the_length(seconds, music):
    image = mel_image(music(seconds))
    assert image.shape == (256, 256)
    assert image.dtype == np.uint8
    assert image.max() == 255
    assert image.std() > 10


@pytest.mark.parametrize("level", [2**-20, 1e-25, 1e-4, 0.3, 1000])
def test_the_level_does_not_matter(level, music):
    samples = music(3)
    image = mel_image(samples)
    louder = mel_image((level * samples).astype(np.float32))
    assert np.abs(louder.astype(int) - image).max() <= (0 if level == 2**-20 else 1)


def test_an_image_is_librosas_mel_spectrogram_in_decibels(music):
    """One frame a column, but for the last, which has two."""
    samples = music(3)
    power = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, hop_length=samples.size // 256, n_mels=256
    )
    assert power.shape == (256, 257)
    columns = np.column_stack([power[:, :255], power[:, 255:].mean(axis=1)])
    expected = 255 + librosa.power_to_db(columns, ref=np.max, top_db=80) * 255 / 80
    assert np.abs(mel_image(samples) - expected).max() < 0.51


def test_a_click_is_seen_wherever_it_falls_in_a_long_clip():
    """Frames a column apart would leave gaps."""
    for position in 300_000 + np.arange(0, 2600, 200):
        samples = 1e-5 * tone(440, seconds=30)
        samples[position] = 1
        image = mel_image(samples)
        assert image[200:, 10:246].any()


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


@pytest.mark.parametrize("drop", [10, 30, 60])
def test_steps_are_equal_in_decibels(drop):
    image = mel_image(np.concatenate([tone(1000), tone(1000) * 10 ** (-drop / 20)]))
    loud, soft = image[:, :120].max(), image[:, 136:250].max(axis=0)
    assert loud == 255
    assert np.abs(soft - (255 - drop * 255 / 80)).max() < 1


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (np.full(SAMPLE_RATE, np.nan), "needs finite samples"),
        (np.append(np.ones(SAMPLE_RATE), np.inf), "needs finite samples"),
        (np.ones(255), "255 samples"),
        (np.ones(0), "0 samples"),
    ],
)
def test_what_cannot_be_drawn_is_refused(samples, problem):
    with pytest.raises(ValueError, match=problem):
        mel_image(samples.astype(np.float32))


@pytest.mark.parametrize("frames", [4, 5, 9, 11, 1293])
def test_each_frame_counts_once(frames):
    values = np.random.default_rng(0).random((3, frames)).astype(np.float32)
    sizes = np.diff(np.arange(5) * frames // 4)
    assert sizes.max() - sizes.min() <= 1
    expected = [
        part.mean(axis=1) for part in np.split(values, np.cumsum(sizes)[:-1].tolist(), axis=1)
    ]
    np.testing.assert_allclose(time_means(values, 4), np.transpose(expected), rtol=1e-5)


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (256, 256), dtype=np.uint8)


def test_images_of_all_shards_are_read_in_the_order_of_clips(tmp_path):
    paths = [tmp_path / name for name in ("0.parquet", "1.parquet", "2.parquet")]
    write_images(["c", "a b'\n$"], [noise(0), noise(1)], paths[0])
    write_images([], [], paths[1])
    write_images(["b"], [noise(2)], paths[2])
    for order in (paths, paths[::-1]):
        clips, images = read_images(order)
        assert clips.tolist() == ["a b'\n$", "b", "c"]
        assert_array_equal(images, [noise(1), noise(2), noise(0)], strict=True)


def test_shards_without_clips_are_read(tmp_path):
    write_images([], [], tmp_path / "0.parquet")
    clips, images = read_images([tmp_path / "0.parquet"])
    assert clips.shape == (0,)
    assert images.shape == (0, 256, 256)


@pytest.mark.parametrize(("cut", "names"), [("30s", ["a", "b"]), ("3s", ["a.0", "a.1", "b.0"])])
def test_main_draws_each_piece(cut, names, samples_file, tmp_path, music):
    clips = {"b": music(3.5, seed=1), "a": music(6.5)}
    main(samples_file(clips), cut, tmp_path / "out.parquet")
    found, images = read_images([tmp_path / "out.parquet"])
    assert found.tolist() == names
    piece = clips["a"] if cut == "30s" else clips["a"][:66_149]
    assert_array_equal(images[0], mel_image(piece))


def test_a_silent_segment_of_a_song_is_0_throughout(samples_file, tmp_path, music):
    silence = np.zeros(66_150, dtype=np.float32)
    main(samples_file({"a": np.concatenate([silence, music(3.5)])}), "3s", tmp_path / "out.parquet")
    clips, images = read_images([tmp_path / "out.parquet"])
    assert clips.tolist() == ["a.0", "a.1"]
    assert [image.any() for image in images] == [False, True]


def test_a_clip_that_cannot_be_drawn_fails_the_job(samples_file, tmp_path, music):
    clips = {"good": music(1), "bad": np.full(SAMPLE_RATE, np.nan, dtype=np.float32)}
    with pytest.raises(ValueError, match="needs finite samples"):
        main(samples_file(clips), "30s", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_the_same_samples_give_the_same_bytes(samples_file, tmp_path, music):
    samples = samples_file({"a": music(2), "b": music(1, seed=1)})
    for name in ("1", "2"):
        main(samples, "30s", tmp_path / name)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
