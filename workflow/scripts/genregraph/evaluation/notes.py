"""What to know of results, in lines for the terminal, and tables as it shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

NOT_MUSIC = (
    "NOTE: these clips are sketches that a program synthesised; the numbers show that the workflow "
    "works and say nothing about music. For GTZAN: --config dataset=gtzan"
)
NO_GRAPH = (
    "WARNING: most distances are zero: the metric does not distinguish these clips, and weighted "
    "by distance a neighbour at zero counts for nothing. On real-valued features use euclidean, "
    "cosine or ruzicka."
)
GIANT = 0.2  # Share of a genre's clips from which on a group decides what its fold is like.


def table_lines(rows: Sequence[Mapping[str, str]], texts: Sequence[str]) -> list[str]:
    """Lines of a table: texts on the left of their columns, numbers on the right.

    Parameters
    ----------
    rows : sequence of mappings of str to str
        Cells by name of column.
    texts : sequence of str
        Columns that are texts.
    """
    lines = [""] * (len(rows) + 1)
    for name in rows[0]:
        cells = [name, *(row[name] for row in rows)]
        width, align = max(map(len, cells)), "<" if name in texts else ">"
        lines = [f"{line}{cell:{align}{width}}  " for line, cell in zip(lines, cells, strict=True)]
    return [line.rstrip() for line in lines]


def number(value: float, form: str) -> str:
    """A number in a format; a dash where there is none."""
    return "-" if pd.isna(value) else format(value, form)


def graph_line(figures: pd.DataFrame) -> str:
    """Neighbours, homophily and zero distances of a protocol's graphs."""
    mean = figures.mean(numeric_only=True)
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
    return " ".join(filter(None, notes))


def graph_note(figures: pd.DataFrame) -> str:
    """What to know of a protocol's graphs; empty where nothing is amiss.

    Parameters
    ----------
    figures : pd.DataFrame
        ``graph-health.csv`` of the protocol.
    """
    k, k_asked = figures["k"].mean(), figures["k_asked"].mean()
    few = (
        f"NOTE: k {k_asked:g} was asked for; a clip has {round(k, 2):g} neighbours on average: "
        "there are no more."
    )
    notes = {few: k < k_asked, NO_GRAPH: figures["degenerate"].any()}
    return " ".join(note for note, due in notes.items() if due)


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
    return f"NOTE: large groups cannot be split evenly: {'; '.join(found)}."


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
        By protocol, as `evaluation.outputs.counts_of` reads them.
    """
    return [
        f"clips of {protocol}: "
        + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in clips.items())
        for protocol, clips in counts.items()
    ]
