"""Intervals and tests of accuracies, by folds and by groups of clips: clips are not independent.

**Folds** share most of their training clips, so that the ordinary t test sees too little variance
and finds differences where there are none [1]_. Its correction [2]_ takes the scores of two folds
to be correlated by n_test / (n_train + n_test), which makes the variance of their mean
(1/J + n_test/n_train) s^2 instead of s^2/J; in repeated cross validation J counts the folds of all
repeats [3]_. It asks: would the difference remain if the models were trained on other clips?

**Clips** of an artist are right or wrong together, and one clip is tested anew in every repeat;
McNemar's test takes them for independent and finds too much. Here a group of clips is one unit: its
sign is flipped [5]_ [6]_, or it is drawn [7]_, with all its clips. This asks: would the difference
remain if clips of other artists were tested?

Each difference has a **margin of equivalence**, within which two one-sided tests at 5 % place
it [8]_, and a **smallest detectable difference**, which a test at 5 % finds in 80 of 100 cases
[9]_.

References
----------
.. [1] T. Dietterich, "Approximate Statistical Tests for Comparing Supervised Classification
   Learning Algorithms", Neural Computation 10, 1998.
.. [2] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
.. [3] R. Bouckaert, E. Frank, "Evaluating the Replicability of Significance Tests for Comparing
   Learning Algorithms", PAKDD 2004.
.. [4] S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979.
.. [5] P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", Springer, 3rd ed. 2005.
.. [6] A. Winkler et al., "Permutation inference for the general linear model", NeuroImage 92, 2014.
.. [7] C. Field, A. Welsh, "Bootstrapping clustered data", 2007.
.. [8] D. Schuirmann, "A comparison of the two one-sided tests procedure and the power approach",
   1987.
.. [9] H. Bloom, "Minimum Detectable Effects", Evaluation Review 19, 1995.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

ROUNDING = 1e-9  # Of differences of accuracies, as a share of their mean.
POWER = 0.8
LATTICE = 2**17  # Sums up to which sign flips are counted exactly.
MOST_DRAWS, FEWEST_DRAWS, CELLS = 10_000, 1_000, 30_000_000
Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """Mean and standard deviation of scores, and a confidence interval of their mean."""

    mean: float
    std: float
    low: float
    high: float


class Effect(NamedTuple):
    """A difference of accuracies, its 95 % interval, and its two-sided p over folds."""

    difference: float
    ci_low: float = np.nan
    ci_high: float = np.nan
    p_folds: float = np.nan
    equivalent_within: float = np.nan  # Largest absolute end of the 90 % interval.
    smallest_detectable: float = np.nan


def corrected_interval(
    scores: ArrayLike, n_train: float, n_test: float, limits: tuple[float, float] = (0, 1)
) -> Interval:
    """95 % confidence interval of a mean over folds, with corrected variance [2]_.

    ``scores``, shape (J,), are a model's in each fold, over all repeats; of a single fold there is
    but the mean. Folds train on ``n_train`` clips, on average, and test ``n_test``. The interval,
    not the mean, is clipped to the least and largest score, ``limits``.
    """
    values, error = _with_error(scores, n_train, n_test)
    mean = float(values.mean())
    if np.isnan(error):
        return Interval(mean, np.nan, np.nan, np.nan)
    half = stats.t.ppf(0.975, len(values) - 1) * error
    low, high = np.clip([mean - half, mean + half], *limits)
    return Interval(mean, float(values.std(ddof=1)), float(low), float(high))


def over_folds(differences: ArrayLike, n_train: float, n_test: float) -> Effect:
    """Difference of two models on the same folds: corrected resampled t test [2]_.

    ``differences``, shape (J,), are the scores of one model less those of the other. All but their
    mean is NaN for a single fold, and where all folds differ by the same amount: the variance is
    then unknown. Only the p is 1 if that amount is 0.
    """
    values, error = _with_error(differences, n_train, n_test)
    mean = float(values.mean())
    if np.isnan(error) or error <= ROUNDING * abs(mean):
        return Effect(mean, p_folds=1.0 if mean == 0 and error == 0 else np.nan)
    t, half_90, half_95 = stats.t.ppf([POWER, 0.95, 0.975], len(values) - 1)
    ends = np.clip([mean - half_95 * error, mean + half_95 * error], -1, 1)
    p = float(2 * stats.t.sf(abs(mean) / error, len(values) - 1))
    detectable = float((half_95 + t) * error)
    within = abs(mean) + float(half_90 * error)
    return Effect(mean, float(ends[0]), float(ends[1]), p, within, detectable)


def _with_error(scores: ArrayLike, n_train: float, n_test: float) -> tuple[Floats, float]:
    """Scores, and the standard error of their mean: NaN for a single fold."""
    values = np.asarray(scores, dtype=np.float64)
    if len(values) == 1:
        return values, np.nan
    return values, float(np.sqrt((1 / len(values) + n_test / n_train) * values.var(ddof=1)))


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p-values for their number [4]_; NaN, where there was no test, does not count."""
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    ascending = tested[np.argsort(p[tested], kind="stable")]
    remaining = np.arange(len(ascending), 0, -1)
    adjusted = np.full(p.shape, np.nan)
    adjusted[ascending] = np.maximum.accumulate(np.minimum(p[ascending] * remaining, 1))
    return adjusted


def p_text(p: float) -> str:
    """How a p-value is written: ``0.020``, ``< .001``, and NaN as a dash."""
    if np.isnan(p):
        return "-"
    return "< .001" if p < 0.001 else f"{p:.3f}"


def sign_flip_test(differences: ArrayLike) -> float:
    """Two-sided p, in (0, 1], of a permutation test: differences are as often above 0 as below.

    Under the null hypothesis each group's difference could as well have the other sign [5]_,
    whatever its size, and however its clips depend on each other [6]_. Of all 2^g choices of signs,
    the test counts those whose sum is as far from zero as the observed one. They are counted by
    sum, from the product of cosines that is the Fourier transform of their distribution.

    Differences, whole numbers of the shape (g,), are for instance of how many more songs of a group
    one model predicts rightly. p is 1 if all are 0, and NaN without any group. It is exact, but for
    rounding by some 1e-14, where absolute differences add up to no more than `LATTICE` or eight a
    group; else they are rounded to a lattice of so many steps.
    """
    values = np.asarray(differences)
    if len(values) == 0:
        return np.nan
    signed = values[values != 0].astype(np.int64)
    sizes = np.abs(signed)
    if len(sizes) == 0:
        return 1.0
    # All sums are multiples of the greatest common divisor.
    unit = max(float(np.gcd.reduce(sizes)), sizes.sum() / max(LATTICE, 8 * len(sizes)))
    rounded = np.rint(sizes / unit).astype(np.int64)
    steps, counts = np.unique(rounded, return_counts=True)
    total = int(steps @ counts)
    # Twice the steps: sums of +-steps have the parity of their total.
    angles = np.pi * np.arange(total + 1) / (total + 1)
    transform = np.ones(total + 1)
    for step, count in zip(steps, counts, strict=True):
        transform *= np.cos(step * angles) ** count
    # Share of sign choices by sum: -total, -total + 2, ..., total.
    shares = np.fft.fft(transform * np.exp(1j * angles * total)).real / (total + 1)
    sums = 2 * np.arange(total + 1) - total
    extreme = np.abs(sums) >= abs(np.sign(signed) @ rounded)
    return float(np.clip(shares[extreme].sum(), max(2.0 ** (1 - len(sizes)), 1e-300), 1))


def draw_groups(groups: int) -> NDArray[np.uint8]:
    """How often each of some groups is drawn, in draws of as many with replacement [7]_.

    The shape is (draws, groups): 10,000 draws; of more than 3,000 groups fewer, at least 1,000; of
    fewer than two groups, which say nothing of how much groups differ, none.
    """
    draws = int(np.clip(CELLS // max(groups, 1), FEWEST_DRAWS, MOST_DRAWS)) if groups > 1 else 0
    rng = np.random.default_rng(0)
    drawn = (rng.integers(groups, size=groups) for _ in range(draws))
    counts = [np.bincount(each, minlength=groups).astype(np.uint8) for each in drawn]
    return np.array(counts, dtype=np.uint8).reshape(draws, groups)


def totals(draws: NDArray[np.uint8], values: ArrayLike) -> Floats:
    """Sums over the groups of each draw: of values, shape (g,) or (g, m), shape (d,) or (d, m)."""
    of_groups = np.asarray(values, dtype=np.float64)
    parts = np.array_split(draws, draws.size // 2**22 + 1)  # Bounds memory.
    return np.concatenate([part.astype(np.float64) @ of_groups for part in parts])


def percentiles(replicates: Floats, confidence: float = 0.95) -> Floats:
    """Interval, shape (2,), that holds a share of replicates, shape (d,); without any it is NaN."""
    if len(replicates) == 0:
        return np.full(2, np.nan)
    tail = (1 - confidence) / 2
    return np.quantile(replicates, [tail, 1 - tail], axis=0)


def over_groups(difference: float, replicates: Floats) -> Effect:
    """Difference on one set of test clips, from replicates, shape (d,), of `draw_groups`.

    There is no p, which `sign_flip_test` gives; no detectable difference where all draws are the
    same; without draws the difference alone.
    """
    if len(replicates) == 0:
        return Effect(difference)
    low, high = percentiles(replicates)
    within = np.abs(percentiles(replicates, 0.90)).max()
    error = replicates.std(ddof=1)
    detectable = stats.norm.ppf([POWER, 0.975]).sum() * error if error > ROUNDING else np.nan
    return Effect(difference, float(low), float(high), np.nan, float(within), float(detectable))
