"""Files of an experiment: predictions of models, and tables of results."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from genregraph.config.experiment import Experiment
from genregraph.config.registry import NETWORKS

PLACE = "dataset experiment protocol model aggregation".split()  # Of a row of any result.
# Columns of texts, whatever they look like: a dataset may be called 001 or null.
TEXTS = [*PLACE, *"scaling reference question series interval note".split()]


class Model(NamedTuple):
    """Predictions and fits of a model in all folds of a protocol.

    ``predictions`` have ``clip repeat fold part true predicted`` and a probability a genre;
    ``fits``, ``repeat fold epochs seconds inner_log_loss temperature parameters``.
    """

    predictions: pd.DataFrame
    fits: pd.DataFrame


def model_names(experiment: Experiment) -> list[str]:
    """Models of an experiment: networks, their ablations and variants, then all others."""
    others = [name for name in experiment.models if name not in NETWORKS]
    return [*experiment.networks(), *others]


def read_protocols(path: Path) -> dict[str, Any]:
    """What `folds.usable` says of protocols: reasons of those ``left_out``, and their ``clips``."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_result(path: Path) -> pd.DataFrame:
    """Read a CSV table of results, with `TEXTS` as texts."""
    numbers = [name for name in pd.read_csv(path, nrows=0).columns if name not in TEXTS]
    missing = {name: [""] for name in numbers}
    types = dict.fromkeys(TEXTS, str)
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=missing)


def read_tables(paths: Sequence[Path]) -> pd.DataFrame:
    """Read CSV tables of the same columns, one below the other."""
    return stacked([read_result(path) for path in paths])


def stacked(tables: Sequence[pd.DataFrame], columns: Sequence[str] = ()) -> pd.DataFrame:
    """Tables one below the other, with the given columns or all; some may have no rows."""
    # A table without rows has no types, and would change those of the others.
    filled = [table for table in tables if not table.empty] or list(tables[:1])
    joined = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=[*columns])
    return joined[list(columns)] if columns else joined


def pairs(options: Sequence[str] | None) -> dict[str, str]:
    """``["a=1"]`` as ``{"a": "1"}``."""
    return dict(option.split("=", 1) for option in options or [])
