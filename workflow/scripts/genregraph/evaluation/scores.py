"""Scores of predictions, of each clip or averaged by artist or song; by test clip and by fold."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from genregraph.config.registry import NAMED
from genregraph.datasets.groups import names_artist
from genregraph.evaluation.statistics import Interval, corrected_interval, percentiles, totals
from genregraph.folds.protocols import neighbours

KEY = ["repeat", "fold"]
ACCURACIES = (
    "mean std ci_low ci_high interval n_folds train_mean song_mean "
    "artist_mean artist_low artist_high n_groups"
).split()
BY_FOLDS, BY_GROUPS = "folds, Nadeau-Bengio", "groups, bootstrap"
LEAST = float(np.finfo(np.float64).eps)  # A certain error has a finite log loss.


def artist_labels(folds: pd.DataFrame, protocol: str) -> pd.Series:
    """Artist by clip, of clips whose predictions can be averaged (``folds.parquet``).

    Empty where each artist has but one clip, and where test clips are predicted one by one.
    """
    artists = folds.drop_duplicates("clip").set_index("clip")["artist"]
    known = artists[artists.map(names_artist)]
    return known[:0] if neighbours(protocol) == "train" or known.is_unique else known


def by_artist(predictions: pd.DataFrame, artists: pd.Series) -> pd.DataFrame:
    """Average probabilities over the test clips of each artist in a fold; others stay the same."""
    artist = predictions["clip"].map(artists).where(predictions["part"] == "test")
    averaged = artist.notna()
    test, genres = predictions[averaged], list(predictions.columns.drop(NAMED))
    keys = [test["repeat"], test["fold"], artist[averaged]]
    means = test.groupby(keys)[genres].transform("mean")
    combined = predictions.copy()
    combined.loc[averaged, genres] = means
    combined.loc[averaged, "predicted"] = means.idxmax(axis=1)
    return combined


def by_song(predictions: pd.DataFrame, songs: pd.Series) -> pd.DataFrame:
    """Predict songs by the mean of the probabilities of their test segments in a fold.

    ``songs`` is the song by clip. A row is a fold and a song tested in it, as its ``clip``.
    """
    test = predictions[predictions["part"] == "test"]
    test = test.assign(clip=songs.loc[test["clip"]].to_numpy())
    if not test.duplicated([*KEY, "clip"]).any():
        return test
    genres = list(predictions.columns.drop(NAMED))
    groups = test.groupby([*KEY, "clip"], sort=False)
    combined = groups[["part", "true"]].first().join(groups[genres].mean()).reset_index()
    return combined.assign(predicted=combined[genres].idxmax(axis=1))


def of_clips(predictions: pd.DataFrame) -> pd.DataFrame:
    """Scores of each test clip in each fold, from predictions of a model.

    They are ``clip repeat fold true predicted``, genres being numbers, ``right``, ``loss`` and
    ``brier`` (see `evaluation.calibration`), and ``confidence``, the largest probability.
    """
    test = predictions[predictions["part"] == "test"].reset_index(drop=True)
    genres = predictions.columns.drop(NAMED)
    probabilities = test[genres].to_numpy()
    true, predicted = (genres.get_indexer(pd.Index(test[n])) for n in ("true", "predicted"))
    of_true = probabilities[np.arange(len(true)), true]
    return test[["clip", *KEY]].assign(
        true=true,
        predicted=predicted,
        right=true == predicted,
        loss=-np.log(np.maximum(of_true, LEAST)),
        brier=(probabilities**2).sum(axis=1) - 2 * of_true + 1,
        confidence=probabilities.max(axis=1),
    )


def of_training(predictions: pd.DataFrame) -> pd.DataFrame:
    """Training clips of each fold and accuracy on them: ``n_train train_accuracy``."""
    train = predictions[predictions["part"] == "train"]
    right = train[KEY].assign(right=train["true"] == train["predicted"])
    return right.groupby(KEY).agg(n_train=("right", "size"), train_accuracy=("right", "mean"))


def of_folds(clips: pd.DataFrame) -> pd.DataFrame:
    """Size, accuracy, log loss and macro F1, over genres tested or predicted, of each test part."""
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

    The interval of several folds, of ``n_train`` training clips on average, is corrected for the
    overlap of training sets; that of a single fold is by ``draws`` of its groups, shape (d, g).
    """
    scores = clips.groupby(KEY)[column].mean()
    interval = corrected_interval(scores, n_train, len(clips) / len(scores), limits)
    if len(scores) > 1:
        return interval
    groups = clips.groupby("group", observed=False)[column].agg(["sum", "size"])
    sums, sizes = totals(draws, groups).T
    low, high = percentiles(sums / sizes)
    return interval._replace(low=float(low), high=float(high))


def accuracies(
    clips: pd.DataFrame, songs: pd.DataFrame, train: pd.DataFrame, draws: NDArray[np.uint8]
) -> dict[str, float | str]:
    """Accuracy of a model by clip, song and artist (`ACCURACIES`).

    ``mean`` is over folds; ``song_mean`` over all tests of songs, where clips are segments;
    ``artist_mean`` over groups, of the accuracy over a group's tests. ``draws`` of the groups have
    the shape (d, g).
    """
    mean = mean_interval(clips, "right", train["n_train"].mean(), draws)
    groups = clips.groupby("group", observed=False)["right"].mean()
    low, high = percentiles(totals(draws, groups) / len(groups))
    kind = BY_FOLDS if len(train) > 1 else BY_GROUPS
    values = [
        *(*mean, "" if np.isnan(mean.low) else kind),
        *(len(train), train["train_accuracy"].mean()),
        songs["right"].mean() if len(songs) < len(clips) else np.nan,
        *(groups.mean(), low, high, len(groups)),
    ]
    return dict(zip(ACCURACIES, values, strict=True))
