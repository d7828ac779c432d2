"""Intervals and tests of accuracies, by folds and by groups of clips: clips are not independent.

**Folds** share most of their training clips, so that the ordinary t test sees too little variance
and finds differences where there are none [1]_. Its correction [2]_ takes the scores of two folds
to be correlated by n_test / (n_train + n_test), which makes the variance of their mean
(1/J + n_test/n_train) s^2 instead of s^2/J; in repeated cross validation J counts the folds of all
repeats [3]_. It asks: were the model trained on other clips, would it differ?

**Clips** of an artist are judged rightly or wrongly together, and one clip is judged anew in every
repeat; McNemar's test takes them for independent and finds too much. Here a group of clips is one
unit: its sign is flipped as a whole [5]_ [6]_, or it is drawn as a whole [7]_. This asks: were
other artists tested, would the model, trained as it was, differ?

References
----------
.. [1] T. Dietterich, "Approximate Statistical Tests for Comparing Supervised Classification
   Learning Algorithms", Neural Computation 10, 1998.
.. [2] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
.. [3] R. Bouckaert, E. Frank, "Evaluating the Replicability of Significance Tests for Comparing
   Learning Algorithms", PAKDD 2004.
.. [4] S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
   Statistics 6, 1979.
.. [5] P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", Springer, 3rd ed. 2005.
.. [6] A. Winkler, G. Ridgway, M. Webster, S. Smith, T. Nichols, "Permutation inference for the
   general linear model", NeuroImage 92, 2014.
.. [7] C. Field, A. Welsh, "Bootstrapping clustered data", Journal of the Royal Statistical Society
   B 69, 2007.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

ROUNDING = 1e-9  # Of differences of accuracies, as a share of their mean.


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
        Two-sided p. 1 if the means are the same; NaN for a single fold, and where all folds differ
        by the same amount, which says nothing of how much they might.

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


def p_text(p: float) -> str:
    """How a p-value is written: three digits, none of them made up.

    Parameters
    ----------
    p : float
        In [0, 1], or NaN where nothing was tested.

    Examples
    --------
    >>> p_text(0.02), p_text(0.0004), p_text(float("nan"))
    ('0.020', '< .001', '-')
    """
    if np.isnan(p):
        return "-"
    return "< .001" if p < 0.001 else f"{p:.3f}"


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values for their number, so that any below .05 may be called significant [4]_.

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
    found = np.full(p.shape, np.nan)
    found[ascending] = np.maximum.accumulate(np.minimum(p[ascending] * remaining, 1))
    return found


def adjusted(
    tables: Sequence[pd.DataFrame], tests: Sequence[str], columns: Sequence[str]
) -> pd.DataFrame:
    """Join the protocols of an experiment, and adjust each p over all of them.

    Parameters
    ----------
    tables : sequence of pd.DataFrame
        With a column for each of ``tests``: p by themselves.
    tests, columns : sequence of str
        Columns of p, and all of the whole.

    Returns
    -------
    pd.DataFrame
        Each p adjusted (`holm`) for all rows, whose number stands in the column with ``_tests``.
    """
    if not tables:
        return pd.DataFrame(columns=list(columns))
    joined = pd.concat(tables, ignore_index=True)
    for test in tests:
        joined[f"{test}_tests"] = joined[test].count()
        joined[test] = holm(joined[test])
    return joined[list(columns)]


def sign_flip_test(differences: ArrayLike) -> float:
    """Whether independent differences are as often positive as negative: exact permutation test.

    If nothing distinguishes what is compared, each difference could as well have had the other sign
    [5]_, whatever its size, and however clips inside a group hang together [6]_. Of all 2^g ways to
    choose the signs, the test counts those whose sum is as far from zero as the one found; they are
    counted by sum, from group to group, and not drawn at random.

    Parameters
    ----------
    differences : array-like of int, shape (g,)
        Of each group, for instance how many more of its songs one model judged rightly.

    Returns
    -------
    float
        Two-sided p, in (0, 1]; 1 if all differences are 0, NaN without any group.

    Raises
    ------
    ValueError
        If a difference is no whole number.

    Examples
    --------
    Of the eight sums of +-1, +-1 and +-2 two are 4 or -4:

    >>> sign_flip_test([1, 1, 2])
    0.25
    """
    values = np.asarray(differences)
    if len(values) == 0:
        return np.nan
    if not np.array_equal(values, np.rint(values)):
        raise ValueError("differences must be whole numbers: sums of them are counted")
    sizes = np.abs(values[values != 0]).astype(np.int64)
    unit = np.gcd.reduce(sizes)  # Of what is left all are multiples, sums too.
    # share[w]: of the choices so far, those whose positive differences add up to w units.
    share = np.zeros(sizes.sum() // max(unit, 1) + 1)
    share[0] = 1
    for size in sizes // max(unit, 1):
        flipped = np.zeros_like(share)
        flipped[size:] = share[:-size]
        share = (share + flipped) / 2
    sums = unit * (2 * np.arange(len(share)) - (len(share) - 1))
    return min(float(share[np.abs(sums) >= abs(int(values.sum()))].sum()), 1.0)


def bootstrap_intervals(
    sums: ArrayLike, counts: ArrayLike, confidence: float = 0.95, seed: int = 0
) -> NDArray[np.float64]:
    """Confidence intervals of ratios over all clips, whole groups being drawn [7]_.

    Percentiles over 10,000 times g groups, drawn with replacement. With fewer than some two dozen
    groups it is rather too narrow.

    Parameters
    ----------
    sums : array-like, shape (g, m)
        Of each group, the sum over its clips of each of m figures: 1 where a model is right.
    counts : array-like, shape (g,)
        Clips of each group.
    confidence : float, in (0, 1)
    seed : int

    Returns
    -------
    NDArray[np.float64], shape (2, m)
        Lower and upper ends, for all figures from the same draws; NaN for fewer than two groups.
    """
    numerators, denominators = np.asarray(sums, dtype=float), np.asarray(counts, dtype=float)
    g = len(denominators)
    if g < 2:
        return np.full((2, numerators.shape[1]), np.nan)
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(10):  # A tenth at a time bounds memory.
        drawn = rng.multinomial(g, np.full(g, 1 / g), size=1000)
        means.append((drawn @ numerators) / (drawn @ denominators)[:, None])
    tail = (1 - confidence) / 2
    return np.quantile(np.concatenate(means), [tail, 1 - tail], axis=0)


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
    if difference == 0 and not np.isnan(variance):
        return 1.0
    # Folds that all differ by the same, but for rounding, say nothing of how much they might.
    if np.sqrt(variance) <= ROUNDING * abs(difference):
        return np.nan
    return float(2 * stats.t.sf(abs(difference) / np.sqrt(variance), freedom))
