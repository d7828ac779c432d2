"""How numbers of the tables are written in findings and on the page."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from genregraph.evaluation.scores import BY_GROUPS
from genregraph.evaluation.statistics import p_text

AGGREGATIONS = {
    "none": "each clip by itself",
    "artist": "probabilities averaged over each artist's test clips",
}


def accuracy(value: float) -> str:
    """Four digits; of NaN a dash."""
    return "-" if np.isnan(value) else f"{value:.4f}"


def span(low: float, high: float) -> str:
    """Both ends of an interval of accuracies; of NaN a dash."""
    return "-" if np.isnan(low) else f"{accuracy(low)} to {accuracy(high)}"


def interval(row: Mapping[str, Any]) -> str:
    """Interval of a row of the summary, with a mark where it is by groups."""
    mark = " *" if row["interval"] == BY_GROUPS else ""
    return span(row["ci_low"], row["ci_high"]) + mark


def points(difference: float) -> str:
    """Difference of accuracies in points of a hundred.

    Examples
    --------
    >>> points(0.0234), points(-0.0001), points(float("nan"))
    ('+2.3', '+0.0', '-')
    """
    # + 0: there is no -0.0.
    return "-" if np.isnan(difference) else f"{round(100 * difference, 1) + 0:+.1f}"


def points_span(low: float, high: float) -> str:
    """Both ends of an interval of differences, in points."""
    return "-" if np.isnan(low) else f"{points(low)} to {points(high)}"


def losses(low: float, high: float) -> str:
    """Both ends of an interval of losses, in three digits."""
    return "-" if np.isnan(low) else f"{low:.3f} to {high:.3f}"


def within(row: Mapping[str, Any]) -> str:
    """Whether a comparison is equivalent within two points."""
    return {None: "-", True: "yes", False: "no"}[row["within"]]


def literal(text: str) -> str:
    """Text of a user's, such as names of genres, that Markdown and HTML take for nothing else."""
    return re.sub(r"([\\`*\[\]|])", r"\\\1", html.escape(text, quote=False))


FILTERS: dict[str, Callable[..., str]] = {
    "accuracy": accuracy,
    "span": span,
    "interval": interval,
    "points": points,
    "points_span": points_span,
    "losses": losses,
    "within": within,
    "p": p_text,
    "literal": literal,
    "percent": lambda share: "-" if np.isnan(share) else f"{100 * share:.1f} %",
}
