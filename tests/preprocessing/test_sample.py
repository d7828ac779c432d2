import numpy as np
import pytest
from numpy.testing import assert_array_equal

from genregraph.preprocessing.sample import spread_evenly

GENRES = np.repeat(["blues", "jazz", "rock"], [600, 390, 10])


def test_each_genre_has_its_share():
    sample = spread_evenly(GENRES, 100, seed=0)
    names, counts = np.unique(GENRES[sample], return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"blues": 60, "jazz": 39, "rock": 1}
    assert (np.diff(sample) > 0).all()


def test_no_genre_is_lost():
    assert set(GENRES[spread_evenly(GENRES, 20, seed=0)]) == {"blues", "jazz", "rock"}


def test_few_clips_are_all_taken():
    assert_array_equal(spread_evenly(GENRES, 1000, seed=0), np.arange(1000))


@pytest.mark.parametrize("other", [1, 2])
def test_a_seed_has_its_sample(other):
    first, second, third = (spread_evenly(GENRES, 100, seed) for seed in (0, 0, other))
    assert_array_equal(first, second)
    assert set(first) != set(third)
