import numpy as np
from numpy.testing import assert_array_equal

from genregraph.preprocessing.sample import spread_evenly

GENRES = np.repeat(["blues", "jazz", "rock"], [600, 390, 10])


def test_each_genre_has_its_share_and_at_least_one_clip_drawn_by_the_seed():
    sample, again, other = (spread_evenly(GENRES, 100, seed) for seed in (0, 0, 1))
    assert_array_equal(sample, again)
    assert set(sample) != set(other)
    names, counts = np.unique(GENRES[sample], return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"blues": 60, "jazz": 39, "rock": 1}
    assert (np.diff(sample) > 0).all()
    assert set(GENRES[spread_evenly(GENRES, 20, seed=0)]) == {"blues", "jazz", "rock"}
    assert_array_equal(spread_evenly(GENRES, 1000, seed=0), np.arange(1000))
