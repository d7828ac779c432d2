"""What the report shows of an experiment."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genregraph.evaluation.statistics import p_text
from genregraph.folds.groups import KINDS
from genregraph.report.figures.protocol_figures import confuse
from genregraph.report.page.answer import MAIN
from genregraph.report.page.tables import Tables, keys_of, where
from genregraph.report.page.words import AGGREGATIONS, PROTOCOLS, figure, points, table, written

GENRES = 40  # Of a confusion table; of more genres, as many most frequent mistakes are shown.
SETTINGS = set("genres cut tables scale select reduce graph graphsage search".split())
HEALTH = "k zero_distance_share homophily chance_homophily components degree_max".split()
QUESTIONS = {
    "messages": "a network and its ablation without messages",
    "baseline": "graph models and the best model that uses no other test clip",
    "variant": "variants and the network that they vary",
    "protocol": "protocol clean and another protocol, of one model",
    "paper": "GraphSAGE and the paper's number",
}
COMPARED = (
    "model settings accuracy reference its_accuracy difference ci_low ci_high equivalent_within "
    "p_folds p_folds_holm p_groups p_groups_holm n_tests smallest_detectable"
).split()
FORMATS = {
    **dict.fromkeys(["difference", "ci_low", "ci_high"], points),
    **dict.fromkeys(["equivalent_within", "smallest_detectable"], written("{:.1f}", 100)),
    **dict.fromkeys(["p_folds", "p_folds_holm", "p_groups", "p_groups_holm"], p_text),
}
CALIBRATED = (
    "model temperature log_loss log_loss_low log_loss_high brier brier_low brier_high confidence "
    "accuracy calibration_error calibration_low calibration_high calibration_expected"
).split()
Facts = dict[str, Any]


def as_text(setting: Any) -> str:
    """A setting of the configuration in a line."""
    if isinstance(setting, dict):
        return ", ".join(f"{name} {as_text(value)}" for name, value in setting.items())
    if isinstance(setting, list):
        return ", ".join(setting) or "all"
    if setting is None or isinstance(setting, bool):
        return {None: "none", True: "yes", False: "no"}[setting]
    return str(setting)


def confusion(predictions: pd.DataFrame, place: str = "") -> Facts:
    """Of each true genre, how many tests of its clips gave which genre, over all folds of a model.

    Of each cell the share of its row is given in tenths, rounded up.
    """
    counts, shares = confuse(predictions)
    facts: Facts = {
        "genres": counts.columns.tolist(),
        "right": int(np.trace(counts)),
        "total": int(counts.to_numpy().sum()),
        "clips": int(predictions.loc[predictions["part"] == "test", "clip"].nunique()),
    }
    if len(counts) > GENRES:
        cells = pd.DataFrame({"tests": counts.stack(), "share": shares.stack()})
        cells = cells.rename_axis(["genre", "predicted"]).reset_index()
        mistakes = cells[cells["genre"] != cells["predicted"]].nlargest(GENRES, "tests")
        return facts | {"mistakes": table(f"Most frequent mistakes, {place}", mistakes)}
    tenths = np.dstack([counts, np.ceil(10 * shares)]).astype(int).tolist()
    recall = [f"{100 * share:.0f} %" for share in np.diag(shares)]
    return facts | {"rows": list(zip(counts.index, tenths, recall, strict=True))}


def spread(folds: pd.DataFrame, names: Sequence[str], what: str, place: str) -> Facts:
    """Mean and range over folds of the columns that there are."""
    values = folds[[name for name in names if name in folds]].agg(["mean", "min", "max"]).T
    rows = values.rename(lambda name: name.replace("_", " ")).rename_axis(what).reset_index()
    return table(f"{what}, {place}", rows, mean=figure, min=figure, max=figure)


def under(row: Mapping[Any, Any]) -> str:
    """Protocol, question (if there is one) and aggregation of a row, as the head of a group."""
    question = f": {QUESTIONS[row['question']]}" if "question" in row else ""
    aggregation = row["aggregation"]
    by = f", by {aggregation}: {AGGREGATIONS[aggregation]}" if aggregation != "none" else ""
    return f"{row['protocol']}{question}{by}"


def comparisons_of(tables: Tables, name: str) -> Facts:
    """Comparisons of an experiment by question, protocol and aggregation."""
    rows = [
        {**row, "under": under(row)}
        for question in QUESTIONS
        for row in tables.compared(question, experiment=name)
    ]
    frame = pd.DataFrame(rows).rename(columns={"mean": "accuracy", "other": "its_accuracy"})
    frame = frame.reindex(columns=["under", *COMPARED])
    return table(f"Comparisons in {name}", frame, "under", **FORMATS)


def calibration_of(tables: Tables, name: str) -> Facts:
    """How calibrated an experiment's models are, by protocol and aggregation."""
    scores = where(tables.calibration, experiment=name)
    rows = scores[CALIBRATED].assign(under=[under(row) for row in scores.to_dict("records")])
    return table(f"Calibration of all models, in {name}", rows, "under", temperature=figure)


def experiment(folder: Path, tables: Tables) -> Facts:
    """What there is to show of an experiment, whose folder is given."""
    name, protocols = folder.name, []
    for key in keys_of(where(tables.summary, experiment=name)):
        protocol, place = key[1], f"{key[1]} in {name}"
        predictions = pd.read_parquet(folder / protocol / f"models/{MAIN}.parquet")
        facts = {
            "name": protocol,
            "what": PROTOCOLS[protocol],
            "confusion": confusion(predictions, place),
            "health": spread(tables.health[key], HEALTH, "of the graph", place),
            "leaks": spread(tables.leaks[key], KINDS, "on both sides of a fold", place),
        }
        protocols.append(facts)
    own = tables.config.experiments[name]
    settings = own.model_dump(include=SETTINGS).items()
    return {
        "name": name,
        "stated": own,
        "settings": {key: as_text(value) for key, value in settings},
        "protocols": protocols,
        "comparisons": comparisons_of(tables, name),
        "calibration": calibration_of(tables, name),
    }
