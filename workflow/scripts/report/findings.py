"""Say in words what the results say: every number is read from a results file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import jinja2
import numpy as np
import pandas as pd
import typer

from graph.health import DEGENERATE
from results.choices import COLUMNS as CHOICES
from results.statistics import corrected_interval, corrected_paired_test
from results.summarise import pairs

Key = tuple[str, str]  # Experiment and protocol.
GRAPHLESS = "blend"  # The candidate that is the classifiers of most others, and no graph.
LEARNT = 0.99  # Training accuracy from which on a network has learnt its clips.


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
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, not HTML.
    )
    environment.filters |= FILTERS
    return environment.from_string(template).render(facts)


def facts_of(
    summary: pd.DataFrame,
    results: pd.DataFrame,
    health: Mapping[Key, pd.DataFrame],
    leaks: Mapping[Key, pd.DataFrame],
    choices: pd.DataFrame,
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

    Returns
    -------
    dict
        ``evaluations``: one an experiment and protocol; and selections of them.
    """
    evaluations = [
        _evaluation(key, rows, results, health[key], leaks[key])
        for (name, protocol), rows in summary.groupby(["experiment", "protocol"], sort=False)
        for key in [(str(name), str(protocol))]
    ]
    paper = [each for each in evaluations if not np.isnan(each["stated"])]
    within = [each for each in paper if _is_within(each)]
    degenerate = [e for e in evaluations if e["health"]["zero_distance_share"] >= DEGENERATE]
    return {
        "evaluations": evaluations,
        "paper": paper,
        "within": within,
        "without": [each for each in paper if not _is_within(each)],
        "untrained": [each for each in paper if each["graphsage"]["train_mean"] < LEARNT],
        "degenerate": degenerate,
        "same": [each for each in degenerate if each["same_as_edgeless"]],
        "connected": [each for each in evaluations if each not in degenerate],
        "any_songs": any(not np.isnan(each["graphsage"]["song_mean"]) for each in evaluations),
        "falls": _falls(evaluations),
        "contests": [
            _contest(each, results, choices)
            for each in evaluations
            if any(row["model"] == "best" for row in each["models"])
        ],
    }


def _evaluation(
    key: Key,
    rows: pd.DataFrame,
    results: pd.DataFrame,
    health: pd.DataFrame,
    leaks: pd.DataFrame,
) -> dict[str, Any]:
    name, protocol = key
    folds = results[(results["experiment"] == name) & (results["protocol"] == protocol)]
    accuracies = folds.pivot(index=["repeat", "fold"], columns="model", values="test_accuracy")
    models: list[dict[Any, Any]] = rows.to_dict("records")
    by_name = {row["model"]: row for row in models}
    graphsage, edgeless = by_name["graphsage"], by_name["edgeless"]
    best = max(models, key=lambda row: row["mean"])
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
        "gain": graphsage["mean"] - edgeless["mean"],
        "same_as_edgeless": accuracies["graphsage"].equals(
            accuracies["edgeless"].rename("graphsage")
        ),
        "best": best,
        "behind": graphsage["mean"] - best["mean"],
        "health": health.mean().to_dict(),
        "leaks": leaks.mean().to_dict(),
    }


def _is_within(evaluation: Mapping[str, Any]) -> bool:
    row = evaluation["graphsage"]
    return bool(row["ci_low"] <= evaluation["stated"] <= row["ci_high"])


def _falls(evaluations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From protocol paper to clean, of the experiments that have both."""
    rows = {(each["name"], each["protocol"]): each["graphsage"] for each in evaluations}
    names = dict.fromkeys(name for name, _ in rows)
    both = [name for name in names if {(name, "paper"), (name, "clean")} <= rows.keys()]
    return [
        {
            "name": name,
            "paper": rows[name, "paper"],
            "clean": rows[name, "clean"],
            "fall": rows[name, "clean"]["mean"] - rows[name, "paper"]["mean"],
        }
        for name in both
    ]


def _contest(
    evaluation: Mapping[str, Any], results: pd.DataFrame, choices: pd.DataFrame
) -> dict[str, Any]:
    """Model ``best`` against every other model of the same folds."""
    name, protocol = evaluation["name"], evaluation["protocol"]
    folds = results[(results["experiment"] == name) & (results["protocol"] == protocol)]
    accuracies = folds.pivot(index=["repeat", "fold"], columns="model", values="test_accuracy")
    sizes = folds["n_train"].mean(), folds["n_test"].mean()
    own = choices[(choices["experiment"] == name) & (choices["protocol"] == protocol)]
    graphless = own[own["candidate"] == GRAPHLESS].set_index(["repeat", "fold"])["test_accuracy"]

    def against(model: str, others: pd.Series) -> dict[str, Any]:
        interval = corrected_interval(accuracies["best"] - others, *sizes, limits=(-1, 1))
        p = corrected_paired_test(accuracies["best"], others.loc[accuracies.index], *sizes)
        return {"model": model, **interval._asdict(), "p": p}

    others = [row["model"] for row in evaluation["models"] if row["model"] != "best"]
    differences = [against(model, accuracies[model]) for model in others]
    candidates = own.groupby("candidate", sort=False).agg(
        chosen=("chosen", "sum"),
        inner_accuracy=("inner_accuracy", "mean"),
        test_accuracy=("test_accuracy", "mean"),
    )
    return {
        "name": name,
        "protocol": protocol,
        "own": next(row for row in evaluation["models"] if row["model"] == "best"),
        "differences": differences,
        "against_graphsage": next(d for d in differences if d["model"] == "graphsage"),
        "against_graphless": against(GRAPHLESS, graphless),
        "against_other": min(differences, key=lambda d: d["mean"]),
        "choices": candidates.reset_index().to_dict("records"),
    }


def _interval(row: Mapping[str, float]) -> str:
    single = np.isnan(row["ci_low"])
    return "-" if single else f"{_accuracy(row['ci_low'])} to {_accuracy(row['ci_high'])}"


def _accuracy(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4f}"


def _p(value: float) -> str:
    if np.isnan(value):
        return "-"
    return "< .001" if value < 0.001 else f"{value:.3f}"


def _equal(p: float) -> str:
    return _p(p) if p < 0.001 else f"= {_p(p)}"


def _verdict(p: float) -> str:
    return f"{'is hardly' if p < 0.05 else 'may be'} chance (p {_equal(p)})"


FILTERS = {
    "accuracy": _accuracy,
    "interval": _interval,
    "percent": lambda share: f"{100 * share:.1f} %",
    "points": lambda difference: f"{100 * difference:+.1f} points",
    "p": _p,
    "verdict": _verdict,
    "equal_p": _equal,
}


def main(
    results: Annotated[list[Path], typer.Argument(help="Result tables (CSV).")],
    summary: Annotated[Path, typer.Option(help="Summary of all experiments (CSV).")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset's experiments.")],
    template: Annotated[Path, typer.Option(help="What to say (Jinja2).")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    output: Annotated[Path, typer.Option(help="Findings, to be written (Markdown).")],
    choices: Annotated[list[Path] | None, typer.Option(help="Of model best (CSV).")] = None,
    left_out: Annotated[list[str] | None, typer.Option(help="PROTOCOL=why not.")] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Say in words what the results say."""
    table = pd.read_csv(summary).fillna({"note": ""})
    keys = list(table[["experiment", "protocol"]].drop_duplicates().itertuples(index=False))
    places = {tuple(key): folder.joinpath(*key) for key in keys}
    none_chosen = pd.DataFrame(columns=CHOICES)
    facts = facts_of(
        table,
        pd.concat([pd.read_csv(path) for path in results], ignore_index=True),
        {key: pd.read_csv(place / "graph-health.csv") for key, place in places.items()},
        {key: pd.read_csv(place / "leaks.csv") for key, place in places.items()},
        pd.concat([none_chosen, *map(pd.read_csv, choices or [])], ignore_index=True),
    )
    facts |= {"dataset": dataset, "synthesised": synthesised}
    facts |= {"left_out": pairs(left_out), "not_run": pairs(not_run)}
    output.write_text(findings(template.read_text(encoding="utf-8"), facts), encoding="utf-8")
