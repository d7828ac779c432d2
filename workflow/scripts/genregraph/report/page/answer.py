"""The answer: one table with a row an experiment, and three sentences at most."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from genregraph.report.page.tables import ALPHA, Row, Tables
from genregraph.report.page.words import accuracy, span
from genregraph.report.strictness import strictest


def rows(found: Tables, aggregation: str, genres: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each experiment under its strictest protocol that has an aggregation.

    Parameters
    ----------
    found : Tables
    aggregation : {"none", "artist"}
    genres : mapping of str to int
        Number of genres, by experiment.

    Returns
    -------
    list of dict
        ``name protocol genres``; rows of the summary ``graphsage``, ``edgeless`` and ``baseline``
        (None if there is none), ``guess``: accuracy of guessing; ``messages``: their comparison
        (None if it was not made); ``edges``: whether the graphs have any; ``of_artists``: whether
        they use artist labels.
    """
    summary = found.summary[found.summary["aggregation"] == aggregation]
    gains = {
        (each["experiment"], each["protocol"]): each
        for each in found.compared("messages")
        if (each["model"], each["aggregation"]) == ("graphsage", aggregation)
    }
    shown = []
    for name, own in summary.groupby("experiment", sort=False):
        protocol = strictest(own["protocol"].unique())
        shown.append(
            {
                "name": name,
                "protocol": protocol,
                "genres": genres[str(name)],
                "guess": 1 / genres[str(name)],
                "graphsage": found.row(str(name), protocol, "graphsage", aggregation),
                "edgeless": found.row(str(name), protocol, "edgeless", aggregation),
                "baseline": found.baseline(str(name), protocol, aggregation),
                "messages": gains.get((str(name), protocol)),
                "edges": found.has_edges(str(name), protocol),
                "of_artists": found.of_artists(str(name)),
            }
        )
    return shown


def sentences(found: Tables, shown: list[dict[str, Any]]) -> list[str]:
    """What the rows say of messages, of artist labels, and of the paper's numbers.

    Parameters
    ----------
    found : Tables
    shown : list of dict
        As `rows` makes them, of aggregation none.
    """
    if not shown:
        return ["No protocol of any experiment could be evaluated."]
    return [_messages(found, shown), *_artists(found)[:1], *_papers(found)]


def _messages(found: Tables, shown: list[dict[str, Any]]) -> str:
    joined = [each for each in shown if each["edges"] and not found.of_artists(each["name"])]
    tested = [e for e in joined if e["messages"] and not np.isnan(_p(e["messages"]))]
    if not joined:
        return "No graph of similar clips has edges, so nothing here says whether messages help."
    if not tested:
        return "Whether messages of similar clips help could not be tested by group."
    better = [e for e in tested if _p(e["messages"]) < ALPHA and e["messages"]["difference"] > 0]
    number = str(len(better)) if better else "none"
    names = f" ({', '.join(each['name'] for each in better)})" if better else ""
    return (
        "Messages of similar clips make GraphSAGE significantly better (adjusted p by group < .05) "
        f"in {number} of {len(tested)} experiments whose graphs have edges{names}."
    )


def _p(row: Row) -> float:
    return float(row["p_groups_holm"])


def beside_average(found: Tables) -> list[dict[str, Any]]:
    """GraphSAGE on each graph of artists, and the ablation whose predictions are averaged.

    Both use artist labels, in different ways: no test compares the two.

    Returns
    -------
    list of dict
        ``name protocol``, and rows of the summary ``graphsage`` (aggregation none) and
        ``edgeless`` (aggregation artist); the strictest protocol of an experiment first.
    """
    pairs = []
    for name in found.summary["experiment"].unique():
        if not found.of_artists(name):
            continue
        left = list(found.summary.loc[found.summary["experiment"] == name, "protocol"].unique())
        while left:
            protocol = strictest(left)
            left.remove(protocol)
            graphsage = found.row(name, protocol, "graphsage", "none")
            edgeless = found.row(name, protocol, "edgeless", "artist")
            if graphsage and edgeless:
                pairs.append(
                    {"name": name, "protocol": protocol, "graphsage": graphsage}
                    | {"edgeless": edgeless}
                )
    return pairs


def _artists(found: Tables) -> list[str]:
    return [
        f"GraphSAGE on a graph of artists ({each['name']}, {each['protocol']}) reaches "
        f"{_stated(each['graphsage'])}; without messages, its probabilities averaged over each "
        f"artist's test clips, it reaches {_stated(each['edgeless'])}."
        for each in beside_average(found)
    ]


def _stated(row: Row) -> str:
    ends = span(row["ci_low"], row["ci_high"])
    return accuracy(row["mean"]) + (f" (95 % interval {ends})" if ends != "-" else "")


def papers(found: Tables) -> dict[str, Any]:
    """The paper's numbers by the paper's protocol, where these are the paper's clips.

    Returns
    -------
    dict
        ``rows``: comparisons of question paper, each with GraphSAGE's row of the summary as
        ``own`` and whether the paper's number lies ``inside`` its interval; ``stated``: how many
        numbers the configuration states; ``lacking``: names of experiments that were not run.
    """
    stated = [name for name, e in found.experiments.items() if e.paper_test_accuracy is not None]
    rows = []
    for each in found.compared("paper"):
        own = found.row(each["experiment"], "paper", each["model"], each["aggregation"])
        if own and each["aggregation"] == "none" and each["model"] == "graphsage":
            inside = bool(each["ci_low"] <= 0 <= each["ci_high"])
            rows.append({**each, "own": own, "inside": inside})
    run = {row["experiment"] for row in rows}
    lacking = [name for name in stated if name not in run] if found.facts.of_the_paper else []
    return {"rows": rows, "stated": len(stated), "lacking": lacking}


def _papers(found: Tables) -> list[str]:
    paper = papers(found)
    if not paper["rows"]:
        return []
    inside = sum(row["inside"] for row in paper["rows"])
    lie = f"{inside} of these {'lies' if inside == 1 else 'lie'}"
    return [
        f"By the paper's own protocol, {len(paper['rows'])} of the paper's {paper['stated']} "
        f"accuracies were computed; {lie} within our 95 % interval."
    ]
