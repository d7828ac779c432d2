import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.features.parquet import write_images
from genregraph.models import cnn
from genregraph.models.cnn import COLUMNS, Cnn, Settings, fit, images_of, main, stopping_part

QUICK = Settings(2, 5, 1e-3)
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
    clips = pd.DataFrame({"genre": [name[:2] for name in NAMES], "group": NAMES})
    return bars(np.arange(36) % 3), clips, np.arange(36) % 4 != 0


def test_separable_images_are_learnt(fold):
    images, clips, train = fold
    fitted = fit(images, clips, train, Settings(6, 6, 3e-3), 0)
    model = Cnn(3).eval()
    model.load_state_dict(fitted.weights)
    with torch.no_grad():
        scores = model(torch.from_numpy(images))
        features = model.embed(torch.from_numpy(images))
        assert torch.equal(scores, model.classifier(features))
    right = np.array(fitted.genres)[scores.argmax(dim=1).numpy()] == clips["genre"]
    assert right[train].mean() == 1
    assert right[~train].mean() > 0.8
    assert fitted.history["loss"].iloc[-1] < 0.3 * fitted.history["loss"].iloc[0]
    assert (fitted.embedding.shape, fitted.embedding.dtype) == ((36, 128), np.float32)
    np.testing.assert_allclose(fitted.embedding, features.numpy(), atol=1e-4)


def test_test_clips_change_their_own_features_only(fold):
    images, clips, train = fold
    other = clips.assign(genre=clips["genre"].where(train, "a genre of no training clip"))
    moved = images.copy()
    moved[~train] = bars(2 - np.arange(36)[~train] % 3, seed=1)
    first, second = (fit(*each, train, QUICK, 0) for each in ((images, clips), (moved, other)))
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
    pd.testing.assert_frame_equal(first.history, second.history, check_exact=True)
    assert_array_equal(first.embedding[train], second.embedding[train])
    assert (first.embedding[~train] != second.embedding[~train]).any(axis=1).all()


def test_weights_of_the_best_epoch_are_kept(fold, monkeypatch):
    """Losses fall until the third epoch, and rise after it."""
    seen, original = [], cnn._pass

    def planned(model, clips, rows, optimiser=None):
        loss, accuracy = original(model, clips, rows, optimiser)
        if optimiser:
            return loss, accuracy
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return abs(len(seen) - 3) + 1.0, accuracy

    monkeypatch.setattr(cnn, "_pass", planned)
    fitted = fit(*fold, Settings(20, 2, 1e-3), 0)
    assert fitted.history["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert fitted.history["stopping_loss"].tolist() == [3, 2, 1, 2, 3]
    assert fitted.history["kept"].tolist() == [False, False, True, False, False]
    assert all(torch.equal(fitted.weights[name], seen[2][name]) for name in seen[2])


@pytest.mark.parametrize("segments", [1, 10])
@pytest.mark.parametrize("seed", range(3))
def test_stopping_part_is_a_fifth_by_genre_and_song(seed, segments):
    songs = np.repeat(np.arange(90), segments)
    chosen = stopping_part(songs % 9, songs.astype(str), seed)
    assert chosen.mean() == pytest.approx(0.2)
    assert set(songs[chosen]) & set(songs[~chosen]) == set()
    assert set(np.bincount(songs[chosen] % 9)) == {2 * segments}
    assert (chosen != stopping_part(songs % 9, songs.astype(str), seed + 9)).any()


@pytest.mark.parametrize("seed", range(3))
def test_stopping_part_leaves_every_genre_to_learn_from(seed):
    y = np.repeat([0, 1, 2], 10)
    groups = np.where(y == 0, "one artist", np.arange(30).astype(str))
    # Six groups of genres 1 and 2 leave parts without the artist.
    assert not stopping_part(y, groups, seed)[y == 0].any()
    # Where every group is a genre, clips are split.
    assert np.bincount(y[stopping_part(y, y.astype(str), seed)]).tolist() == [2, 2, 2]


@pytest.mark.parametrize("y", [[0, 0, 0, 0, 0, 0], [0, 1, 0, 1], []])
def test_too_few_clips_or_genres_are_rejected(y):
    with pytest.raises(UserError, match=rf"^{len(y)} training clips of {len(set(y))} genre"):
        stopping_part(np.array(y, dtype=np.int64), np.array(y, dtype=str), 0)


def test_clip_without_image_is_named():
    """The step's test holds their order."""
    with pytest.raises(UserError, match=r"1 clip\(s\) of the folds have no image, 'x\.1' first"):
        images_of(np.array(["a", "x.1"]), np.array(["b", "a"]), np.empty((2, 1, 1), np.uint8))


@pytest.mark.parametrize("songs", [4, 1])
def test_step_writes_features_of_all_clips_of_each_fold(fold, folds_of, tmp_path, caplog, songs):
    """From two shards; a clip more has an image than is in the folds."""
    images, clips, _ = fold
    clips = clips.assign(group=[f"{name[:2]} {i * songs // 36}" for i, name in enumerate(NAMES)])
    shards = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    write_images(NAMES[20:], list(images[20:]), shards[0])
    write_images([*NAMES[:20], "unused"], [*images[:20], images[0]], shards[1])
    repeats = np.arange(36) // 3 % 2, np.arange(36) // 18
    folds = folds_of(NAMES, clips["genre"], *repeats, groups=clips["group"])
    folds.to_parquet(tmp_path / "folds.parquet", index=False)
    outputs = tmp_path / "cnn.parquet", tmp_path / "cnn.pt", tmp_path / "history.csv"
    torch.seed()
    main(shards, tmp_path / "folds.parquet", *QUICK, 3, "cpu", *outputs)
    # Groups that are as large as genres are on both sides of early stopping.
    assert ("too few groups" in caplog.text) == (songs == 1)
    table, saved = pd.read_parquet(outputs[0]), torch.load(outputs[1], weights_only=True)
    assert table.columns.tolist() == ["repeat", "fold", "clip", *COLUMNS]
    assert (COLUMNS[0], COLUMNS[-1]) == ("cnn_000", "cnn_127")
    keys = [[r, f, name] for r in (0, 1) for f in (0, 1) for name in NAMES]
    assert table[["repeat", "fold", "clip"]].to_numpy().tolist() == keys
    losses = pd.read_csv(outputs[2])
    columns = "repeat fold epoch loss accuracy stopping_loss stopping_accuracy kept".split()
    assert losses.columns.tolist() == columns
    assert losses.groupby(["repeat", "fold"])["kept"].sum().tolist() == [1] * 4
    assert saved["genres"] == [["g0", "g1", "g2"]] * 4
    assert saved["settings"] == {**QUICK._asdict(), "seed": 3}
    expected = fit(images, clips, repeats[0] != 1, QUICK, fold_seed(3, 1))
    assert_array_equal(table.iloc[36:72][COLUMNS].to_numpy(), expected.embedding)
    weights = saved["weights"][1]
    assert all(torch.equal(each, weights[name]) for name, each in expected.weights.items())
