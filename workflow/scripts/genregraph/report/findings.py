"""Say in words what the tables say; nothing is tested or adjusted here."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import jinja2
import numpy as np
import pandas as pd
import typer

from genregraph.evaluation.scores import BY_GROUPS
from genregraph.folds.protocols import keeps_apart
from genregraph.report.figures.dataset import levels
from genregraph.report.page.answer import artist_label_pairs, papers
from genregraph.report.page.tables import ALPHA, Row, Tables, is_network, pairs, read
from genregraph.report.page.words import FILTERS

JACCARD, OLD_JACCARD = "jaccard", "jaccard_scipy_before_1_15"
INFORMED = 0.02  # Share of neighbours of the same genre, above chance, that says something.
BEST = 2  # Classifiers that stand beside the networks.


def findings(template: str, facts: Mapping[str, Any]) -> str:
    """Fill in the template.

    Parameters
    ----------
    template : str
        Jinja2, with the filters of `report.page.words`.
    facts : mapping
        As `facts_of` gathers them.

    Raises
    ------
    jinja2.UndefinedError
        If the template names a fact that there is not.
    """
    return _compiled(template).render(facts)


@cache
def _compiled(template: str) -> jinja2.Template:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, not HTML.
    )
    environment.filters |= FILTERS
    return environment.from_string(template)


def facts_of(found: Tables, not_run: Mapping[str, str]) -> dict[str, Any]:
    """What the template may say.

    Parameters
    ----------
    found : Tables
    not_run : mapping of str to str
        Experiments that cannot be computed here, and why.
    """
    summary = found.summary
    evaluations = [
        _evaluation(found, str(name), str(protocol))
        for name, protocol in summary[["experiment", "protocol"]].drop_duplicates().to_numpy()
    ]
    messages = found.compared("messages")
    by_artist = summary.loc[summary["aggregation"] == "artist"]
    return {
        "dataset": found.dataset,
        "synthesised": found.facts.synthesised,
        "of_the_paper": found.facts.of_the_paper,
        "evaluations": evaluations,
        "papers": papers(found),
        "notes": found.notes(),
        "messages": messages,
        "totals": _totals(messages),
        "any_by_groups": bool((summary["interval"] == BY_GROUPS).any()),
        "artists": [
            _sides(found, str(name), str(protocol))
            for name, protocol in by_artist[["experiment", "protocol"]].drop_duplicates().to_numpy()
        ],
        "beside_average": artist_label_pairs(found),
        "jaccard": [e for e in evaluations if e["metric"] == JACCARD],
        "old_jaccard": [e for e in evaluations if e["metric"] == OLD_JACCARD],
        "variants": [
            {**row, "settings": found.settings_of(row["experiment"], row["model"])}
            for row in found.compared("variant")
        ],
        "falls": [row for row in found.compared("protocol") if row["model"] == "graphsage"],
        "by_artist": _by_artist(found),
        "baselines": found.compared("baseline"),
        "trusted": _trusted(found.calibration),
        "curve": _curve(found.learning_curve),
        "looks": _looks(found),
        "left_out": found.left_out,
        "clips": found.clips,
        "not_run": not_run,
    }


def _evaluation(found: Tables, name: str, protocol: str) -> dict[str, Any]:
    first = found.results[name].query("protocol == @protocol").iloc[0]
    graph = found.experiments[name].graph
    health = found.health[name, protocol].mean(numeric_only=True).to_dict()
    own = found.results[name].query("protocol == @protocol and aggregation == 'none'")
    by_fold = own.pivot(index=["repeat", "fold"], columns="model", values="test_accuracy")
    return {
        "name": name,
        "protocol": protocol,
        "n_train": int(first["n_train"]),
        "n_test": int(first["n_test"]),
        "metric": graph.metric,
        "nearness": graph.nearness,
        "health": health,
        "informed": bool(health["homophily"] - health["chance_homophily"] >= INFORMED),
        "edges": found.has_edges(name, protocol),
        "same": bool((by_fold["graphsage"] == by_fold["edgeless"]).all()),
        "leaks": found.leaks[name, protocol].mean(numeric_only=True).to_dict(),
        "graphsage": found.row(name, protocol, "graphsage", "none"),
    }


def _totals(messages: list[Row]) -> list[dict[str, Any]]:
    """By protocol and aggregation, how many comparisons show what."""
    table = pd.DataFrame(messages)
    if table.empty:
        return []
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
        for (protocol, aggregation), rows in table.groupby(["protocol", "aggregation"], sort=False)
    ]


def _sides(found: Tables, name: str, protocol: str) -> dict[str, Any]:
    """GraphSAGE, edgeless and the best other models by both aggregations."""
    own = found.summary.query("experiment == @name and protocol == @protocol")
    means = own.pivot(index="model", columns="aggregation", values="mean")
    others = means[[not is_network(model) for model in means.index]].drop(
        index=[*found.experiments[name].variants], errors="ignore"
    )
    best = others["artist"].sort_values(ascending=False, kind="stable").index[:BEST]
    rows = [
        {"model": m, **{a: found.row(name, protocol, m, a) for a in ("none", "artist")}}
        for m in ("graphsage", "edgeless", *best)
    ]
    return {"name": name, "protocol": protocol, "rows": rows}


def _by_artist(found: Tables) -> list[Row]:
    """Rows of the summary under protocols that keep groups apart, of clips one by one."""
    shown = []
    keys = found.summary[["experiment", "protocol"]].drop_duplicates().to_numpy()
    for name, protocol in keys:
        if keeps_apart(protocol):
            best = found.baseline(name, protocol, "none")
            models = ["graphsage", "edgeless", *([best["model"]] if best else [])]
            rows = (found.row(name, protocol, m, "none") for m in dict.fromkeys(models))
            shown += [row for row in rows if row and not np.isnan(row["artist_mean"])]
    return shown


def _trusted(calibration: pd.DataFrame) -> list[Row]:
    """Of each experiment, protocol and scaling: GraphSAGE, and the model of the least log loss."""
    own = calibration[calibration["aggregation"] == "none"]
    found: list[Row] = []
    for _, rows in own.groupby(["experiment", "protocol", "scaling"], sort=False):
        least = rows["log_loss"] == rows["log_loss"].min()
        shown = rows[(rows["model"] == "graphsage") | least]
        found += shown.drop_duplicates("model").to_dict("records")
    return found


def _curve(table: pd.DataFrame | None) -> dict[str, Any] | None:
    """Models of the learning curve, and a row a level."""
    if table is None:
        return None
    found = levels(table)
    means = found.pivot_table(index=["series", "level"], columns="model", values="mean", sort=False)
    sizes = found.groupby(["series", "level"], sort=False)[["artists", "clips"]].mean()
    rows = [
        {"series": at[0], "artists": artists, "clips": clips, "means": own}
        for at, (artists, clips), own in zip(
            means.index.tolist(), sizes.loc[means.index].to_numpy(), means.to_numpy(), strict=True
        )
    ]
    return {
        "experiment": table["experiment"].iloc[0],
        "repeats": int(table["repeat"].nunique()),
        "models": means.columns.tolist(),
        "rows": rows,
    }


def _looks(found: Tables) -> list[dict[str, Any]]:
    """By protocol, how much was evaluated on its test parts."""
    of_models = found.summary.drop_duplicates(["experiment", "protocol", "model"])
    curve = found.learning_curve
    points = {"paper": _tuned(found.tuning), "clean": 0 if curve is None else len(levels(curve))}
    return [
        {
            "protocol": protocol,
            "experiments": rows["experiment"].nunique(),
            "models": len(rows),
            "points": points.get(str(protocol), 0),
        }
        for protocol, rows in of_models.groupby("protocol", sort=False)
    ]


def _tuned(tuning: pd.DataFrame | None) -> int:
    return 0 if tuning is None else len(tuning[["parameter", "value"]].drop_duplicates())


def main(
    results: Annotated[list[Path], typer.Argument(help="Tables, named by experiment (CSV).")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset, with its other tables.")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    template: Annotated[Path, typer.Option(help="What to say (Jinja2).")],
    output: Annotated[Path, typer.Option(help="Findings, to be written (Markdown).")],
    learning_curve: Annotated[Path | None, typer.Option(help="If there is one (CSV).")] = None,
    tuning: Annotated[Path | None, typer.Option(help="If there was one (CSV).")] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
) -> None:
    """Say in words what the results say."""
    found = read(results, folder, json.loads(config), learning_curve, tuning)
    facts = facts_of(found, pairs(not_run))
    output.write_text(findings(template.read_text(encoding="utf-8"), facts), encoding="utf-8")
