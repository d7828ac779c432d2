"""Scores of predictions, by test clip and by fold."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from genregraph.evaluation.aggregate import KEY
from genregraph.evaluation.outputs import genres_of
from genregraph.evaluation.statistics import Interval, corrected_interval, percentiles, totals

ACCURACIES = (
    "mean std ci_low ci_high interval n_folds train_mean song_mean "
    "artist_mean artist_low artist_high n_groups"
).split()
BY_FOLDS, BY_GROUPS = "folds, Nadeau-Bengio", "groups, bootstrap"

LEAST = float(np.finfo(np.float64).eps)  # A certain error has a finite log loss.


def of_clips(predictions: pd.DataFrame) -> pd.DataFrame:
    """Scores of each test clip in each fold.

    Parameters
    ----------
    predictions : pd.DataFrame
        ``clip repeat fold part true predicted`` and a probability a genre.

    Returns
    -------
    pd.DataFrame
        ``clip repeat fold true predicted``, genres being numbers; ``right``; ``loss``: -log of the
        probability of the true genre, in nats; ``brier``: sum over genres of squared differences
        from 1 for the true genre and 0 for others; ``confidence``: the largest probability.
    """
    tested = predictions[predictions["part"] == "test"].reset_index(drop=True)
    genres = pd.Index(genres_of(predictions))
    probabilities = tested[genres].to_numpy()
    true, predicted = (genres.get_indexer(pd.Index(tested[n])) for n in ("true", "predicted"))
    of_true = probabilities[np.arange(len(true)), true]
    return tested[["clip", *KEY]].assign(
        true=true,
        predicted=predicted,
        right=true == predicted,
        loss=-np.log(np.maximum(of_true, LEAST)),
        brier=(probabilities**2).sum(axis=1) - 2 * of_true + 1,
        confidence=probabilities.max(axis=1),
    )


def of_training(predictions: pd.DataFrame) -> pd.DataFrame:
    """Training clips of each fold and accuracy on them: ``n_train train_accuracy``.

    Models that spread genres over a graph predict a training clip without its own genre.
    """
    trained = predictions[predictions["part"] == "train"]
    right = trained[KEY].assign(right=trained["true"] == trained["predicted"])
    return right.groupby(KEY).agg(n_train=("right", "size"), train_accuracy=("right", "mean"))


def of_folds(clips: pd.DataFrame) -> pd.DataFrame:
    """Scores of each fold.

    Parameters
    ----------
    clips : pd.DataFrame
        As `of_clips` makes it.

    Returns
    -------
    pd.DataFrame
        ``n_test test_accuracy test_macro_f1 test_log_loss`` by repeat and fold: accuracies are
        fractions of 1; macro F1 is the mean over genres that are in the test part or were predicted
        there; log loss is in nats.
    """
    folds = clips.groupby(KEY)
    scores = folds.agg(n_test=("right", "size"), test_accuracy=("right", "mean"))
    scores["test_macro_f1"] = [
        f1_score(own["true"], own["predicted"], average="macro", zero_division=0)
        for _, own in folds[["true", "predicted"]]
    ]
    return scores.assign(test_log_loss=folds["loss"].mean())


def mean_interval(
    clips: pd.DataFrame,
    column: str,
    n_train: float,
    draws: NDArray[np.uint8],
    limits: tuple[float, float] = (0, 1),
) -> Interval:
    """Mean of a score over folds, with its 95 % interval.

    Parameters
    ----------
    clips : pd.DataFrame
        As `of_clips` makes it, and ``group``: a category.
    column : str
        The score.
    n_train : float
        Training clips of a fold; where folds differ, the mean.
    draws : NDArray[np.uint8], shape (d, g)
        As `evaluation.statistics.draw_groups` makes them, of the categories: they make the interval
        of a single fold. That of several is corrected for the overlap of training sets.
    limits : tuple of float
        What a score can be at least and at most.
    """
    scores = clips.groupby(KEY)[column].mean()
    found = corrected_interval(scores, n_train, len(clips) / len(scores), limits=limits)
    if len(scores) > 1:
        return found
    groups = clips.groupby("group", observed=False)[column].agg(["sum", "size"])
    sums, sizes = totals(draws, groups).T
    low, high = percentiles(sums / sizes)
    return found._replace(low=float(low), high=float(high))


def accuracies(
    clips: pd.DataFrame, songs: pd.DataFrame, train: pd.DataFrame, draws: NDArray[np.uint8]
) -> dict[str, float | str]:
    """Accuracy of a model by clip, song and artist.

    Parameters
    ----------
    clips : pd.DataFrame
        As `of_clips` makes it, and ``group``.
    songs : pd.DataFrame
        The same of `evaluation.aggregate.by_song`.
    train : pd.DataFrame
        As `of_training` makes it.
    draws : NDArray[np.uint8], shape (d, g)
        Of the groups.

    Returns
    -------
    dict
        `ACCURACIES`: mean over folds, with standard deviation and interval; ``interval`` says of
        which kind it is; mean accuracy of training clips; ``song_mean``: accuracy over all tests of
        songs, where clips are segments; ``artist_mean``: mean over groups of the accuracy over a
        group's tests, with its interval by groups.
    """
    mean = mean_interval(clips, "right", train["n_train"].mean(), draws)
    groups = clips.groupby("group", observed=False)["right"].mean()
    low, high = percentiles(totals(draws, groups) / len(groups))
    kind = BY_FOLDS if len(train) > 1 else BY_GROUPS
    values = [
        *mean,
        "" if np.isnan(mean.low) else kind,
        len(train),
        train["train_accuracy"].mean(),
        songs["right"].mean() if len(songs) < len(clips) else np.nan,
        *(groups.mean(), low, high, len(groups)),
    ]
    return dict(zip(ACCURACIES, values, strict=True))
