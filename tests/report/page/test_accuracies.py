import numpy as np
import pytest

from genregraph.report.page.accuracies import tenths, ticks


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0.3, 0.8, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.62, 0.91, [0.65, 0.7, 0.75, 0.8, 0.85, 0.9]),
    ],
)
def test_ticks_are_round_and_within(low, high, expected):
    assert ticks(low, high) == expected


def test_scale_holds_all_values():
    assert tenths([0.5, 0.42, 0.58, np.nan]) == pytest.approx((0.4, 0.6))
    assert tenths([0.5, -0.2, 1.3]) == (0.0, 1.0)
    assert tenths([0.5, np.nan]) == pytest.approx((0.5, 0.6))
    assert tenths([]) == (0.0, 1.0)
