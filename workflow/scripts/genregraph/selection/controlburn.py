"""ControlBurn: choose features with a sparse, weighted forest of shallow trees.

ControlBurn ([1]_, [2]_) grows trees of increasing depth, so that many need one or two features
(`selection.forest`), and lets a non-negative LASSO choose among them (`selection.tree_lasso`); the
features of the trees that keep a weight are the selection. Where their number is given, it is
reached by eliminating features from a larger selection, which is not in the papers.

References
----------
.. [1] B. Liu, M. Xie, M. Udell, "ControlBurn: Feature Selection by Sparse Forests", KDD 2021,
   arXiv:2107.00219.
.. [2] B. Liu, M. Xie, H. Yang, M. Udell, "ControlBurn: Nonlinear Feature Selection with Sparse
   Tree Ensembles", arXiv:2207.03935.
"""

import warnings
from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectorMixin
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils import Tags, check_random_state, check_scalar
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from genregraph.selection.forest import Floats, Grower, Grown, used_columns
from genregraph.selection.tree_lasso import TreeLasso

MAX_SURPLUS = 40  # Far along the path of wide tables noise fits the training rows.


class ControlBurnSelector(SelectorMixin, BaseEstimator):
    """Select features for classification with ControlBurn.

    Only the order of the values within a column matters, so an increasing transformation of a
    feature changes nothing. A seed fixes the result whatever the number of cores. Put the
    selector in a pipeline, so that each fold selects on its own training rows.

    Parameters
    ----------
    n_features : int, default=10
        Number of features wanted. It is met exactly if as many columns can be split on. From thrice
        as many on the LASSO's path, but 40 more at most, those that the others replace best are
        eliminated. Where the path has too few, the most important others of the forest follow; a
        forest that uses too few gets trees on the other columns.
    polish_trees : int, default=100
        Trees of the random forest refitted on the selected features.
    random_state : int, RandomState or None, default=None
        Seed of the bootstrap samples, the trees and the polished forest.

    Attributes
    ----------
    support_ : ndarray of shape (n_features_in_,), bool
        Selected features.
    feature_importances_ : ndarray of shape (n_features_in_,)
        Shares in the impurity decrease of the full forest. They sum to 1, or to 0 without any tree.
    polished_importances_ : ndarray of shape (n_features_in_,)
        Importances in a forest refitted on the selected features; 0 for those not selected.
    alpha_ : float
        Penalty per feature and unit of tree weight, in squared error per row.
    weights_ : ndarray of shape (T,)
        Weight of each tree, at least 0.
    classes_ : ndarray of shape (K,)
        Class labels.
    """

    def __init__(
        self,
        n_features: int = 10,
        *,
        polish_trees: int = 100,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_features = n_features
        self.polish_trees = polish_trees
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Declare that `fit` needs class labels."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Choose features of `X`, shape ``(m, p)``, by the class labels `y` of its rows.

        It warns if fewer than `n_features` columns can be split on.
        """
        check_scalar(self.n_features, "n_features", Integral, min_val=1)
        check_scalar(self.polish_trees, "polish_trees", Integral, min_val=1)
        table, labels = validate_data(self, X, y, dtype="numeric", ensure_min_samples=2)
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise ValueError("y has 1 class only: give rows of at least two classes.")
        rng = check_random_state(self.random_state)
        indicators = (labels[:, None] == self.classes_).astype(np.float64)
        grower = Grower(OrdinalEncoder(dtype=np.float32).fit_transform(table), indicators, rng)
        forest, residual = grower.grow()
        path_size = min(3 * self.n_features, self.n_features + MAX_SURPLUS)
        grower.widen(forest, residual, min(path_size, table.shape[1]))
        self._select(forest, indicators, path_size)
        self.polished_importances_ = np.zeros(table.shape[1])
        if self.support_.any():
            seed = rng.randint(np.iinfo(np.int32).max)
            polished = RandomForestClassifier(self.polish_trees, random_state=seed)
            polished.fit(table[:, self.support_], labels)
            self.polished_importances_[self.support_] = polished.feature_importances_
        return self

    def _select(self, forest: list[Grown], indicators: Floats, path_size: int) -> None:
        p = self.n_features_in_
        used = used_columns(forest, p)
        with threadpool_limits(1):  # sums in one order, whatever the number of cores
            lasso = TreeLasso([grown.output for grown in forest], indicators, used)
            self.alpha_, weights = lasso.weights_for(path_size)
            self.weights_, kept = lasso.eliminate(self.n_features, self.alpha_, weights)
        trees = [grown.tree.tree_ for grown in forest]
        decreases = [tree.compute_feature_importances(normalize=False) for tree in trees]
        importances = sum(decreases, start=np.zeros(p))
        self.feature_importances_ = importances / (importances.sum() or 1)
        can_split = used.any(axis=0)
        ranking = np.lexsort((-self.feature_importances_, ~kept, ~can_split))
        chosen = np.isin(np.arange(p), ranking[: self.n_features])
        self.support_: NDArray[np.bool_] = chosen & can_split
        if (count := self.support_.sum()) < self.n_features:
            warnings.warn(
                f"n_features={self.n_features}, but only {count} of {p} columns can be split on: "
                "just those are selected. Ask for fewer, or give more columns.",
                UserWarning,
                stacklevel=3,
            )

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.support_
