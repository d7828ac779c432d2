"""What a result table says, in a few lines for the terminal."""

from collections.abc import Mapping

import pandas as pd

from graph.health import DEGENERATE

NOT_MUSIC = (
    "NOTE: these clips are sketches that a program synthesised; the numbers show that the workflow "
    "works and say nothing about music. For GTZAN: --config dataset=gtzan"
)
NO_GRAPH = (
    "WARNING: most distances are zero, and zero means not connected: the network sees no "
    "neighbours. On real-valued features use euclidean, cosine or ruzicka."
)


def describe(
    table: pd.DataFrame,
    health: Mapping[str, pd.DataFrame],
    problems: Mapping[str, int],
    paper: float | None,
) -> str:
    """Summary of a result table.

    Parameters
    ----------
    table : pd.DataFrame
        As `results.collect` makes it; one experiment.
    health : mapping of str to pd.DataFrame
        Graph health of each protocol.
    problems : mapping of str to int
        Lists of refused and repaired clips, and how many each has.
    paper : float or None
        The paper's test accuracy.

    Returns
    -------
    str
        A line a protocol and model, then notes.
    """
    first = table.iloc[0]
    lines = [
        "",
        f"{first['experiment']} on {first['dataset']}: {first['n_train'] + first['n_test']} clips",
        f"{'protocol':10}{'model':16}{'folds':>6}{'train':>8}{'test':>8}{'± std':>8}{'paper':>8}",
    ]
    for (protocol, model), rows in table.groupby(["protocol", "model"], sort=False):
        test = rows["test_accuracy"]
        reported = paper if (protocol, model) == ("paper", "graphsage") else None
        stated = "-" if reported is None else f"{reported:.4f}"
        lines.append(
            f"{protocol:10}{model:16}{len(rows):6d}{rows['train_accuracy'].mean():8.4f}"
            f"{test.mean():8.4f}{test.std():8.4f}{stated:>8}"
        )
    lines += [f"graph of {name}: {_graph(figures)}" for name, figures in health.items()]
    lines += [
        f"{count} clip(s) were refused or repaired: {name}"
        for name, count in problems.items()
        if count
    ]
    return "\n".join(lines)


def _graph(figures: pd.DataFrame) -> str:
    mean = figures.mean()
    text = (
        f"k {mean['k']:g}, homophily {mean['homophily']:.3f} "
        f"(chance {mean['chance_homophily']:.3f}), "
        f"zero distances {100 * mean['zero_distance_share']:.1f} %"
    )
    note = graph_note(figures)
    return f"{text}\n  {note}" if note else text


def graph_note(figures: pd.DataFrame) -> str:
    """What to know of a protocol's graphs; empty where nothing is amiss.

    Parameters
    ----------
    figures : pd.DataFrame
        As `graph.health` writes them.
    """
    mean = figures.mean()
    notes = []
    if mean["k"] < mean["k_asked"]:
        notes.append(
            f"NOTE: k {mean['k_asked']:g} was asked for; there are only {mean['k']:g} others."
        )
    if mean["zero_distance_share"] >= DEGENERATE:
        notes.append(NO_GRAPH)
    return " ".join(notes)
