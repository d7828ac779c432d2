"""The tables that findings and page are written from; nothing is tested or adjusted here."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genregraph.config.model import Config
from genregraph.evaluation.outputs import read_protocols, read_result, read_tables

Key = tuple[str, str]  # Experiment and protocol.
Row = dict[Any, Any]
ALPHA = 0.05
MARGIN = 0.02  # Of equivalence: two points.
DEGENERATE = 0.5  # Share of folds with a degenerate graph from which on a protocol has no edges.
# Other defaults may name experiments that there are not.
CONFIGURED = "dataset datasets experiments seed".split()


def where(table: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Rows of a table that have these values."""
    return table[(table[list(values)] == pd.Series(values)).all(axis=1)]


def keys_of(table: pd.DataFrame) -> list[Key]:
    """Experiments and protocols of a table, in its order."""
    return list(dict.fromkeys(zip(table["experiment"], table["protocol"], strict=True)))


@dataclass(frozen=True)
class Tables:
    """Results of a dataset."""

    config: Config
    results: Mapping[str, pd.DataFrame]  # By experiment.
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    calibration: pd.DataFrame
    learning_curve: pd.DataFrame | None
    tuning: pd.DataFrame | None
    health: Mapping[Key, pd.DataFrame]
    leaks: Mapping[Key, pd.DataFrame]
    left_out: Mapping[str, Mapping[str, str]]  # By experiment and protocol: why.
    clips: Mapping[str, Mapping[str, Mapping[str, int]]]  # Likewise: how many are used, or why not.

    def of_artists(self, name: str) -> bool:
        """Whether an experiment's graph uses artist labels."""
        return self.config.experiments[name].graph.among == "artist"

    def row(self, experiment: str, protocol: str, model: str, aggregation: str) -> Row | None:
        """The summary's row of a model; None if there is none."""
        keys = {"experiment": experiment, "protocol": protocol, "model": model}
        rows = where(self.summary, **keys, aggregation=aggregation).to_dict("records")
        return rows[0] if rows else None

    def mean(self, experiment: str, protocol: str, model: str, aggregation: str) -> float:
        """Mean accuracy of a model; NaN if the summary has no row of it."""
        row = self.row(experiment, protocol, model, aggregation)
        return row["mean"] if row else np.nan

    def compared(self, question: str, **keys: str) -> list[Row]:
        """Comparisons of a question, with the means of both sides as ``mean`` and ``other``.

        ``within`` says whether these are equivalent, ``settings`` in what a variant differs.
        """
        rows = where(self.comparisons, question=question, **keys).to_dict("records")
        for each in rows:
            own = {key: each[key] for key in ("experiment", "protocol", "model", "aggregation")}
            other = "protocol" if question == "protocol" else "model"
            each["mean"] = self.mean(**own)
            each["other"] = self.mean(**own | {other: each["reference"]})
            if question == "paper":
                each["other"] = each["mean"] - each["difference"]
            margin = each["equivalent_within"]
            each["within"] = "-" if np.isnan(margin) else "yes" if margin <= MARGIN else "no"
            differs = self.config.experiments[each["experiment"]].variants.get(each["model"], {})
            each["settings"] = ", ".join(f"{key}: {value}" for key, value in differs.items()) or "-"
        return rows

    def notes(self) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """Each note of the summary once, with the experiments and protocols that it concerns."""
        noted: dict[str, dict[str, list[str]]] = {}
        columns = ["experiment", "protocol", "note"]
        for name, protocol, notes in self.summary[columns].drop_duplicates().to_numpy():
            for note in filter(None, re.split(r"\s*(?:NOTE|WARNING): ", notes)):
                said = note[0].upper() + note[1:]
                noted.setdefault(said, {}).setdefault(name, []).append(protocol)
        return [(note, list(concerned.items())) for note, concerned in noted.items()]


def read(
    results: Sequence[Path],
    folder: Path,
    config: str,
    learning_curve: Path | None = None,
    tuning: Path | None = None,
) -> Tables:
    """Read result tables, named by experiment, and all in the dataset's folder; config is JSON."""
    places = {path.stem: folder / "experiments" / path.stem for path in results}
    protocols = {name: read_protocols(at / "protocols.json") for name, at in places.items()}
    summary = read_result(folder / "summary.csv")

    def of_protocols(file: str) -> dict[Key, pd.DataFrame]:
        return {key: pd.read_csv(places[key[0]] / key[1] / file) for key in keys_of(summary)}

    return Tables(
        config=Config.model_validate({key: json.loads(config)[key] for key in CONFIGURED}),
        results={path.stem: read_result(path) for path in results},
        summary=summary,
        comparisons=read_result(folder / "comparisons.csv"),
        calibration=read_tables([place / "calibration.csv" for place in places.values()]),
        learning_curve=read_result(learning_curve) if learning_curve else None,
        tuning=read_result(tuning) if tuning else None,
        health=of_protocols("graph-health.csv"),
        leaks=of_protocols("leaks.csv"),
        left_out={name: how["left_out"] for name, how in protocols.items()},
        clips={name: how["clips"] for name, how in protocols.items()},
    )
