"""Say in words what the tables say; nothing is tested or adjusted here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from genregraph.config.registry import NETWORKS
from genregraph.evaluation.outputs import pairs
from genregraph.evaluation.scores import BY_GROUPS
from genregraph.folds.protocols import keeps_apart
from genregraph.report.levels import by_level, levels
from genregraph.report.page.answer import artist_label_pairs, papers
from genregraph.report.page.tables import ALPHA, Row, Tables, keys_of, read, where
from genregraph.report.page.words import AGGREGATIONS, fill

INFORMED = 0.02  # Share of neighbours of the same genre, above chance, that is informative.


def findings(tables: Tables, not_run: Mapping[str, str]) -> str:
    """Findings (Markdown); ``not_run`` says why experiments cannot be computed here."""
    summary, messages = tables.summary, tables.compared("messages")
    facts = {
        "tables": tables,
        "evaluations": [_evaluation(tables, *key) for key in keys_of(summary)],
        "papers": papers(tables),
        "messages": messages,
        "totals": _totals(messages),
        "any_by_groups": bool((summary["interval"] == BY_GROUPS).any()),
        "artists": _by_aggregation(tables),
        "averages": artist_label_pairs(tables),
        "by_artist": _by_artist(tables),
        "calibrations": _calibrations(tables.calibration),
        "by_level": by_level,
        "uses": _uses_of_tests(tables),
        "not_run": not_run,
    }
    template = Path(__file__).with_name("findings.md.jinja").read_text("utf-8")
    return fill(template, facts, autoescape=False)  # Markdown, not HTML.


def _evaluation(tables: Tables, name: str, protocol: str) -> dict[str, Any]:
    rows = where(tables.results[name], protocol=protocol, aggregation="none")
    by_fold = rows.pivot(index=["repeat", "fold"], columns="model", values="test_accuracy")
    health = tables.health[name, protocol].mean(numeric_only=True)
    return {
        "name": name,
        "protocol": protocol,
        "n_train": rows["n_train"].iloc[0],
        "n_test": rows["n_test"].iloc[0],
        "graph": tables.config.experiments[name].graph,
        "health": health,
        "informed": health["homophily"] - health["chance_homophily"] >= INFORMED,
        "same": by_fold["graphsage"].equals(by_fold["edgeless"]),
        "leaks": tables.leaks[name, protocol].mean(numeric_only=True),
        "graphsage": tables.row(name, protocol, "graphsage", "none"),
    }


def _totals(messages: list[Row]) -> list[Row]:
    """Count comparisons, and those of each outcome, by protocol and aggregation."""
    if not messages:
        return []
    table = pd.DataFrame(messages)
    outcomes = {
        "tested": table[["p_folds", "p_groups"]].notna().any(axis=1),
        "folds": table["p_folds_holm"] < ALPHA,
        "groups": table["p_groups_holm"] < ALPHA,
        "equivalent": table["within"] == "yes",
    }
    groups = table.assign(**outcomes).groupby(["protocol", "aggregation"], sort=False)
    counts = groups[[*outcomes]].sum().assign(comparisons=groups.size())
    return counts.reset_index().to_dict("records")


def _by_aggregation(tables: Tables) -> list[Row]:
    """GraphSAGE, edgeless and the two best other models by both aggregations."""
    averaged, shown = where(tables.summary, aggregation="artist"), []
    for name, protocol in keys_of(averaged):
        rows = where(averaged, experiment=name, protocol=protocol)
        others = rows[rows["model"].isin(set(tables.config.experiments[name].models) - {*NETWORKS})]
        best = others.sort_values(["mean", "model"], ascending=[False, True])["model"][:2]
        for model in ("graphsage", "edgeless", *best):
            both = {way: tables.row(name, protocol, model, way) for way in AGGREGATIONS}
            shown.append({"name": name, "protocol": protocol, "model": model, **both})
    return shown


def _by_artist(tables: Tables) -> list[Row]:
    """Rows of the summary under protocols that keep groups together, of clips one by one."""
    shown = []
    for name, protocol in keys_of(tables.summary):
        if keeps_apart(protocol):
            keys = {"experiment": name, "protocol": protocol, "aggregation": "none"}
            best = [row["reference"] for row in tables.compared("baseline", **keys)[:1]]
            models = dict.fromkeys(["graphsage", "edgeless", *best])
            rows = (tables.row(name, protocol, model, "none") for model in models)
            shown += [row for row in rows if row and not np.isnan(row["artist_mean"])]
    return shown


def _calibrations(calibration: pd.DataFrame) -> list[Row]:
    """GraphSAGE, and the model of the least log loss, by experiment, protocol and scaling."""
    own = where(calibration, aggregation="none")
    groups = own.groupby(["experiment", "protocol", "scaling"], sort=False)
    least = own["log_loss"] == groups["log_loss"].transform("min")
    shown = own.assign(group=groups.ngroup())[(own["model"] == "graphsage") | least]
    return shown.sort_values("group", kind="stable").to_dict("records")


def _uses_of_tests(tables: Tables) -> list[Row]:
    """Count all that was evaluated on the test parts of each protocol."""
    curve, tuning = tables.learning_curve, tables.tuning
    points = {
        "paper": 0 if tuning is None else len(tuning[["parameter", "value"]].drop_duplicates()),
        "clean": 0 if curve is None else len(levels(curve)),
    }
    models = tables.summary.drop_duplicates(["experiment", "protocol", "model"])
    groups = models.groupby("protocol", sort=False)
    uses = groups.agg(experiments=("experiment", "nunique"), models=("model", "size")).reset_index()
    uses["points"] = uses["protocol"].map(points).fillna(0).astype(int)
    return uses.to_dict("records")


def main(
    results: Annotated[list[Path], typer.Argument(help="Tables, named by experiment (CSV).")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    output: Annotated[Path, typer.Option(help="Findings, to be written beside (Markdown).")],
    learning_curve: Annotated[Path | None, typer.Option(help="If there is one (CSV).")] = None,
    tuning: Annotated[Path | None, typer.Option(help="If there was one (CSV).")] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
) -> None:
    """Say in words what the results say."""
    tables = read(results, output.parent, config, learning_curve, tuning)
    output.write_text(findings(tables, pairs(not_run)), encoding="utf-8")
