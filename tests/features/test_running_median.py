from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import ndimage

from features.running_median import running_median, selection


@pytest.mark.parametrize(("n", "wanted"), [(1, [0]), (7, [3]), (8, [3, 4]), (12, range(12))])
def test_the_places_wanted_hold_what_they_would_if_all_were_sorted(n, wanted):
    """By the zero-one principle: what sorts all zeros and ones sorts all."""
    for values in product([0, 1], repeat=n):
        found = list(values)
        for low, high, _ in selection(n, tuple(wanted)):
            found[low], found[high] = min(found[low], found[high]), max(found[low], found[high])
        assert [found[i] for i in wanted] == [sorted(values)[i] for i in wanted]


def test_what_is_not_needed_is_not_looked_at():
    """What no place that is wanted depends on may be anything afterwards."""
    comparisons = selection(28, (12, 13, 14, 15))
    rng = np.random.default_rng(0)
    for _ in range(100):
        values = rng.integers(0, 9, size=28).tolist()
        expected = sorted(values)[12:16]
        for low, high, (first, second) in comparisons:
            pair = values[low], values[high]
            values[low] = min(pair) if first else None
            values[high] = max(pair) if second else None
        assert values[12:16] == expected


# SciPy itself errs on two rows if the window is wider than 16.
@given(
    shape=st.tuples(st.integers(3, 70), st.integers(1, 70)),
    half=st.integers(3, 15),
    levels=st.sampled_from([2, 5, 10**6]),
    turned=st.booleans(),
    seed=st.integers(0, 99),
)
def test_running_medians_are_scipys(shape, half, levels, turned, seed):
    columns = np.random.default_rng(seed).integers(0, levels, size=shape).astype(np.float32)
    columns = np.asfortranarray(columns) if turned else columns
    size = 2 * half + 1
    expected = ndimage.median_filter(columns, size=(size, 1), mode="reflect")
    assert_array_equal(running_median(columns, size), expected, strict=True)


@pytest.mark.parametrize("size", [1, 5, 30])
def test_windows_that_no_middle_can_be_shared_of_are_refused(size):
    with pytest.raises(ValueError, match="must be odd, and 7 at least"):
        running_median(np.zeros((40, 3), dtype=np.float32), size)


@pytest.mark.parametrize("frames", [3, 44, 130])
def test_running_medians_of_spectrograms_are_scipys_in_time_and_in_frequency(frames):
    columns = np.random.default_rng(frames).exponential(size=(1025, frames)).astype(np.float32)
    for turned in (columns, columns.T):
        expected = ndimage.median_filter(turned, size=(31, 1), mode="reflect")
        assert_array_equal(running_median(turned, 31), expected, strict=True)
