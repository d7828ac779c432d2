"""ControlBurn: choose features with a sparse, weighted forest of shallow trees.

ControlBurn ([1]_, [2]_) grows trees of increasing depth, so that many need one or two features
(`selection.forest`), and lets a non-negative LASSO choose among whole trees
(`selection.tree_lasso`); the features of the trees that keep a weight are the selection. Where
their number is given, it is reached by eliminating features from a larger selection, which is not
in the papers.

References
----------
.. [1] B. Liu, M. Xie, M. Udell, "ControlBurn: Feature Selection by Sparse Forests", KDD 2021,
   arXiv:2107.00219.
.. [2] B. Liu, M. Xie, H. Yang, M. Udell, "ControlBurn: Nonlinear Feature Selection with Sparse
   Tree Ensembles", arXiv:2207.03935.
"""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from genregraph.selection.forest import Floats, Forest, ForestKind, Grower, rank_columns
from genregraph.selection.tree_lasso import TreeLasso

MAX_SURPLUS = 40  # far along the path of wide tables there is noise that fits the training rows


class ControlBurnSelector(SelectorMixin, BaseEstimator):
    """Select features for classification with ControlBurn.

    Only the order of the values within a column matters, so an increasing transformation of a
    feature changes nothing. A seed fixes the result whatever the number of cores. Put the
    selector in a pipeline, so that each fold selects on its own training rows.

    Parameters
    ----------
    n_features : int or None, default=10
        Number of features wanted, at least 1; None where `alpha` is given. It is met exactly if
        as many columns can be split on: from thrice as many on the LASSO's path, but 40 more at
        most, those that the others replace best are eliminated; where the whole path has too
        few, the most important others of the forest follow, after a forest that uses too few has
        been widened by trees on the remaining columns.
    alpha : float or None, default=None
        Penalty per feature and unit of tree weight, in squared error per row; above 0, and
        below `alpha_max_` to select anything. Give either `n_features` or `alpha`.
    forest : {"doublebagboost", "bagboost", "bag"}, default="doublebagboost"
        How the forest is grown; the boosted ones find their own depth.
    max_depth : int, default=10
        Deepest tree, at least 1.
    max_features : int, default=256
        Columns drawn at random for a split, at least 1; all, as in the papers, if no more exist.
    threshold, tail : float, int, default=1e-3, 5
        AUC (0 to 1, above 0) by which none of the last `tail` (at least 1) trees of a bag
        may matter any more before it is complete.
    polish_trees : int, default=100
        Trees of the random forest refitted on the selected features, at least 1.
    random_state : int, RandomState or None, default=None
        Seed of the bootstrap samples, the trees and the polished forest.

    Attributes
    ----------
    support_ : ndarray of shape (n_features_in_,), bool
        Selected features.
    feature_importances_, sparse_importances_ : ndarray of shape (n_features_in_,)
        Shares in the impurity decrease of the full forest, and of its surviving trees times
        their weights. Both sum to 1, or to 0 where there is no such tree.
    polished_importances_ : ndarray of shape (n_features_in_,)
        Importances in the random forest refitted on the selection; 0 elsewhere.
    alpha_, alpha_max_ : float
        Penalty used, and the smallest one that leaves no feature.
    trees_ : list of DecisionTreeRegressor
        Trees with at least one split, grown on the ranks of the columns, not on `X` itself.
    weights_, n_used_ : ndarray of shape (len(trees_),)
        Weight, at least 0, and number of features, which is the penalty, of each tree.
    n_path_features_ : int
        Features of the trees with a weight, before any is eliminated or added.
    classes_ : ndarray of shape (K,)
        Class labels.

    References
    ----------
    The module's [1] for the LASSO, "bag" and "bagboost"; its [2] for "doublebagboost".

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> ControlBurnSelector(n_features=6, random_state=0).fit_transform(X, y).shape
    (569, 6)
    """

    def __init__(
        self,
        n_features: int | None = 10,
        *,
        alpha: float | None = None,
        forest: ForestKind = "doublebagboost",
        max_depth: int = 10,
        max_features: int = 256,
        threshold: float = 1e-3,
        tail: int = 5,
        polish_trees: int = 100,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_features = n_features
        self.alpha = alpha
        self.forest = forest
        self.max_depth = max_depth
        self.max_features = max_features
        self.threshold = threshold
        self.tail = tail
        self.polish_trees = polish_trees
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Declare that `fit` needs class labels."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def _check_parameters(self) -> None:
        if (self.n_features is None) == (self.alpha is None):
            raise ValueError(
                "Give either n_features or alpha and set the other to None; "
                f"got n_features={self.n_features!r}, alpha={self.alpha!r}."
            )
        if self.forest not in get_args(ForestKind):
            raise ValueError(f"forest={self.forest!r}: choose one of {get_args(ForestKind)}.")
        for name in ("n_features", "max_depth", "max_features", "tail", "polish_trees"):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and not isinstance(value, bool)
            if not (whole and value >= 1) and (name, value) != ("n_features", None):
                raise ValueError(f"{name}={value!r}: give a whole number of at least 1.")
        for name in ("alpha", "threshold"):
            value = getattr(self, name)
            fits = isinstance(value, (int, float)) and 0 < value < np.inf
            if not fits and (name, value) != ("alpha", None):
                raise ValueError(f"{name}={value!r}: give a finite number above 0.")

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Choose the features.

        Parameters
        ----------
        X : array-like of shape (m, p)
            Finite numbers, in any unit.
        y : array-like of shape (m,)
            Class labels, at least two different ones.

        Returns
        -------
        ControlBurnSelector
            Itself, fitted.

        Raises
        ------
        ValueError
            If a parameter is out of range, `X` is not finite or `y` has fewer than two classes.

        Warns
        -----
        UserWarning
            If fewer than `n_features` columns can be split on, or `alpha` leaves no feature.
        """
        self._check_parameters()
        table, labels = validate_data(self, X, y, dtype="numeric", ensure_min_samples=2)
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise ValueError("y has 1 class only: give rows of at least two classes.")
        rng = check_random_state(self.random_state)
        indicators = (labels[:, None] == self.classes_).astype(np.float64)
        rules = (self.threshold, self.tail, self.max_depth, self.max_features)
        grower = Grower(rank_columns(table), indicators, *rules, rng)
        forest, residual = grower.grow(self.forest)
        grower.widen(forest, residual, min(_path_size(self.n_features or 0), table.shape[1]))
        self._select(forest, indicators)
        self._polish_seed = rng.randint(np.iinfo(np.int32).max)
        self.polished_importances_ = np.zeros(table.shape[1])
        if self.support_.any():
            polished = self._polished(table[:, self.support_], labels)
            self.polished_importances_[self.support_] = polished.feature_importances_
        return self

    def _select(self, forest: Forest, indicators: Floats) -> None:
        p = self.n_features_in_
        used, importances = forest.used(p), forest.importances(p)
        self.trees_, self.n_used_ = forest.trees, used.sum(axis=1)
        with threadpool_limits(1):  # sums in one order, whatever the number of cores
            lasso = TreeLasso(forest.outputs, indicators, used)
            if self.n_features is not None:
                self.alpha_, weights = lasso.weights_for(_path_size(self.n_features))
                self.weights_, kept = lasso.eliminate(self.n_features, self.alpha_, weights)
            elif self.alpha is not None:
                self.alpha_, weights = self.alpha, lasso.weights(self.alpha)
                self.weights_, kept = weights, lasso.support(weights)
        self.alpha_max_ = lasso.alpha_max
        self.n_path_features_ = int(lasso.support(weights).sum())
        self.feature_importances_ = _shares(importances.sum(axis=0))
        self.sparse_importances_ = _shares(self.weights_ @ importances)
        self.support_: NDArray[np.bool_] = kept
        if self.n_features is not None:
            ranking = np.lexsort((-self.feature_importances_, ~kept, ~used.any(axis=0)))
            self.support_ = np.isin(np.arange(p), ranking[: self.n_features])
            self.support_ &= used.any(axis=0)
        self._warn_if_short(int(self.support_.sum()))

    def _warn_if_short(self, found: int) -> None:
        if self.n_features is None and not found:
            message = (
                f"alpha={self.alpha} leaves no feature: give an alpha below "
                f"alpha_max_={self.alpha_max_:.6g}, or n_features."
            )
        elif self.n_features is not None and found < self.n_features:
            message = (
                f"n_features={self.n_features}, but only {found} of {self.n_features_in_} columns "
                "can be split on: just those are selected. Ask for fewer, or give more columns."
            )
        else:
            return
        warnings.warn(message, UserWarning, stacklevel=4)

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.support_

    def polish(self, X: ArrayLike, y: ArrayLike) -> RandomForestClassifier:
        """Fit a random forest to the selected features only.

        Parameters
        ----------
        X : array-like of shape (m, n_features_in_)
            All features, in the order given to `fit`.
        y : array-like of shape (m,)
            Class labels.

        Returns
        -------
        RandomForestClassifier
            To be used on ``transform(X)``.

        Raises
        ------
        ValueError
            If no feature is selected.
        """
        check_is_fitted(self)
        if not self.support_.any():
            raise ValueError("No feature is selected: fit with a smaller alpha or with n_features.")
        return self._polished(self.transform(X), y)

    def _polished(self, X: ArrayLike, y: ArrayLike) -> RandomForestClassifier:
        return RandomForestClassifier(self.polish_trees, random_state=self._polish_seed).fit(X, y)


def _path_size(n_features: int) -> int:
    """Features on the path from which elimination to `n_features` starts."""
    return min(3 * n_features, n_features + MAX_SURPLUS)


def _shares(importances: Floats) -> Floats:
    total = importances.sum()
    return importances / total if total > 0 else importances
