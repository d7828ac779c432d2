"""Formulas by hand, agreement with SciPy in the limits, and rates of error by simulation."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from genregraph.evaluation import statistics
from genregraph.evaluation.statistics import (
    corrected_interval,
    draw_groups,
    holm,
    over_folds,
    over_groups,
    percentiles,
    sign_flip_test,
    totals,
)


def scores(shape, correlation, seed):
    """Normal scores with mean 0.5 whose folds (the last axis) are correlated, as assumed."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(*shape[:-1], 1))
    own = rng.normal(size=shape)
    return 0.5 + 0.01 * (math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own)


def test_corrected_interval_by_hand_is_clipped_and_mean_is_not():
    # s^2 = .0125 / 3; (1/4 + 10/90) s^2 = .001504630, its root .0387896; t(.975, 3) = 3.1824463.
    result = corrected_interval([0.7, 0.8, 0.75, 0.65], n_train=90, n_test=10)
    assert_allclose(result, (0.725, 0.0645497, 0.601554, 0.848446), atol=1e-6)
    result = corrected_interval([1.0, 0.9, 1.0], 2, 1)
    assert result.low < result.mean < result.high == 1
    assert corrected_interval([0.0, 0.1], 2, 1).low == 0
    loss = corrected_interval([1.0, 2.0, 3.0], 2, 1, limits=(0, np.inf))
    assert (loss.low, loss.mean) == (0, 2) and loss.high > 3


def test_effect_over_folds_by_hand():
    # Differences .1 0 .2 .1: s^2 = .02 / 3, (1/4 + 1/9) s^2 = .00240741, t = .1 / .0490653.
    error = math.sqrt(13 / 36 * 0.02 / 3)
    # t(.975, 3) = 3.1824463, t(.95, 3) = 2.3533634, t(.8, 3) = 0.9784723.
    low, high = 0.1 - 3.1824463 * error, 0.1 + 3.1824463 * error
    within, detectable = 0.1 + 2.3533634 * error, (3.1824463 + 0.9784723) * error
    result = over_folds([0.1, 0.0, 0.2, 0.1], n_train=90, n_test=10)
    p = 2 * stats.t.sf(0.1 / error, 3)
    assert_allclose(result, (0.1, low, high, p, within, detectable), rtol=1e-6)
    assert over_folds([-0.1, 0.0, -0.2, -0.1], 90, 10).equivalent_within == result.equivalent_within


def test_corrected_t_test_errs_at_its_nominal_rate():
    """As in repeated cross validation, where the ordinary test errs in most cases."""
    a, b = scores((2, 3000, 100), 0.1, seed=1)
    wrong = np.mean([over_folds(row, 900, 100).p_folds < 0.05 for row in a - b])
    assert 0.038 < wrong < 0.062
    assert np.mean(stats.ttest_rel(a, b, axis=1).pvalue < 0.05) > 0.5


def test_power_and_equivalence_have_their_nominal_rates():
    noise = scores((3000, 10), 0.1, seed=2) - 0.5
    # The true standard error: sqrt(1/10 + 1/9) of the standard deviation of independent parts.
    error = math.sqrt((1 / 10 + 1 / 9) * 0.9) * 0.01
    detectable = stats.t.ppf([0.8, 0.975], 9).sum() * error
    result = [over_folds(detectable + row, 900, 100) for row in noise]
    assert 0.77 < np.mean([each.p_folds < 0.05 for each in result]) < 0.84
    assert_allclose(np.mean([each.smallest_detectable for each in result]), detectable, rtol=0.05)
    # At the margin itself, one in twenty is wrongly said to lie within it.
    margin = [over_folds(0.03 + row, 900, 100).equivalent_within < 0.03 for row in noise]
    assert 0.035 < np.mean(margin) < 0.065


def test_single_folds_and_groups_have_no_interval_and_none_no_p():
    assert corrected_interval([0.7], 90, 10).mean == 0.7
    assert np.isnan(corrected_interval([0.7], 90, 10)[1:]).all()
    assert np.isnan(over_folds([0.1], 90, 10)[1:]).all()
    draws = draw_groups(1)
    assert np.isnan(percentiles(totals(draws, [[3, 4]]))).all()
    assert np.isnan(over_groups(0.5, totals(draws, [3]))[1:]).all()
    assert sign_flip_test([0, 0]) == 1
    assert math.isnan(sign_flip_test([]))


def test_equal_differences_say_nothing_of_their_variance():
    """But for rounding: from two such folds there came a p of 0, or of 1e-15."""
    for other in ([0.75, 0.5, 0.25], [0.5, 0.25, 0.0], [0.65, 0.40, 0.15]):
        differences = np.subtract([0.75, 0.5, 0.25], other)
        effect = over_folds(differences, 9, 1)
        assert effect.difference == differences.mean()
        assert effect.p_folds == 1 if differences.mean() == 0 else np.isnan(effect.p_folds)
        assert np.isnan([*effect[1:3], *effect[4:]]).all()


def test_holm_on_a_worked_example_leaves_out_what_was_not_tested():
    # Ascending .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04, and none less than one before it.
    result = holm([0.01, np.nan, 0.04, 0.03, np.nan, 0.005])
    assert_allclose(result, [0.03, np.nan, 0.06, 0.06, np.nan, 0.02])
    assert np.isnan(holm([np.nan, np.nan])).all()


@pytest.mark.parametrize(("most", "groups"), [(8, 12), *((300_000, g) for g in (1, 3, 6))])
def test_sign_flips_count_all_choices_of_signs(most, groups):
    rng = np.random.default_rng(groups)
    signs = np.array(list(itertools.product([-1, 1], repeat=groups)))
    for d in rng.integers(1 - most, most, size=(20, groups)):
        exact = np.mean(np.abs(signs @ d) >= abs(d.sum()))
        assert sign_flip_test(d) == pytest.approx(exact, rel=1e-12 if most < 10 else 1e-6)


def test_sign_flips_of_large_sums_are_nearly_exact(monkeypatch):
    d = np.random.default_rng(0).integers(-700, 800, size=120)
    exact = sign_flip_test(d)
    monkeypatch.setattr(statistics, "LATTICE", 6000)
    assert np.abs(d).sum() > 6 * 6000
    assert 0 < abs(sign_flip_test(d) - exact) < 0.002


def test_bootstrap_equals_scipys():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 9, size=50)
    right = rng.binomial(counts, 0.6)
    draws = draw_groups(50)
    replicates = totals(draws, right) / totals(draws, counts)
    result = over_groups(0.6, replicates)
    expected = stats.bootstrap(
        (right, counts),
        lambda x, n, axis: x.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        method="percentile",
        random_state=1,
    )
    assert_allclose((result.ci_low, result.ci_high), expected.confidence_interval, atol=0.004)
    assert_allclose(result.smallest_detectable, 2.8015852 * expected.standard_error, rtol=0.03)
    assert result.equivalent_within == np.abs(np.quantile(replicates, [0.05, 0.95])).max()


def test_draws_are_of_as_many_groups_and_totals_sum_over_them():
    draws = draw_groups(300)
    assert draws.shape == (10_000, 300)
    assert set(draws.sum(axis=1)) == {300}
    assert draw_groups(20_000).shape == (1500, 20_000)
    counts = np.array([[2, 0, 1], [1, 1, 1]], dtype=np.uint8)
    assert_array_equal(totals(counts, [[1, 10], [2, 20], [3, 30]]), [[5, 50], [6, 60]])
