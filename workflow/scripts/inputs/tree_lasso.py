r"""The LASSO with which ControlBurn chooses among whole trees, each at a price by its features.

It minimises

.. math::

    \frac{1}{2m} \Bigl\lVert Y - \sum_t w_t A_t \Bigr\rVert_F^2 + \alpha \sum_t u_t w_t,
    \qquad w_t \ge 0,

where :math:`Y` holds the centred ``(m, K)`` indicators, :math:`A_t` the centred ``(m, K)`` output
of tree ``t`` and :math:`u_t` the number of features it splits on ([1]_). A tree has one weight for
all classes, so the classes share one support.

References
----------
.. [1] B. Liu, M. Xie, M. Udell, "ControlBurn: Feature Selection by Sparse Forests", KDD 2021,
   arXiv:2107.00219.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path

from inputs.forest import Floats

MIN_ALPHA_RATIO = 1e-5
BISECTION_STEPS = 50


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
