import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from genregraph.audio.read import decode
from genregraph.features.musicnn import activations, load
from genregraph.features.musicnn_embedding import COLUMNS, embedding, main


@pytest.fixture(scope="module")
def network():
    return load()


def test_a_real_clips_embedding_is_that_of_the_original_network(
    network, musicnn_outputs, real_audio
):
    with np.load(musicnn_outputs / "reference.npz") as reference:
        expected = reference["rock.00008"][:, 50:].mean(axis=0)
    found = embedding(decode(real_audio / "rock" / "rock.00008.wav").samples, network)
    assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_columns_are_maxima_then_means():
    assert len(set(COLUMNS)) == len(COLUMNS) == 2 * 753
    assert COLUMNS[752:754] == ["musicnn_max_752", "musicnn_mean_000"]


def test_main_writes_a_row_a_clip(samples_file, tmp_path, music, network):
    clips = {"b": music(7), "a": music(1, seed=1)}
    main(samples_file(clips), "30s", tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet").set_index("clip")
    assert table.columns.tolist() == COLUMNS
    assert table.index.tolist() == ["b", "a"]
    found = activations(clips["b"], network)
    assert len(found.mean) == 2
    expected = np.concatenate([found.maximum.mean(axis=0), found.mean.mean(axis=0)])
    assert_array_equal(table.loc["b"].to_numpy(), expected, strict=True)
