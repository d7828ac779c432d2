"""Formulas by hand, agreement with SciPy in the limits, and rates of error by simulation."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from results.statistics import (
    bootstrap_intervals,
    corrected_interval,
    corrected_paired_test,
    holm,
    sign_flip_test,
)

RATIO_0 = (1e18, 1)  # n_train and n_test without any correction to speak of.


def t_tail_of_3(t):
    """Two-sided p of Student's t with 3 degrees of freedom, in closed form."""
    u = t / math.sqrt(3)
    return 1 - 2 / math.pi * (u / (1 + u**2) + math.atan(u))


def scores(shape, correlation, seed):
    """Normal scores with mean 0.5 whose folds (the last axis) are correlated, as assumed."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(*shape[:-1], 1))
    own = rng.normal(size=shape)
    return 0.5 + 0.01 * (math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own)


# Interval


def test_interval_by_hand():
    # s^2 = .0125 / 3; (1/4 + 10/90) s^2 = .001504630, its root .0387896; t(.975, 3) = 3.1824463.
    found = corrected_interval([0.7, 0.8, 0.75, 0.65], n_train=90, n_test=10)
    assert_allclose(found, (0.725, 0.0645497, 0.601554, 0.848446), atol=1e-6)
    assert found._fields == ("mean", "std", "low", "high")


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_without_correction_it_is_students_interval(confidence):
    values = np.random.default_rng(0).normal(0.7, 0.03, 10)
    found = corrected_interval(values, *RATIO_0, confidence, limits=(-np.inf, np.inf))
    expected = stats.t.interval(confidence, 9, values.mean(), stats.sem(values))
    assert_allclose((found.low, found.high), expected, rtol=1e-12)


def test_ten_folds_widen_the_interval_by_the_published_factor():
    values = np.random.default_rng(0).normal(0.7, 0.03, 10)
    corrected = corrected_interval(values, 900, 100)
    student = corrected_interval(values, *RATIO_0)
    factor = math.sqrt((1 / 10 + 1 / 9) / (1 / 10))
    assert_allclose(corrected.high - corrected.mean, factor * (student.high - student.mean))
    assert_allclose(corrected.mean - corrected.low, factor * (student.mean - student.low))


def test_the_interval_but_not_the_mean_is_clipped():
    found = corrected_interval([1.0, 0.9, 1.0], 2, 1)
    assert found.high == 1
    assert found.low < found.mean < 1
    assert corrected_interval([0.0, 0.1], 2, 1).low == 0
    loss = corrected_interval([1.0, 2.0, 3.0], 2, 1, limits=(0, np.inf))
    assert (loss.low, loss.mean) == (0, 2)
    assert loss.high > 3


def test_a_single_fold_has_a_mean_and_no_interval():
    found = corrected_interval([0.7], 90, 10)
    assert found.mean == 0.7
    assert np.isnan(found[1:]).all()


def test_equal_scores_have_an_interval_of_no_width():
    assert_allclose(corrected_interval([0.7] * 10, 90, 10), (0.7, 0, 0.7, 0.7), atol=1e-12)


def test_the_interval_covers_as_often_as_it_says():
    found = [corrected_interval(row, 900, 100) for row in scores((3000, 10), 0.1, seed=0)]
    covered = np.mean([each.low <= 0.5 <= each.high for each in found])
    assert 0.938 < covered < 0.962  # 3 standard errors: .012.


# Paired test


def test_paired_test_by_hand():
    # Differences .1 0 .2 .1: s^2 = .02 / 3, (1/4 + 1/9) s^2 = .00240741, t = .1 / .0490653.
    p = corrected_paired_test([0.8, 0.7, 0.9, 0.8], [0.7, 0.7, 0.7, 0.7], n_train=90, n_test=10)
    assert_allclose(p, t_tail_of_3(0.1 / math.sqrt(13 / 36 * 0.02 / 3)), rtol=1e-12)
    assert_allclose(p, 0.1343, atol=5e-5)


def test_paired_test_without_correction_is_students():
    a, b = np.random.default_rng(0).normal(0.7, 0.03, (2, 10))
    assert_allclose(corrected_paired_test(a, b, *RATIO_0), stats.ttest_rel(a, b).pvalue)


def test_paired_test_does_not_ask_which_came_first():
    a, b = np.random.default_rng(0).normal(0.7, 0.03, (2, 10))
    assert corrected_paired_test(a, b, 9, 1) == corrected_paired_test(b, a, 9, 1)


def test_scores_that_are_the_same_do_not_differ():
    values = np.random.default_rng(0).normal(0.7, 0.03, 10)
    assert corrected_paired_test(values, values, 9, 1) == 1


@pytest.mark.parametrize("b", [[0.5, 0.25, 0.0], [0.65, 0.40, 0.15]])
def test_folds_that_all_differ_by_the_same_test_nothing(b):
    """But for rounding: from two such folds there came a p of 0, or of 1e-15."""
    assert np.isnan(corrected_paired_test([0.75, 0.5, 0.25], b, 9, 1))


def test_a_single_fold_tells_no_difference():
    assert np.isnan(corrected_paired_test([0.7], [0.6], 9, 1))


def test_equal_models_differ_by_chance_as_often_as_it_says():
    """As in repeated cross validation, where the ordinary test errs in most cases."""
    a, b = scores((2, 3000, 100), 0.1, seed=1)
    wrong = np.mean(
        [corrected_paired_test(*pair, 900, 100) < 0.05 for pair in zip(a, b, strict=True)]
    )
    assert 0.038 < wrong < 0.062
    assert np.mean(stats.ttest_rel(a, b, axis=1).pvalue < 0.05) > 0.5


def test_a_real_difference_is_found():
    a, b = scores((2, 10), 0.1, seed=2)
    assert corrected_paired_test(a + 0.05, b, 900, 100) < 0.001


@pytest.mark.parametrize(("a", "b"), [([0.7, 0.8], [0.7]), ([], []), ([[0.7, 0.8]], [[0.7, 0.6]])])
def test_scores_must_be_of_the_same_folds(a, b):
    with pytest.raises(ValueError, match="score"):
        corrected_paired_test(a, b, 9, 1)


@pytest.mark.parametrize(("n_train", "n_test"), [(0, 1), (9, 0), (-9, 1), (np.nan, 1)])
def test_folds_must_have_clips(n_train, n_test):
    with pytest.raises(ValueError, match="must be positive"):
        corrected_paired_test([0.7, 0.8], [0.7, 0.6], n_train, n_test)
    with pytest.raises(ValueError, match="must be positive"):
        corrected_interval([0.7, 0.8], n_train, n_test)


# Many tests


def test_holm_on_a_worked_example():
    # Ascending .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04, and none less than one before it.
    assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_out_what_was_not_tested():
    found = holm([0.01, np.nan, 0.04, 0.03, np.nan, 0.005])
    assert_allclose(found, [0.03, np.nan, 0.06, 0.06, np.nan, 0.02])
    assert np.isnan(holm([np.nan, np.nan])).all()


def test_holm_of_few():
    assert holm([]).shape == (0,)
    assert_array_equal(holm([0.04]), [0.04])
    assert_array_equal(holm([0.6, 0.7, 1.0]), [1, 1, 1])


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_holm_rejects_what_the_stepwise_procedure_does(alpha):
    for p in np.random.default_rng(0).beta(0.2, 1, size=(200, 8)):
        rejected = set()
        for step, i in enumerate(np.argsort(p)):
            if p[i] > alpha / (8 - step):
                break
            rejected.add(i)
        assert set(np.flatnonzero(holm(p) <= alpha)) == rejected


# Groups of clips


def errs_by_group(rng, groups, songs):
    """Whether two equally good models are right on each song: songs of a group hang together."""
    chances = rng.beta(0.7, 0.5, size=(2, groups, 1))
    return rng.random((2, groups, songs)) < chances


def test_sign_flips_by_hand():
    # Of 16 sums of +-1 +-1 +-1 +-3, |sum| >= 4 has: +-(1 1 1 3), +-(1 1 -1 3) in three orders.
    assert sign_flip_test([1, 1, -1, 3]) == 8 / 16
    assert sign_flip_test([1, 1, 1, 3]) == 2 / 16
    assert sign_flip_test([5]) == 1
    assert sign_flip_test([0, 0]) == 1
    assert math.isnan(sign_flip_test([]))


@pytest.mark.parametrize("seed", range(8))
def test_sign_flips_are_scipys_exact_permutation_test(seed):
    d = np.random.default_rng(seed).integers(-6, 8, size=12)
    expected = stats.permutation_test(
        (d,), np.sum, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert_allclose(sign_flip_test(d), expected.pvalue, rtol=1e-12)


def test_sign_flips_of_groups_of_one_clip_are_mcnemars_binomial_test():
    d = np.repeat([1, -1, 0], [41, 60, 300])
    assert_allclose(sign_flip_test(d), stats.binomtest(41, 101).pvalue, rtol=1e-9)


def test_neither_units_nor_groups_that_do_not_differ_nor_the_direction_matter():
    d = np.array([3, -1, 4, 1, -5, 9, 2, 6])
    p = sign_flip_test(d)
    assert sign_flip_test(60 * d) == sign_flip_test(-d) == sign_flip_test([*d, 0, 0]) == p


def test_parts_of_a_clip_cannot_be_flipped():
    with pytest.raises(ValueError, match="whole numbers"):
        sign_flip_test([0.5, 1])


def test_clips_of_an_artist_that_err_together_are_no_proof():
    """McNemar's test rejects here in 22 of 100 cases where it says 5."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(2000):
        a, b = errs_by_group(rng, groups=60, songs=5)
        found.append(sign_flip_test(a.sum(axis=1) - b.sum(axis=1)) < 0.05)
    assert 0.035 < np.mean(found) < 0.065  # 3 standard errors: .015.


def test_a_real_difference_by_groups_is_found():
    a, b = errs_by_group(np.random.default_rng(1), groups=200, songs=4)
    better = a | (np.random.default_rng(2).random(a.shape) < 0.5)
    assert sign_flip_test(better.sum(axis=1) - b.sum(axis=1)) < 0.001


def test_the_bootstrap_of_groups_covers_as_often_as_it_says():
    """Where clips are drawn instead of groups, it covers in 75 of 100 cases."""
    rng = np.random.default_rng(0)
    right = [errs_by_group(rng, groups=80, songs=5)[0].sum(axis=1) for _ in range(600)]
    low, high = bootstrap_intervals(np.transpose(right), np.full(80, 5))
    expected = 0.7 / (0.7 + 0.5)
    assert 0.92 < np.mean((low <= expected) & (expected <= high)) < 0.97


def test_the_bootstrap_is_scipys():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 9, size=50)
    right = rng.binomial(counts, 0.6)
    found = bootstrap_intervals(right[:, None], counts)
    expected = stats.bootstrap(
        (right, counts),
        lambda x, n, axis: x.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        method="percentile",
        random_state=1,
    ).confidence_interval
    assert_allclose(found[:, 0], expected, atol=0.004)


def test_the_bootstrap_draws_the_same_groups_for_all_figures():
    right = np.random.default_rng(0).binomial(5, 0.5, size=(30, 1))
    (low, low_less, _), (high, high_less, none) = bootstrap_intervals(
        np.hstack([right, right - 5, right - right]), np.full(30, 5)
    )
    assert_allclose([low - 1, high - 1], [low_less, high_less])
    assert none == 0


def test_one_group_tells_no_interval():
    assert np.isnan(bootstrap_intervals([[3]], [5])).all()
