import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.features.parquet import write_images
from genregraph.models.cnn import COLUMNS, Cnn, fit, images_of, main

QUICK = (2, 1e-3)
NAMES = [f"g{i % 3}.{i:02d}" for i in range(36)]


def bars(y, seed=0):
    """Noise; brighter in a band of frequencies of the genre."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 100, (len(y), 256, 256), dtype=np.uint8)
    for image, genre in zip(images, y, strict=True):
        image[40 * genre + 20 : 40 * genre + 50] += 100
    return images


@pytest.fixture(scope="module")
def fold():
    """36 clips of 3 genres, every fourth of them a test clip."""
    return bars(np.arange(36) % 3), np.array([name[:2] for name in NAMES]), np.arange(36) % 4 != 0


def test_separable_images_are_learnt(fold):
    images, genres, train = fold
    fitted = fit(images, genres, train, 6, 3e-3, 0)
    model = Cnn(3).eval()
    model.load_state_dict(fitted.weights)
    with torch.no_grad():
        scores = model(torch.from_numpy(images))
        features = model.embed(torch.from_numpy(images))
        assert torch.equal(scores, model.classifier(features))
    right = np.array(fitted.genres)[scores.argmax(dim=1).numpy()] == genres
    assert right[train].mean() == 1
    assert right[~train].mean() > 0.8
    assert fitted.history["loss"].iloc[-1] < 0.3 * fitted.history["loss"].iloc[0]
    assert (fitted.embedding.shape, fitted.embedding.dtype) == ((36, 128), np.float32)
    np.testing.assert_allclose(fitted.embedding, features.numpy(), atol=1e-4)


def test_test_clips_change_their_own_features_only(fold):
    images, genres, train = fold
    other = np.where(train, genres, "a genre of no training clip")
    moved = images.copy()
    moved[~train] = bars(2 - np.arange(36)[~train] % 3, seed=1)
    first, second = (fit(*each, train, *QUICK, 0) for each in ((images, genres), (moved, other)))
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
    pd.testing.assert_frame_equal(first.history, second.history, check_exact=True)
    assert_array_equal(first.embedding[train], second.embedding[train])
    assert (first.embedding[~train] != second.embedding[~train]).any(axis=1).all()


def test_images_come_in_the_order_of_the_clips_and_a_missing_one_is_named():
    images = np.arange(3, dtype=np.uint8).reshape(3, 1, 1)
    there = np.array(["a", "b", "c"])
    assert images_of(np.array(["c", "a"]), there, images).ravel().tolist() == [2, 0]
    with pytest.raises(UserError, match=r"1 clip\(s\) have no image, 'x\.1' first"):
        images_of(np.array(["a", "x.1"]), there, images)


def test_step_writes_features_of_all_clips_of_each_fold(fold, folds_of, tmp_path):
    """From two shards; a clip more has an image than is in the folds."""
    images, genres, _ = fold
    shards = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    write_images(NAMES[20:], list(images[20:]), shards[0])
    write_images([*NAMES[:20], "unused"], [*images[:20], images[0]], shards[1])
    repeats = np.arange(36) // 3 % 2, np.arange(36) // 18
    folds = folds_of(NAMES, genres, *repeats)
    folds.to_parquet(tmp_path / "folds.parquet", index=False)
    outputs = tmp_path / "cnn.parquet", tmp_path / "cnn.pt", tmp_path / "history.csv"
    torch.seed()
    main(shards, tmp_path / "folds.parquet", *QUICK, 3, "cpu", *outputs)
    table, saved = pd.read_parquet(outputs[0]), torch.load(outputs[1], weights_only=True)
    assert table.columns.tolist() == ["repeat", "fold", "clip", *COLUMNS]
    assert (COLUMNS[0], COLUMNS[-1]) == ("cnn_000", "cnn_127")
    keys = [[r, f, name] for r in (0, 1) for f in (0, 1) for name in NAMES]
    assert table[["repeat", "fold", "clip"]].to_numpy().tolist() == keys
    losses = pd.read_csv(outputs[2])
    assert losses.columns.tolist() == "repeat fold epoch loss accuracy".split()
    assert losses["epoch"].tolist() == [1, 2] * 4
    assert saved["genres"] == [["g0", "g1", "g2"]] * 4
    assert saved["settings"] == {"epochs": 2, "learning_rate": 1e-3, "seed": 3}
    expected = fit(images, genres, repeats[0] != 1, *QUICK, fold_seed(3, 1))
    assert_array_equal(table.iloc[36:72][COLUMNS].to_numpy(), expected.embedding)
    weights = saved["weights"][1]
    assert all(torch.equal(each, weights[name]) for name, each in expected.weights.items())
