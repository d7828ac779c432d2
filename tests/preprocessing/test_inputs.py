import weakref
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from genregraph.preprocessing.inputs import Inputs, InputsFile, save_inputs, spread_evenly

KEYS = [(0, 0), (0, 1), (1, 0)]


@pytest.fixture
def first():
    return Inputs(
        x=np.array([[1 / 3, -0.0], [1e30, 2.0], [5.0, 1e-40]], dtype=np.float32),
        y=np.array([0, 1, 0]),
        train=np.array([True, False, True]),
        clips=np.array(["a", "ünï $(x)", "c.00001"]),
        genres=np.array(["blues", "jazz"]),
        features=np.array(["f", "longer name"]),
        groups=np.array(["g", "g", "h"]),
        artists=np.array(["artist x", "song b", "song c"]),
    )


@pytest.mark.parametrize("alike", [False, True])
def test_inputs_are_read_back_and_the_file_holds_like_x_once_and_no_time(first, alike, tmp_path):
    """Where they are not alike, the third fold has one feature."""
    third = replace(first, train=first.train[::-1])
    if not alike:
        third = replace(third, x=first.x[:, :1].copy(), features=first.features[:1])
    folds = [first, replace(first, train=np.array([False, True, True])), third]
    path = tmp_path / "inputs.npz"
    save_inputs(path, iter(folds), KEYS, alike)
    file = InputsFile(path)
    assert (file.keys, len(file)) == (KEYS, 3)
    assert file.which == ([0, 0, 0] if alike else [0, 1, 2])
    for read, fold in zip(file, folds, strict=True):
        for name, value in vars(fold).items():
            assert_array_equal(getattr(read, name), value, strict=True)
        assert read.x.tobytes() == fold.x.tobytes()
    with np.load(path, allow_pickle=False) as arrays:
        assert sum(name.startswith("x.") for name in arrays.files) == len(set(file.which))
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_saving_keeps_one_x_in_memory_at_a_time(first, tmp_path):
    made = []

    def one_by_one():
        for _ in KEYS:
            assert not any(x() is not None for x in made)
            fold = replace(first, x=first.x.copy())
            made.append(weakref.ref(fold.x))
            yield fold
            del fold

    save_inputs(tmp_path / "inputs.npz", one_by_one(), KEYS)
    assert len(made) == 3


def test_sample_has_the_share_of_each_genre_and_at_least_one_clip_drawn_by_the_seed():
    genres = np.repeat(["blues", "jazz", "rock"], [600, 390, 10])
    sample, again, other = (spread_evenly(genres, 100, seed).tolist() for seed in (0, 0, 1))
    assert sample == again != other
    names, counts = np.unique(genres[sample], return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"blues": 60, "jazz": 39, "rock": 1}
    assert (np.diff(sample) > 0).all()
    assert set(genres[spread_evenly(genres, 20, seed=0)]) == {"blues", "jazz", "rock"}
    assert_array_equal(spread_evenly(genres, 1000, seed=0), np.arange(1000))
