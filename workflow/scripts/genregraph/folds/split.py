"""Split clips: at random within genres, by group, or as published.

References
----------
.. [1] F. Pedregosa et al., "Scikit-learn: Machine Learning in Python", JMLR 12, 2011:
   StratifiedGroupKFold assigns groups in the order of how unevenly they hold genres, so that seeds
   decide only between groups alike, and large groups are apart in every split as in the first.
"""

from collections.abc import Sequence
from itertools import cycle
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genregraph.common.errors import UserError
from genregraph.folds.protocols import TEST_SHARE

TRAINS_ONLY = -1  # Fold of a clip that is never tested.
ATTEMPTS = 20  # At folds of which none holds a whole genre.
ROUNDING = 1e-12  # Of sums of squared shares; a clip more or less makes more of a difference.


def held_out(
    genres: Sequence[str], times: int, rng: np.random.Generator, share: float = TEST_SHARE
) -> NDArray[np.bool_]:
    """Random hold-outs in which every genre has its share.

    Whether the paper stratified its hold-outs is unknown. These are stratified, so that every genre
    is in both parts of small collections, too. (scikit-learn's StratifiedShuffleSplit does not
    promise that, and refuses genres of one clip.)

    Parameters
    ----------
    genres : sequence of str, length n
        Genre of each clip.
    times : int
        Number of hold-outs.
    rng : np.random.Generator
    share : float
        Of the clips that are held out, in (0, 1); rounded up to a clip. It is more where each genre
        needs a clip, and less where too many genres have a single clip, which only trains.

    Returns
    -------
    NDArray[np.bool_], shape (times, n)
        True for clips that are held out.

    Raises
    ------
    UserError
        If there are fewer than two genres, or no genre has two clips.
    """
    names, labels, counts = np.unique(
        np.asarray(genres, dtype=str), return_inverse=True, return_counts=True
    )
    if len(names) < 2 or counts.max() < 2:
        raise UserError(
            f"{len(labels)} usable clips of {len(names)} genre(s) cannot be held out: at least 2 "
            "genres are needed, and 2 clips of one of them. problems.csv says which clips were "
            "refused; add clips"
        )
    tested = np.zeros((times, len(labels)), dtype=bool)
    for row in tested:
        quotas = _quotas(counts, ceil(share * len(labels)), rng)
        order = np.lexsort((rng.random(len(labels)), labels))
        place = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
        row[order] = place < np.repeat(quotas, counts)
    return tested


def _quotas(counts: NDArray[np.int64], wanted: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Clips of each genre to hold out, by its share; one trains, and one is tested if it can be."""
    quotas = np.minimum(counts - 1, 1)
    for _ in range(min(wanted, int((counts - 1).sum())) - int(quotas.sum())):
        lacking = np.where(quotas < counts - 1, counts * wanted / counts.sum() - quotas, -np.inf)
        quotas[rng.choice(np.flatnonzero(lacking >= lacking.max() - ROUNDING))] += 1
    return quotas


def stratified(genres: Sequence[str], folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random folds in which every genre is spread evenly.

    Each genre's clips are shuffled and assigned to one fold after the other, from the fold on where
    the genre before stopped. So neither the clips of a genre nor all clips differ by more than one
    between two folds.
    (scikit-learn's StratifiedKFold refuses data whose genres are all smaller than the folds.)

    Parameters
    ----------
    genres : sequence of str, length n
        Genre of each clip.
    folds : int
        Number of folds, at least 2.
    rng : np.random.Generator

    Returns
    -------
    NDArray[np.int64], shape (n,)
        Fold of each clip, in ``[0, folds)``.

    Raises
    ------
    UserError
        If there are fewer clips than folds, or fewer than two genres.
    """
    names, labels = np.unique(np.asarray(genres, dtype=str), return_inverse=True)
    if len(names) < 2 or len(labels) < folds:
        raise UserError(
            f"{len(labels)} usable clips of {len(names)} genre(s) cannot make {folds} folds: at "
            "least 2 genres and as many clips as folds are needed. problems.csv says which clips "
            "were refused; add clips, or lower folds: n: in config/experiments.yaml"
        )
    order = np.lexsort((rng.random(len(labels)), labels))
    assigned = np.empty(len(labels), dtype=np.int64)
    assigned[order] = np.arange(len(labels)) % folds
    return assigned


def grouped(
    genres: Sequence[str], groups: Sequence[str], folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Folds that keep groups whole and spread genres as evenly as groups allow.

    Parameters
    ----------
    genres, groups : sequence of str, length n
        Of each clip.
    folds : int
        Number of folds, at least 2.
    rng : np.random.Generator
        Each split is independent of all others.

    Returns
    -------
    NDArray[np.int64], shape (n,)
        Fold of each clip, in ``[0, folds)``. No fold is empty, and none holds all of a genre, so
        that all genres can be learnt for each.

    Raises
    ------
    UserError
        If there are fewer than two genres, a genre has fewer than two groups, there are fewer
        groups than folds or fewer clips of every genre, or groups of several genres cannot be
        separated such that no fold holds all of a genre.
    """
    genre, group = np.asarray(genres, dtype=str), np.asarray(groups, dtype=str)
    names, counts = np.unique(genre, return_counts=True)
    groups_in_all = len(np.unique(group))
    single = [name for name in names if len(np.unique(group[genre == name])) < 2]
    if single or len(names) < 2 or min(groups_in_all, counts.max()) < folds:
        raise UserError(
            f"{groups_in_all} groups of {len(genre)} clips of {len(names)} genre(s) cannot make "
            f"{folds} folds; genres of a single group, which cannot be evaluated: "
            f"{', '.join(single) or 'none'}. Add clips of other groups, lower clean: folds: or "
            "leave these genres out in config/experiments.yaml"
        )
    assigned = split_groups(genre, group, folds, rng)
    lacking = [g for g in names if len(np.unique(assigned[genre == g])) < 2]
    if lacking:
        raise UserError(
            f"all groups of {', '.join(lacking)} fell into one fold, whose models could not learn "
            "them: groups of several genres tie them together. Change clean: folds: or leave "
            "genres out in config/experiments.yaml"
        )
    return assigned


def split_groups(
    genres: ArrayLike, groups: ArrayLike, folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Assign whole groups to folds as evenly as they allow, however unevenly that is.

    Groups come in random order, each into the fold that holds least of its genres so far; then
    groups move to other folds, or two change places, until none of that makes folds more even.
    Uneven is the sum over folds of the squared shares of each genre that they hold, and of all
    clips. (scikit-learn's StratifiedGroupKFold [1]_
    repeats itself.)

    Parameters
    ----------
    genres, groups : array_like, shape (n,)
        Of each clip.
    folds : int
    rng : np.random.Generator

    Returns
    -------
    NDArray[np.int64], shape (n,)
        Fold of each clip, in ``[0, folds)``. A fold is empty only if there are fewer groups; a
        genre lies in a single fold only if it is of a single group, or nothing else was found.
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


def _assigned(
    counts: NDArray[np.float64],
    weights: NDArray[np.float64],
    folds: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Fold of each group, shape (m,), by its clips of each genre, shape (m, c)."""
    m = len(counts)
    order = rng.permutation(m)
    shares = np.column_stack(
        [weights / weights.max() * counts / counts.sum(axis=0), counts.sum(axis=1) / counts.sum()]
    )[order]
    held = np.zeros((folds, shares.shape[1]))
    where = np.empty(m, dtype=np.int64)
    for i, share in enumerate(shares):
        common = held @ share
        where[i] = rng.choice(np.flatnonzero(common <= common.min() + ROUNDING))
        held[where[i]] += share
    fold = np.empty(m, dtype=np.int64)
    fold[order] = _evened(shares, where, folds)
    return fold


def _evened(shares: NDArray[np.float64], where: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
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


def published(split: Sequence[str]) -> NDArray[np.int64]:
    """A published split as folds: ``test`` is fold 0, all else only trains.

    Parameters
    ----------
    split : sequence of str, length n
        ``train`` or ``test``.

    Raises
    ------
    UserError
        If either part is empty.
    """
    if len(set(split)) < 2:
        raise UserError(
            f"{len(split)} usable clips of the published split: its training or test part has none "
            "left. problems.csv says which clips were refused; leave out protocol filtered"
        )
    return np.where(np.asarray(split, dtype=str) == "test", 0, TRAINS_ONLY).astype(np.int64)
