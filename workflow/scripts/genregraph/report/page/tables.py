"""The tables that findings and page are written from; nothing is tested or adjusted here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genregraph.config.experiment import Experiment
from genregraph.config.model import Dataset
from genregraph.config.registry import EDGELESS, NETWORKS
from genregraph.evaluation.outputs import counts_of, left_out_of, read_result, read_tables

Key = tuple[str, str]  # Experiment and protocol.
Row = dict[Any, Any]
ALPHA = 0.05
MARGIN = 0.02  # Of equivalence: two points.
DEGENERATE = 0.5  # Share of folds with a degenerate graph from which on a protocol has no edges.
LISTED = 3  # Parts of a note that are named.


@dataclass(frozen=True)
class Tables:
    """Results of a dataset.

    Attributes
    ----------
    facts : Dataset
        What the configuration says of the dataset.
    experiments : mapping of str to Experiment
        All of the configuration, by name.
    results : mapping of str to pd.DataFrame
        By experiment, as `evaluation.evaluate` writes them.
    summary, comparisons, calibration : pd.DataFrame
        As the steps of package evaluation write them; of all experiments.
    health, leaks : mapping of (str, str) to pd.DataFrame
        ``graph-health.csv`` and ``leaks.csv``, by experiment and protocol.
    left_out, clips : mapping of str to mapping
        By experiment and protocol, why it is not evaluated, and how many clips it uses.
    """

    dataset: str
    facts: Dataset
    experiments: Mapping[str, Experiment]
    results: Mapping[str, pd.DataFrame]
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    calibration: pd.DataFrame
    learning_curve: pd.DataFrame | None
    tuning: pd.DataFrame | None
    health: Mapping[Key, pd.DataFrame]
    leaks: Mapping[Key, pd.DataFrame]
    left_out: Mapping[str, Mapping[str, str]]
    clips: Mapping[str, Mapping[str, Mapping[str, int]]]

    def of_artists(self, name: str) -> bool:
        """Whether an experiment's graph uses artist labels."""
        return self.experiments[name].graph.among == "artist"

    def has_edges(self, name: str, protocol: str) -> bool:
        """Whether the graphs of an experiment have edges that are not of distance zero."""
        return bool(self.health[name, protocol]["degenerate"].mean() < DEGENERATE)

    def row(self, name: str, protocol: str, model: str, aggregation: str) -> Row | None:
        """The summary's row of a model; None if there is none."""
        keys = {"experiment": name, "protocol": protocol, "model": model}
        rows = _where(self.summary, **keys, aggregation=aggregation)
        return rows[0] if rows else None

    def mean(self, experiment: str, protocol: str, model: str, aggregation: str) -> float:
        """Mean accuracy of a model; NaN if the summary has no row of it."""
        row = self.row(experiment, protocol, model, aggregation)
        return row["mean"] if row else np.nan

    def compared(self, question: str, **keys: str) -> list[Row]:
        """Comparisons of a question, with the means of both sides as ``mean`` and ``other``."""
        rows = _where(self.comparisons, question=question, **keys)
        for each in rows:
            own = {key: each[key] for key in ("experiment", "protocol", "model", "aggregation")}
            reference = "protocol" if question == "protocol" else "model"
            each["mean"] = self.mean(**own)
            each["other"] = self.mean(**{**own, reference: each["reference"]})
            if question == "paper":
                each["other"] = each["mean"] - each["difference"]
            each["within"] = None if np.isnan(w := each["equivalent_within"]) else w <= MARGIN
        return rows

    def baseline(self, name: str, protocol: str, aggregation: str) -> Row | None:
        """The best model that uses no other test clip: the reference of question baseline."""
        keys = {"experiment": name, "protocol": protocol, "aggregation": aggregation}
        rows = _where(self.comparisons, question="baseline", **keys)
        return self.row(name, protocol, rows[0]["reference"], aggregation) if rows else None

    def notes(self) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """Each note of the summary once, with the experiments and protocols that it concerns."""
        noted: dict[str, dict[str, list[str]]] = {}
        columns = ["experiment", "protocol", "note"]
        for name, protocol, notes in self.summary[columns].drop_duplicates().to_numpy():
            for note in re.split(r"\s*(?:NOTE|WARNING): ", notes):
                if note:
                    noted.setdefault(_shortened(note), {}).setdefault(name, []).append(protocol)
        return [(note, list(concerned.items())) for note, concerned in noted.items()]

    def settings_of(self, name: str, model: str) -> str:
        """In what a variant differs, in words; empty for other models."""
        differs = self.experiments[name].variants.get(model, {})
        return ", ".join(f"{key}: {value}" for key, value in differs.items())


def _shortened(note: str) -> str:
    """A note whose list names three parts and counts the others."""
    parts = (note[0].upper() + note[1:]).split("; ")
    more = [f"and {len(parts) - LISTED} more."] if len(parts) > LISTED else []
    return "; ".join(parts[:LISTED] + more)


def _where(table: pd.DataFrame, **values: str) -> list[Row]:
    own = np.ones(len(table), dtype=bool)
    for column, value in values.items():
        own &= (table[column] == value).to_numpy()
    return table[own].to_dict("records")


def is_network(model: str) -> bool:
    """Whether a model is GraphSAGE, another network, or an ablation of one.

    Examples
    --------
    >>> [is_network(name) for name in ("gcn", "edgeless", "gat_edgeless", "lda")]
    [True, True, True, False]
    """
    return model in NETWORKS or model.endswith(EDGELESS)


def read(
    results: Sequence[Path],
    folder: Path,
    config: Mapping[str, Any],
    learning_curve: Path | None = None,
    tuning: Path | None = None,
) -> Tables:
    """Read the tables of a dataset: result tables, named by experiment, and all in its folder."""
    places = {path.stem: folder / "experiments" / path.stem for path in results}
    summary = read_result(folder / "summary.csv").fillna({"note": "", "interval": ""})
    evaluated = summary[["experiment", "protocol"]].drop_duplicates().to_numpy().tolist()

    def of_protocols(file: str) -> dict[Key, pd.DataFrame]:
        return {
            (name, protocol): pd.read_csv(places[name] / protocol / file)
            for name, protocol in evaluated
        }

    return Tables(
        dataset=config["dataset"],
        facts=Dataset.model_validate(config["datasets"].get(config["dataset"], {})),
        experiments={
            name: Experiment.model_validate(each) for name, each in config["experiments"].items()
        },
        results={path.stem: read_result(path) for path in results},
        summary=summary,
        comparisons=read_result(folder / "comparisons.csv"),
        calibration=read_tables([place / "calibration.csv" for place in places.values()]),
        learning_curve=read_result(learning_curve) if learning_curve else None,
        tuning=read_result(tuning) if tuning else None,
        health=of_protocols("graph-health.csv"),
        leaks=of_protocols("leaks.csv"),
        left_out={name: left_out_of(place / "protocols.json") for name, place in places.items()},
        clips={name: counts_of(place / "protocols.json") for name, place in places.items()},
    )
