import logging

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.features.parquet import write_images
from genregraph.models import cnn
from genregraph.models.cnn import COLUMNS, Cnn, Settings, embed, images_of, main, stopping_part

QUICK = Settings(epochs=2, patience=5, learning_rate=1e-3, seed=0)


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
    y = np.arange(36) % 3
    return bars(y), y, np.arange(36) % 4 != 0


def same_weights(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_separable_images_are_learnt(fold):
    images, y, train = fold
    model, history, embedding = embed(images, y, train, Settings(6, 6, 3e-3, 0))
    with torch.no_grad():
        right = model(torch.from_numpy(images)).argmax(dim=1).numpy() == y
    assert right[train].mean() == 1
    assert right[~train].mean() > 0.8
    assert history["loss"].iloc[-1] < 0.3 * history["loss"].iloc[0]
    assert embedding.shape == (36, 128)
    assert embedding.dtype == np.float32
    assert np.isfinite(embedding).all()


def test_labels_of_test_clips_change_nothing(fold):
    images, y, train = fold
    other = np.where(train, y, y + 1)
    assert (other != y).sum() == (~train).sum()
    first, second = (embed(images, labels, train, QUICK) for labels in (y, other))
    assert same_weights(first[0].state_dict(), second[0].state_dict())
    pd.testing.assert_frame_equal(first[1], second[1], check_exact=True)
    assert_array_equal(first[2], second[2])


def test_images_of_test_clips_change_their_own_features_only(fold):
    images, y, train = fold
    other = images.copy()
    other[~train] = bars(2 - y[~train], seed=1)
    first, second = (embed(pixels, y, train, QUICK) for pixels in (images, other))
    assert same_weights(first[0].state_dict(), second[0].state_dict())
    assert_array_equal(first[2][train], second[2][train])
    assert (first[2][~train] != second[2][~train]).any(axis=1).all()


def test_another_seed_gives_other_features(fold):
    first, second = (embed(*fold, Settings(1, 1, 1e-3, seed))[2] for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_the_best_epochs_weights_are_kept(fold, monkeypatch):
    """Losses fall until the third epoch, and rise after it."""
    images, y, train = fold
    seen = []
    original = cnn._pass

    def planned(model, images, genres, rows, device, optimiser=None):
        loss, accuracy = original(model, images, genres, rows, device, optimiser)
        if optimiser:
            return loss, accuracy
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return abs(len(seen) - 3) + 1.0, accuracy

    monkeypatch.setattr(cnn, "_pass", planned)
    model, history, _ = embed(images, y, train, Settings(20, 2, 1e-3, 0))
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert history["stopping_loss"].tolist() == [3, 2, 1, 2, 3]
    assert history["kept"].tolist() == [False, False, True, False, False]
    assert same_weights(model.state_dict(), seen[2])
    assert not same_weights(seen[2], seen[4])


def test_training_ends_after_the_last_epoch(fold):
    history = embed(*fold, QUICK)[1]
    assert history["epoch"].tolist() == [1, 2]
    assert history["kept"].sum() == 1
    assert history["stopping_loss"].idxmin() == history["kept"].idxmax()


def test_only_training_clips_are_learnt_from_or_say_when_to_stop(fold, monkeypatch):
    images, y, train = fold
    used = {"learnt": set(), "stopping": set()}
    original = cnn._pass

    def noted(model, images, genres, rows, device, optimiser=None):
        used["learnt" if optimiser else "stopping"] |= set(rows.tolist())
        return original(model, images, genres, rows, device, optimiser)

    monkeypatch.setattr(cnn, "_pass", noted)
    groups = np.char.add("song", (np.arange(36) // 3 * 3 + y).astype(str))
    embed(images, y, train, QUICK, groups=groups)
    assert used["learnt"] & used["stopping"] == set()
    assert used["learnt"] | used["stopping"] == set(np.flatnonzero(train))
    assert set(groups[list(used["learnt"])]) & set(groups[list(used["stopping"])]) == set()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("segments", [1, 10])
def test_a_fifth_says_when_to_stop_by_genre_and_whole_songs(seed, segments):
    songs = np.repeat(np.arange(90), segments)
    chosen, whole = stopping_part(songs % 9, songs.astype(str), seed)
    assert whole
    assert chosen.mean() == pytest.approx(0.2)
    assert set(songs[chosen]) & set(songs[~chosen]) == set()
    assert set(np.bincount(songs[chosen] % 9)) == {2 * segments}


def test_another_seed_chooses_other_clips():
    y = np.arange(50) % 5
    first, second = (stopping_part(y, np.arange(50).astype(str), seed)[0] for seed in (0, 1))
    assert (first != second).any()


@pytest.mark.parametrize("seed", range(5))
def test_where_a_genre_is_one_group_clips_are_split_and_every_genre_is_learnt(seed):
    y = np.repeat([0, 1, 2], 10)
    groups = np.where(y == 0, "one artist", np.arange(30).astype(str))
    # Six groups of genres 1 and 2 leave parts without the artist.
    chosen, whole = stopping_part(y, groups, seed)
    assert whole
    assert not chosen[y == 0].any()
    chosen, whole = stopping_part(y, y.astype(str), seed)
    assert not whole
    assert chosen.sum() == 6
    assert np.bincount(y[chosen]).tolist() == [2, 2, 2]
    # Every part by group is a whole genre.
    y = np.repeat(np.arange(5), 5)
    chosen, whole = stopping_part(y, y.astype(str), seed)
    assert not whole
    assert np.bincount(y[chosen]).tolist() == [1, 1, 1, 1, 1]


def test_groups_on_both_sides_are_logged(fold, caplog):
    images, y, train = fold
    embed(images, y, train, QUICK, groups=y.astype(str))
    assert "too few groups" in caplog.text
    caplog.clear()
    embed(images, y, train, QUICK)
    assert "too few groups" not in caplog.text


@pytest.mark.parametrize("y", [[0, 0, 0, 0, 0, 0], [0, 1, 0, 1], []])
def test_too_few_clips_or_genres_are_refused(y):
    with pytest.raises(UserError, match=rf"^{len(y)} training clips of {len(set(y))} genre"):
        stopping_part(np.array(y, dtype=np.int64), np.array(y, dtype=str), 0)


@pytest.mark.parametrize("n", [1, 15, 16, 17, 33])
def test_batches_hold_each_row_once_and_have_nearly_one_size(n):
    batches = cnn._batches(torch.arange(n))
    assert torch.cat(batches).tolist() == list(range(n))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= cnn.BATCH
    assert max(sizes) - min(sizes) <= 1


def test_features_are_the_layer_before_the_classifier():
    torch.manual_seed(0)
    model = Cnn(4).eval()
    images = torch.from_numpy(bars([0, 1, 2]))
    with torch.no_grad():
        features = model.embed(images)
        assert features.shape == (3, 128)
        assert torch.equal(model(images), model.classifier(features))
        assert model(images).shape == (3, 4)


def test_images_come_in_the_order_of_the_clips():
    images = np.arange(3, dtype=np.uint8).reshape(3, 1, 1)
    found = images_of(np.array(["c", "a"]), np.array(["a", "b", "c"]), images)
    assert found.ravel().tolist() == [2, 0]


def test_a_clip_without_an_image_is_named():
    with pytest.raises(UserError, match=r"1 clip\(s\) have no image, 'x\.1' first"):
        images_of(np.array(["a", "x.1"]), np.array(["a"]), np.zeros((1, 2, 2), np.uint8))


REPEATS = np.arange(36) // 3 % 2, np.arange(36) // 18
NAMES = [f"g{i % 3}.{i:02d}" for i in range(36)]


@pytest.fixture
def run(fold, folds_of, tmp_path):
    """Run the step on two shards; a clip more has an image than is in the folds."""
    images, y, _ = fold
    write_images(NAMES[20:], list(images[20:]), tmp_path / "0.parquet")
    write_images([*NAMES[:20], "unused"], [*images[:20], images[0]], tmp_path / "1.parquet")
    table = folds_of(NAMES, [f"g{genre}" for genre in y], *REPEATS)

    def once(where, folds=table, jobs=1):
        folder = tmp_path / where
        folder.mkdir()
        torch.seed()
        folds.to_parquet(tmp_path / "folds.parquet", index=False)
        main(
            images=[tmp_path / "0.parquet", tmp_path / "1.parquet"],
            folds=tmp_path / "folds.parquet",
            epochs=2,
            patience=2,
            learning_rate=1e-3,
            seed=3,
            device="cpu",
            output=folder / "cnn.parquet",
            weights=folder / f"{where}.pt",
            history=folder / "history.csv",
            jobs=jobs,
        )
        return folder / "cnn.parquet", folder / f"{where}.pt", folder / "history.csv"

    once.folds, once.images = table, dict(zip(NAMES, images, strict=True))
    return once


def test_main_writes_the_features_of_all_clips_of_each_fold(run, caplog):
    caplog.set_level(logging.INFO)
    output, weights, history = run("a")
    table = pd.read_parquet(output)
    keys = [(repeat, fold) for repeat in (0, 1) for fold in (0, 1)]
    assert table.columns.tolist() == ["repeat", "fold", "clip", *COLUMNS]
    assert (COLUMNS[0], COLUMNS[-1]) == ("cnn_000", "cnn_127")
    assert table["clip"].tolist() == NAMES * 4
    assert list(table[["repeat", "fold"]].drop_duplicates().itertuples(index=False, name=None)) == (
        keys
    )
    assert set(table.dtypes[COLUMNS]) == {np.dtype(np.float32)}
    losses = pd.read_csv(history)
    assert losses.columns.tolist() == [
        *"repeat fold epoch loss accuracy stopping_loss stopping_accuracy kept".split()
    ]
    assert losses.groupby(["repeat", "fold"])["kept"].sum().tolist() == [1] * 4
    assert ": 4 folds" in caplog.text
    assert "too few groups" not in caplog.text

    saved = torch.load(weights, weights_only=True)
    assert saved["genres"] == [["g0", "g1", "g2"]] * 4
    assert saved["settings"] == vars(Settings(2, 2, 1e-3, 3))
    images = torch.from_numpy(np.array([run.images[clip] for clip in NAMES]))
    for number, key in enumerate(keys):
        model = Cnn(3).eval()
        model.load_state_dict(saved["weights"][number])
        own = table[(table["repeat"] == key[0]) & (table["fold"] == key[1])]
        with torch.no_grad():
            np.testing.assert_allclose(own[COLUMNS], model.embed(images).numpy(), atol=1e-5)


def test_each_fold_is_learnt_from_its_training_clips_by_its_own_seed(run, fold):
    images, y, _ = fold
    table = pd.read_parquet(run("a")[0])
    for number, (repeat, mine) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        own = table[(table["repeat"] == repeat) & (table["fold"] == mine)]
        settings = Settings(2, 2, 1e-3, fold_seed(3, number))
        expected = embed(images, y, REPEATS[repeat] != mine, settings, groups=np.array(NAMES))[2]
        assert_array_equal(own[COLUMNS].to_numpy(), expected)


def test_folds_side_by_side_give_the_same_bytes(run):
    first = run.folds[run.folds["repeat"] == 0]
    for one, same in zip(run("a", first), run("b", first, jobs=2), strict=True):
        assert one.read_bytes() == same.read_bytes()


def test_main_keeps_groups_together(run, caplog):
    run("a", run.folds.assign(group=run.folds["genre"]))
    assert "too few groups" in caplog.text


def test_main_does_not_see_the_genres_of_test_clips(run):
    only = run.folds[run.folds["repeat"] == 0].replace({"fold": {1: -1}})
    genre = only["genre"].mask(only["fold"] == 0, "a genre that no training clip has")
    for one, same in zip(run("a", only), run("b", only.assign(genre=genre)), strict=True):
        assert one.read_bytes() == same.read_bytes()
