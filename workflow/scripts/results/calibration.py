"""How far models' probabilities can be trusted: log loss, Brier score and reliability.

The *log loss* of a clip is -log of the probability of its true genre, in nats; of c genres guessed
alike it is log c. The *Brier score* [1]_ of a clip is the sum over genres of the squared difference
between its probability and 1 for the true genre, 0 for the others: 0 at best, 2 at worst,
1 - 1/c for c genres guessed alike. (Some halve it for two genres; here it never is.) Both judge
probabilities as a whole, how right and how sure they are.

*Reliability* [2]_ asks of a model's own prediction whether it is right as often as it is sure:
clips are put into ten bins of equal width by the largest of their probabilities, and each bin's
share of right predictions stands beside its mean confidence. The *expected calibration error* [3]_
is the mean of the absolute difference between the two, bins counting by their clips. Of few clips
it is too large, since shares of right ones are then off by chance: it is taken over the test clips
of all folds and repeats together.

References
----------
.. [1] G. Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather
   Review 78, 1950.
.. [2] A. Niculescu-Mizil, R. Caruana, "Predicting Good Probabilities with Supervised Learning",
   ICML 2005.
.. [3] M. Naeini, G. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
   Binning", AAAI 2015.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss

from results.outputs import Fold, fitted, folds_of, genres_of
from results.statistics import corrected_interval

BINS = 10
KEYS = ["dataset", "experiment", "protocol", "model", "scaling"]
COLUMNS = [
    *KEYS,
    *"temperature n_folds clips log_loss log_loss_low log_loss_high".split(),
    *"brier brier_low brier_high confidence accuracy calibration_error".split(),
]
CURVE = "bin low high clips confidence accuracy".split()
CURVES = [*KEYS, *CURVE]


class Judged(NamedTuple):
    """Predictions of a model for the test clips of a fold.

    Attributes
    ----------
    scaling : {"none", "temperature"}
    temperature : float
        NaN if there is none.
    """

    model: str
    scaling: str
    temperature: float
    n_train: int
    test: pd.DataFrame


def judged(fold: Fold, compared: Sequence[str], scaled: bool) -> Iterator[Judged]:
    """Models of a fold, as they are and, if asked, at the temperatures of `learning.temperature`.

    Parameters
    ----------
    fold : Fold
    compared : sequence of str
        As `results.outputs.fitted` takes it.
    scaled : bool
    """
    for model in fitted(fold, compared):
        yield _judged(model.model, "none", np.nan, model.predictions)
    if scaled:
        tables = fold.read("calibrated.parquet").groupby("model")
        for row in fold.read("temperature.csv").to_dict("records"):
            own = tables.get_group(row["model"]).drop(columns="model")
            yield _judged(row["model"], "temperature", row["temperature"], own)


def _judged(model: str, scaling: str, temperature: float, predictions: pd.DataFrame) -> Judged:
    test = predictions["part"] == "test"
    return Judged(model, scaling, temperature, int((~test).sum()), predictions[test])


# Scores


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
        `CURVE`: confidences in (``low``, ``high``], the first from 0 on; NaN where there are no
        ``clips``.
    """
    ends = np.arange(BINS + 1) / BINS
    place = (np.searchsorted(ends, confidence, side="left") - 1).clip(0, BINS - 1)
    clips = np.bincount(place, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, each, BINS) / clips for each in (confidence, right)]
    columns = [np.arange(BINS), ends[:-1], ends[1:], clips, *means]
    return pd.DataFrame(dict(zip(CURVE, columns, strict=True)))


def calibration_error(curve: pd.DataFrame) -> float:
    """Mean absolute difference of confidence and accuracy, bins counting by their clips [3]_."""
    apart = (curve["confidence"] - curve["accuracy"]).abs()
    return float((apart * curve["clips"]).sum() / curve["clips"].sum())


def describe(folds: Sequence[Judged]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Scores of one model over the folds of a protocol, and its reliability.

    Parameters
    ----------
    folds : sequence of Judged
        Of one model and scaling.

    Returns
    -------
    scores : dict
        `COLUMNS` but the first three: means over folds with their 95 % intervals
        (`results.statistics.corrected_interval`), NaN for a single fold; ``clips`` tested over
        folds and repeats, their mean ``confidence``, ``accuracy`` and ``calibration_error``.
    curve : pd.DataFrame
        As `reliability` makes it, over all of these clips.
    """
    losses, scores, confidences, rights = [], [], [], []
    for each in folds:
        genres = genres_of(each.test)
        probabilities = each.test[genres].to_numpy()
        y = pd.Index(genres).get_indexer(pd.Index(each.test["true"]))
        known = np.arange(len(genres))
        losses.append(log_loss(y, probabilities, labels=known))
        scores.append(brier_score_loss(y, probabilities, labels=known, scale_by_half=False))
        confidences.append(probabilities.max(axis=1))
        rights.append((each.test["true"] == each.test["predicted"]).to_numpy())
    sizes = (float(np.mean([s.n_train for s in folds])), float(np.mean([*map(len, rights)])))
    loss = corrected_interval(losses, *sizes, limits=(0, np.inf))
    brier = corrected_interval(scores, *sizes, limits=(0, 2))
    confidence, right = np.concatenate(confidences), np.concatenate(rights)
    curve = reliability(confidence, right)
    return {
        "model": folds[0].model,
        "scaling": folds[0].scaling,
        "temperature": pd.Series([each.temperature for each in folds]).mean(),  # Of those fitted.
        "n_folds": len(folds),
        "clips": len(right),
        **{"log_loss": loss.mean, "log_loss_low": loss.low, "log_loss_high": loss.high},
        **{"brier": brier.mean, "brier_low": brier.low, "brier_high": brier.high},
        "confidence": confidence.mean(),
        "accuracy": right.mean(),
        "calibration_error": calibration_error(curve),
    }, curve


def calibration(
    folder: Path, compared: Sequence[str], scaled: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and reliability of all models of a protocol.

    Parameters
    ----------
    folder : Path
        Folder of the protocol.
    compared, scaled
        As `judged` takes them.

    Returns
    -------
    scores, curves : pd.DataFrame
        As `describe` has them, a row, and `BINS` rows, a model and scaling.
    """
    by_model: dict[tuple[str, str], list[Judged]] = {}
    for fold in folds_of(folder):
        for each in judged(fold, compared, scaled):
            by_model.setdefault((each.model, each.scaling), []).append(each)
    described = {key: describe(folds) for key, folds in by_model.items()}
    curves = [
        curve.assign(model=model, scaling=scaling)
        for (model, scaling), (_, curve) in described.items()
    ]
    return pd.DataFrame([scores for scores, _ in described.values()]), pd.concat(curves)


def joined(tables: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Tables one below the other; there may be none."""
    return pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns)


def main(
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Scores, to be written (CSV).")],
    curves: Annotated[Path, typer.Option(help="Reliability by bins, to be written (CSV).")],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folder of each protocol.")] = None,
    compared: Annotated[list[str] | None, typer.Option(help="Tables beside GraphSAGE's.")] = None,
    scaled: Annotated[bool, typer.Option(help="Also at fitted temperatures.")] = False,
) -> None:
    """Score the probabilities of an experiment's models on the test clips."""
    whose = {"dataset": dataset, "experiment": experiment}
    tables, lines = [], []
    for folder in folders or []:
        scores, curve = calibration(folder, compared or [], scaled)
        tables.append(scores.assign(protocol=folder.name, **whose))
        lines.append(curve.assign(protocol=folder.name, **whose))
    joined(tables, COLUMNS).to_csv(output, index=False)
    joined(lines, CURVES).to_csv(curves, index=False)
