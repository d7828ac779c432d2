"""Formulas by hand, agreement with SciPy in the limits, and rates of error by simulation."""

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


# Differences over folds


def test_the_effect_by_hand():
    # Differences .1 0 .2 .1: s^2 = .02 / 3, (1/4 + 1/9) s^2 = .00240741, t = .1 / .0490653.
    error = math.sqrt(13 / 36 * 0.02 / 3)
    found = over_folds([0.1, 0.0, 0.2, 0.1], n_train=90, n_test=10)
    assert_allclose(found.difference, 0.1)
    assert_allclose(
        (found.ci_low, found.ci_high), (0.1 - 3.1824463 * error, 0.1 + 3.1824463 * error)
    )
    assert_allclose(found.p_folds, t_tail_of_3(0.1 / error), rtol=1e-12)
    assert_allclose(found.p_folds, 0.1343, atol=5e-5)
    # t(.95, 3) = 2.3533634, t(.8, 3) = 0.9784723.
    assert_allclose(found.equivalent_within, 0.1 + 2.3533634 * error)
    assert_allclose(found.smallest_detectable, (3.1824463 + 0.9784723) * error)
    assert over_folds([-0.1, 0.0, -0.2, -0.1], 90, 10).equivalent_within == found.equivalent_within


def test_a_hold_out_of_33_percent_counts_its_test_clips_over_its_training_clips():
    differences = np.random.default_rng(0).normal(0.02, 0.03, 10)
    found = over_folds(differences, 670, 330)
    error = math.sqrt((1 / 10 + 33 / 67) * differences.var(ddof=1))
    assert_allclose(33 / 67, 0.49, atol=0.003)
    assert_allclose(found.p_folds, 2 * stats.t.sf(abs(differences.mean()) / error, 9))


def test_without_correction_it_is_students_test():
    a, b = np.random.default_rng(0).normal(0.7, 0.03, (2, 10))
    assert_allclose(over_folds(a - b, *RATIO_0).p_folds, stats.ttest_rel(a, b).pvalue)


def test_scores_that_are_the_same_do_not_differ():
    found = over_folds([0.0] * 10, 9, 1)
    assert found[:5] == (0, 0, 0, 1, 0)
    assert math.isnan(found.smallest_detectable)


@pytest.mark.parametrize("b", [[0.5, 0.25, 0.0], [0.65, 0.40, 0.15]])
def test_folds_that_all_differ_by_the_same_test_nothing(b):
    """But for rounding: from two such folds there came a p of 0, or of 1e-15."""
    found = over_folds(np.subtract([0.75, 0.5, 0.25], b), 9, 1)
    assert math.isnan(found.p_folds) and math.isnan(found.smallest_detectable)


def test_a_single_fold_has_a_difference_alone():
    found = over_folds([0.1], 90, 10)
    assert found.difference == 0.1
    assert np.isnan(found[1:]).all()


def test_equal_models_differ_by_chance_as_often_as_it_says():
    """As in repeated cross validation, where the ordinary test errs in most cases."""
    a, b = scores((2, 3000, 100), 0.1, seed=1)
    wrong = np.mean([over_folds(row, 900, 100).p_folds < 0.05 for row in a - b])
    assert 0.038 < wrong < 0.062
    assert np.mean(stats.ttest_rel(a, b, axis=1).pvalue < 0.05) > 0.5


def test_a_difference_is_detected_and_placed_as_often_as_it_says():
    noise = scores((3000, 10), 0.1, seed=2) - 0.5
    # The true standard error: sqrt(1/10 + 1/9) of the standard deviation of independent parts.
    error = math.sqrt((1 / 10 + 1 / 9) * 0.9) * 0.01
    detectable = stats.t.ppf([0.8, 0.975], 9).sum() * error
    found = [over_folds(detectable + row, 900, 100) for row in noise]
    assert 0.77 < np.mean([each.p_folds < 0.05 for each in found]) < 0.84
    assert_allclose(np.mean([each.smallest_detectable for each in found]), detectable, rtol=0.05)
    # At the margin itself, one in twenty is wrongly said to lie within it.
    margin = [over_folds(0.03 + row, 900, 100).equivalent_within < 0.03 for row in noise]
    assert 0.035 < np.mean(margin) < 0.065


@pytest.mark.parametrize("values", [[], [[0.1, 0.2], [0.3, 0.4]]])
def test_there_must_be_a_score_a_fold(values):
    with pytest.raises(ValueError, match="score"):
        over_folds(values, 9, 1)


@pytest.mark.parametrize(("n_train", "n_test"), [(0, 1), (9, 0), (-9, 1), (np.nan, 1)])
def test_folds_must_have_clips(n_train, n_test):
    with pytest.raises(ValueError, match="must be positive"):
        over_folds([0.1, 0.2], n_train, n_test)
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
    assert sign_flip_test([1, 1, -1, 3]) == pytest.approx(8 / 16)
    assert sign_flip_test([1, 1, 1, 3]) == pytest.approx(2 / 16)
    assert sign_flip_test([5]) == pytest.approx(1)
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
    assert_allclose([sign_flip_test(x) for x in (60 * d, -d, [*d, 0, 0])], p)


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


def test_large_sums_are_counted_on_a_lattice(monkeypatch):
    d = np.random.default_rng(0).integers(-700, 800, size=120)
    exact = sign_flip_test(d)
    monkeypatch.setattr(statistics, "LATTICE", 6000)
    assert d.__abs__().sum() > 6 * 6000
    assert 0 < abs(sign_flip_test(d) - exact) < 0.002


def test_the_least_p_is_that_of_the_two_choices_without_a_loser():
    assert sign_flip_test(np.ones(60)) == pytest.approx(2.0**-59)


def test_the_bootstrap_of_groups_covers_as_often_as_it_says():
    """Where clips are drawn instead of groups, it covers in 75 of 100 cases."""
    rng = np.random.default_rng(0)
    right = [errs_by_group(rng, groups=80, songs=5)[0].sum(axis=1) for _ in range(600)]
    low, high = percentiles(totals(draw_groups(80), np.transpose(right)) / 400)
    expected = 0.7 / (0.7 + 0.5)
    assert 0.92 < np.mean((low <= expected) & (expected <= high)) < 0.97


def test_the_bootstrap_is_scipys():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 9, size=50)
    right = rng.binomial(counts, 0.6)
    draws = draw_groups(50)
    replicates = totals(draws, right) / totals(draws, counts)
    found = over_groups(0.6, replicates)
    expected = stats.bootstrap(
        (right, counts),
        lambda x, n, axis: x.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        method="percentile",
        random_state=1,
    )
    assert_allclose((found.ci_low, found.ci_high), expected.confidence_interval, atol=0.004)
    assert_allclose(found.smallest_detectable, 2.8015852 * expected.standard_error, rtol=0.03)
    assert found.equivalent_within == np.abs(np.quantile(replicates, [0.05, 0.95])).max()


def test_draws_are_of_as_many_groups_and_fewer_of_many():
    draws = draw_groups(300)
    assert draws.shape == (10_000, 300)
    assert set(draws.sum(axis=1)) == {300}
    assert_array_equal(draws, draw_groups(300))
    assert draw_groups(20_000).shape == (1500, 20_000)


def test_totals_are_sums_over_the_groups_of_each_draw():
    assert_array_equal(
        totals(np.array([[2, 0, 1], [1, 1, 1]], dtype=np.uint8), [[1, 10], [2, 20], [3, 30]]),
        [[5, 50], [6, 60]],
    )


def test_one_group_tells_no_interval():
    draws = draw_groups(1)
    assert np.isnan(percentiles(totals(draws, [[3, 4]]))).all()
    assert np.isnan(over_groups(0.5, totals(draws, [3]))[1:]).all()
