"""How far models' probabilities can be trusted: log loss, Brier score and reliability.

The *log loss* of a clip is -log of the probability of its true genre, in nats; of c genres guessed
alike it is log c. The *Brier score* [1]_ of a clip is the sum over genres of the squared difference
between its probability and 1 for the true genre, 0 for the others: 0 at best, 2 at worst,
1 - 1/c for c genres guessed alike. (Some halve it for two genres; here it never is.)

*Reliability* [2]_ asks of a model's own prediction whether accuracy is what confidence says: clips
are put into ten bins of equal width by the largest of their probabilities, and each bin's accuracy
stands beside its mean confidence. The *expected calibration error* [3]_ is the mean of the absolute
difference between the two, bins counting by their clips.

Of few clips that error is too large, since accuracies are then off by chance: also of a calibrated
model, whose expectation for so many clips is simulated here. Draws of whole groups add as much
again; so the interval is as wide as theirs, but lies around the error. Where it holds the
expectation, nothing speaks against calibration.

References
----------
.. [1] G. Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather
   Review 78, 1950.
.. [2] A. Niculescu-Mizil, R. Caruana, "Predicting Good Probabilities with Supervised Learning",
   ICML 2005.
.. [3] M. Naeini, G. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
   Binning", AAAI 2015.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from genregraph.evaluation.aggregate import KEY
from genregraph.evaluation.outputs import Model, genres_of
from genregraph.evaluation.scores import mean_interval
from genregraph.evaluation.statistics import percentiles, totals
from genregraph.models.temperature import scaled

BINS = 10
SIMULATIONS, TESTS = 200, 10_000_000  # Fewer of many tests, but twenty.
KEYS = "dataset experiment protocol model aggregation scaling".split()
COLUMNS = [
    *KEYS,
    *"temperature n_folds clips log_loss log_loss_low log_loss_high".split(),
    *"brier brier_low brier_high confidence accuracy".split(),
    *"calibration_error calibration_low calibration_high calibration_expected".split(),
]
CURVE = "bin low high clips confidence accuracy".split()
CURVES = [*KEYS, *CURVE]


def scalings(model: Model) -> Iterator[tuple[str, float, pd.DataFrame]]:
    """Predictions of a model as they are and, where any fold has a temperature, at that.

    Yields
    ------
    scaling : {"none", "temperature"}
    temperature : float
        Mean over the folds that have one; else NaN.
    predictions : pd.DataFrame
        At temperature; of folds without one as they are.
    """
    yield "none", np.nan, model.predictions
    fitted = model.fits.dropna(subset="temperature")
    if fitted.empty:
        return
    predictions, genres = model.predictions.copy(), genres_of(model.predictions)
    for repeat, fold, temperature in fitted[[*KEY, "temperature"]].itertuples(index=False):
        own = (predictions["repeat"] == repeat) & (predictions["fold"] == fold)
        predictions.loc[own, genres] = scaled(predictions.loc[own, genres].to_numpy(), temperature)
    yield "temperature", float(fitted["temperature"].mean()), predictions


def bins(confidence: ArrayLike) -> NDArray[np.int64]:
    """Bin of each confidence, in [0, 1]: those in (low, high], the first from 0 on."""
    ends = np.arange(BINS + 1) / BINS
    return (np.searchsorted(ends, confidence, side="left") - 1).clip(0, BINS - 1)


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> pd.DataFrame:
    """Confidence and accuracy by bins of confidence.

    Parameters
    ----------
    confidence : NDArray[np.float64], shape (n,)
        Largest probability of each clip, in [0, 1].
    right : NDArray[np.bool_], shape (n,)
        Whether its prediction is right.

    Returns
    -------
    pd.DataFrame, shape (`BINS`, 6)
        `CURVE`; NaN where there are no ``clips``.
    """
    ends, place = np.arange(BINS + 1) / BINS, bins(confidence)
    clips = np.bincount(place, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, each, BINS) / clips for each in (confidence, right)]
    columns = [np.arange(BINS), ends[:-1], ends[1:], clips, *means]
    return pd.DataFrame(dict(zip(CURVE, columns, strict=True)))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean absolute difference of confidence and accuracy, bins counting by their clips [3]_.

    Parameters
    ----------
    confidence, right
        As in `reliability`.
    """
    return _error(bins(confidence), confidence - right)


def _error(place: NDArray[np.int64], differences: NDArray[np.float64]) -> float:
    return float(np.abs(np.bincount(place, differences, BINS)).sum() / len(place))


def expected_error(
    confidence: NDArray[np.float64], units: NDArray[np.int64], seed: int = 0
) -> float:
    """Calibration error that a calibrated model with these confidences has by chance.

    Parameters
    ----------
    confidence : NDArray[np.float64], shape (n,)
        Of each test.
    units : NDArray[np.int64], shape (n,)
        What is right or wrong together, from 0: repeated tests of a clip, and the clips of an
        artist whose probabilities were averaged.
    seed : int

    Returns
    -------
    float
        Mean over `SIMULATIONS`: a test is right where a number drawn for its unit from [0, 1) is
        below its confidence.
    """
    rng, place = np.random.default_rng(seed), bins(confidence)
    simulations = int(np.clip(TESTS // len(place), 20, SIMULATIONS))
    drawn = (rng.random(units.max() + 1)[units] < confidence for _ in range(simulations))
    return float(np.mean([_error(place, confidence - right) for right in drawn]))


def describe(
    clips: pd.DataFrame, n_train: float, draws: NDArray[np.uint8]
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Scores of one model's probabilities over the folds of a protocol, and their reliability.

    Parameters
    ----------
    clips : pd.DataFrame
        As `evaluation.scores.of_clips` makes it; ``group``: a category; ``unit``: what is right or
        wrong together.
    n_train : float
        Training clips of a fold.
    draws : NDArray[np.uint8], shape (d, g)
        Of the groups.

    Returns
    -------
    scores : dict
        `COLUMNS` from ``n_folds`` on: means over folds with 95 % intervals
        (`evaluation.scores.mean_interval`), ``clips`` tested over folds and repeats, their mean
        ``confidence``, ``accuracy`` and ``calibration_error``, with its interval by groups and its
        expectation for a calibrated model.
    curve : pd.DataFrame
        As `reliability` makes it, over all of these clips.
    """
    loss = mean_interval(clips, "loss", n_train, draws, (0, np.inf))
    brier = mean_interval(clips, "brier", n_train, draws, (0, 2))
    confidence, right = clips["confidence"].to_numpy(), clips["right"].to_numpy()
    error, (low, high) = calibration_error(confidence, right), error_interval(clips, draws)
    values = [
        *(len(clips[KEY].drop_duplicates()), len(clips)),
        *(loss.mean, loss.low, loss.high, brier.mean, brier.low, brier.high),
        *(confidence.mean(), right.mean(), error, low, high),
        expected_error(confidence, pd.factorize(clips["unit"])[0]),
    ]
    scores = dict(zip(COLUMNS[len(KEYS) + 1 :], values, strict=True))
    return scores, reliability(confidence, right)


def error_interval(clips: pd.DataFrame, draws: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Ends of the 95 % interval of the calibration error of so many clips, by draws of groups.

    Parameters
    ----------
    clips, draws
        As in `describe`.
    """
    group, g = clips["group"].cat.codes.to_numpy(dtype=np.int64), draws.shape[1]
    confidence, right = clips["confidence"].to_numpy(), clips["right"].to_numpy()
    gaps = np.bincount(group * BINS + bins(confidence), confidence - right, g * BINS)
    sizes = totals(draws, np.bincount(group, minlength=g))
    replicates = np.abs(totals(draws, gaps.reshape(g, BINS))).sum(axis=1) / sizes
    ends = percentiles(replicates)
    if len(replicates):
        ends += calibration_error(confidence, right) - replicates.mean()
    return np.maximum(ends, 0)
