"""ControlBurn: choose features with a sparse, weighted forest of shallow trees.

A tree ensemble shares importance out over correlated features. ControlBurn ([1]_, [2]_) grows
trees of increasing depth, so that many need one or two features only, and lets a non-negative
LASSO choose among whole trees; the features of the trees that keep a weight are the selection.

The squared error on centred class indicators is the loss throughout: trees are boosted on it
([3]_; CART with it is CART with the Gini index), and the LASSO minimises

.. math::

    \\frac{1}{2m} \\Bigl\\lVert Y - \\sum_t w_t A_t \\Bigr\\rVert_F^2
    + \\alpha \\sum_t u_t w_t, \\qquad w_t \\ge 0,

where :math:`Y` holds the centred ``(m, K)`` indicators, :math:`A_t` the centred ``(m, K)``
output of tree ``t`` and :math:`u_t` the number of features it splits on. A tree has one weight
for all classes, so all classes share one support, for two classes or many.

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
from numbers import Integral, Real
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
    """Trees grown on column ranks, with their ``(m, K)`` outputs on the training rows."""

    trees: list[DecisionTreeRegressor] = field(default_factory=list)
    outputs: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, tree: DecisionTreeRegressor, output: Floats) -> None:
        """Append one tree and its output."""
        self.trees.append(tree)
        self.outputs.append(output.astype(np.float32))

    def join(self, other: Forest) -> None:
        """Append all trees of another forest."""
        self.trees += other.trees
        self.outputs += other.outputs

    def used(self, n_columns: int) -> NDArray[np.bool_]:
        """Return the ``(T, p)`` table of which tree splits on which column."""
        table = np.zeros((len(self.trees), n_columns), dtype=bool)
        for row, tree in zip(table, self.trees, strict=True):
            column = tree.tree_.feature
            row[column[column >= 0]] = True
        return table

    def importances(self) -> Floats:
        """Return the ``(T, p)`` impurity decreases, not normalised within a tree."""
        return np.array([t.tree_.compute_feature_importances(normalize=False) for t in self.trees])


@dataclass(frozen=True)
class Grower:
    """Grow the diverse forests of ControlBurn on one data set.

    Parameters
    ----------
    ranks : ndarray of shape (m, p), float32
        Dense rank of each value within its column.
    indicators : ndarray of shape (m, K)
        One-hot class memberships, every class with a member.
    threshold, tail : float, int
        A sequence has settled when its last `tail` steps are all below `threshold`.
    max_depth, max_features : int
        Deepest tree; columns tried at a split.
    rng : RandomState
        Source of the bootstrap samples and of the trees' own seeds.
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
    ) -> tuple[DecisionTreeRegressor, Floats, NDArray[np.bool_]]:
        """Fit a tree to a bootstrap sample; return it, its output and the out-of-bag rows."""
        m = len(ranks)
        counts = np.bincount(self.rng.randint(m, size=m), minlength=m)
        tree = DecisionTreeRegressor(
            max_depth=depth,
            max_features=min(self.max_features, ranks.shape[1]),
            random_state=self.rng.randint(np.iinfo(np.int32).max),
        )
        tree.fit(ranks, target, sample_weight=counts.astype(np.float64), check_input=False)
        return tree, tree.tree_.predict(ranks).reshape(m, -1), counts == 0

    def bag(self, score: Floats, target: Floats, depth: int) -> tuple[Forest, Floats, Floats]:
        """Bag trees of one depth until the training AUC of `score` plus their mean settles.

        Returns the bag, its mean output and its mean out-of-bag output (0 for a row that is
        in every sample), both ``(m, K)``.
        """
        bag, aucs = Forest(), []
        total, out_total = np.zeros_like(target), np.zeros_like(target)
        out_count = np.zeros((len(target), 1))
        while len(aucs) < MAX_BAG_SIZE and not has_settled(aucs, self.threshold, self.tail):
            tree, output, out = self._tree(self.ranks, target, depth)
            bag.add(tree, output)
            total += output
            out_total[out] += output[out]
            out_count[out] += 1
            aucs.append(macro_auc(self.indicators, score + total / len(bag.trees)))
        return bag, total / len(bag.trees), out_total / np.maximum(out_count, 1)

    def grow(self, kind: ForestKind) -> tuple[Forest, Floats]:
        """Grow one kind of forest; return it and what it leaves of the target, ``(m, K)``."""
        target = self.indicators - self.indicators.mean(axis=0)
        return self._bagged(target) if kind == "bag" else self._boosted(target, kind)

    def _bagged(self, target: Floats) -> tuple[Forest, Floats]:
        forest, none = Forest(), np.zeros_like(target)
        for depth in range(1, self.max_depth + 1):
            bag, mean, _ = self.bag(none, target, depth)
            forest.join(bag)
            if max(tree.get_depth() for tree in bag.trees) < depth:
                break  # leaves are pure: deeper bags would repeat this one
        return forest, target - mean

    def _boosted(self, target: Floats, kind: ForestKind) -> tuple[Forest, Floats]:
        """Boost bags of trees as long as the out-of-bag AUC rises.

        Bag-boosting goes one deeper every round and stops at the first round without gain;
        double bag-boosting stays at a depth until it gains no more, and stops when the first
        round of a new depth brings nothing. A round without gain is not kept.
        """
        forest, score, out_score = Forest(), np.zeros_like(target), np.zeros_like(target)
        depth, error, gains = 1, 0.5, []
        patience = max(self.tail - 2, 1)
        while depth <= self.max_depth:
            bag, mean, out_mean = self.bag(score, target - score, depth)
            gain = error - (1 - macro_auc(self.indicators, out_score + out_mean))
            improved = gain > 0 or not forest.trees
            if improved:
                forest.join(bag)
                score, out_score = score + mean, out_score + out_mean
                error, gains = error - gain, [*gains, gain]
            elif kind == "bagboost" or not gains:
                break
            stalled = len(gains) >= patience and max(gains[-patience:]) < self.threshold
            if kind == "bagboost":
                if stalled:
                    break
                depth += 1
            elif stalled or not improved:
                depth, gains = depth + 1, []
        return forest, target - score

    def widen(self, forest: Forest, residual: Floats, n_wanted: int) -> None:
        """Add trees on the columns not yet used until `n_wanted` columns are in use.

        Depths rise by one from 1 to `max_depth`. It ends early when `tail` trees in turn
        find no split, as where the columns left are constant.
        """
        used = forest.used(self.ranks.shape[1]).any(axis=0)
        ranks, depth, failures = self.ranks.copy(), 1, 0
        while used.sum() < n_wanted and failures < self.tail:
            ranks[:, used] = 0  # a tree cannot split on a constant column
            tree, output, _ = self._tree(ranks, residual, depth)
            extra = Forest()
            extra.add(tree, output)
            new = extra.used(ranks.shape[1])[0]
            failures = 0 if new.any() else failures + 1
            used |= new
            forest.join(extra)
            depth = min(depth + 1, self.max_depth)


@dataclass(frozen=True)
class TreeLasso:
    """Non-negative LASSO over trees, each weighed by the number of features it uses.

    Parameters
    ----------
    design : ndarray of shape (m * K, T)
        Centred outputs, column ``t`` divided by ``u_t``, so that a plain LASSO applies.
    target : ndarray of shape (m * K,)
        Centred class indicators.
    n_used : ndarray of shape (T,)
        ``u_t``, all at least 1.
    n_rows : int
        ``m``.
    """

    design: Floats
    target: Floats
    n_used: NDArray[np.intp]
    n_rows: int
    gram: Floats
    correlation: Floats

    @classmethod
    def build(
        cls, outputs: list[NDArray[np.float32]], indicators: Floats, n_used: NDArray[np.intp]
    ) -> TreeLasso:
        """Stack the trees' outputs, one column per tree over all rows and classes."""
        design = np.empty((indicators.size, len(outputs)), order="F")
        for t, output in enumerate(outputs):
            design[:, t] = (output - output.mean(axis=0, dtype=np.float64)).ravel() / n_used[t]
        target = (indicators - indicators.mean(axis=0)).ravel()
        return cls(design, target, n_used, len(indicators), design.T @ design, design.T @ target)

    @property
    def alpha_max(self) -> float:
        """Smallest alpha at which every weight is zero."""
        return float(max(self.correlation.max(initial=0.0), 0.0)) / self.n_rows

    def weights(self, alpha: float) -> Floats:
        """Solve for the ``(T,)`` tree weights at one `alpha` > 0, by coordinate descent."""
        if alpha >= self.alpha_max:
            return np.zeros(len(self.n_used))
        with warnings.catch_warnings():
            # near alpha = 0 copies of a tree make the weights, not the fit, indeterminate
            warnings.simplefilter("ignore", ConvergenceWarning)
            _, path, _ = lasso_path(
                self.design,
                self.target,
                alphas=[alpha * self.n_rows / len(self.target)],
                precompute=self.gram,
                Xy=self.correlation,
                positive=True,
                tol=1e-6,
                max_iter=5000,
                check_input=False,
            )
        return path[:, 0] / self.n_used

    def weights_for(self, n_features: int, used: NDArray[np.bool_]) -> tuple[float, Floats]:
        """Bisect log(alpha) for the weights whose trees use `n_features` features together.

        Where the path jumps over the number, the result has the smallest larger support met;
        where even the end of the path has too few features, it is that end.
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

    Only the order of the values within a column matters, so any increasing transformation
    of a feature leaves the selection unchanged. A seed fixes the result whatever the number
    of cores. Put it in a pipeline, so that each fold selects on its own training rows.

    Parameters
    ----------
    n_features : int or None, default=10
        Number of features wanted, at least 1; None where `alpha` is given. It is met exactly
        if the data have as many columns that vary: where the path jumps over it, the larger
        support is cut to the features of highest importance in the surviving trees; where
        the whole path has too few, the most important others of the forest follow, and a
        forest that uses too few features is first widened by trees on the remaining ones.
    alpha : float or None, default=None
        Penalty per feature and unit of tree weight, in squared error per sample;
        between 0 and `alpha_max_`. Exactly one of `n_features` and `alpha` is given.
    forest : {"doublebagboost", "bagboost", "bag"}, default="doublebagboost"
        How the forest is grown; the boosted ones find their own depth.
    max_depth : int, default=10
        Deepest tree, at least 1.
    max_features : int, default=256
        Columns tried at a split, drawn at random; all of them, as in the papers, where there
        are no more than that.
    threshold : float, default=1e-3
        AUC (0 to 1) by which one more tree or round must matter, above 0.
    tail : int, default=5
        Number of last steps that must stay below `threshold`, at least 1.
    polish_trees : int, default=100
        Trees of the random forest refitted on the selected features.
    random_state : int, RandomState or None, default=None
        Seed of the bootstrap samples, the trees and the polished forest.

    Attributes
    ----------
    support_ : ndarray of shape (n_features_in_,), bool
        Selected features.
    feature_importances_ : ndarray of shape (n_features_in_,)
        Share of the full forest's impurity decrease, before selection; sums to 1.
    sparse_importances_ : ndarray of shape (n_features_in_,)
        The same over the surviving trees, each times its weight; sums to 1, or 0 if none is left.
    polished_importances_ : ndarray of shape (n_features_in_,)
        Importances of the random forest refitted on the selection; 0 elsewhere.
    alpha_, alpha_max_ : float
        Penalty used, and the smallest one that leaves no feature.
    trees_ : list of DecisionTreeRegressor
        Trees with at least one split, grown on the ranks of the columns, not on `X` itself.
    weights_, n_used_ : ndarray of shape (len(trees_),)
        Weight (not negative) and number of features (its penalty) of each tree.
    n_path_features_ : int
        Features of the surviving trees, before any cut or fill to `n_features`.
    classes_ : ndarray of shape (K,)
        Class labels.

    References
    ----------
    [1]_ and [2]_ of this module: the forests and the weighted LASSO over trees.

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
            if name == "n_features" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name}={value!r}: give a whole number of at least 1.")
        for name in ("alpha", "threshold"):
            value = getattr(self, name)
            if name == "alpha" and value is None:
                continue
            if not isinstance(value, Real) or not 0 < value < np.inf:
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
            If a parameter is out of range, `X` is not finite or `y` holds fewer than two classes.

        Warns
        -----
        UserWarning
            If fewer than `n_features` columns vary, or `alpha` leaves no feature.
        """
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype="numeric", ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError("y holds 1 class only: give rows of at least two classes.")
        rng = check_random_state(self.random_state)
        indicators = (y[:, None] == self.classes_).astype(np.float64)
        forest = self._grow(rank_columns(X), indicators, rng)
        self._select(forest, indicators)
        self._polish_seed = rng.randint(np.iinfo(np.int32).max)
        self.polished_importances_ = np.zeros(X.shape[1])
        if self.support_.any():
            polished = self.polish(X, y)
            self.polished_importances_[self.support_] = polished.feature_importances_
        return self

    def _grow(
        self, ranks: NDArray[np.float32], indicators: Floats, rng: np.random.RandomState
    ) -> Forest:
        grower = Grower(
            ranks, indicators, self.threshold, self.tail, self.max_depth, self.max_features, rng
        )
        forest, residual = grower.grow(self.forest)
        if self.n_features is not None:
            grower.widen(forest, residual, min(self.n_features, ranks.shape[1]))
        split = [tree.tree_.node_count > 1 for tree in forest.trees]
        return Forest(
            [tree for tree, keep in zip(forest.trees, split, strict=True) if keep],
            [output for output, keep in zip(forest.outputs, split, strict=True) if keep],
        )

    def _select(self, forest: Forest, indicators: Floats) -> None:
        p = self.n_features_in_
        used, importances = forest.used(p), forest.importances().reshape(-1, p)
        self.trees_, self.n_used_ = forest.trees, used.sum(axis=1)
        with threadpool_limits(1):  # sums in one order, whatever the number of cores
            lasso = TreeLasso.build(forest.outputs, indicators, self.n_used_)
            if self.n_features is None:
                self.alpha_, self.weights_ = float(self.alpha), lasso.weights(self.alpha)
            else:
                self.alpha_, self.weights_ = lasso.weights_for(self.n_features, used)
        self.alpha_max_ = lasso.alpha_max
        self.feature_importances_ = _shares(importances.sum(axis=0))
        self.sparse_importances_ = _shares(self.weights_ @ importances)
        kept = used[self.weights_ > 0].any(axis=0)
        self.n_path_features_ = int(kept.sum())
        if self.n_features is None:
            self.support_ = kept
        else:
            order = np.lexsort((-self.feature_importances_, -self.sparse_importances_, ~kept))
            self.support_ = np.zeros(p, dtype=bool)
            self.support_[order[: self.n_features]] = True
            self.support_ &= used.any(axis=0)
        self._warn_if_short()

    def _warn_if_short(self) -> None:
        found = int(self.support_.sum())
        if self.n_features is None and not found:
            warnings.warn(
                f"alpha={self.alpha} leaves no feature: give an alpha below "
                f"alpha_max_={self.alpha_max_:.6g}, or n_features.",
                UserWarning,
                stacklevel=4,
            )
        elif self.n_features is not None and found < self.n_features:
            warnings.warn(
                f"n_features={self.n_features}, but only {found} of {self.n_features_in_} columns "
                f"can be split on: all of those are selected. Ask for at most {found} features.",
                UserWarning,
                stacklevel=4,
            )

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.support_

    def polish(self, X: ArrayLike, y: ArrayLike) -> RandomForestClassifier:
        """Fit a random forest to the selected features only.

        Parameters
        ----------
        X : array-like of shape (m, n_features_in_)
            All features, in the order of `fit`.
        y : array-like of shape (m,)
            Class labels.

        Returns
        -------
        RandomForestClassifier
            Fitted to ``transform(X)``, the same for the same seed.

        Raises
        ------
        ValueError
            If no feature is selected.
        """
        check_is_fitted(self)
        if not self.support_.any():
            raise ValueError("No feature is selected: fit with a smaller alpha or with n_features.")
        forest = RandomForestClassifier(self.polish_trees, random_state=self._polish_seed)
        return forest.fit(np.asarray(self.transform(X)), y)


def rank_columns(X: ArrayLike) -> NDArray[np.float32]:
    """Return the dense ranks, from 0, of the values within each column of `X`, ``(m, p)``."""
    X = np.asarray(X)
    ranks = np.empty(X.shape, dtype=np.float32)
    for j in range(X.shape[1]):
        ranks[:, j] = np.unique(X[:, j], return_inverse=True)[1]
    return ranks


def macro_auc(indicators: Floats, scores: Floats) -> float:
    """Return the area under the ROC curve (0 to 1), one class against the rest, class mean.

    Parameters
    ----------
    indicators, scores : ndarray of shape (m, K)
        One-hot memberships, each class neither empty nor full; class scores, in any unit.
    """
    n_in = indicators.sum(axis=0)
    rank_sum = (rankdata(scores, axis=0) * indicators).sum(axis=0)
    return float(np.mean((rank_sum - n_in * (n_in + 1) / 2) / (n_in * (len(scores) - n_in))))


def has_settled(values: list[float], threshold: float, tail: int) -> bool:
    """Tell whether each of the last `tail` steps of a sequence is smaller than `threshold`."""
    return len(values) > tail and bool(np.abs(np.diff(values[-tail - 1 :])).max() < threshold)


def _shares(importances: Floats) -> Floats:
    """Scale importances to a sum of 1; leave all zeros as they are."""
    total = importances.sum()
    return importances / total if total > 0 else importances
