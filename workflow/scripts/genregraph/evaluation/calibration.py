"""How far models' probabilities can be trusted: log loss, Brier score and reliability.

The *log loss* of a clip is -log of the probability of its true genre, in nats; with c equally
probable genres it is log c. The *Brier score* [1]_ of a clip is the sum over genres of the squared
difference between its probability and 1 for the true genre, 0 for the others: 0 at best, 2 at
worst, 1 - 1/c for c equally probable genres. (Some halve it for two genres; here it never is.)

*Reliability* [2]_ compares a model's confidence, the largest probability of each clip, with its
accuracy, in ten bins of confidence of equal width. The *expected calibration error* [3]_ is the
mean absolute difference of the two, weighted by the clips of each bin.

Of few clips that error is too large also for a calibrated model, by chance: what it is expected to
be then is simulated here. Draws of groups add as much again; so the interval is as wide as theirs,
but lies around the error. Where it holds the expectation, nothing speaks against calibration.

References
----------
.. [1] G. Brier, "Verification of Forecasts Expressed in Terms of Probability", 1950.
.. [2] A. Niculescu-Mizil, R. Caruana, "Predicting Good Probabilities with Supervised Learning",
   ICML 2005.
.. [3] M. Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from genregraph.config.registry import NAMED
from genregraph.evaluation.outputs import PLACE
from genregraph.evaluation.scores import KEY, mean_interval
from genregraph.evaluation.statistics import percentiles, totals
from genregraph.models.temperature import scaled

BINS = 10
ENDS = np.arange(BINS + 1) / BINS
SIMULATIONS, TESTS = 200, 10_000_000  # Fewer simulations of many tests, but twenty.
SCORES = (
    "n_folds clips log_loss log_loss_low log_loss_high brier brier_low brier_high confidence "
    "accuracy calibration_error calibration_low calibration_high calibration_expected"
).split()
COLUMNS = [*PLACE, "scaling", "temperature", *SCORES]
CURVE = "bin low high clips confidence accuracy".split()
CURVES = [*PLACE, "scaling", *CURVE]


def scalings(
    predictions: pd.DataFrame, fits: pd.DataFrame
) -> Iterator[tuple[str, float, pd.DataFrame]]:
    """Scaling, mean temperature and predictions: as they are, and of folds that have one scaled."""
    yield "none", np.nan, predictions
    fitted = fits.dropna(subset="temperature")
    if fitted.empty:
        return
    predictions, genres = predictions.copy(), predictions.columns.drop(NAMED)
    for repeat, fold, temperature in fitted[[*KEY, "temperature"]].itertuples(index=False):
        own = (predictions["repeat"] == repeat) & (predictions["fold"] == fold)
        predictions.loc[own, genres] = scaled(predictions.loc[own, genres].to_numpy(), temperature)
    yield "temperature", float(fitted["temperature"].mean()), predictions


def bins(confidence: ArrayLike) -> NDArray[np.int64]:
    """Bin of each confidence, in [0, 1]: those in (low, high], the first from 0 on."""
    return (np.searchsorted(ENDS, confidence, side="left") - 1).clip(0, BINS - 1)


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> pd.DataFrame:
    """Confidence and accuracy (NaN without clips) by bins of confidence: a table of `CURVE`."""
    place = bins(confidence)
    clips = np.bincount(place, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, each, BINS) / clips for each in (confidence, right)]
    columns = [np.arange(BINS), ENDS[:-1], ENDS[1:], clips, *means]
    return pd.DataFrame(dict(zip(CURVE, columns, strict=True)))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean absolute difference of confidence and accuracy, weighted by the clips of bins [3]_."""
    sums = np.bincount(bins(confidence), confidence - right, BINS)
    return float(np.abs(sums).sum() / len(confidence))


def expected_error(confidence: NDArray[np.float64], units: NDArray[np.int64]) -> float:
    """Calibration error that a calibrated model with these confidences has by chance.

    It is a mean over `SIMULATIONS`: a test is right where a number drawn for its unit from [0, 1)
    is below its confidence. So tests of a unit are right or wrong together: repeated tests of a
    clip, and clips of an artist whose probabilities are averaged.
    """
    rng = np.random.default_rng(0)
    simulations = int(np.clip(TESTS // len(confidence), 20, SIMULATIONS))
    drawn = (rng.random(units.max() + 1)[units] < confidence for _ in range(simulations))
    return float(np.mean([calibration_error(confidence, right) for right in drawn]))


def error_interval(clips: pd.DataFrame, draws: NDArray[np.uint8]) -> NDArray[np.float64]:
    """95 % interval, shape (2,), of the calibration error of so many clips, by draws of groups."""
    group, g = clips["group"].cat.codes.to_numpy(dtype=np.int64), draws.shape[1]
    confidence, right = clips["confidence"].to_numpy(), clips["right"].to_numpy()
    gaps = np.bincount(group * BINS + bins(confidence), confidence - right, g * BINS)
    sizes = totals(draws, np.bincount(group, minlength=g))
    replicates = np.abs(totals(draws, gaps.reshape(g, BINS))).sum(axis=1) / sizes
    ends = percentiles(replicates)
    if len(replicates):
        ends += calibration_error(confidence, right) - replicates.mean()
    return np.maximum(ends, 0)


def describe(clips: pd.DataFrame, n_train: float, draws: NDArray[np.uint8]) -> dict[str, Any]:
    """Scores of a model's probabilities over the folds of a protocol (`SCORES`).

    ``clips`` are scores of test clips with ``group``, a category, and ``unit`` (`expected_error`);
    folds have ``n_train`` training clips; ``draws`` of the groups have the shape (d, g).
    """
    loss = mean_interval(clips, "loss", n_train, draws, (0, np.inf))
    brier = mean_interval(clips, "brier", n_train, draws, (0, 2))
    confidence, right = clips["confidence"].to_numpy(), clips["right"].to_numpy()
    values = [
        *(len(clips[KEY].drop_duplicates()), len(clips)),
        *(loss.mean, loss.low, loss.high, brier.mean, brier.low, brier.high),
        *(confidence.mean(), right.mean(), calibration_error(confidence, right)),
        *error_interval(clips, draws),
        expected_error(confidence, pd.factorize(clips["unit"])[0]),
    ]
    return dict(zip(SCORES, values, strict=True))
