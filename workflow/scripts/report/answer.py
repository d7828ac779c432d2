"""The answer in three sentences, with numbers of the summary."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from graph.health import DEGENERATE
from report.strictness import PROTOCOLS, strictest
from results.ahead import TOLD_ARTISTS

Key = tuple[str, str]


def answer(
    summary: pd.DataFrame,
    zero_shares: Mapping[Key, float],
    genres: Mapping[str, int],
    of_artists: Collection[str] = (),
) -> list[str]:
    """How right GraphSAGE is, what messages are worth, and what the paper's protocol makes of it.

    Parameters
    ----------
    summary : pd.DataFrame
        As `results.summarise` makes it.
    zero_shares : mapping of (str, str) to float
        Share of distances that are zero, by experiment and protocol; NaN where there are none.
    genres : mapping of str to int
        Number of genres, by experiment.
    of_artists : collection of str
        Experiments whose graphs are told artists, which have a sentence of their own.

    Returns
    -------
    list of str
        Three sentences or four; one if nothing could be evaluated.
    """
    if summary.empty:
        return ["No protocol of any experiment could be evaluated."]
    protocol = strictest(summary["protocol"].unique())
    own = summary[summary["protocol"] == protocol]
    networks = own[own["model"] == "graphsage"]
    told = networks["experiment"].isin(of_artists)
    network = networks if told.all() else networks[~told]
    return [
        _how_right(network, protocol, genres),
        _messages(network, protocol, zero_shares),
        _papers(summary, network) if protocol != "paper" else _rivals(own, summary),
        *([_told(networks[told])] if told.any() else []),
    ]


def _how_right(rows: pd.DataFrame, protocol: str, genres: Mapping[str, int]) -> str:
    guesses = sorted({1 / genres[name] for name in rows["experiment"]})
    guessed = " to ".join(f"{guess:.4f}" for guess in (guesses[:1] + guesses[1:][-1:]))
    return (
        f"Under protocol {protocol} ({PROTOCOLS[protocol]}), GraphSAGE reaches an "
        f"accuracy of {_range(rows)} on test clips; guessing would reach {guessed}."
    )


def _messages(rows: pd.DataFrame, protocol: str, zero_shares: Mapping[Key, float]) -> str:
    shares = np.array([zero_shares[name, protocol] for name in rows["experiment"]])
    joined = rows[shares < DEGENERATE].sort_values("gain", kind="stable")
    if joined.empty:
        why = (
            "no clip has a neighbour"
            if np.isnan(shares).all()
            else "most distances are zero, and clips at distance zero are not connected"
        )
        return f"Whether messages of neighbours help cannot be said: {why}."
    gains, chance = _worth(joined)
    where = "experiment whose graph has" if len(joined) == 1 else "experiments whose graphs have"
    number = "" if len(joined) == 1 else f"{len(joined)} "
    return (
        f"Against the same network without messages of neighbours that is {gains} points, in "
        f"the {number}{where} edges: {chance}."
    )


def _told(rows: pd.DataFrame) -> str:
    gains, chance = _worth(rows.sort_values("gain", kind="stable"))
    return (
        "Where neighbours are clips that the network is told are of one artist, messages are worth "
        f"{gains} points: {chance}."
    )


def _worth(rows: pd.DataFrame) -> tuple[str, str]:
    """The gain by messages, or the least and the greatest, and whether it is chance."""
    tested = rows["p_by_group"].dropna()
    chance = (
        "whether that is chance could not be tested"
        if tested.empty
        else f"p {_p(tested.iloc[0])} by groups of clips"
        if len(rows) == 1
        else f"hardly chance (p < .05 by groups of clips) in {(tested < 0.05).sum()} of "
        f"{len(tested)} that could be tested"
    )
    ends = [rows.iloc[0]] if len(rows) == 1 else [rows.iloc[0], rows.iloc[-1]]
    return " to ".join(_gain(row, len(ends) > 1) for row in ends), chance


def _papers(summary: pd.DataFrame, strict: pd.DataFrame) -> str:
    rows = summary[(summary["model"] == "graphsage") & (summary["protocol"] == "paper")]
    rows = rows[rows["experiment"].isin(strict["experiment"])]
    if rows.empty:
        return _rivals(summary[summary["protocol"] == strict["protocol"].iloc[0]], summary)
    return (
        "By the paper's own protocol, whose random folds let clips of one artist train and test, "
        f"the same network reaches {_range(rows)}{_stated(summary)}."
    )


def _rivals(own: pd.DataFrame, summary: pd.DataFrame) -> str:
    others = own[~own["model"].isin(["graphsage", "edgeless", TOLD_ARTISTS])]
    if others.empty:
        without = own[own["model"] == "edgeless"]
        return f"The same network without messages reaches {_range(without)}{_stated(summary)}."
    best = others.sort_values("mean", ascending=False, kind="stable").iloc[0]
    return (
        f"Of the other models on the same folds, {best['model']} reaches most: "
        f"{best['mean']:.4f} ({best['experiment']}){_stated(summary)}."
    )


def _stated(summary: pd.DataFrame) -> str:
    """How many of the paper's numbers were met, if there are any."""
    rows = summary[(summary["protocol"] == "paper") & summary["paper_test_accuracy"].notna()]
    if rows.empty:
        return ""
    met = rows["paper_test_accuracy"].between(rows["ci_low"], rows["ci_high"]).sum()
    if len(rows) == 1:
        return (
            f"; the paper states {rows['paper_test_accuracy'].iloc[0]:.4f}, "
            f"{'within' if met else 'outside'} our 95 % interval under its protocol"
        )
    return f"; {met} of {len(rows)} accuracies that the paper states lie within our 95 % intervals"


def _range(rows: pd.DataFrame) -> str:
    """One mean with its interval, or the lowest and the highest with their experiments."""
    ordered = rows.sort_values("mean", kind="stable")
    if len(ordered) == 1:
        row = ordered.iloc[0]
        if np.isnan(row["ci_low"]):
            return f"{row['mean']:.4f} ({row['experiment']})"
        interval = f"95 % interval {row['ci_low']:.4f} to {row['ci_high']:.4f}"
        return f"{row['mean']:.4f} ({interval}, {row['experiment']})"
    low, high = ordered.iloc[0], ordered.iloc[-1]
    return f"{low['mean']:.4f} ({low['experiment']}) to {high['mean']:.4f} ({high['experiment']})"


def _gain(row: pd.Series, named: bool) -> str:
    gain = f"{round(100 * row['gain'], 1) + 0:+.1f}"
    of = f"{row['experiment']}, " if named else ""
    if np.isnan(row["gain_low"]):
        return f"{gain} ({of}no interval)" if named else gain
    ends = " to ".join(f"{round(100 * row[end], 1) + 0:+.1f}" for end in ("gain_low", "gain_high"))
    return f"{gain} ({of}{ends})"


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"= {value:.3f}"
