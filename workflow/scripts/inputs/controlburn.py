r"""ControlBurn: choose features with a sparse, weighted forest of shallow trees.

ControlBurn ([1]_, [2]_) grows trees of increasing depth, so that many need one or two features,
and lets a non-negative LASSO choose among whole trees; the features of the trees that keep a
weight are the selection. The loss here is the squared error on centred class indicators, for
boosting ([3]_; CART on indicators is CART with the Gini index) and for the LASSO, which minimises

.. math::

    \frac{1}{2m} \Bigl\lVert Y - \sum_t w_t A_t \Bigr\rVert_F^2 + \alpha \sum_t u_t w_t,
    \qquad w_t \ge 0,

where :math:`Y` holds the centred ``(m, K)`` indicators, :math:`A_t` the centred ``(m, K)`` output
of tree ``t`` and :math:`u_t` the number of features it splits on. A tree has one weight for all
classes, so the classes share one support.

References
----------
.. [1] B. Liu, M. Xie, M. Udell, "ControlBurn: Feature Selection by Sparse Forests", KDD 2021,
   arXiv:2107.00219: the LASSO over trees weighted by their feature counts, incremental depth
   bagging (Fig. 4) and incremental depth bag-boosting.
.. [2] B. Liu, M. Xie, H. Yang, M. Udell, "ControlBurn: Nonlinear Feature Selection with Sparse
   Tree Ensembles", arXiv:2207.03935: double bag-boosting and the regularisation path.
.. [3] P. Bühlmann, B. Yu, "Boosting with the L2 loss: regression and classification", Journal
   of the American Statistical Association 98 (2003) 324-339.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from numbers import Integral
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import lasso_path
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

ForestKind = Literal["doublebagboost", "bagboost", "bag"]
Floats = NDArray[np.float64]
MAX_BAG_SIZE = 100
MIN_ALPHA_RATIO = 1e-5
BISECTION_STEPS = 50


@dataclass
class Forest:
    """Trees grown on column ranks, and their ``(m, K)`` outputs on the training rows."""

    trees: list[DecisionTreeRegressor] = field(default_factory=list)
    outputs: list[Floats] = field(default_factory=list)

    def join(self, other: Forest) -> None:
        """Append the trees of another forest that split at all."""
        for tree, output in zip(other.trees, other.outputs, strict=True):
            if tree.tree_.node_count > 1:
                self.trees.append(tree)
                self.outputs.append(output)

    def used(self, p: int) -> NDArray[np.bool_]:
        """Return the ``(T, p)`` table of which tree splits on which column."""
        table = np.zeros((len(self.trees), p), dtype=bool)
        for row, tree in zip(table, self.trees, strict=True):
            row[tree.tree_.feature[tree.tree_.feature >= 0]] = True
        return table

    def importances(self, p: int) -> Floats:
        """Return the ``(T, p)`` impurity decreases, not normalised within a tree."""
        rows = [t.tree_.compute_feature_importances(normalize=False) for t in self.trees]
        return np.array(rows, dtype=np.float64).reshape(-1, p)


@dataclass(frozen=True)
class Grower:
    """Grow forests on ``(m, p)`` column ranks and ``(m, K)`` one-hot class indicators.

    A sequence has settled when its last `tail` steps are all below `threshold`.
    """

    ranks: NDArray[np.float32]
    indicators: Floats
    threshold: float
    tail: int
    max_depth: int
    max_features: int
    rng: np.random.RandomState

    def _tree(
        self, ranks: NDArray[np.float32], target: Floats, depth: int
    ) -> tuple[Forest, NDArray[np.bool_]]:
        """Fit a tree to a bootstrap sample; return it and which rows are out of the bag."""
        m, p = ranks.shape
        counts = np.bincount(self.rng.randint(m, size=m), minlength=m).astype(np.float64)
        seed = self.rng.randint(np.iinfo(np.int32).max)
        tree = DecisionTreeRegressor(
            max_depth=depth, max_features=min(self.max_features, p), random_state=seed
        ).fit(ranks, target, sample_weight=counts, check_input=False)
        return Forest([tree], [tree.tree_.predict(ranks).reshape(m, -1)]), counts == 0

    def bag(self, score: Floats, target: Floats, depth: int) -> tuple[Forest, Floats, Floats]:
        """Bag trees of one depth until the training AUC of `score` plus their mean settles.

        Returns the bag, its mean output and its mean out-of-bag output (0 for a row that is
        in every sample), both ``(m, K)``.
        """
        bag, aucs = Forest(), list[float]()
        total, out_total = np.zeros_like(target), np.zeros_like(target)
        out_count = np.zeros((len(target), 1))
        while len(aucs) < MAX_BAG_SIZE and not has_settled(aucs, self.threshold, self.tail):
            tree, out = self._tree(self.ranks, target, depth)
            bag.join(tree)
            total += tree.outputs[0]
            out_total[out] += tree.outputs[0][out]
            out_count[out] += 1
            aucs.append(macro_auc(self.indicators, score + total / (len(aucs) + 1)))
        return bag, total / len(aucs), out_total / np.maximum(out_count, 1)

    def grow(self, kind: ForestKind) -> tuple[Forest, Floats]:
        """Grow one kind of forest; return it and what it leaves of the target, ``(m, K)``."""
        target = self.indicators - self.indicators.mean(axis=0)
        return self._bagged(target) if kind == "bag" else self._boosted(target, kind)

    def _bagged(self, target: Floats) -> tuple[Forest, Floats]:
        """Bag at every depth, up to `max_depth` or to trees with pure leaves."""
        forest, mean = Forest(), np.zeros_like(target)
        for depth in range(1, self.max_depth + 1):
            bag, mean, _ = self.bag(np.zeros_like(target), target, depth)
            forest.join(bag)
            if all(tree.get_depth() < depth for tree in bag.trees):
                break
        return forest, target - mean

    def _boosted(self, target: Floats, kind: ForestKind) -> tuple[Forest, Floats]:
        """Boost bags for as long as the out-of-bag AUC rises; drop a round without gain.

        Bag-boosting goes one deeper each round. Double bag-boosting stays at a depth until it
        gains no more, and ends when the first round of a new depth brings nothing.
        """
        forest, score, out_score = Forest(), np.zeros_like(target), np.zeros_like(target)
        depth, auc, gains = 1, 0.5, list[float]()
        patience = max(self.tail - 2, 1)
        while depth <= self.max_depth:
            bag, mean, out_mean = self.bag(score, target - score, depth)
            gain = macro_auc(self.indicators, out_score + out_mean) - auc
            improved = gain > 0 or not forest.trees
            if not improved and (kind == "bagboost" or not gains):
                break
            if improved:
                forest.join(bag)
                score, out_score = score + mean, out_score + out_mean
                auc, gains = auc + gain, [*gains, gain]
            stalled = len(gains) >= patience and max(gains[-patience:]) < self.threshold
            if kind == "bagboost" and stalled:
                break
            if kind == "bagboost":
                depth += 1
            elif stalled or not improved:
                depth, gains = depth + 1, []
        return forest, target - score

    def widen(self, forest: Forest, residual: Floats, n_wanted: int) -> None:
        """Add trees, ever deeper, on columns not yet used until `n_wanted` are in use.

        It ends early when `tail` trees in turn find no split: the columns left are constant.
        """
        used = forest.used(self.ranks.shape[1]).any(axis=0)
        ranks, depth, failures = self.ranks.copy(), 1, 0
        while used.sum() < n_wanted and failures < self.tail:
            ranks[:, used] = 0  # a tree cannot split on a constant column
            tree, _ = self._tree(ranks, residual, depth)
            new = tree.used(ranks.shape[1])[0]
            failures = 0 if new.any() else failures + 1
            used |= new
            forest.join(tree)
            depth = min(depth + 1, self.max_depth)


class TreeLasso:
    """Non-negative LASSO over T trees, each penalised by the number of features it uses.

    Parameters
    ----------
    outputs : list of T ndarrays of shape (m, K)
        Outputs of the trees.
    indicators : ndarray of shape (m, K)
        One-hot class memberships.
    n_used : ndarray of shape (T,)
        Features each tree uses, at least 1.
    """

    def __init__(self, outputs: list[Floats], indicators: Floats, n_used: NDArray[np.intp]) -> None:
        self.n_rows, self.n_used = len(indicators), n_used
        self.design = np.empty((indicators.size, len(outputs)), order="F")
        for t, output in enumerate(outputs):  # u_t in the column: a plain LASSO is left
            self.design[:, t] = (output - output.mean(axis=0)).ravel() / n_used[t]
        self.target = (indicators - indicators.mean(axis=0)).ravel()
        self.gram = self.design.T @ self.design
        self.correlation = self.design.T @ self.target

    @property
    def alpha_max(self) -> float:
        """Smallest alpha at which every weight is zero."""
        return float(self.correlation.max(initial=0.0)) / self.n_rows

    def weights(self, alpha: float) -> Floats:
        """Solve for the ``(T,)`` weights at one `alpha` > 0, by coordinate descent."""
        if alpha >= self.alpha_max:
            return np.zeros(len(self.n_used))
        scaled = alpha * self.n_rows / len(self.target)
        with warnings.catch_warnings():
            # near alpha = 0 like trees leave the weights, though not the fit, undetermined
            warnings.simplefilter("ignore", ConvergenceWarning)
            path: Floats = lasso_path(
                *(self.design, self.target),
                alphas=[scaled],
                precompute=self.gram,
                Xy=self.correlation,
                positive=True,
                tol=1e-10,
                max_iter=10_000,
                check_input=False,
            )[1]
        return path[:, 0] / self.n_used

    def weights_for(self, n_features: int, used: NDArray[np.bool_]) -> tuple[float, Floats]:
        """Bisect log(alpha) for trees that use `n_features` together; return alpha, weights.

        Where the path jumps over the number, it is the smallest larger support met; where
        even the end of the path has too few features, it is that end.
        """
        if self.alpha_max == 0:
            return 0.0, np.zeros(len(self.n_used))
        high, low = np.log(self.alpha_max), np.log(self.alpha_max * MIN_ALPHA_RATIO)
        best = low, self.weights(np.exp(low))
        for _ in range(BISECTION_STEPS):
            middle = (high + low) / 2
            weights = self.weights(np.exp(middle))
            count = used[weights > 0].any(axis=0).sum()
            if count >= n_features:
                low, best = middle, (middle, weights)
            else:
                high = middle
            if count == n_features:
                break
        return float(np.exp(best[0])), best[1]


class ControlBurnSelector(SelectorMixin, BaseEstimator):
    """Select features for classification with ControlBurn.

    Only the order of the values within a column matters, so an increasing transformation of a
    feature changes nothing. A seed fixes the result whatever the number of cores. Put the
    selector in a pipeline, so that each fold selects on its own training rows.

    Parameters
    ----------
    n_features : int or None, default=10
        Number of features wanted, at least 1; None where `alpha` is given. It is met exactly if
        as many columns can be split on: where the path jumps over it, the larger support is cut
        to the features of highest importance in the surviving trees; where the whole path has
        too few, the most important others of the forest follow, after a forest that uses too
        few has been widened by trees on the remaining columns.
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
        Features of the surviving trees, before any cut or fill to `n_features`.
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
        grower.widen(forest, residual, min(self.n_features or 0, table.shape[1]))
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
            lasso = TreeLasso(forest.outputs, indicators, self.n_used_)
            if self.n_features is not None:
                self.alpha_, self.weights_ = lasso.weights_for(self.n_features, used)
            elif self.alpha is not None:
                self.alpha_, self.weights_ = self.alpha, lasso.weights(self.alpha)
        self.alpha_max_ = lasso.alpha_max
        self.feature_importances_ = _shares(importances.sum(axis=0))
        self.sparse_importances_ = _shares(self.weights_ @ importances)
        self.support_: NDArray[np.bool_] = np.any(used[self.weights_ > 0], axis=0)
        self.n_path_features_ = int(self.support_.sum())
        if self.n_features is not None:
            ranking = (-self.feature_importances_, -self.sparse_importances_, ~self.support_)
            self.support_ = np.zeros(p, dtype=bool)
            self.support_[np.lexsort((*ranking, ~used.any(axis=0)))[: self.n_features]] = True
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


def rank_columns(X: ArrayLike) -> NDArray[np.float32]:
    """Return the dense ranks, from 0, of the values within each column of `X`, ``(m, p)``."""
    columns = np.asarray(X).T
    ranks = np.empty(columns.shape[::-1], dtype=np.float32)
    for j, column in enumerate(columns):
        ranks[:, j] = np.unique(column, return_inverse=True)[1]
    return ranks


def macro_auc(indicators: Floats, scores: Floats) -> float:
    """Return the mean over classes of the one-against-rest area under the ROC curve, 0 to 1.

    Both are ``(m, K)``; no class may be empty or hold every row.
    """
    n_in = indicators.sum(axis=0)
    rank_sum = (rankdata(scores, axis=0) * indicators).sum(axis=0)
    return float(np.mean((rank_sum - n_in * (n_in + 1) / 2) / (n_in * (len(scores) - n_in))))


def has_settled(values: list[float], threshold: float, tail: int) -> bool:
    """Tell whether each of the last `tail` steps of a sequence is smaller than `threshold`."""
    return len(values) > tail and bool(np.abs(np.diff(values[-tail - 1 :])).max() < threshold)


def _shares(importances: Floats) -> Floats:
    total = importances.sum()
    return importances / total if total > 0 else importances
