"""Deal clips into folds: at random within genres, by group, or as published."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from settings.errors import UserError

TRAINS_ONLY = -1  # Fold of a clip that is never tested.


def stratified(genres: Sequence[str], folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random folds in which every genre is spread evenly.

    Each genre's clips are shuffled and dealt one by one, going on where the genre before stopped,
    so that neither the clips of a genre nor all clips differ by more than one between two folds.
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
    genres: Sequence[str], groups: Sequence[str], folds: int, seed: int
) -> NDArray[np.int64]:
    """Folds that keep groups whole and spread genres as evenly as groups allow.

    Parameters
    ----------
    genres, groups : sequence of str, length n
        Of each clip.
    folds : int
        Number of folds, at least 2.
    seed : int

    Returns
    -------
    NDArray[np.int64], shape (n,)
        Fold of each clip, in ``[0, folds)``.

    Raises
    ------
    UserError
        If there are fewer than two genres, a genre has fewer than two groups, there are fewer
        groups than folds or fewer clips of every genre, or all groups of a genre fell into one
        fold.
    """
    genre, group = np.asarray(genres, dtype=str), np.asarray(groups, dtype=str)
    names, counts = np.unique(genre, return_counts=True)
    groups_in_all = len(np.unique(group))
    single = [name for name in names if len(np.unique(group[genre == name])) < 2]
    if single or len(names) < 2 or min(groups_in_all, counts.max()) < folds:
        raise UserError(
            f"{groups_in_all} groups of {len(genre)} clips of {len(names)} genre(s) cannot make "
            f"{folds} folds; genres of a single group, which cannot be judged: "
            f"{', '.join(single) or 'none'}. Add clips of other groups, lower clean: folds: or "
            "leave these genres out in config/experiments.yaml"
        )
    dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    assigned = np.empty(len(genre), dtype=np.int64)
    for fold, (_, test) in enumerate(dealer.split(genre, genre, group)):
        assigned[test] = fold
    untaught = [g for g in names if len(np.unique(assigned[genre == g])) < 2]
    if untaught:
        raise UserError(
            f"all groups of {', '.join(untaught)} fell into one fold, whose models could not learn "
            "what they are judged by; change clean: folds: in config/experiments.yaml, or seed"
        )
    return assigned


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
