"""Formulas by hand, agreement with SciPy in the limits, and rates of error by simulation."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from results.statistics import (
    corrected_interval,
    corrected_paired_test,
    corrected_two_sample_test,
    holm,
    mcnemar,
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


def test_scores_that_differ_by_the_same_in_all_folds_do():
    assert corrected_paired_test([0.75, 0.5, 0.25], [0.5, 0.25, 0.0], 9, 1) == 0


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


# Two protocols


def test_two_sample_test_by_hand():
    # Variances (1/4 + .1) .005/3 = 7/12000 and (1/3 + .5) .0025 = 25/12000, difference .2;
    # freedom 32^2 / (7^2 / 3 + 25^2 / 2) = 3.114.
    p = corrected_two_sample_test(
        [0.8, 0.7, 0.75, 0.75], [0.5, 0.6, 0.55], n_train=(100, 50), n_test=(10, 25)
    )
    assert_allclose(p, 2 * stats.t.sf(0.2 / math.sqrt(32 / 12000), 1024 / (49 / 3 + 625 / 2)))


def test_two_sample_test_without_correction_is_welchs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.7, 0.03, 10), rng.normal(0.68, 0.01, 4)
    found = corrected_two_sample_test(a, b, (1e18, 1e18), (1, 1))
    assert_allclose(found, stats.ttest_ind(a, b, equal_var=False).pvalue)


def test_two_protocols_without_spread():
    sizes = ((9, 9), (1, 1))
    assert corrected_two_sample_test([0.5, 0.5], [0.5, 0.5, 0.5], *sizes) == 1
    assert corrected_two_sample_test([0.5, 0.5], [0.25, 0.25], *sizes) == 0
    one_varies = corrected_two_sample_test([0.5, 0.5], [0.2, 0.3], *sizes)
    assert_allclose(one_varies, 2 * stats.t.sf(0.25 / math.sqrt((1 / 2 + 1 / 9) * 0.005), 1))


def test_a_protocol_of_a_single_fold_tells_no_difference():
    assert np.isnan(corrected_two_sample_test([0.7], [0.6, 0.5, 0.4], (9, 9), (1, 1)))
    assert np.isnan(corrected_two_sample_test([0.6, 0.5, 0.4], [0.7], (9, 9), (1, 1)))


def test_protocols_differ_by_chance_as_often_as_it_says_or_less():
    a, b = scores((2, 2000, 10), 0.1, seed=3)
    sizes = ((900, 900), (100, 100))
    wrong = np.mean(
        [corrected_two_sample_test(*pair, *sizes) < 0.05 for pair in zip(a, b, strict=True)]
    )
    assert 0.03 < wrong < 0.065
    together = 0.01 * np.random.default_rng(4).normal(size=(2000, 1))
    pairs = zip(a + together, b + together, strict=True)
    assert np.mean([corrected_two_sample_test(*pair, *sizes) < 0.05 for pair in pairs]) < 0.065


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


# McNemar


def verdicts(only_a, only_b, both=7, neither=4):
    right_a = np.repeat([True, False, True, False], [only_a, only_b, both, neither])
    right_b = np.repeat([False, True, True, False], [only_a, only_b, both, neither])
    return right_a, right_b


def test_mcnemar_by_hand():
    # Of 6 discordant clips 1 or fewer: (1 + 6) / 64, twice.
    assert_allclose(mcnemar(*verdicts(1, 5)), 2 * 7 / 64)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 1), (3, 3), (10, 2), (2, 10), (40, 61)])
def test_mcnemar_is_the_exact_binomial_test_of_discordant_clips(only_a, only_b):
    expected = stats.binomtest(only_a, only_a + only_b, 0.5).pvalue
    assert_allclose(mcnemar(*verdicts(only_a, only_b)), expected)
    assert_allclose(mcnemar(*verdicts(only_a, only_b, both=0, neither=0)), expected)


def test_models_right_on_the_same_clips_do_not_differ():
    assert mcnemar([True, False], [True, False]) == 1
    assert mcnemar([], []) == 1


def test_mcnemar_errs_no_more_often_than_it_says():
    a, b = np.random.default_rng(0).random((2, 1000, 80)) < 0.7
    assert np.mean([mcnemar(*pair) < 0.05 for pair in zip(a, b, strict=True)]) <= 0.05


def test_verdicts_must_be_of_the_same_clips():
    with pytest.raises(ValueError, match="same clips"):
        mcnemar([True, False], [True])
