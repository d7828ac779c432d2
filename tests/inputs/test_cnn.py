import logging

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from features.images import write_images
from inputs import cnn
from inputs.cnn import COLUMNS, Cnn, Settings, embed, images_of, main, stopping_part
from settings.errors import UserError
from settings.seeds import fold_seed

QUICK = Settings(epochs=2, patience=5, learning_rate=1e-3, seed=0)


def bars(y, seed=0):
    """Noise; brighter in a band of frequencies that tells the genre."""
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
def test_where_a_genre_is_one_group_clips_are_dealt_and_every_genre_is_learnt(seed):
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
    # Every part that is dealt is a whole genre.
    y = np.repeat(np.arange(5), 5)
    chosen, whole = stopping_part(y, y.astype(str), seed)
    assert not whole
    assert np.bincount(y[chosen]).tolist() == [1, 1, 1, 1, 1]


def test_songs_torn_apart_are_told(fold, caplog):
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


@pytest.fixture
def run(fold, tmp_path):
    """Run the step on two shards; a clip more has an image than is in the folds."""
    images, y, _ = fold
    names = [f"g{genre}.{i:02d}" for i, genre in enumerate(y)]
    write_images(names[20:], list(images[20:]), tmp_path / "0.parquet")
    write_images([*names[:20], "unused"], [*images[:20], images[0]], tmp_path / "1.parquet")
    clips = pd.DataFrame({"clip": names, "genre": [f"g{genre}" for genre in y], "group": names})
    table = pd.concat(
        [
            clips.assign(repeat=0, fold=np.arange(36) // 3 % 4),
            clips.assign(repeat=1, fold=np.arange(36) // 9),
        ],
        ignore_index=True,
    ).sort_values(["repeat", "clip"], ignore_index=True)

    def once(where, number, folds=table):
        folder = tmp_path / where
        folder.mkdir()
        torch.seed()
        folds.to_parquet(tmp_path / "folds.parquet", index=False)
        main(
            images=[tmp_path / "0.parquet", tmp_path / "1.parquet"],
            folds=tmp_path / "folds.parquet",
            fold=number,
            epochs=2,
            patience=2,
            learning_rate=1e-3,
            seed=3,
            device="cpu",
            output=folder / "cnn.parquet",
            weights=folder / f"{where}.pt",
            history=folder / "history.csv",
        )
        return folder / "cnn.parquet", folder / f"{where}.pt", folder / "history.csv"

    once.folds, once.images = table, dict(zip(names, images, strict=True))
    return once


def test_main_writes_a_feature_table_of_all_clips(run, caplog):
    caplog.set_level(logging.INFO)
    output, weights, history = run("a", 5)
    table = pd.read_parquet(output)
    dealt = run.folds[run.folds["repeat"] == 1]
    assert table.columns.tolist() == ["clip", *COLUMNS]
    assert (COLUMNS[0], COLUMNS[-1]) == ("cnn_000", "cnn_127")
    assert table["clip"].tolist() == dealt["clip"].tolist()
    assert set(table.dtypes[COLUMNS]) == {np.dtype(np.float32)}
    assert pd.read_csv(history).columns.tolist() == [
        *"epoch loss accuracy stopping_loss stopping_accuracy kept".split()
    ]
    assert ": 27 clips to train on" in caplog.text

    saved = torch.load(weights, weights_only=True)
    assert saved["genres"] == ["g0", "g1", "g2"]
    assert saved["settings"] == vars(Settings(2, 2, 1e-3, fold_seed(3, 5)))
    model = Cnn(3).eval()
    model.load_state_dict(saved["weights"])
    images = torch.from_numpy(np.array([run.images[clip] for clip in table["clip"]]))
    with torch.no_grad():
        np.testing.assert_allclose(table[COLUMNS], model.embed(images).numpy(), atol=1e-5)


def test_the_same_inputs_give_the_same_bytes_and_another_fold_does_not(run):
    first, second, other = run("a", 5), run("b", 5), run("c", 1)
    for one, same, different in zip(first, second, other, strict=True):
        assert one.read_bytes() == same.read_bytes()
        assert one.read_bytes() != different.read_bytes()


def test_main_keeps_groups_together(run, caplog):
    run("a", 5)
    assert "too few groups" not in caplog.text
    run("b", 5, run.folds.assign(group=run.folds["genre"]))
    assert "too few groups" in caplog.text


def test_main_does_not_see_the_genres_of_test_clips(run):
    test = (run.folds["repeat"] == 1) & (run.folds["fold"] == 1)
    genre = run.folds["genre"].mask(test, "a genre that no training clip has")
    assert (genre != run.folds["genre"]).sum() == 9
    for one, same in zip(run("a", 5), run("b", 5, run.folds.assign(genre=genre)), strict=True):
        assert one.read_bytes() == same.read_bytes()
