"""Tables of results, read from files or as the terminal shows them, and notes on them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from genregraph.config.experiment import Experiment
from genregraph.config.registry import NETWORKS

PLACE = "dataset experiment protocol model aggregation".split()  # Of a row of any result.
# Columns of texts, whatever they look like: a dataset may be called 001 or null.
TEXTS = [*PLACE, *"scaling reference question series interval note".split()]
NOT_MUSIC = (
    "NOTE: a program synthesised these clips; the numbers show that the workflow works and say "
    "nothing about music. For GTZAN: --config dataset=gtzan"
)
NO_GRAPH = (
    "WARNING: most distances are zero: the metric does not distinguish these clips, and weighted "
    "by distance a neighbour at zero counts for nothing. On real-valued features use euclidean, "
    "cosine or ruzicka."
)
NAMED = 3  # Groups; the others are counted.
GIANT = 0.2  # Share of a genre's clips from which on a group determines its fold.


def model_names(experiment: Experiment) -> list[str]:
    """Models of an experiment: networks, their ablations and variants, then all others."""
    others = [name for name in experiment.models if name not in NETWORKS]
    return [*experiment.networks(), *others]


def read_protocols(path: Path) -> dict[str, Any]:
    """What `folds.usable` says of protocols: reasons of those ``left_out``, and their ``clips``."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_result(path: Path) -> pd.DataFrame:
    """Read a CSV table of results, with `TEXTS` as texts."""
    types = dict.fromkeys(TEXTS, str)
    table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    return table.fillna(dict.fromkeys(TEXTS, ""))


def read_tables(paths: Sequence[Path]) -> pd.DataFrame:
    """Read CSV tables of the same columns, one below the other."""
    tables = [read_result(path) for path in paths]
    # A table without rows has no types, and would change those of the others.
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def pairs(options: Sequence[str] | None) -> dict[str, str]:
    """``["a=1"]`` as ``{"a": "1"}``."""
    return dict(option.split("=", 1) for option in options or [])


def table_lines(table: pd.DataFrame, texts: Sequence[str]) -> list[str]:
    """Lines of a table: named texts on the left, all else on the right, dashes for NaN."""
    widths = {name: max(map(len, [name, *table[name]])) for name in texts}
    cells = table.assign(**{name: table[name].str.ljust(width) for name, width in widths.items()})
    heads = {name: name.ljust(width) for name, width in widths.items()}
    shown = cells.rename(columns=heads).to_string(index=False, na_rep="-")
    return [line.rstrip() for line in shown.splitlines()]


def note_of(folder: Path) -> str:
    """Warnings about the graphs and folds in a protocol's folder, which is named like it."""
    health, notes = pd.read_csv(folder / "graph-health.csv"), []
    k, k_asked = health["k"].mean(), health["k_asked"].mean()
    if k < k_asked:
        mean = f"a clip has {round(k, 2):g} neighbours on average"
        notes.append(f"NOTE: k {k_asked:g} was asked for; {mean}: there are no more.")
    if health["degenerate"].any():
        notes.append(NO_GRAPH)
    giants = _giants(pd.read_parquet(folder / "folds.parquet")) if folder.name == "clean" else []
    if len(giants) > NAMED:
        giants[NAMED:] = [f"and {len(giants) - NAMED} more"]
    if giants:
        notes.append(f"NOTE: large groups cannot be split evenly: {'; '.join(giants)}.")
    return " ".join(notes)


def _giants(folds: pd.DataFrame) -> list[str]:
    """Groups that hold more than `GIANT` of a genre's clips, in words."""
    first = folds[folds["repeat"] == folds["repeat"].min()]
    counts = {genre: own.value_counts() for genre, own in first.groupby("genre")["group"]}
    return [
        f"{own.iloc[0]} of {own.sum()} clips of {genre} are of {own.index[0]}"
        for genre, own in counts.items()
        if own.iloc[0] > GIANT * own.sum()
    ]


def left_out_lines(reasons: Mapping[str, str], start: str = "") -> list[str]:
    """Say why protocols are left out."""
    return [f"{start}protocol {name} is left out: {reason}" for name, reason in reasons.items()]
