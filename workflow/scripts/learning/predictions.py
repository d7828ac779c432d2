"""The file of a fold's predictions, the same for every model."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inputs.inputs import Inputs

NAMED = ["clip", "true", "predicted", "part"]


def predictions(inputs: Inputs, probabilities: NDArray[np.float64]) -> pd.DataFrame:
    """Every clip's prediction.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres.
    probabilities : NDArray[np.float64], shape (n, c)

    Returns
    -------
    pd.DataFrame, shape (n, 4 + c)
        ``clip true predicted part`` (train or test), and one probability a genre.
    """
    table = pd.DataFrame(
        {
            "clip": inputs.clips,
            "true": inputs.genres[inputs.y],
            "predicted": inputs.genres[probabilities.argmax(axis=1)],
            "part": np.where(inputs.train, "train", "test"),
        }
    )
    return table.join(pd.DataFrame(probabilities, columns=inputs.genres))
