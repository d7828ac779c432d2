"""Temperature scaling [1]_: logarithms of probabilities over one number, normalised again.

Above 1 confidence falls, below 1 it rises; no accuracy changes. It is fitted to clips held out
inside the training clips, as in stacking [2]_: on clips that it has learnt from, a model is more
confident. It is the temperature of a model of fewer clips, perhaps not the best for the fold's.

References
----------
.. [1] C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks",
   ICML 2017.
.. [2] D. Wolpert, "Stacked Generalization", Neural Networks 5, 1992.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

Matrix = NDArray[np.float64]
COLDEST, HOTTEST = 0.05, 20.0
LEAST = float(np.finfo(np.float64).eps)  # Smaller probabilities count as this one.


def scaled(probabilities: Matrix, temperature: float) -> Matrix:
    """Probabilities at another temperature, shape (n, c); at 1 as they are, but at least `LEAST`.

    Rows add up to 1; each depends on its own clip alone, and keeps its order.
    """
    return softmax(_logits(probabilities) / temperature, axis=1)


def _logits(probabilities: Matrix) -> Matrix:
    return np.log(np.maximum(probabilities, LEAST))


def log_loss(probabilities: Matrix, y: NDArray[np.int64], temperature: float = 1.0) -> float:
    """Mean of -log of the true genre's probability at a temperature, in nats; of no clips NaN."""
    if not len(y):
        return np.nan
    logs = log_softmax(_logits(probabilities) / temperature, axis=1)
    return float(-logs[np.arange(len(y)), y].mean())


def fitted_temperature(probabilities: Matrix, y: NDArray[np.int64]) -> float:
    """The temperature of least log loss on clips that the model has not learnt from.

    It is between `COLDEST` and `HOTTEST`. The loss is convex in 1 / T, so that there is one
    minimum. NaN where there are no clips, probabilities are NaN, or the loss is least at a bound:
    all predictions are right, or probabilities are of no use.
    """
    if not len(y) or np.isnan(probabilities).any():
        return np.nan
    best = minimize_scalar(
        lambda logarithm: log_loss(probabilities, y, np.exp(logarithm)),
        bounds=np.log([COLDEST, HOTTEST]),
        method="bounded",
        options={"xatol": 1e-6},
    )
    at_bounds = min(log_loss(probabilities, y, bound) for bound in (COLDEST, HOTTEST))
    return float(np.exp(best.x)) if best.fun < at_bounds else np.nan
