"""The answer: one table with a row an experiment, and three sentences at most."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from genregraph.config.registry import EDGELESS, NETWORKS
from genregraph.folds.protocols import strictest
from genregraph.report.figures.style import counted
from genregraph.report.page.tables import ALPHA, Key, Row, Tables
from genregraph.report.page.words import accuracy, points_span, span

MAIN = NETWORKS[0]
TESTED = ("difference", "ci_low", "ci_high", "p_groups_holm")


def answers(
    tables: Tables, aggregation: str, tested: Mapping[Key, tuple[int, int]]
) -> pd.DataFrame:
    """Each experiment under its strictest protocol that has an aggregation.

    Numbers of test clips and of genres are by experiment and protocol. The difference is that of
    GraphSAGE from its ablation, its p by group (NaN where it was not tested).
    """
    rows = []
    summary = tables.summary[tables.summary["aggregation"] == aggregation]
    for name, protocols in summary.groupby("experiment", sort=False)["protocol"]:
        protocol = strictest(protocols.unique())
        keys = {"experiment": str(name), "protocol": protocol, "aggregation": aggregation}
        best = next(iter(tables.compared("baseline", **keys)), {})
        messages = next(iter(tables.compared("messages", **keys, model=MAIN)), {})
        clips, genres = tested[str(name), protocol]
        difference, low, high, p = (messages.get(name, np.nan) for name in TESTED)
        rows.append(
            {
                "experiment": name,
                "protocol": protocol,
                "clips": clips,
                "genres": genres,
                "guessing": 1 / genres,
                "GraphSAGE": tables.mean(**keys, model=MAIN),
                "ablation": tables.mean(**keys, model=EDGELESS),
                "best_baseline": best.get("reference", "-"),
                "its_accuracy": best.get("other", np.nan),
                "difference": difference,
                "95_%_interval": points_span(low, high),
                "adjusted_p": p,
            }
        )
    return pd.DataFrame(rows)


def sentences(tables: Tables, answered: pd.DataFrame) -> list[str]:
    """What answers of aggregation none say of messages, of artist labels, and of the paper."""
    if answered.empty:
        return ["No protocol of any experiment could be evaluated."]
    return [_messages(tables, answered), *_artists(tables)[:1], *_papers(tables)]


def _messages(tables: Tables, answered: pd.DataFrame) -> str:
    keys = zip(answered["experiment"], answered["protocol"], strict=True)
    similar = [tables.has_edges(*key) and not tables.of_artists(key[0]) for key in keys]
    joined = answered[similar]
    tested = joined[joined["adjusted_p"].notna()]
    if joined.empty:
        return (
            "At most half of the distances of each graph of similar clips are not zero, so nothing "
            "here says whether messages help."
        )
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

    Both use artist labels, in different ways: no test compares the two.

    Returns
    -------
    list of dict
        ``name protocol``, and rows of the summary ``graphsage`` (aggregation none) and
        ``edgeless`` (aggregation artist); the strictest protocol of an experiment first.
    """
    pairs = []
    for name, protocols in tables.summary.groupby("experiment", sort=False)["protocol"]:
        left = set(protocols) if tables.of_artists(str(name)) else set()
        while left:
            left.remove(protocol := strictest(left))
            graphsage = tables.row(str(name), protocol, MAIN, "none")
            edgeless = tables.row(str(name), protocol, EDGELESS, "artist")
            if graphsage and edgeless:
                pair = {"graphsage": graphsage, "edgeless": edgeless}
                pairs.append({"name": name, "protocol": protocol, **pair})
    return pairs


def _artists(tables: Tables) -> list[str]:
    return [
        f"GraphSAGE on a graph of artists ({each['name']}, {each['protocol']}) reaches "
        f"{_stated(each['graphsage'])}; without messages, its probabilities averaged over each "
        f"artist's test clips, it reaches {_stated(each['edgeless'])}."
        for each in artist_label_pairs(tables)
    ]


def _stated(row: Row) -> str:
    ends = span(row["ci_low"], row["ci_high"])
    return accuracy(row["mean"]) + (f" (95 % interval {ends})" if ends != "-" else "")


def papers(tables: Tables) -> dict[str, Any]:
    """The paper's numbers by the paper's protocol, where these are the paper's clips.

    Returns
    -------
    dict
        ``rows``: comparisons of question paper, each with GraphSAGE's row of the summary as
        ``own`` and whether the paper's number lies ``inside`` its interval; ``stated``: how many
        numbers the configuration states; ``lacking``: names of experiments that were not run.
    """
    stated = [name for name, e in tables.experiments.items() if e.paper_test_accuracy is not None]
    rows = []
    for each in tables.compared("paper", model=MAIN, aggregation="none"):
        own = tables.row(each["experiment"], "paper", MAIN, "none")
        if own:
            rows.append({**each, "own": own, "inside": each["ci_low"] <= 0 <= each["ci_high"]})
    run = {row["experiment"] for row in rows}
    lacking = [name for name in stated if name not in run] if tables.facts.of_the_paper else []
    return {"rows": rows, "stated": len(stated), "lacking": lacking}


def _papers(tables: Tables) -> list[str]:
    paper = papers(tables)
    if not paper["rows"]:
        return []
    inside = sum(row["inside"] for row in paper["rows"])
    lie = f"{inside} of these {'lies' if inside == 1 else 'lie'}"
    return [
        f"By the paper's own protocol, {len(paper['rows'])} of the paper's {paper['stated']} "
        f"accuracies were computed; {lie} within our 95 % interval."
    ]
