"""The answer, one table and three sentences at most, and accuracies of all models on one scale."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from genregraph.config.registry import EDGELESS, NETWORKS
from genregraph.folds.protocols import STRICTEST_FIRST, strictest
from genregraph.report.figures.style import counted
from genregraph.report.page.tables import ALPHA, DEGENERATE, Key, Row, Tables, keys_of
from genregraph.report.page.words import AGGREGATIONS, PROTOCOLS, accuracy, points_span, span

MAIN = NETWORKS[0]
SCALED = ["mean", "ci_low", "ci_high", "paper_test_accuracy"]
Tested = Mapping[Key, tuple[int, int]]  # Numbers of test clips and of genres.


def answers(tables: Tables, aggregation: str, tested: Tested) -> pd.DataFrame:
    """Each experiment under its strictest protocol that has an aggregation.

    The difference is that of GraphSAGE from its ablation, its p by group (NaN: not tested).
    """
    rows = []
    summary = tables.summary[tables.summary["aggregation"] == aggregation]
    for name, protocols in summary.groupby("experiment", sort=False)["protocol"]:
        keys = {"experiment": str(name), "protocol": strictest(protocols)}
        clips, genres = tested[keys["experiment"], keys["protocol"]]
        own = {**keys, "aggregation": aggregation}
        best = next(iter(tables.compared("baseline", **own)), {})
        messages = next(iter(tables.compared("messages", **own, model=MAIN)), {})
        low, high = messages.get("ci_low", np.nan), messages.get("ci_high", np.nan)
        row = keys | {
            "clips": clips,
            "genres": genres,
            "guessing": 1 / genres,
            "GraphSAGE": tables.mean(**own, model=MAIN),
            "ablation": tables.mean(**own, model=EDGELESS),
            "best_baseline": best.get("reference", "-"),
            "its_accuracy": best.get("other", np.nan),
            "difference": messages.get("difference", np.nan),
            "95_%_interval": points_span(low, high),
            "adjusted_p": messages.get("p_groups_holm", np.nan),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def sentences(tables: Tables, answered: pd.DataFrame) -> list[str]:
    """What answers of aggregation none say of messages, of artist labels, and of the paper."""
    if answered.empty:
        return ["No protocol of any experiment could be evaluated."]
    said = [_messages(tables, answered)]
    said += [
        f"GraphSAGE on a graph of artists ({each['name']}, {each['protocol']}) reaches "
        f"{_stated(each['graphsage'])}; without messages, its probabilities averaged over each "
        f"artist's test clips, it reaches {_stated(each['edgeless'])}."
        for each in artist_label_pairs(tables)[:1]
    ]
    paper = papers(tables)
    if paper["rows"]:
        inside = sum(row["inside"] for row in paper["rows"])
        said.append(
            f"By the paper's own protocol, {len(paper['rows'])} of the paper's {paper['stated']} "
            f"accuracies were computed; {inside} of these {'lies' if inside == 1 else 'lie'} "
            "within our 95 % interval."
        )
    return said


def _messages(tables: Tables, answered: pd.DataFrame) -> str:
    has_edges = [
        tables.health[key]["degenerate"].mean() < DEGENERATE and not tables.of_artists(key[0])
        for key in keys_of(answered)
    ]
    joined = answered[has_edges]
    if joined.empty:
        return (
            "At most half of the distances of each graph of similar clips are not zero, so nothing "
            "here says whether messages help."
        )
    tested = joined[joined["adjusted_p"].notna()]
    if tested.empty:
        return "Whether messages of similar clips help could not be tested by group."
    better = tested[(tested["adjusted_p"] < ALPHA) & (tested["difference"] > 0)]
    names = f" ({', '.join(better['experiment'])})" if len(better) else ""
    return (
        "Messages of similar clips make GraphSAGE significantly better (adjusted p by group < .05) "
        f"in {len(better) or 'none'} of {counted(len(tested), 'experiment')} that could be "
        f"tested{names}. Graphs without edges and equal predictions are not tested."
    )


def artist_label_pairs(tables: Tables) -> list[dict[str, Any]]:
    """GraphSAGE on each graph of artists, and the ablation whose predictions are averaged.

    Both are rows of the summary and use artist labels, in different ways: no test compares the two.
    The strictest protocol of an experiment is first.
    """
    pairs = []
    for name, protocols in tables.summary.groupby("experiment", sort=False)["protocol"]:
        for protocol in sorted(protocols.unique(), key=STRICTEST_FIRST.index):
            graphsage = tables.row(str(name), protocol, MAIN, "none")
            edgeless = tables.row(str(name), protocol, EDGELESS, "artist")
            if tables.of_artists(str(name)) and graphsage and edgeless:
                pair = {"graphsage": graphsage, "edgeless": edgeless}
                pairs.append({"name": name, "protocol": protocol, **pair})
    return pairs


def _stated(row: Row) -> str:
    ends = span(row["ci_low"], row["ci_high"])
    return accuracy(row["mean"]) + (f" (95 % interval {ends})" if ends != "-" else "")


def papers(tables: Tables) -> dict[str, Any]:
    """The paper's numbers by the paper's protocol, where these are the paper's clips.

    ``rows`` are comparisons, each with GraphSAGE's row of the summary as ``own``; ``stated`` is how
    many numbers the configuration states, ``lacking`` are experiments that were not run.
    """
    config = tables.config
    stated = [name for name, e in config.experiments.items() if e.paper_test_accuracy is not None]
    rows = []
    for each in tables.compared("paper", model=MAIN, aggregation="none"):
        if own := tables.row(each["experiment"], "paper", MAIN, "none"):
            rows.append({**each, "own": own, "inside": each["ci_low"] <= 0 <= each["ci_high"]})
    run = {row["experiment"] for row in rows}
    lacking = [name for name in stated if name not in run and config.facts().of_the_paper]
    return {"rows": rows, "stated": len(stated), "lacking": lacking}


def accuracies(tables: Tables, tested: Tested) -> dict[str, Any]:
    """Rows of the summary by experiment, and the scale that all of their pictures have.

    ``share`` is where a value lies on the scale, ``ticks`` are its numbers.
    """
    guesses = {key: 1 / genres for key, (_, genres) in tested.items()}
    low, high = tenths([*tables.summary[SCALED].to_numpy(float).ravel(), *guesses.values()])
    experiments: dict[str, list[dict[str, Any]]] = {}
    places = ["experiment", "protocol", "aggregation"]
    for key, rows in tables.summary.groupby(places, sort=False):
        name, protocol, aggregation = map(str, key)
        part = {
            "protocol": protocol,
            "aggregation": aggregation,
            "what": PROTOCOLS[protocol] if aggregation == "none" else AGGREGATIONS[aggregation],
            "folds": int(rows["n_folds"].iloc[0]),
            "guess": guesses[name, protocol],
            "rows": rows.to_dict("records"),
        }
        experiments.setdefault(name, []).append(part)

    def share(value: float) -> str:
        return f"{np.interp(value, (low, high), (0, 100)):.2f}%"

    return {"share": share, "ticks": ticks(low, high), "experiments": experiments}


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, some five of them."""
    values = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [round(float(v), 6) for v in values if low - 1e-9 <= v <= high + 1e-9]


def tenths(values: Sequence[float]) -> tuple[float, float]:
    """Tenths between which all values lie, of 0 to 1; without values all of it."""
    known = pd.Series(values, dtype=float).dropna()
    if known.empty:
        return 0.0, 1.0
    low, high = np.floor(10 * known.min() + 1e-9) / 10, np.ceil(10 * known.max() - 1e-9) / 10
    return max(0.0, float(low)), min(1.0, max(float(high), float(low) + 0.1))
