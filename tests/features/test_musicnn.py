import librosa
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from safetensors import safe_open

from genregraph.audio.read import decode
from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.features.musicnn import (
    COLUMNS,
    TAGS,
    WEIGHTS,
    Network,
    activations,
    load,
    log_mel,
    main,
    musicnn,
    windows,
)

# Of the 40 real clips whose published tags are known, the three that correlate least, and one that
# correlates most.
PUBLISHED = ["disco.00005", "pop.00009", "metal.00003", "hiphop.00003"]


@pytest.fixture(scope="module")
def network():
    return load()


@pytest.fixture(scope="module")
def untrained():
    """The network with random weights: for what does not depend on them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Network()


@pytest.fixture(scope="module")
def reference(musicnn_outputs):
    """What the original network gives for ten real clips, a row a window."""
    with np.load(musicnn_outputs / "reference.npz") as arrays:
        return dict(arrays)


def clip_samples(real_audio, clip):
    return decode(real_audio / clip.split(".")[0] / f"{clip}.wav").samples


def test_activations_are_those_of_the_original_network(network, reference, real_audio):
    clips = [clip for clip in reference if clip != "tags"]
    assert len(clips) == 10
    for clip in clips:
        found = activations(clip_samples(real_audio, clip), network)
        tags, maximum, mean = np.split(reference[clip], [50, 803], axis=1)
        assert_allclose(found.tags, tags, rtol=0, atol=1e-5, err_msg=clip)
        # They reach 100, and means 10. In double precision they come no nearer: what is left is
        # how the original rounded, and what is rounded here differs by machine.
        assert_allclose(found.maximum, maximum, rtol=0, atol=1e-5 * maximum.max(), err_msg=clip)
        assert_allclose(found.mean, mean, rtol=0, atol=1e-5 * mean.max(), err_msg=clip)


@pytest.mark.parametrize("clip", PUBLISHED)
def test_tags_correlate_with_the_published_ones(clip, network, musicnn_outputs, real_audio):
    with np.load(musicnn_outputs / "published_tags_train.npz") as published:
        theirs = published["X"][published["IDS"] == f"{clip.split('.')[0]}/{clip}.au"]
    apart = windows(log_mel(clip_samples(real_audio, clip)), hop=61)
    with torch.inference_mode():
        ours = torch.cat([network(window[None])[0] for window in torch.from_numpy(apart)]).numpy()
    assert len(ours) == len(theirs) == 28
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] >= 0.985


def test_a_real_clips_tags_are_means_and_deviations_over_ten_windows(
    network, reference, real_audio
):
    found = pd.Series(musicnn(clip_samples(real_audio, "jazz.00005"), network), COLUMNS)
    tags = pd.DataFrame(reference["jazz.00005"][:, :50], columns=reference["tags"])
    for tag in ["jazz", "Hip-Hop", "easy listening", "00s"]:
        name = tag.lower().replace("-", "_").replace(" ", "_")
        assert found[f"{name}_mean"] == pytest.approx(tags[tag].mean(), abs=1e-5)
        assert found[f"{name}_std"] == pytest.approx(tags[tag].std(ddof=0), abs=1e-5)
    assert found[:50].idxmax() == "jazz_mean"


def test_the_tags_are_the_originals_in_its_order(reference):
    assert reference["tags"].tolist() == TAGS


def test_columns_are_all_means_then_all_deviations():
    assert len(set(COLUMNS)) == len(COLUMNS) == 100
    assert COLUMNS[:8:7] == ["rock_mean", "00s_mean"]
    assert COLUMNS[5] == "female_vocalists_mean"
    assert COLUMNS[17] == "mellow_mean"
    assert COLUMNS[33] == "hip_hop_mean"
    assert [column.removesuffix("_mean") for column in COLUMNS[:50]] == [
        column.removesuffix("_std") for column in COLUMNS[50:]
    ]


def test_the_spectrogram_is_the_originals_where_that_does_not_overflow(music):
    samples = 0.2 * music(3)
    audio = librosa.resample(samples, orig_sr=SAMPLE_RATE, target_sr=16_000)
    mel = librosa.feature.melspectrogram(y=audio, sr=16_000, hop_length=256, n_fft=512, n_mels=96)
    half = mel.T.astype(np.float16)
    assert_allclose(log_mel(samples), np.log10(10_000 * half + np.float16(1)), atol=4e-3)
    assert log_mel(samples).dtype == np.float32


@pytest.mark.parametrize("clip", ["blues.00000", "country.00003"])
def test_stored_samples_resample_to_what_librosa_loads_at_16_khz(clip, real_audio):
    path = real_audio / clip.split(".")[0] / f"{clip}.wav"
    loaded, _ = librosa.load(path, sr=16_000)
    ours = librosa.resample(decode(path).samples, orig_sr=SAMPLE_RATE, target_sr=16_000)
    assert_array_equal(ours, loaded, strict=True)


@pytest.mark.parametrize("level", [10, 1000, 1e6])
def test_loud_music_does_not_overflow(level, music, untrained):
    samples = music(3)
    loud = (level * samples).astype(np.float32)
    assert (log_mel(loud) >= log_mel(samples)).all()
    assert np.isfinite(log_mel(loud)).all()
    assert np.isfinite(musicnn(loud, untrained)).all()


def test_sound_that_is_not_finite_is_refused(music, untrained):
    samples = music(3)
    samples[5] = np.nan
    with pytest.raises(librosa.ParameterError, match="not finite"):
        musicnn(samples, untrained)


def test_silence_has_tags(network):
    silence = np.zeros(10 * SAMPLE_RATE, dtype=np.float32)
    assert not log_mel(silence).any()
    values = musicnn(silence, network)
    assert ((values[:50] > 0) & (values[:50] < 1)).all()
    assert_allclose(values[50:], 0, atol=1e-7)


def frames(count):
    """A spectrogram whose values are the numbers of its frames."""
    return np.repeat(np.arange(count, dtype=np.float32)[:, None], 96, axis=1)


@pytest.mark.parametrize(("count", "whole"), [(187, 1), (373, 1), (374, 2), (1876, 10)])
def test_windows_follow_one_another(count, whole):
    found = windows(frames(count))
    assert found.shape == (whole, 187, 96)
    assert_array_equal(found[:, :, 5].ravel(), np.arange(whole * 187))


def test_windows_may_overlap():
    starts = windows(frames(400), hop=61)[:, 0, 0]
    assert starts.tolist() == [0, 61, 122, 183]


@pytest.mark.parametrize("count", [1, 5, 93, 94, 186])
def test_a_clip_shorter_than_a_window_is_repeated(count):
    [window] = windows(frames(count))
    assert_array_equal(window[:, 95], np.arange(187) % count)


@pytest.mark.filterwarnings("ignore:n_fft=512 is too large:UserWarning")
@pytest.mark.parametrize("seconds", [0.01, 0.1, 1, 2.98])
def test_short_clips_have_finite_tags(seconds, music, untrained):
    values = musicnn(music(seconds), untrained)
    assert values.shape == (100,)
    assert np.isfinite(values).all()
    assert_array_equal(values[50:], 0)


def test_a_window_depends_on_no_other(music, untrained):
    samples = music(9.5)
    whole = activations(samples, untrained)
    assert whole.tags.shape == (3, 50)
    spectrogram = windows(log_mel(samples))
    with torch.inference_mode():
        alone = untrained(torch.from_numpy(spectrogram[1:2]))
        together = untrained(torch.from_numpy(spectrogram))
    for found, one, batch in zip(
        (whole.tags, whole.maximum, whole.mean), alone, together, strict=True
    ):
        assert_array_equal(found[1:2], one.numpy(), strict=True)
        assert_allclose(found, batch.numpy(), rtol=1e-4, atol=1e-5)


def test_main_writes_a_row_a_segment(samples_file, tmp_path, music, network):
    samples = music(7)
    path = samples_file({"blues.00000": samples})
    for name in ("1.parquet", "2.parquet"):
        main(path, "3s", tmp_path / name)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    table = pd.read_parquet(tmp_path / "1.parquet")
    assert table.columns.tolist() == ["clip", *COLUMNS]
    assert table["clip"].tolist() == ["blues.00000.0", "blues.00000.1"]
    # 188 frames: one window.
    second = activations(samples[66_150 : 2 * 66_150 - 1], network)
    assert second.tags.shape == (1, 50)
    assert_array_equal(table.loc[1, COLUMNS[:50]].to_numpy(dtype=np.float32), second.tags[0])
    assert table[COLUMNS[50:]].eq(0).all(axis=None)


def test_threads_are_left_as_they_were(samples_file, tmp_path, music):
    before = torch.get_num_threads()
    main(samples_file({"a": music(1)}), "30s", tmp_path / "out.parquet")
    assert torch.get_num_threads() == before


def test_weights_that_are_missing_or_others_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(UserError, match=r"w\.safetensors is not the file of this version"):
        load(path)
    path.write_bytes(WEIGHTS.read_bytes()[:-1] + b"\0")
    with pytest.raises(UserError, match="copy or check it out anew"):
        load(path)


def test_the_licence_goes_with_the_weights():
    with safe_open(WEIGHTS, framework="numpy") as file:
        [licence] = file.metadata().values()
    assert licence == WEIGHTS.with_name("musicnn.LICENSE.txt").read_text()
    assert licence.startswith("Copyright (c) Music Technology Group, Universitat Pompeu Fabra 2019")
    assert "this permission notice appear in all copies" in licence
