"""Compare the models of a protocol with one of them, fold by fold."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from results.statistics import corrected_interval, corrected_paired_test

COLUMNS = "gain gain_low gain_high p".split()


def twin_of(model: str, models: Collection[str]) -> str:
    """The model that another's gain is over: its own twin without messages, else ``edgeless``.

    Parameters
    ----------
    model : str
    models : collection of str
        All that were fitted to the same folds.

    Returns
    -------
    str
        Empty if that is the model itself, or was not fitted.
    """
    own = f"{model}_edgeless"
    twin = own if own in models else "edgeless"
    return twin if twin in models and twin != model else ""


def over_twins(folds: pd.DataFrame) -> pd.DataFrame:
    """Gain of each model over its twin.

    Parameters
    ----------
    folds : pd.DataFrame
        As `over_folds` takes it.

    Returns
    -------
    pd.DataFrame
        ``against``, as `twin_of` names it, then `COLUMNS` as `over_folds` has them.
    """
    models = folds["model"].unique()
    twins = {model: twin_of(model, models) for model in models}
    tables = {twin: over_folds(folds, twin) for twin in set(twins.values())}
    joined = pd.concat([tables[twin].loc[[model]] for model, twin in twins.items()])
    joined.insert(0, "against", [*twins.values()])
    return joined


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
