"""Accuracies of all models, on one scale."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from genregraph.report.page.tables import Key, Tables
from genregraph.report.page.words import AGGREGATIONS, PROTOCOLS

KEYS = ["experiment", "protocol", "aggregation"]
VALUES = ["mean", "ci_low", "ci_high", "paper_test_accuracy"]


def accuracies(tables: Tables, tested: Mapping[Key, tuple[int, int]]) -> dict[str, Any]:
    """Rows of the summary, and the scale that all of their pictures have.

    Returns
    -------
    dict
        ``share``: where a value lies on the scale; ``ticks`` of it; ``experiments``: by name, parts
        of a protocol and aggregation.
    """
    guesses = {key: 1 / genres for key, (_, genres) in tested.items()}
    low, high = tenths([*tables.summary[VALUES].to_numpy(float).ravel(), *guesses.values()])
    experiments: dict[str, list[dict[str, Any]]] = {}
    for key, rows in tables.summary.groupby(KEYS, sort=False):
        name, protocol, aggregation = map(str, key)
        part = {
            "protocol": protocol,
            "aggregation": aggregation,
            "what": PROTOCOLS[protocol] if aggregation == "none" else AGGREGATIONS[aggregation],
            "folds": int(rows["n_folds"].iloc[0]),
            "guess": guesses[name, protocol],
            "stated": (protocol, aggregation) == ("paper", "none"),
            "rows": rows.to_dict("records"),
        }
        experiments.setdefault(name, []).append(part)

    def share(value: float) -> str:
        return f"{np.interp(value, (low, high), (0, 100)):.2f}%"

    return {"share": share, "ticks": ticks(low, high), "experiments": experiments}


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, some five of them."""
    values = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [round(float(v), 6) for v in values if low - 1e-9 <= v <= high + 1e-9]


def tenths(values: ArrayLike) -> tuple[float, float]:
    """Tenths between which all values lie, of 0 to 1; without values all of it."""
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.floor(10 * finite.min() + 1e-9) / 10, np.ceil(10 * finite.max() - 1e-9) / 10
    return max(0.0, float(low)), min(1.0, max(float(high), float(low) + 0.1))
