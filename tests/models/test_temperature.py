"""Temperatures of probabilities whose right one is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from genregraph.models import temperature as module
from genregraph.models.temperature import fitted_temperature, log_loss, scaled

# Probabilities by which genres are drawn: they are calibrated.
RNG = np.random.default_rng(0)
RIGHT = softmax(2 * RNG.normal(size=(20_000, 4)), axis=1)
Y = (RNG.random((20_000, 1)) > RIGHT.cumsum(axis=1)).sum(axis=1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_temperature_corrects_over_and_underconfidence(temperature):
    wrong = softmax(np.log(RIGHT) / temperature, axis=1)
    best = fitted_temperature(wrong, Y)
    assert best == pytest.approx(1 / temperature, rel=0.03)
    assert log_loss(scaled(wrong, best), Y) == pytest.approx(log_loss(wrong, Y, best))
    assert_array_equal(scaled(wrong[3:4], best)[0], scaled(wrong, best)[3])
    assert min(log_loss(wrong, Y, f * best) for f in (0.9, 1.1)) > log_loss(wrong, Y, best)


def test_no_temperature_at_a_bound_or_of_no_clips():
    """All are right, all are wrong, no temperature makes a difference, NaN, or nothing."""
    for probabilities, y in (
        (RIGHT, RIGHT.argmax(axis=1)),
        (RIGHT, RIGHT.argmin(axis=1)),
        (np.full((9, 3), 1 / 3), np.zeros(9, dtype=int)),
        (np.full((9, 3), np.nan), np.zeros(9, dtype=int)),
        (RIGHT[:0], Y[:0]),
    ):
        assert np.isnan(fitted_temperature(probabilities, y))
    assert np.isnan(log_loss(RIGHT[:0], Y[:0]))


@pytest.mark.parametrize("temperature", [module.COLDEST, 0.3, 1.0, 7.0, module.HOTTEST])
def test_scaling_keeps_the_most_probable_genre(temperature):
    rng = np.random.default_rng(0)
    votes = rng.multinomial(5, np.ones(4) / 4, size=300) / 5
    confident = softmax(30 * rng.normal(size=(300, 4)), axis=1)
    for probabilities in (RIGHT, votes, confident, np.eye(4), np.full((1, 4), 0.25)):
        best = scaled(probabilities, temperature)
        assert_array_equal(best.argmax(axis=1), probabilities.argmax(axis=1))
        assert_allclose(best.sum(axis=1), 1)
        assert (best >= 0).all()
    if temperature == 1:
        assert_allclose(scaled(confident, 1), np.maximum(confident, module.LEAST), rtol=1e-9)
