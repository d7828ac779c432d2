"""Say in words what the results say: every number is read from a results file."""

import html
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import jinja2
import numpy as np
import pandas as pd
import typer

from graph.health import DEGENERATE
from results.ahead import COLUMNS as AHEAD
from results.ahead import TOLD_ARTISTS
from results.calibration import COLUMNS as CALIBRATION
from results.choices import COLUMNS as CHOICES
from results.choices import by_candidate
from results.outputs import counts_of, left_out_of, read_result, read_tables
from results.paired import over_folds
from results.statistics import holm, p_text
from results.summarise import BY_GROUPS, pairs, untested
from results.variants import COLUMNS as VARIANTS
from settings.groups import OF_ONE_ARTIST

Key = tuple[str, str]  # Experiment and protocol.
GRAPHLESS = "blend"  # The candidate that is the classifiers of most others, and no graph.
LEARNT = 0.99  # Training accuracy from which on a network has learnt its clips.
INFORMED = 0.02  # Share of neighbours of the same genre, above chance, that says something.
ALL_ALIKE = "weights: equal"  # Settings of the variant in which all neighbours count the same.


def findings(template: str, facts: Mapping[str, Any]) -> str:
    """Fill in the template.

    Parameters
    ----------
    template : str
        Jinja2, with the filters `FILTERS`.
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


def facts_of(
    summary: pd.DataFrame,
    results: pd.DataFrame,
    health: Mapping[Key, pd.DataFrame],
    leaks: Mapping[Key, pd.DataFrame],
    choices: pd.DataFrame,
    ahead: pd.DataFrame,
    calibration: pd.DataFrame,
    variants: pd.DataFrame,
    metrics: Mapping[str, str],
    settings: Mapping[str, str],
) -> dict[str, Any]:
    """What the template may say.

    Parameters
    ----------
    summary : pd.DataFrame
        As `results.summarise` makes it.
    results : pd.DataFrame
        Result tables as `results.collect` makes them, one below the other.
    health, leaks : mapping of (str, str) to pd.DataFrame
        Tables of `graph.health` and `folds.leaks`, by experiment and protocol.
    choices : pd.DataFrame
        Candidates' scores as `results.choices` gathers them.
    ahead : pd.DataFrame
        Graph models beside classifiers as `results.ahead` compares them.
    calibration : pd.DataFrame
        Scores of probabilities as `results.calibration` writes them.
    variants : pd.DataFrame
        Variants of networks as `results.variants` compares them.
    metrics : mapping of str to str
        By what an experiment's graphs join clips, as `settings.model.Graph.nearness` says it.
    settings : mapping of str to str
        In what a variant differs, by ``EXPERIMENT.VARIANT``.

    Returns
    -------
    dict
        ``evaluations``: one an experiment and protocol; and selections of them.
    """
    evaluations = [
        _evaluation(key, rows, results, health[key], leaks[key], metrics.get(key[0], "-"))
        for (name, protocol), rows in summary.groupby(["experiment", "protocol"], sort=False)
        for key in [(str(name), str(protocol))]
    ]
    paper = [each for each in evaluations if not np.isnan(each["stated"])]
    degenerate = [e for e in evaluations if e["health"]["zero_distance_share"] >= DEGENERATE]
    connected = [e for e in evaluations if e["health"]["zero_distance_share"] < DEGENERATE]
    compared = _compared(variants, settings)
    protocols = list(dict.fromkeys(each["protocol"] for each in evaluations))
    return {
        "evaluations": evaluations,
        "experiments": _experiments(summary),
        "notes": _notes(evaluations),
        "paper": paper,
        "within": [each for each in paper if _is_within(each)],
        "without": [each for each in paper if not _is_within(each)],
        "untrained": [each for each in paper if each["graphsage"]["train_mean"] < LEARNT],
        "degenerate": degenerate,
        "same": [each for each in degenerate if each["same_as_edgeless"]],
        "connected": connected,
        "of_artists": any(each["of_artists"] for each in evaluations),
        "any_told": any(each["told"] for each in evaluations),
        "helps": _helps(connected),
        "jaccard": _jaccard(degenerate, compared, metrics),
        "any_songs": any(not np.isnan(each["graphsage"]["song_mean"]) for each in evaluations),
        "any_by_groups": any(row["interval"] == BY_GROUPS for row in summary.to_dict("records")),
        "networks": _networks(evaluations),
        "ahead": _ahead(ahead, metrics),
        "trusted": _trusted(calibration, metrics),
        "falls": _falls(evaluations),
        "variants": compared,
        "rivalled": [each for each in evaluations if len(each["models"]) > 2],
        "contests": _contests(evaluations, results, choices),
        "looks": [_looks(name, evaluations, choices, compared) for name in protocols],
    }


def _evaluation(
    key: Key,
    rows: pd.DataFrame,
    results: pd.DataFrame,
    health: pd.DataFrame,
    leaks: pd.DataFrame,
    metric: str,
) -> dict[str, Any]:
    name, protocol = key
    folds = _folds(results, name, protocol)
    accuracies = folds.pivot(index=["repeat", "fold"], columns="model", values="test_accuracy")
    models: list[dict[Any, Any]] = rows.to_dict("records")
    by_name = {row["model"]: row for row in models}
    graphsage, edgeless = by_name["graphsage"], by_name["edgeless"]
    first = folds.iloc[0]
    return {
        "name": name,
        "protocol": protocol,
        "clips": int(first["n_train"] + first["n_test"]),
        "stated": graphsage["paper_test_accuracy"] if protocol == "paper" else np.nan,
        "difference": graphsage["difference"],
        "note": graphsage["note"],
        "models": models,
        "graphsage": graphsage,
        "edgeless": edgeless,
        "same_as_edgeless": accuracies["graphsage"].equals(
            accuracies["edgeless"].rename("graphsage")
        ),
        "of_artists": _of_artists(metric),
        "told": _any_told(models, metric),
        "best": _best(models, metric),
        "behind": graphsage["mean"] - _best(models, metric)["mean"],
        "metric": metric,
        "health": health.mean().to_dict(),
        "leaks": leaks.mean().to_dict(),
    }


def _of_artists(metric: str) -> bool:
    return metric.endswith(OF_ONE_ARTIST)


def _is_told(model: str, metric: str) -> bool:
    """Whether a model is told which clips are of one artist, by itself or by its graph."""
    return model == TOLD_ARTISTS or (model == "graphsage" and _of_artists(metric))


def _any_told(models: Sequence[Mapping[str, Any]], metric: str) -> bool:
    return any(_is_told(row["model"], metric) for row in models)


def _best(models: Sequence[Mapping[str, Any]], metric: str) -> Mapping[str, Any]:
    """The model of the highest accuracy, of those that are not told artists."""
    untold = [row for row in models if not _is_told(row["model"], metric)]
    return max(untold, key=lambda row: row["mean"])


def _folds(results: pd.DataFrame, name: str, protocol: str) -> pd.DataFrame:
    return results[(results["experiment"] == name) & (results["protocol"] == protocol)]


def _is_within(evaluation: Mapping[str, Any]) -> bool:
    row = evaluation["graphsage"]
    return bool(row["ci_low"] <= evaluation["stated"] <= row["ci_high"])


def _experiments(summary: pd.DataFrame) -> list[dict[str, Any]]:
    """Over how many tests each experiment's p are adjusted, and how many there could not be."""
    return [
        {
            "name": name,
            **{c: int(rows[c].iloc[0]) for c in summary.columns if c.endswith("_tests")},
            "untested": untested(rows, "p_vs_edgeless"),
        }
        for name, rows in summary.groupby("experiment", sort=False)
    ]


def _notes(evaluations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each note of an experiment once, with the protocols that it is of."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in evaluations:
        if each["note"]:
            found.setdefault((each["name"], each["note"]), []).append(each["protocol"])
    return [
        {"name": name, "note": note, "protocols": protocols}
        for (name, note), protocols in found.items()
    ]


def _helps(connected: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What messages are worth under each protocol and kind of graph, where graphs have edges."""
    found = []
    kinds = ((each["of_artists"], each["protocol"]) for each in connected)
    for kind in sorted(dict.fromkeys(kinds), key=lambda kind: kind[0]):
        own = [each for each in connected if (each["of_artists"], each["protocol"]) == kind]
        gains = [each["graphsage"]["gain"] for each in own]
        tests = []
        for test, words in (("p_vs_edgeless", "over folds"), ("p_by_group", "by group")):
            tested = [each for each in own if not np.isnan(each["graphsage"][test])]
            tests.append(
                {
                    "words": words,
                    "tested": len(tested),
                    "untested": len(own) - len(tested),
                    "significant": [e for e in tested if e["graphsage"][test] < 0.05],
                }
            )
        found.append(
            {
                "protocol": kind[1],
                "of_artists": kind[0],
                "of": own,
                "least": min(gains),
                "most": max(gains),
                "tests": tests,
            }
        )
    return found


def _networks(evaluations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Networks beside GraphSAGE that have a twin of their own, and that."""
    found = []
    for each in evaluations:
        by_name = {row["model"]: row for row in each["models"]}
        found += [
            {
                "name": each["name"],
                "protocol": each["protocol"],
                "own": row,
                "twin": by_name[row["against"]],
            }
            for row in each["models"]
            if row["against"] not in ("", "edgeless")
        ]
    return found


def _ahead(table: pd.DataFrame, metrics: Mapping[str, str]) -> list[dict[str, Any]]:
    """Graph models of each experiment and protocol, and the best of them."""
    found = []
    for (name, protocol), rows in table.groupby(["experiment", "protocol"], sort=False):
        models: list[dict[Any, Any]] = rows.to_dict("records")
        metric = metrics.get(str(name), "-")
        found.append(
            {
                "name": name,
                "protocol": protocol,
                "models": models,
                "best": _best(models, metric),
                "told": _any_told(models, metric),
            }
        )
    return found


def _trusted(calibration: pd.DataFrame, metrics: Mapping[str, str]) -> list[dict[Any, Any]]:
    """Of each experiment, protocol and scaling: GraphSAGE, and the model of the least log loss.

    What is told artists knows more, and is not asked for the least.
    """
    found: list[dict[Any, Any]] = []
    for (name, *_), rows in calibration.groupby(["experiment", "protocol", "scaling"], sort=False):
        own, metric = rows["model"] == "graphsage", metrics.get(str(name), "-")
        untold = np.array([not _is_told(model, metric) for model in rows["model"]])
        least = untold & (rows["log_loss"] == rows.loc[untold, "log_loss"].min())
        found += rows[own | least].drop_duplicates("model").to_dict("records")
    return found


def _compared(variants: pd.DataFrame, settings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Variants of each experiment and protocol that has some."""
    found = []
    for (name, protocol), rows in variants.groupby(["experiment", "protocol"], sort=False):
        table: list[dict[Any, Any]] = rows.to_dict("records")
        for row in table:
            row["settings"] = settings.get(f"{name}.{row['variant']}", "")
        found.append({"name": name, "protocol": protocol, "rows": table})
    return found


def _jaccard(
    degenerate: Sequence[Mapping[str, Any]],
    compared: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, str],
) -> dict[str, Any]:
    """Evaluations in which Jaccard's distances are all zero, and those in which all are one."""
    zero = [each for each in degenerate if metrics.get(each["name"]) == "jaccard"]
    keys = {(each["name"], each["protocol"]) for each in zero}
    one = [
        {**row, "name": each["name"], "protocol": each["protocol"]}
        for each in compared
        if (each["name"], each["protocol"]) in keys
        for row in each["rows"]
        if row["settings"] == ALL_ALIKE
    ]
    above = [each["health"]["homophily"] - each["health"]["chance_homophily"] for each in zero]
    return {"zero": zero, "one": one, "at_chance": max(map(abs, above), default=0) < INFORMED}


def _falls(evaluations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From protocols paper and random to clean, of the experiments that have clean and either."""
    rows = {(each["name"], each["protocol"]): each for each in evaluations}
    found = []
    for name in dict.fromkeys(name for name, _ in rows):
        paper, random, clean = (rows.get((name, p)) for p in ("paper", "random", "clean"))
        if clean is None or (paper is None and random is None):
            continue
        found.append({"name": name, "paper": paper, "random": random, "clean": clean})
    return found


def _contests(
    evaluations: Sequence[Mapping[str, Any]], results: pd.DataFrame, choices: pd.DataFrame
) -> list[dict[str, Any]]:
    """Model ``best`` against every other model of the same folds, and its candidate without graph.

    Each p is adjusted (Holm) for all of an experiment, over its protocols.
    """
    found = []
    for each in evaluations:
        if all(row["model"] != "best" for row in each["models"]):
            continue
        own = choices[
            (choices["experiment"] == each["name"]) & (choices["protocol"] == each["protocol"])
        ]
        found.append(_contest(each, _folds(results, each["name"], each["protocol"]), own))
    for name in {each["name"] for each in found}:
        family = [d for each in found if each["name"] == name for d in each["differences"]]
        adjusted = holm([d["p"] for d in family])
        for difference, p in zip(family, adjusted, strict=True):
            difference |= {"p": p, "tests": int(np.isfinite(adjusted).sum())}
    return found


def _contest(
    evaluation: Mapping[str, Any], folds: pd.DataFrame, choices: pd.DataFrame
) -> dict[str, Any]:
    sizes = folds.loc[folds["model"] == "best", ["repeat", "fold", "n_train", "n_test"]]
    graphless = choices[(choices["model"] == "best") & (choices["candidate"] == GRAPHLESS)]
    graphless = graphless.merge(sizes, on=["repeat", "fold"])
    entrants = pd.concat([folds, graphless.assign(model=GRAPHLESS)], ignore_index=True)
    behind = over_folds(entrants, "best").drop(index="best")
    differences = [
        {
            "model": model,
            "mean": -row.gain,
            "low": -row.gain_high,
            "high": -row.gain_low,
            "p": row.p,
        }
        for model, row in behind.iterrows()
    ]
    by_model = {each["model"]: each for each in differences}
    others = [
        each
        for each in differences
        if each["model"] != GRAPHLESS and not _is_told(each["model"], evaluation["metric"])
    ]
    by_name = {row["model"]: row for row in evaluation["models"]}
    return {
        "name": evaluation["name"],
        "protocol": evaluation["protocol"],
        "own": by_name["best"],
        "told": by_name.get(TOLD_ARTISTS),
        "of_artists": evaluation["of_artists"],
        "differences": differences,
        "against_graphsage": by_model["graphsage"],
        "against_graphless": by_model[GRAPHLESS],
        "against_told": by_model.get(TOLD_ARTISTS),
        "against_other": min(others, key=lambda d: d["mean"]),
        "choices": by_candidate(choices).to_dict("records"),
    }


def _looks(
    protocol: str,
    evaluations: Sequence[Mapping[str, Any]],
    choices: pd.DataFrame,
    compared: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What was scored on the test part of a fold under a protocol."""
    own = [each for each in evaluations if each["protocol"] == protocol]
    candidates = choices[choices["protocol"] == protocol]
    return {
        "protocol": protocol,
        "experiments": len(own),
        "models": sum(len(each["models"]) for each in own),
        "candidates": len(candidates[["experiment", "candidate"]].drop_duplicates()),
        "told": TOLD_ARTISTS in candidates["model"].to_numpy(),
        # Less graphsage and edgeless, which stand among the variants to be compared with.
        "variants": sum(len(e["rows"]) - 2 for e in compared if e["protocol"] == protocol),
    }


def tuned(tuning: pd.DataFrame) -> dict[str, Any]:
    """What the tuning looked at.

    Parameters
    ----------
    tuning : pd.DataFrame
        As `results.tuning` gathers it.
    """
    return {
        "name": tuning["experiment"].iloc[0],
        "points": len(tuning[["parameter", "value"]].drop_duplicates()),
        "folds": tuning["fold"].nunique(),
    }


def _loss_interval(row: Mapping[str, Any]) -> str:
    low, high = row["log_loss_low"], row["log_loss_high"]
    return "-" if np.isnan(low) else f"{low:.3f} to {high:.3f}"


def _interval(row: Mapping[str, Any]) -> str:
    if np.isnan(row["ci_low"]):
        return "-"
    mark = " *" if row["interval"] == BY_GROUPS else ""
    return f"{_accuracy(row['ci_low'])} to {_accuracy(row['ci_high'])}{mark}"


def _accuracy(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4f}"


def _points(difference: float) -> str:
    return "-" if np.isnan(difference) else f"{_percents(difference)} points"


def _span(low: float, high: float) -> str:
    return "-" if np.isnan(low) else f"{_percents(low)} to {_percents(high)}"


def _percents(share: float) -> str:
    return f"{round(100 * share, 1) + 0:+.1f}"  # + 0: there is no -0.0.


def _gain_interval(row: Mapping[str, Any]) -> str:
    mark = " *" if row["interval"] == BY_GROUPS else ""
    return _span(row["gain_low"], row["gain_high"]) + mark


def _equal(p: float) -> str:
    if np.isnan(p):
        return "could not be tested"
    return f"p {p_text(p)}" if p < 0.001 else f"p = {p_text(p)}"


def _verdict(p: float) -> str:
    if np.isnan(p):
        return "could not be tested"
    return f"{'is hardly' if p < 0.05 else 'may be'} chance ({_equal(p)})"


def _names(evaluations: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"`{e['name']}` ({_points(e['graphsage']['gain'])})" for e in evaluations)


def _literal(text: str) -> str:
    """Text of a user's, such as names of genres, that Markdown and HTML take for nothing else."""
    return re.sub(r"([\\`*\[\]|])", r"\\\1", html.escape(text, quote=False))


FILTERS = {
    "literal": _literal,
    "accuracy": _accuracy,
    "interval": _interval,
    "loss_interval": _loss_interval,
    "span": _span,
    "gain_interval": _gain_interval,
    "percent": lambda share: "-" if np.isnan(share) else f"{100 * share:.1f} %",
    "points": _points,
    "p": p_text,
    "verdict": _verdict,
    "equal_p": _equal,
    "gains": _names,
}


def main(
    results: Annotated[list[Path], typer.Argument(help="Tables, named by experiment (CSV).")],
    summary: Annotated[Path, typer.Option(help="Summary of all experiments (CSV).")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset's experiments.")],
    template: Annotated[Path, typer.Option(help="What to say (Jinja2).")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    output: Annotated[Path, typer.Option(help="Findings, to be written (Markdown).")],
    choices: Annotated[list[Path] | None, typer.Option(help="Of model best (CSV).")] = None,
    ahead: Annotated[list[Path] | None, typer.Option(help="Of graph models (CSV).")] = None,
    calibration: Annotated[list[Path] | None, typer.Option(help="Of probabilities (CSV).")] = None,
    variants: Annotated[list[Path] | None, typer.Option(help="Of the network (CSV).")] = None,
    tuning: Annotated[Path | None, typer.Option(help="Tuning, if there was one (CSV).")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=metric.")] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="EXPERIMENT.VARIANT=its settings.")
    ] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Say in words what the results say."""
    table = read_result(summary).fillna(dict.fromkeys(["note", "interval", "against"], ""))
    keys = list(table[["experiment", "protocol"]].drop_duplicates().itertuples(index=False))
    places = {tuple(key): folder.joinpath(*key) for key in keys}
    facts = facts_of(
        table,
        read_tables(results),
        {key: pd.read_csv(place / "graph-health.csv") for key, place in places.items()},
        {key: pd.read_csv(place / "leaks.csv") for key, place in places.items()},
        read_tables(choices) if choices else pd.DataFrame(columns=CHOICES),
        read_tables(ahead) if ahead else pd.DataFrame(columns=AHEAD),
        read_tables(calibration) if calibration else pd.DataFrame(columns=CALIBRATION),
        read_tables(variants) if variants else pd.DataFrame(columns=VARIANTS),
        pairs(metric),
        pairs(variant),
    )
    reasons = {path.stem: left_out_of(folder / path.stem / "protocols.json") for path in results}
    facts |= {"dataset": dataset, "synthesised": synthesised}
    counts = {path.stem: counts_of(folder / path.stem / "protocols.json") for path in results}
    facts |= {"left_out": reasons, "not_run": pairs(not_run), "clips": counts}
    facts |= {"tuning": tuned(read_result(tuning)) if tuning else None}
    output.write_text(findings(template.read_text(encoding="utf-8"), facts), encoding="utf-8")
