"""Say in words what the tables say; nothing is tested or adjusted here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import jinja2
import numpy as np
import pandas as pd
import typer

from genregraph.evaluation.outputs import pairs
from genregraph.evaluation.scores import BY_GROUPS
from genregraph.folds.protocols import keeps_apart
from genregraph.report.figures.dataset import levels
from genregraph.report.page.answer import artist_label_pairs, papers
from genregraph.report.page.tables import ALPHA, Row, Tables, is_network, read
from genregraph.report.page.words import FILTERS

JACCARD, OLD_JACCARD = "jaccard", "jaccard_scipy_before_1_15"
INFORMED = 0.02  # Share of neighbours of the same genre, above chance, that is informative.
BEST = 2  # Classifiers that are listed with the networks.


def findings(template: str, facts: Mapping[str, Any]) -> str:
    """Fill in the template (Jinja2, with the filters of `report.page.words`).

    Raises
    ------
    jinja2.UndefinedError
        If the template names an unknown fact.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, not HTML.
    )
    environment.filters |= FILTERS
    return environment.from_string(template).render(facts)


def facts_of(tables: Tables, not_run: Mapping[str, str]) -> dict[str, Any]:
    """Facts for the template; ``not_run`` says why experiments cannot be computed here."""
    summary, messages = tables.summary, tables.compared("messages")
    evaluations = [_evaluation(tables, *key) for key in _keys(summary)]
    averaged = summary[summary["aggregation"] == "artist"]
    return {
        "dataset": tables.dataset,
        "synthesised": tables.facts.synthesised,
        "of_the_paper": tables.facts.of_the_paper,
        "evaluations": evaluations,
        "papers": papers(tables),
        "notes": tables.notes(),
        "messages": messages,
        "totals": _totals(messages),
        "any_by_groups": bool((summary["interval"] == BY_GROUPS).any()),
        "artists": [_sides(tables, *key) for key in _keys(averaged)],
        "averages": artist_label_pairs(tables),
        "jaccard": [e for e in evaluations if e["metric"] == JACCARD],
        "old_jaccard": [e for e in evaluations if e["metric"] == OLD_JACCARD],
        "variants": [
            {**row, "settings": tables.settings_of(row["experiment"], row["model"])}
            for row in tables.compared("variant")
        ],
        "falls": [row for row in tables.compared("protocol") if row["model"] == "graphsage"],
        "by_artist": _by_artist(tables),
        "baselines": tables.compared("baseline"),
        "calibrations": _calibrations(tables.calibration),
        "curve": _curve(tables.learning_curve),
        "uses": _uses_of_tests(tables),
        "left_out": tables.left_out,
        "clips": tables.clips,
        "not_run": not_run,
    }


def _keys(rows: pd.DataFrame) -> list[tuple[str, str]]:
    keys = rows[["experiment", "protocol"]].drop_duplicates()
    return [(str(name), str(protocol)) for name, protocol in keys.to_numpy()]


def _evaluation(tables: Tables, name: str, protocol: str) -> dict[str, Any]:
    rows = tables.results[name].query("protocol == @protocol and aggregation == 'none'")
    by_fold = rows.pivot(index=["repeat", "fold"], columns="model", values="test_accuracy")
    health = tables.health[name, protocol].mean(numeric_only=True).to_dict()
    return {
        "name": name,
        "protocol": protocol,
        "n_train": int(rows["n_train"].iloc[0]),
        "n_test": int(rows["n_test"].iloc[0]),
        "metric": tables.experiments[name].graph.metric,
        "nearness": tables.experiments[name].graph.nearness,
        "health": health,
        "informed": bool(health["homophily"] - health["chance_homophily"] >= INFORMED),
        "same": bool((by_fold["graphsage"] == by_fold["edgeless"]).all()),
        "leaks": tables.leaks[name, protocol].mean(numeric_only=True).to_dict(),
        "graphsage": tables.row(name, protocol, "graphsage", "none"),
    }


def _totals(messages: list[Row]) -> list[dict[str, Any]]:
    """Count comparisons, and those of each outcome, by protocol and aggregation."""
    if not messages:
        return []
    groups = pd.DataFrame(messages).groupby(["protocol", "aggregation"], sort=False)
    return [
        {
            "protocol": protocol,
            "aggregation": aggregation,
            "comparisons": len(rows),
            "tested": int(rows[["p_folds", "p_groups"]].notna().any(axis=1).sum()),
            "folds": int((rows["p_folds_holm"] < ALPHA).sum()),
            "groups": int((rows["p_groups_holm"] < ALPHA).sum()),
            "equivalent": int((rows["within"] == True).sum()),  # noqa: E712 (it may be None)
        }
        for (protocol, aggregation), rows in groups
    ]


def _sides(tables: Tables, name: str, protocol: str) -> dict[str, Any]:
    """GraphSAGE, edgeless and the best other models by both aggregations."""
    own = tables.summary.query("experiment == @name and protocol == @protocol")
    means = own.pivot(index="model", columns="aggregation", values="mean")
    variants = tables.experiments[name].variants
    others = [m for m in means.index if not is_network(m) and m not in variants]
    best = means.loc[others, "artist"].sort_values(ascending=False, kind="stable").index[:BEST]
    rows = [
        {"model": m, **{a: tables.row(name, protocol, m, a) for a in ("none", "artist")}}
        for m in ("graphsage", "edgeless", *best)
    ]
    return {"name": name, "protocol": protocol, "rows": rows}


def _by_artist(tables: Tables) -> list[Row]:
    """Rows of the summary under protocols that keep groups together, of clips one by one."""
    shown = []
    for name, protocol in _keys(tables.summary):
        if keeps_apart(protocol):
            best = tables.baseline(name, protocol, "none")
            models = ["graphsage", "edgeless", *([best["model"]] if best else [])]
            rows = (tables.row(name, protocol, m, "none") for m in dict.fromkeys(models))
            shown += [row for row in rows if row and not np.isnan(row["artist_mean"])]
    return shown


def _calibrations(calibration: pd.DataFrame) -> list[Row]:
    """GraphSAGE, and the model of the least log loss, by experiment, protocol and scaling."""
    own = calibration[calibration["aggregation"] == "none"]
    shown: list[Row] = []
    for _, rows in own.groupby(["experiment", "protocol", "scaling"], sort=False):
        least = rows["log_loss"] == rows["log_loss"].min()
        chosen = rows[(rows["model"] == "graphsage") | least].drop_duplicates("model")
        shown += chosen.to_dict("records")
    return shown


def _curve(table: pd.DataFrame | None) -> dict[str, Any] | None:
    """Models of the learning curve, and a row a level."""
    if table is None:
        return None
    points = levels(table).groupby(["series", "level"], sort=False)
    return {
        "experiment": table["experiment"].iloc[0],
        "repeats": int(table["repeat"].nunique()),
        "models": list(table["model"].unique()),
        "rows": [
            {"series": series, "artists": rows["artists"].mean(), "clips": rows["clips"].mean()}
            | {"means": rows.set_index("model")["mean"]}
            for (series, _), rows in points
        ],
    }


def _uses_of_tests(tables: Tables) -> list[dict[str, Any]]:
    """Count all that was evaluated on the test parts of each protocol."""
    models = tables.summary.drop_duplicates(["experiment", "protocol", "model"])
    curve, tuning = tables.learning_curve, tables.tuning
    points = {
        "paper": 0 if tuning is None else len(tuning[["parameter", "value"]].drop_duplicates()),
        "clean": 0 if curve is None else len(levels(curve)),
    }
    return [
        {
            "protocol": protocol,
            "experiments": rows["experiment"].nunique(),
            "models": len(rows),
            "points": points.get(str(protocol), 0),
        }
        for protocol, rows in models.groupby("protocol", sort=False)
    ]


def main(
    results: Annotated[list[Path], typer.Argument(help="Tables, named by experiment (CSV).")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset, with its other tables.")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    template: Annotated[Path, typer.Option(help="Text with places for facts (Jinja2).")],
    output: Annotated[Path, typer.Option(help="Findings, to be written (Markdown).")],
    learning_curve: Annotated[Path | None, typer.Option(help="If there is one (CSV).")] = None,
    tuning: Annotated[Path | None, typer.Option(help="If there was one (CSV).")] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
) -> None:
    """Say in words what the results say."""
    tables = read(results, folder, json.loads(config), learning_curve, tuning)
    facts = facts_of(tables, pairs(not_run))
    output.write_text(findings(template.read_text(encoding="utf-8"), facts), encoding="utf-8")
