"""How numbers of the tables are written in findings and on the page."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from genregraph.evaluation.scores import BY_GROUPS
from genregraph.evaluation.statistics import p_text
from genregraph.report.figures.style import counted

PROTOCOLS = {
    "inductive": "artists, songs and copies kept on one side of each fold; test clips added to the "
    "graph after training",
    "clean": "artists, songs and copies kept on one side of each fold",
    "filtered": "the published split of the sheet",
    "random": "the clips of clean, split at random",
    "kfold": "stratified folds, everything fitted on all clips",
    "paper": "random hold-outs of 33 %, everything fitted on all clips",
}
AGGREGATIONS = {
    "none": "each clip by itself",
    "artist": "probabilities averaged over each artist's test clips",
}


def written(pattern: str, scale: float = 1) -> Callable[..., str]:
    """Write numbers by a pattern, each multiplied by a scale; where the first is NaN, a dash.

    Examples
    --------
    >>> points = written("{:+z.1f}", 100)
    >>> points(0.0234), points(-0.0001), points(float("nan"))
    ('+2.3', '+0.0', '-')
    """
    return lambda *numbers: (
        "-" if np.isnan(numbers[0]) else pattern.format(*(scale * each for each in numbers))
    )


accuracy = written("{:.4f}")
span = written("{:.4f} to {:.4f}")
points = written("{:+z.1f}", 100)
points_span = written("{:+z.1f} to {:+z.1f}", 100)


def figure(value: float) -> str:
    """Number with three digits, or with all those before its point; of NaN a dash."""
    return written("{:,.0f}" if value >= 100 else "{:.3g}")(value)


def interval(row: Mapping[str, Any]) -> str:
    """Interval of a row of the summary, with a mark where it is by groups."""
    return span(row["ci_low"], row["ci_high"]) + " *" * (row["interval"] == BY_GROUPS)


def literal(text: str) -> str:
    """User's text without a meaning in Markdown and HTML."""
    return re.sub(r"([\\`*\[\]|])", r"\\\1", html.escape(text, quote=False))


FILTERS: dict[str, Callable[..., str]] = {
    "accuracy": accuracy,
    "counted": counted,
    "interval": interval,
    "literal": literal,
    "losses": written("{:.3f} to {:.3f}"),
    "p": p_text,
    "percent": written("{:.1f} %", 100),
    "points": points,
    "points_span": points_span,
    "span": span,
}


def fill(template: str, facts: Mapping[str, Any], **options: Any) -> str:
    """Fill in a template (Jinja2); an unknown fact is an error, options are its environment's."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    environment.filters |= FILTERS
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return environment.from_string(template).render(facts)


def table(
    label: str, rows: pd.DataFrame, group: str = "", **formats: Callable[[Any], str]
) -> dict[str, Any]:
    """Rows as the page shows them; an accuracy's digits for numbers that no format is given for.

    ``columns`` are names, and whether their cells are texts; ``groups`` are cells as texts, by what
    stands in the column ``group``.
    """
    usual = {"i": "{:,}".format, "f": accuracy}
    kinds = {str(name): rows[name].dtype.kind for name in rows if name != group}
    formats = {name: usual.get(kind, str) for name, kind in kinds.items()} | formats
    texts = pd.DataFrame({name: rows[name].map(formats[name]) for name in kinds}, dtype=object)
    groups = texts.groupby(rows[group] if group else np.zeros(len(rows)), sort=False)
    return {
        "label": label,
        "columns": [(name.replace("_", " "), kind not in "if") for name, kind in kinds.items()],
        "groups": [(name if group else "", own.to_numpy().tolist()) for name, own in groups],
    }
