"""Classifiers of scikit-learn, each changed where its probabilities or its time ask for it.

References
----------
.. [1] A. Niculescu-Mizil, R. Caruana, "Predicting Good Probabilities with Supervised Learning",
   ICML 2005: decision values of a support vector machine are no probabilities.
.. [2] O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices",
   Journal of Multivariate Analysis 88, 2004.
.. [3] P. Belhumeur, J. Hespanha, D. Kriegman, "Eigenfaces vs. Fisherfaces", IEEE Transactions on
   Pattern Analysis and Machine Intelligence 19, 1997: discriminants of principal components.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from genregraph.preprocessing.sample import MOST, spread_evenly

Matrix = NDArray[np.float64]


class Svm(ClassifierMixin, BaseEstimator):
    """Support vector machine with an RBF kernel, and probabilities.

    These are the softmax of its decision values at a temperature [1]_, so that the largest is its
    own prediction, of pairwise votes with ties broken by confidence. Platt's may disagree with it.

    Parameters
    ----------
    C : float
        Penalty.
    gamma : float
        Width of the kernel, in units of 1 / d for d features.
    temperature : float
    seed : int
        Draws `preprocessing.sample.MOST` clips where there are more: time grows by the square of
        their number, or faster.
    """

    def __init__(
        self, C: float = 10.0, gamma: float = 1.0, temperature: float = 1.0, seed: int = 0
    ) -> None:
        self.C, self.gamma, self.temperature, self.seed = C, gamma, temperature, seed

    def fit(self, x: Matrix, y: NDArray[np.int64]) -> "Svm":
        """Learn from clips, shape (n, d)."""
        drawn = spread_evenly(y, MOST, self.seed)
        self.svc_ = SVC(C=self.C, gamma=self.gamma / x.shape[1]).fit(x[drawn], y[drawn])
        self.classes_, self.n_iter_ = self.svc_.classes_, self.svc_.n_iter_
        return self

    def predict_proba(self, x: Matrix) -> Matrix:
        """Probabilities, shape (n, c)."""
        decision = self.svc_.decision_function(x)
        if decision.ndim == 1:  # Of two genres: the second's against the first's.
            decision = np.column_stack([np.zeros_like(decision), decision])
        return softmax(decision / self.temperature, axis=1)


class Lda(ClassifierMixin, BaseEstimator):
    """Linear discriminants with a covariance that is shrunk by Ledoit and Wolf's formula [2]_.

    Where there are more features than clips, those of principal components [3]_, which lose nothing
    of the training clips: covariances of thousands of features would take minutes.
    """

    def fit(self, x: Matrix, y: NDArray[np.int64]) -> "Lda":
        """Learn from clips, shape (n, d)."""
        wide = x.shape[1] > len(x)
        self.model_ = (
            # Their variances differ: scikit-learn's "auto" would make them equal before it shrinks.
            make_pipeline(
                PCA(len(x) - 1),
                LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=LedoitWolf()),
            )
            if wide
            else LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        ).fit(x, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, x: Matrix) -> Matrix:
        """Probabilities, shape (n, c)."""
        return self.model_.predict_proba(x)


class Neighbours(KNeighborsClassifier):
    """Votes of the nearest training clips, of all where there are fewer than k.

    One vote more is shared among all genres, so that none has probability 0: the log loss of plain
    votes says little but how many clips got no vote for their genre.
    """

    def fit(self, x: Matrix, y: NDArray[np.int64]) -> "Neighbours":
        """Learn from clips, shape (n, d)."""
        self.set_params(n_neighbors=min(self.get_params()["n_neighbors"], len(y)))
        return super().fit(x, y)

    def predict_proba(self, x: Matrix) -> Matrix:
        """Probabilities, shape (n, c)."""
        k = self.get_params()["n_neighbors"]
        return (k * super().predict_proba(x) + 1 / len(self.classes_)) / (k + 1)
