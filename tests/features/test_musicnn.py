"""The network and both of its tables: tags, and embedding."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from safetensors import safe_open
from tests.audio.conftest import music

from genregraph.audio.read import decode
from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.features import musicnn, musicnn_embedding


@pytest.fixture(scope="module")
def network():
    return musicnn.load()


@pytest.fixture(scope="module")
def reference(musicnn_outputs):
    """What the original network gives for ten real clips, a row a window."""
    with np.load(musicnn_outputs / "reference.npz") as arrays:
        return dict(arrays)


def test_activations_are_the_original_networks(network, reference, real_audio):
    clips = [clip for clip in reference if clip != "tags"]
    assert len(clips) == 10
    for clip in clips:
        samples = decode(real_audio / clip.split(".")[0] / f"{clip}.wav").samples
        tags, *channels = musicnn.activations(samples, network)
        expected = np.split(reference[clip], [50, 803], axis=1)
        assert_allclose(tags, expected[0], rtol=0, atol=1e-5, err_msg=clip)
        # Maxima reach 100, and means 10. In double precision they come no nearer: what is left is
        # how the original rounded, and what is rounded here differs by machine.
        for pooled, original in zip(channels, expected[1:], strict=True):
            assert_allclose(pooled, original, rtol=0, atol=1e-5 * original.max(), err_msg=clip)


def test_tables_are_means_and_deviations_over_windows(network, reference, real_audio):
    samples = decode(real_audio / "jazz" / "jazz.00005.wav").samples
    values, original = musicnn.musicnn(samples, network), reference["jazz.00005"]
    tags = original[:, :50]
    assert_allclose(values, [*tags.mean(axis=0), *tags.std(axis=0)], rtol=0, atol=1e-5)
    assert musicnn.COLUMNS[values[:50].argmax()] == "jazz_mean"
    embedding = musicnn_embedding.embedding(samples, network)
    assert_allclose(embedding, original[:, 50:].mean(axis=0), rtol=1e-5, atol=1e-5)


def test_columns_are_the_originals_in_its_order(reference):
    assert reference["tags"].tolist() == musicnn.TAGS
    assert len(set(musicnn.COLUMNS)) == len(musicnn.COLUMNS) == 100
    named = "rock_mean female_vocalists_mean 00s_mean mellow_mean hip_hop_mean rock_std".split()
    assert [musicnn.COLUMNS[i] for i in (0, 5, 7, 17, 33, 50)] == named
    assert musicnn_embedding.COLUMNS[752:754] == ["musicnn_max_752", "musicnn_mean_000"]


def test_loud_music_does_not_overflow_and_silence_has_tags(network):
    samples = music(3)
    loud = (1e6 * samples).astype(np.float32)
    assert (musicnn.log_mel(loud) >= musicnn.log_mel(samples)).all()
    assert np.isfinite(musicnn.log_mel(loud)).all()
    silence = np.zeros(10 * SAMPLE_RATE, dtype=np.float32)
    assert not musicnn.log_mel(silence).any()
    for clip in (loud, silence, samples[:9999]):
        values = musicnn.musicnn(clip, network)
        assert ((values[:50] > 0) & (values[:50] < 1)).all()
        assert_allclose(values[50:], 0, atol=1e-7)


@pytest.mark.parametrize(("count", "complete"), [(1, 1), (186, 1), (187, 1), (373, 1), (374, 2)])
def test_windows_follow_one_another_and_a_shorter_clip_is_repeated(count, complete):
    cut = musicnn.windows(np.repeat(np.arange(count, dtype=np.float32)[:, None], 96, axis=1))
    assert cut.shape == (complete, 187, 96)
    assert_array_equal(cut[:, :, 5].ravel(), np.arange(complete * 187) % max(count, 187) % count)


def test_window_depends_on_no_other(network):
    samples = music(9.5)
    with torch.inference_mode():
        alone = network(torch.from_numpy(musicnn.windows(musicnn.log_mel(samples))[1:2]))
    for of_clip, of_window in zip(musicnn.activations(samples, network), alone, strict=True):
        assert_array_equal(of_clip[1:2], of_window.numpy(), strict=True)


def test_missing_or_other_weights_are_an_error(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(UserError, match=r"w\.safetensors is not the file of this version"):
        musicnn.load(path)
    path.write_bytes(musicnn.WEIGHTS.read_bytes()[:-1] + b"\0")
    with pytest.raises(UserError, match="copy or check it out anew"):
        musicnn.load(path)


def test_licence_goes_with_the_weights():
    with safe_open(musicnn.WEIGHTS, framework="numpy") as file:
        [licence] = file.metadata().values()
    assert licence == musicnn.WEIGHTS.with_name("musicnn.LICENSE.txt").read_text()
    assert licence.startswith("Copyright (c) Music Technology Group, Universitat Pompeu Fabra 2019")
