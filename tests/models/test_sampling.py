import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from genregraph.models.sampling import drawn, neighbourhoods


@pytest.fixture
def averages():
    """Rows of 40 clips that aggregate 30 others, by weights from very small to large."""
    rng = np.random.default_rng(0)
    columns = np.stack([np.sort(rng.choice(40, 30, replace=False)) for _ in range(40)])
    values = rng.random((40, 30)) ** 4
    return sparse.csr_array((values.ravel(), columns.ravel(), np.arange(41) * 30), shape=(40, 40))


def test_what_is_drawn_is_in_the_mean_what_is_there(averages):
    rng = np.random.default_rng(1)
    clips = np.array([7, 3, 3, 39])
    mean = sum(drawn(averages, clips, rng, most=5) for _ in range(4000)) / 4000
    assert_allclose(mean.toarray(), averages[clips].toarray(), atol=0.05)


def test_a_few_entries_of_each_row_are_drawn_and_keep_its_sum(averages):
    clips = np.arange(40)
    found = drawn(averages, clips, np.random.default_rng(0), most=5)
    assert np.diff(found.indptr).tolist() == [5] * 40
    assert_allclose(found.sum(axis=1), averages.sum(axis=1))
    assert (averages[clips.repeat(5), found.indices] > 0).all()


def test_where_there_are_few_all_are_taken(averages):
    found = drawn(averages, np.array([2, 1]), np.random.default_rng(0), most=30)
    assert_array_equal(found.toarray(), averages[[2, 1]].toarray())


def test_neighbourhoods_of_all_neighbours_are_the_product_over_all_clips(averages):
    x = np.random.default_rng(2).normal(size=(40, 3))
    clips = np.array([5, 0, 21])
    # Of 30 some would be drawn: each has 20 here.
    few = averages.copy()
    few.data[np.arange(1200) % 30 >= 20] = 0
    few.eliminate_zeros()
    begin, rounds = neighbourhoods(few, clips, 2, np.random.default_rng(0))
    summed, own = x[begin], x[begin]
    for each in rounds:
        summed, own = each.weights @ summed, own[each.own]
    assert_allclose(summed, (few @ (few @ x))[clips])
    assert_array_equal(own, x[clips])


def test_only_clips_that_may_be_aggregated_begin(averages):
    begin, _ = neighbourhoods(averages, np.array([4]), 1, np.random.default_rng(0))
    assert set(begin) <= {4, *averages[[4]].indices}
