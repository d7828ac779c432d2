"""Compare the models of a protocol with one of them, fold by fold."""

import numpy as np
import pandas as pd

from results.statistics import corrected_interval, corrected_paired_test

COLUMNS = "gain gain_low gain_high p".split()


def over_folds(folds: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Mean difference of each model's test accuracy from that of another on the same folds.

    Parameters
    ----------
    folds : pd.DataFrame
        ``model repeat fold n_train n_test test_accuracy`` of one experiment and protocol.
    reference : str
        The model that the others are compared with.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`, a row a model: the model's mean less that of ``reference``, its 95 % interval and
        the two-sided p, by itself, both corrected for the overlap of training sets
        (`results.statistics`). NaN for ``reference`` itself and without it; interval and p are NaN
        for a single fold.
    """
    models = folds["model"].unique()
    table = pd.DataFrame(np.nan, index=pd.Index(models, name="model"), columns=COLUMNS)
    if reference not in models:
        return table
    scores = folds.pivot(index=["repeat", "fold"], columns="model", values="test_accuracy")
    sizes = float(folds["n_train"].mean()), float(folds["n_test"].mean())
    for model in table.index.drop(reference):
        mean, _, low, high = corrected_interval(
            scores[model] - scores[reference], *sizes, limits=(-1, 1)
        )
        p = corrected_paired_test(scores[model], scores[reference], *sizes)
        table.loc[model] = [mean, low, high, p]
    return table
