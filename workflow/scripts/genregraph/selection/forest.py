"""Forests from which ControlBurn chooses: bags of shallow trees that grow deeper.

Trees are grown for all classes at once. On class indicators squared error is the Gini index.
Boosting follows the gradient of the logistic loss [2]_ of each class against the rest, as the
papers do for two: a bag moves probabilities little, so that deeper bags still see most of what is
to be learned. What squared loss leaves of the indicators after the first bag is mostly noise.

References
----------
.. [1] B. Liu, M. Xie, H. Yang, M. Udell, "ControlBurn: Nonlinear Feature Selection with Sparse
   Tree Ensembles", arXiv:2207.03935: double bag-boosting.
.. [2] J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of
   Statistics 29 (2001) 1189-1232.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import rankdata
from sklearn.tree import DecisionTreeRegressor

Floats = NDArray[np.float64]
MAX_BAG_SIZE = 100
MAX_DEPTH = 10
MAX_FEATURES = 256  # Columns drawn at random for a split; all, as in the papers, if no more exist.
THRESHOLD = 1e-3  # Of the AUC, by which the last trees of a bag, or bags of a depth, must move it.
TAIL, PATIENCE = 5, 3  # So many trees, and bags.


class Grown(NamedTuple):
    """A tree, its ``(m, K)`` output on the training rows, and which of them are out of its bag."""

    tree: DecisionTreeRegressor
    output: Floats
    out: NDArray[np.bool_]


def used_columns(forest: list[Grown], p: int) -> NDArray[np.bool_]:
    """Which tree splits on which of p columns, shape ``(T, p)``."""
    table = [np.isin(np.arange(p), grown.tree.tree_.feature) for grown in forest]
    return np.array(table, dtype=bool).reshape(-1, p)


class Grower(NamedTuple):
    """Grow forests on ``(m, p)`` ranks within columns and ``(m, K)`` one-hot class indicators."""

    ranks: NDArray[np.float32]
    indicators: Floats
    rng: np.random.RandomState

    def _tree(self, ranks: NDArray[np.float32], target: Floats, depth: int) -> Grown:
        """Fit a tree to a bootstrap sample."""
        m, p = ranks.shape
        counts = np.bincount(self.rng.randint(m, size=m), minlength=m).astype(np.float64)
        seed = self.rng.randint(np.iinfo(np.int32).max)
        tree = DecisionTreeRegressor(
            max_depth=depth, max_features=min(MAX_FEATURES, p), random_state=seed
        ).fit(ranks, target, sample_weight=counts, check_input=False)
        return Grown(tree, tree.tree_.predict(ranks).reshape(m, -1), counts == 0)

    def bag(self, score: Floats, target: Floats, depth: int) -> tuple[list[Grown], Floats, Floats]:
        """Bag trees of one depth until the training AUC of `score` plus their mean settles.

        Returns the bag, and its mean output in and out of the bag, ``(m, K)``; 0 if never out.
        """
        bag, aucs = list[Grown](), list[float]()
        total, out_total = np.zeros_like(target), np.zeros_like(target)
        out_count = np.zeros((len(target), 1))
        while len(aucs) < MAX_BAG_SIZE and not has_settled(aucs):
            grown = self._tree(self.ranks, target, depth)
            bag.append(grown)
            total += grown.output
            out_total[grown.out] += grown.output[grown.out]
            out_count[grown.out] += 1
            aucs.append(macro_auc(self.indicators, score + total / len(bag)))
        split = [grown for grown in bag if grown.tree.tree_.node_count > 1]
        return split, total / len(bag), out_total / np.maximum(out_count, 1)

    def residual(self, score: Floats) -> Floats:
        """Indicators less the probabilities that a score of ``(m, K)`` gives; 0 gives the priors.

        A score moves log-odds the more the rarer a class is, so that bags take rare classes to
        their rows as fast as the papers' two classes; of equal size, these have a pace of 1.
        """
        prior = self.indicators.mean(axis=0)
        pace = 0.25 / (prior * (1 - prior))
        return self.indicators - expit(logit(prior) + pace * score)

    def grow(self) -> tuple[list[Grown], Floats]:
        """Boost bags for as long as the out-of-bag AUC rises; drop a round without gain.

        Double bag-boosting [1]_ stays at a depth until it gains no more, and ends when the first
        round of a new depth brings nothing. Returns the forest, and what it leaves of the
        indicators, ``(m, K)``.
        """
        forest = list[Grown]()
        score, out_score = np.zeros_like(self.indicators), np.zeros_like(self.indicators)
        depth, auc, gains = 1, 0.5, list[float]()
        while depth <= MAX_DEPTH:
            bag, mean, out_mean = self.bag(score, self.residual(score), depth)
            gain = macro_auc(self.indicators, out_score + out_mean) - auc
            improved = gain > 0 or not forest
            if not improved and not gains:
                break
            if improved:
                forest += bag
                score, out_score = score + mean, out_score + out_mean
                auc, gains = auc + gain, [*gains, gain]
            stalled = len(gains) >= PATIENCE and max(gains[-PATIENCE:]) < THRESHOLD
            if stalled or not improved:
                depth, gains = depth + 1, []
        return forest, self.residual(score)

    def widen(self, forest: list[Grown], residual: Floats, n_wanted: int) -> None:
        """Add trees, ever deeper, on columns not yet used until `n_wanted` are in use.

        It ends early when `TAIL` trees in turn have no split: the columns left are constant.
        """
        p = self.ranks.shape[1]
        used = used_columns(forest, p).any(axis=0)
        ranks, depth, failures = self.ranks.copy(), 1, 0
        while used.sum() < n_wanted and failures < TAIL:
            ranks[:, used] = 0  # a tree cannot split on a constant column
            grown = self._tree(ranks, residual, depth)
            new = used_columns([grown], p)[0]
            failures = 0 if new.any() else failures + 1
            used |= new
            forest += [grown] if new.any() else []
            depth = min(depth + 1, MAX_DEPTH)


def macro_auc(indicators: Floats, scores: Floats) -> float:
    """Mean over classes of the one-against-rest area under the ROC curve, 0 to 1.

    Both are ``(m, K)``; no class may be empty or hold every row. Far faster than scikit-learn's.
    """
    n_in = indicators.sum(axis=0)
    rank_sum = (rankdata(scores, axis=0) * indicators).sum(axis=0)
    return float(np.mean((rank_sum - n_in * (n_in + 1) / 2) / (n_in * (len(scores) - n_in))))


def has_settled(values: list[float]) -> bool:
    """Whether each of the last `TAIL` steps of a sequence is smaller than `THRESHOLD`."""
    return len(values) > TAIL and bool(np.abs(np.diff(values[-TAIL - 1 :])).max() < THRESHOLD)
