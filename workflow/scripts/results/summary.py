"""What a result table says, in a few lines."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from graph.health import DEGENERATE

NOT_MUSIC = (
    "NOTE: these clips are sketches that a program synthesised; the numbers show that the workflow "
    "works and say nothing about music. For GTZAN: --config dataset=gtzan"
)
NO_GRAPH = (
    "WARNING: most distances are zero: the metric does not tell these clips apart, and weighed by "
    "distance a neighbour at zero is not heard. On real-valued features use euclidean, cosine or "
    "ruzicka."
)
GIANT = 0.2  # Share of a genre's clips from which on a group decides what its fold is like.


def describe(
    table: pd.DataFrame,
    health: Mapping[str, pd.DataFrame],
    notes: Mapping[str, str],
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
    notes : mapping of str to str
        What to know of each protocol, as `note_of` says it.
    problems : mapping of str to int
        Lists of what was amiss with clips and columns, and how long each is.
    paper : float or None
        The paper's test accuracy.

    Returns
    -------
    str
        A line a protocol and model, then notes; or that there is nothing.
    """
    if table.empty:
        return "no protocol could be evaluated"
    stated = f"{'paper':>8}" if paper is not None else ""
    lines = [
        f"{'protocol':10}{'model':24}{'clips':>7}{'folds':>6}{'train':>8}{'test':>8}{'± std':>8}"
        + stated
    ]
    for (protocol, model), rows in table.groupby(["protocol", "model"], sort=False):
        test = rows["test_accuracy"]
        if paper is not None:
            own = (protocol, model) == ("paper", "graphsage")
            stated = f"{paper:8.4f}" if own else f"{'-':>8}"
        first = rows.iloc[0]
        lines.append(
            f"{protocol:10}{model:24}{first['n_train'] + first['n_test']:7d}{len(rows):6d}"
            f"{rows['train_accuracy'].mean():8.4f}{test.mean():8.4f}"
            + (f"{test.std():8.4f}" if len(rows) > 1 else f"{'-':>8}")
            + stated
        )
    for protocol, figures in health.items():
        lines.append(f"graph of {protocol}: {_graph(figures)}")
        lines += [f"  {notes[protocol]}"] if notes[protocol] else []
    lines += [
        f"{count} problem(s) are listed in {name}" for name, count in problems.items() if count
    ]
    return "\n".join(lines)


def _graph(figures: pd.DataFrame) -> str:
    mean = figures.mean()
    return (
        f"k {round(mean['k'], 2):g}, homophily {mean['homophily']:.3f} "
        f"(chance {mean['chance_homophily']:.3f}), "
        f"zero distances {100 * mean['zero_distance_share']:.1f} %"
    )


def note_of(folder: Path) -> str:
    """What to know of a protocol's graphs and folds; empty where nothing is amiss.

    Parameters
    ----------
    folder : Path
        Folder of the protocol, named like it.
    """
    notes = [graph_note(pd.read_csv(folder / "graph-health.csv"))]
    if folder.name == "clean":
        notes.append(giant_note(pd.read_parquet(folder / "folds.parquet")))
    return " ".join(note for note in notes if note)


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
            f"NOTE: k {mean['k_asked']:g} was asked for; a clip has "
            f"{round(mean['k'], 2):g} neighbours on average, there being no more."
        )
    if mean["zero_distance_share"] >= DEGENERATE:
        notes.append(NO_GRAPH)
    return " ".join(notes)


def giant_note(folds: pd.DataFrame) -> str:
    """Name groups that hold more than `GIANT` of a genre's clips; empty if there are none.

    Parameters
    ----------
    folds : pd.DataFrame
        As `folds.assign` writes them, of a protocol that keeps groups together. Of each genre the
        largest group is named.
    """
    first = folds[folds["repeat"] == folds["repeat"].min()]
    found = []
    for genre, groups in first.groupby("genre")["group"]:
        sizes = groups.value_counts()
        if sizes.iloc[0] > GIANT * len(groups):
            found.append(f"{sizes.index[0]} hold {sizes.iloc[0]} of {len(groups)} clips of {genre}")
    if not found:
        return ""
    return f"NOTE: large groups cannot be dealt evenly: {'; '.join(found)}."


def left_out_lines(reasons: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Say which protocols are left out and why.

    Parameters
    ----------
    reasons : mapping of str to mapping of str to str
        Reason by experiment and protocol; where there is but one experiment, its name may be empty.
    """
    return [
        f"{name + ', ' if name else ''}protocol {protocol} is left out: {reason}"
        for name, protocols in reasons.items()
        for protocol, reason in protocols.items()
    ]


def count_lines(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Say how many clips each protocol uses, and why not the others.

    Parameters
    ----------
    counts : mapping of str to mapping of str to int
        By protocol, as `results.outputs.counts_of` reads them.
    """
    return [
        f"clips of {protocol}: "
        + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in clips.items())
        for protocol, clips in counts.items()
    ]
