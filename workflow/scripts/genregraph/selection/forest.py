"""Forests from which ControlBurn chooses: bags of shallow trees that grow deeper.

Trees are grown on the ranks of the columns, so only the order of a column's values matters, and
for all classes at once: a leaf holds a number for each. On class indicators squared error is the
Gini index. Boosting follows the gradient of the logistic loss ([3]_) of each class against the
rest, as the papers do for two: the next trees are grown on the indicators less the probabilities
so far. A bag moves these little, so that deeper bags still see most of what is to be learned; what
squared loss leaves of the indicators after the first bag is mostly noise.

References
----------
.. [1] B. Liu, M. Xie, M. Udell, "ControlBurn: Feature Selection by Sparse Forests", KDD 2021,
   arXiv:2107.00219: incremental depth bagging (Fig. 4) and incremental depth bag-boosting.
.. [2] B. Liu, M. Xie, H. Yang, M. Udell, "ControlBurn: Nonlinear Feature Selection with Sparse
   Tree Ensembles", arXiv:2207.03935: double bag-boosting.
.. [3] J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of
   Statistics 29 (2001) 1189-1232.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import rankdata
from sklearn.tree import DecisionTreeRegressor

ForestKind = Literal["doublebagboost", "bagboost", "bag"]
Floats = NDArray[np.float64]
MAX_BAG_SIZE = 100


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
        """Grow one kind of forest; return it and what it leaves of the indicators, ``(m, K)``."""
        return self._bagged() if kind == "bag" else self._boosted(kind)

    def _residual(self, score: Floats) -> Floats:
        """Indicators less the probabilities that a score of ``(m, K)`` gives; 0 gives the priors.

        A score moves log-odds the more the rarer a class is, so that bags take rare classes to
        their rows as fast as the papers' two classes; of equal size, these have a pace of 1.
        """
        prior = self.indicators.mean(axis=0)
        pace = 0.25 / (prior * (1 - prior))
        return self.indicators - expit(logit(prior) + pace * score)

    def _bagged(self) -> tuple[Forest, Floats]:
        """Bag at every depth, up to `max_depth` or to trees with pure leaves."""
        target = self.indicators - self.indicators.mean(axis=0)
        forest, mean = Forest(), np.zeros_like(target)
        for depth in range(1, self.max_depth + 1):
            bag, mean, _ = self.bag(np.zeros_like(target), target, depth)
            forest.join(bag)
            if all(tree.get_depth() < depth for tree in bag.trees):
                break
        return forest, target - mean

    def _boosted(self, kind: ForestKind) -> tuple[Forest, Floats]:
        """Boost bags for as long as the out-of-bag AUC rises; drop a round without gain.

        Bag-boosting goes one deeper each round. Double bag-boosting stays at a depth until it
        gains no more, and ends when the first round of a new depth brings nothing.
        """
        forest = Forest()
        score, out_score = np.zeros_like(self.indicators), np.zeros_like(self.indicators)
        depth, auc, gains = 1, 0.5, list[float]()
        patience = max(self.tail - 2, 1)
        while depth <= self.max_depth:
            bag, mean, out_mean = self.bag(score, self._residual(score), depth)
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
        return forest, self._residual(score)

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
