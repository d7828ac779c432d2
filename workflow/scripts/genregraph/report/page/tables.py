"""The tables that findings and page are written from; nothing is tested or adjusted here."""

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
from genregraph.graph.store import DEGENERATE

Key = tuple[str, str]  # Experiment and protocol.
Row = dict[Any, Any]
ALPHA = 0.05
MARGIN = 0.02  # Of equivalence: two points.


@dataclass(frozen=True)
class Tables:
    """Results of a dataset.

    Attributes
    ----------
    dataset : str
    facts : Dataset
        What the configuration says of it.
    experiments : mapping of str to Experiment
        All of the configuration, by name.
    results : mapping of str to pd.DataFrame
        By experiment, as `evaluation.collect` makes them.
    summary, comparisons, calibration, reliability : pd.DataFrame
        As the steps of package evaluation write them; of all experiments.
    learning_curve, tuning : pd.DataFrame or None
    health, leaks : mapping of (str, str) to pd.DataFrame
        Tables of `graph.store.health` and `folds.leaks`, by experiment and protocol.
    left_out : mapping of str to mapping
        By experiment and protocol, why it is not evaluated.
    clips : mapping of str to mapping
        By experiment and protocol, what became of the clips.
    """

    dataset: str
    facts: Dataset
    experiments: Mapping[str, Experiment]
    results: Mapping[str, pd.DataFrame]
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    calibration: pd.DataFrame
    reliability: pd.DataFrame
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
        """Whether the graphs of an experiment have edges, by their share of zero distances."""
        return bool(self.health[name, protocol]["zero_distance_share"].mean() < DEGENERATE)

    def row(self, name: str, protocol: str, model: str, aggregation: str) -> Row | None:
        """The summary's row of a model; None if there is none."""
        keys = {"experiment": name, "protocol": protocol, "model": model}
        found = _where(self.summary, **keys, aggregation=aggregation)
        return found[0] if found else None

    def compared(self, question: str) -> list[Row]:
        """Comparisons of a question, with the means of both sides as ``mean`` and ``other``."""
        found = _where(self.comparisons, question=question)
        for each in found:
            key = each["experiment"], each["protocol"], each["model"], each["aggregation"]
            own = self.row(*key)
            other = self.row(*_other(each))
            each["mean"] = own["mean"] if own else np.nan
            each["other"] = other["mean"] if other else np.nan
            each["within"] = None if np.isnan(w := each["equivalent_within"]) else w <= MARGIN
        return found

    def baseline(self, name: str, protocol: str, aggregation: str) -> Row | None:
        """The best model that uses no other test clip, as question baseline has it."""
        found = _where(
            self.comparisons,
            question="baseline",
            experiment=name,
            protocol=protocol,
            aggregation=aggregation,
        )
        return self.row(name, protocol, found[0]["reference"], aggregation) if found else None

    def notes(self) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """Each note of the summary once, with the experiments and protocols that it is of."""
        noted = self.summary[self.summary["note"] != ""]
        return [
            (
                str(note),
                [
                    (str(name), protocols.unique().tolist())
                    for name, protocols in rows.groupby("experiment", sort=False)["protocol"]
                ],
            )
            for note, rows in noted.groupby("note", sort=False)
        ]

    def settings_of(self, name: str, model: str) -> str:
        """In what a variant differs, in words; empty for other models."""
        differs = self.experiments[name].variants.get(model, {})
        return ", ".join(f"{key}: {value}" for key, value in differs.items())


def _other(comparison: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Key of the summary's row that a comparison's reference is."""
    name, aggregation = comparison["experiment"], comparison["aggregation"]
    if comparison["question"] == "protocol":
        return name, comparison["reference"], comparison["model"], aggregation
    return name, comparison["protocol"], comparison["reference"], aggregation


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


def pairs(options: Sequence[str] | None) -> dict[str, str]:
    """``["a=1"]`` as ``{"a": "1"}``."""
    return dict(option.split("=", 1) for option in options or [])


def read(
    results: Sequence[Path],
    folder: Path,
    config: Mapping[str, Any],
    learning_curve: Path | None = None,
    tuning: Path | None = None,
) -> Tables:
    """Read the tables of a dataset.

    Parameters
    ----------
    results : sequence of Path
        Result tables, named by experiment.
    folder : Path
        Of the dataset; all other tables lie in it under their names.
    config : mapping
        The configuration of the run.
    learning_curve, tuning : Path, optional
        If there are any.
    """
    names = [path.stem for path in results]
    places = {name: folder / "experiments" / name for name in names}
    summary = read_result(folder / "summary.csv").fillna({"note": "", "interval": ""})
    keys = [
        (str(name), str(protocol))
        for name, protocol in summary[["experiment", "protocol"]].drop_duplicates().to_numpy()
    ]
    per_protocol = {
        kind: {(name, p): pd.read_csv(places[name] / p / f"{kind}.csv") for name, p in keys}
        for kind in ("graph-health", "leaks")
    }
    per_experiment = {
        kind: read_tables([places[name] / f"{kind}.csv" for name in names])
        for kind in ("calibration", "reliability")
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
        calibration=per_experiment["calibration"],
        reliability=per_experiment["reliability"],
        learning_curve=read_result(learning_curve) if learning_curve else None,
        tuning=read_result(tuning) if tuning else None,
        health=per_protocol["graph-health"],
        leaks=per_protocol["leaks"],
        left_out={name: left_out_of(place / "protocols.json") for name, place in places.items()},
        clips={name: counts_of(place / "protocols.json") for name, place in places.items()},
    )
