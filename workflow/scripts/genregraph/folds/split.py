"""Split clips at random within genres, or by group."""

from collections.abc import Sequence
from itertools import cycle
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

TEST_SHARE = 0.33  # Of the clips, in a hold-out of protocol paper.
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ATTEMPTS = 20  # To find folds of which none holds all of a genre.
ROUNDING = 1e-12  # Of sums of squared shares; a clip more or less makes more of a difference.


def held_out(genres: Sequence[str], times: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Clips that each random hold-out tests, shape (times, n); every genre has its share.

    The paper does not say whether it stratified its hold-outs. These are stratified, so that every
    genre is in both parts of small collections, too, as scikit-learn does not promise. More than
    `TEST_SHARE` is tested where each genre needs a clip, and less where too many genres have a
    single clip, which only trains.
    """
    labels, counts = np.unique(genres, return_inverse=True, return_counts=True)[1:]
    tested = np.zeros((times, len(labels)), dtype=bool)
    for row in tested:
        quotas = _quotas(counts, ceil(TEST_SHARE * len(labels)), rng)
        order = np.lexsort((rng.random(len(labels)), labels))
        place = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
        row[order] = place < np.repeat(quotas, counts)
    return tested


def _quotas(counts: Ints, wanted: int, rng: np.random.Generator) -> Ints:
    """Clips of each genre to hold out, by its share; one trains, and one is tested if it can be."""
    quotas = np.minimum(counts - 1, 1)
    for _ in range(min(wanted, int((counts - 1).sum())) - int(quotas.sum())):
        lacking = np.where(quotas < counts - 1, counts * wanted / counts.sum() - quotas, -np.inf)
        quotas[rng.choice(np.flatnonzero(lacking >= lacking.max() - ROUNDING))] += 1
    return quotas


def stratified(genres: Sequence[str], folds: int, rng: np.random.Generator) -> Ints:
    """Fold of each clip, at random; neither genres nor folds differ by more than a clip.

    Each genre's clips are shuffled and assigned to one fold after the other, from the fold on where
    the genre before stopped.
    """
    labels = np.unique(genres, return_inverse=True)[1]
    place = np.argsort(np.lexsort((rng.random(len(labels)), labels)))
    return place % folds


def split_groups(
    genres: ArrayLike, groups: ArrayLike, folds: int, rng: np.random.Generator
) -> Ints:
    """Fold of each clip, in ``[0, folds)``: groups stay together, as evenly as they allow.

    Groups come in random order, each into the fold that holds least of its genres so far. Then
    groups move to other folds, or two change places, until none of that makes folds more even.
    Uneven is the sum over folds of the squared shares of each genre that they hold, and of all
    clips. (By scikit-learn's StratifiedGroupKFold large groups are apart in every split alike.)

    A fold is empty only if there are fewer groups. A genre lies in a single fold if it is of a
    single group, or if no better folds were met.
    """
    genre, group = (np.unique(each, return_inverse=True)[1] for each in (genres, groups))
    counts = np.zeros((group.max() + 1, genre.max() + 1))
    np.add.at(counts, (group, genre), 1)
    weights = np.ones(counts.shape[1])
    for _ in range(ATTEMPTS):
        fold = _assigned(counts, weights, folds, rng)
        present = np.zeros((folds, counts.shape[1]), dtype=bool)
        np.logical_or.at(present, fold, counts > 0)
        in_one = (present.sum(axis=0) < 2) & ((counts > 0).sum(axis=0) > 1)
        if not in_one.any():
            break
        weights[in_one] *= 1.5  # To spread these counts for more than to be even in others.
    return fold[group]


def _assigned(counts: Floats, weights: Floats, folds: int, rng: np.random.Generator) -> Ints:
    """Fold of each group, shape (m,), by its clips of each genre, shape (m, c)."""
    m = len(counts)
    order = rng.permutation(m)
    of_genres = weights / weights.max() * counts / counts.sum(axis=0)
    shares = np.column_stack([of_genres, counts.sum(axis=1) / counts.sum()])[order]
    held = np.zeros((folds, shares.shape[1]))
    where = np.empty(m, dtype=np.int64)
    for i, share in enumerate(shares):
        common = held @ share
        where[i] = rng.choice(np.flatnonzero(common <= common.min() + ROUNDING))
        held[where[i]] += share
    return _evened(shares, where, folds)[np.argsort(order)]


def _evened(shares: Floats, where: Ints, folds: int) -> Ints:
    """Move and exchange groups until the squares of what folds hold have no smaller sum."""
    m = len(shares)
    # An empty group in each fold, to change places with: that is a move.
    shares = np.concatenate([shares, np.zeros((folds, shares.shape[1]))])
    where = np.concatenate([where, np.arange(folds)])
    held = np.zeros((folds, shares.shape[1]))
    np.add.at(held, where, shares)
    squares = (shares**2).sum(axis=1)
    common = (shares * held[where]).sum(axis=1)
    since = 0  # Groups looked at since the last one that changed its place.
    for i in cycle(range(m)):
        if since == m:
            break
        since += 1
        here, share = where[i], shares[i]
        # Half of what the sum would grow by.
        growth = shares @ (held[here] - 2 * share) - common + (held @ share)[where]
        growth += squares + squares[i] - common[i]
        growth[where == here] = 0
        j = int(growth.argmin())
        if growth[j] < -ROUNDING:
            there = where[j]
            held[here] += shares[j] - share
            held[there] += share - shares[j]
            where[i] = there
            if j < m:
                where[j] = here
            common = (shares * held[where]).sum(axis=1)
            since = 0
    return where[:m]
