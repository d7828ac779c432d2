"""Temperatures of probabilities whose right one is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from genregraph.models.temperature import (
    COLDEST,
    HOTTEST,
    LEAST,
    fitted_temperature,
    log_loss,
    scaled,
)


@pytest.fixture(scope="module")
def calibrated():
    """Probabilities by which 20,000 genres were drawn: they are calibrated."""
    rng = np.random.default_rng(0)
    probabilities = softmax(2 * rng.normal(size=(20_000, 4)), axis=1)
    y = (rng.random((20_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, y


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_temperature_corrects_over_and_underconfidence(calibrated, temperature):
    probabilities, y = calibrated
    wrong = softmax(np.log(probabilities) / temperature, axis=1)
    best = fitted_temperature(wrong, y)
    assert best == pytest.approx(1 / temperature, rel=0.03)
    assert log_loss(scaled(wrong, best), y) == pytest.approx(log_loss(wrong, y, best))
    assert_array_equal(scaled(wrong[3:4], best)[0], scaled(wrong, best)[3])
    for other in (0.9 * best, 1.1 * best):
        assert log_loss(wrong, y, other) > log_loss(wrong, y, best)


def test_no_temperature_at_a_bound_or_of_no_clips(calibrated):
    """All are right, all are wrong, or no temperature makes a difference."""
    probabilities, y = calibrated
    for wrong in (probabilities.argmax(axis=1), probabilities.argmin(axis=1)):
        assert np.isnan(fitted_temperature(probabilities, wrong))
    assert np.isnan(fitted_temperature(np.full((9, 3), 1 / 3), np.zeros(9, dtype=int)))
    assert np.isnan(fitted_temperature(np.full((9, 3), np.nan), np.zeros(9, dtype=int)))
    assert np.isnan(fitted_temperature(probabilities[:0], y[:0]))
    assert np.isnan(log_loss(probabilities[:0], y[:0]))


@pytest.mark.parametrize("temperature", [COLDEST, 0.3, 1.0, 7.0, HOTTEST])
def test_scaling_keeps_the_most_probable_genre(temperature):
    rng = np.random.default_rng(0)
    votes = rng.multinomial(5, np.ones(4) / 4, size=300) / 5
    forest = rng.multinomial(500, rng.dirichlet(np.ones(4)), size=300) / 500
    confident = softmax(30 * rng.normal(size=(300, 4)), axis=1)
    for probabilities in (votes, forest, confident, np.eye(4), np.full((1, 4), 0.25)):
        best = scaled(probabilities, temperature)
        assert_array_equal(best.argmax(axis=1), probabilities.argmax(axis=1))
        assert_allclose(best.sum(axis=1), 1)
        assert (best >= 0).all()
    if temperature == 1:
        assert_allclose(scaled(confident, 1), np.maximum(confident, LEAST), rtol=1e-9)
