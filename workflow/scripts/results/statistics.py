"""Intervals and tests of scores over cross-validation folds, which are not independent.

Any two folds share most of their training clips, so that the ordinary t test sees too little
variance and finds differences where there are none [1]_. Its correction [2]_ takes the scores of
two folds to be correlated by n_test / (n_train + n_test), which makes the variance of their mean
(1/J + n_test/n_train) s^2 instead of s^2/J; in repeated cross validation J counts the folds of all
repeats [3]_.

References
----------
.. [1] T. Dietterich, "Approximate Statistical Tests for Comparing Supervised Classification
   Learning Algorithms", Neural Computation 10, 1998.
.. [2] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
.. [3] R. Bouckaert, E. Frank, "Evaluating the Replicability of Significance Tests for Comparing
   Learning Algorithms", PAKDD 2004.
.. [4] B. Welch, "The generalization of 'Student's' problem when several different population
   variances are involved", Biometrika 34, 1947.
.. [5] S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
   Statistics 6, 1979.
.. [6] Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
   percentages", Psychometrika 12, 1947.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


class Interval(NamedTuple):
    """Mean and standard deviation of scores, and a confidence interval of their mean."""

    mean: float
    std: float
    low: float
    high: float


def corrected_interval(
    scores: ArrayLike,
    n_train: float,
    n_test: float,
    confidence: float = 0.95,
    limits: tuple[float, float] = (0, 1),
) -> Interval:
    """Confidence interval of a mean over folds, with corrected variance [2]_.

    Parameters
    ----------
    scores : array-like, shape (J,)
        A model's score in each fold, over all repeats.
    n_train, n_test : float
        Clips that a fold trains and tests on; where folds differ, the means.
    confidence : float, in (0, 1)
    limits : tuple of float
        What a score can be at least and at most: the interval, not the mean, is clipped to them.
        The default suits accuracies and F1; a log loss can be anything in (0, inf).

    Returns
    -------
    Interval
        Standard deviation (that of a sample, J - 1) and interval are NaN for a single fold.

    Raises
    ------
    ValueError
        If there are no scores, or ``n_train`` or ``n_test`` is not positive.
    """
    values = _vector(scores)
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, np.nan, np.nan, np.nan)
    error = np.sqrt(_variance_of_mean(values, n_train, n_test))
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * error
    low, high = np.clip([mean - half, mean + half], *limits)
    return Interval(mean, float(values.std(ddof=1)), float(low), float(high))


def corrected_paired_test(a: ArrayLike, b: ArrayLike, n_train: float, n_test: float) -> float:
    """Whether two models differ on the same folds: corrected resampled t test [2]_.

    Parameters
    ----------
    a, b : array-like, shape (J,)
        Scores of either model in each fold, in the same order.
    n_train, n_test : float
        Clips that a fold trains and tests on; where folds differ, the means.

    Returns
    -------
    float
        Two-sided p. 1 if all scores are the same, 0 if all differ by the same amount, NaN for a
        single fold.

    Raises
    ------
    ValueError
        If ``a`` and ``b`` are not of one length, are empty, or ``n_train`` or ``n_test`` is not
        positive.
    """
    first, second = _vector(a), _vector(b)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} scores: they must be of the same folds")
    difference = first - second
    variance = _variance_of_mean(difference, n_train, n_test)
    return _two_sided(difference.mean(), variance, len(difference) - 1)


def corrected_two_sample_test(
    a: ArrayLike,
    b: ArrayLike,
    n_train: tuple[float, float],
    n_test: tuple[float, float],
) -> float:
    """Whether scores differ between two protocols, whose folds are not the same.

    Welch's t test [4]_ with each variance corrected [2]_. It assumes that the two means are
    independent. Protocols deal the same clips, so that their means rather rise and fall together:
    then the difference varies less than is assumed here, and p is too large rather than too small.

    Parameters
    ----------
    a, b : array-like, shapes (J,) and (K,)
        Scores in each fold under either protocol.
    n_train, n_test : tuple of float
        Clips that a fold trains and tests on under either protocol; where folds differ, the means.

    Returns
    -------
    float
        Two-sided p. 1 or 0 if scores do not vary and are or are not the same, NaN if a protocol has
        a single fold.

    Raises
    ------
    ValueError
        If there are no scores, or an ``n_train`` or ``n_test`` is not positive.
    """
    samples = _vector(a), _vector(b)
    variances = np.array(
        [_variance_of_mean(*each) for each in zip(samples, n_train, n_test, strict=True)]
    )
    freedoms = np.array([len(sample) - 1 for sample in samples])
    total = variances.sum()
    # In shares of the total, no square can underflow.
    freedom = 1 / ((variances / total) ** 2 / freedoms).sum() if total > 0 else 1.0
    return _two_sided(samples[0].mean() - samples[1].mean(), total, freedom)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values for their number, so that any below .05 may be called significant [5]_.

    Parameters
    ----------
    p_values : array-like, shape (m,)
        NaN where there was no test: these stay NaN and do not count.

    Returns
    -------
    NDArray[np.float64], shape (m,)
        In the order given, in [0, 1], none less than it was.
    """
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    ascending = tested[np.argsort(p[tested], kind="stable")]
    remaining = np.arange(len(ascending), 0, -1)
    adjusted = np.full(p.shape, np.nan)
    adjusted[ascending] = np.maximum.accumulate(np.minimum(p[ascending] * remaining, 1))
    return adjusted


def mcnemar(right_a: ArrayLike, right_b: ArrayLike) -> float:
    """Whether two models differ on the same test clips: McNemar's test [6]_, exact.

    It takes the clips to be independent, which segments of one song are not: give one verdict a
    song (`results.votes.by_song`). It says nothing about other training clips than those used [1]_.

    Parameters
    ----------
    right_a, right_b : array-like of bool, shape (n,)
        Whether either model was right, clip by clip.

    Returns
    -------
    float
        Two-sided p of the binomial test on the clips where exactly one was right; 1 without any.

    Raises
    ------
    ValueError
        If they are not of one shape.
    """
    a, b = np.asarray(right_a, dtype=bool), np.asarray(right_b, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"shapes {a.shape} and {b.shape}: they must be of the same clips")
    discordant = int((a != b).sum())
    if discordant == 0:
        return 1.0
    return float(stats.binomtest(int((a & ~b).sum()), discordant).pvalue)


def _vector(scores: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"scores of shape {values.shape}: a score a fold is needed")
    return values


def _variance_of_mean(values: NDArray[np.float64], n_train: float, n_test: float) -> float:
    """Corrected variance of the mean over folds; NaN for a single fold."""
    if not (n_train > 0 and n_test > 0):
        raise ValueError(f"n_train {n_train}, n_test {n_test}: both must be positive")
    if len(values) == 1:
        return np.nan
    return (1 / len(values) + n_test / n_train) * float(values.var(ddof=1))


def _two_sided(difference: float, variance: float, freedom: float) -> float:
    if variance == 0:
        return float(difference == 0)
    return float(2 * stats.t.sf(abs(difference) / np.sqrt(variance), freedom))
