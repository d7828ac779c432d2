"""Summarise all experiments of a dataset: accuracies beside the paper's, and all comparisons."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from genregraph.evaluation.comparisons import adjusted
from genregraph.evaluation.notes import NOT_MUSIC, left_out_lines, note_of, number, table_lines
from genregraph.evaluation.outputs import left_out_of, read_tables
from genregraph.evaluation.scores import ACCURACIES, BY_GROUPS
from genregraph.evaluation.statistics import p_text

KEYS = "dataset experiment protocol model aggregation".split()
ADJUSTED = ["p_folds_holm", "p_groups_holm"]
COLUMNS = [*KEYS, *ACCURACIES, "paper_test_accuracy", "difference", "note"]
LEGEND = """\
train, test: mean accuracy over folds. aggregation artist: probabilities are averaged over the test
clips of each known artist. interval: 95 %, corrected for the overlap of training sets (Nadeau and
Bengio 2003); with *, of a single fold, by a bootstrap of groups. by artist: each group of clips
counts once. songs: the segments of a song are averaged. paper, differ.: the paper's accuracy, and
ours less it. messages: difference from the same network without messages; p folds asks whether
there is one, were other clips trained on; p groups, were other artists tested (signs flipped by
group). Each p is adjusted (Holm) over all experiments for its question and protocol; intervals are
not adjusted. All comparisons: comparisons.csv."""


def summarise(
    accuracies: pd.DataFrame, paper: Mapping[str, float], notes: Mapping[tuple[str, str], str]
) -> pd.DataFrame:
    """Test accuracy of every model, beside the paper's.

    Parameters
    ----------
    accuracies : pd.DataFrame
        ``accuracies.csv`` of all experiments, one below the other.
    paper : mapping of str to float
        The paper's test accuracy of an experiment: GraphSAGE's.
    notes : mapping of (str, str) to str
        What to know of an experiment and protocol.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`: ``difference`` is ours less the paper's.
    """
    its = (accuracies["model"] == "graphsage") & (accuracies["aggregation"] == "none")
    stated = accuracies["experiment"].map(dict(paper)).astype(float).where(its)
    places = zip(accuracies["experiment"], accuracies["protocol"], strict=True)
    return accuracies.assign(
        paper_test_accuracy=stated,
        difference=accuracies["mean"] - stated,
        note=[notes.get(place, "") for place in places],
    )[COLUMNS]


def table_text(summary: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """Format the summary for the terminal, with notes and a legend below.

    Parameters
    ----------
    summary : pd.DataFrame
        `COLUMNS`.
    comparisons : pd.DataFrame
        As `evaluation.comparisons.adjusted` makes it.
    """
    messages = comparisons[comparisons["question"] == "messages"]
    effects = messages.set_index(KEYS[1:]).rename(columns={"difference": "messages"})
    rows = summary.join(effects[["messages", *ADJUSTED]], on=KEYS[1:]).to_dict("records")
    shown = [_cells(row) for row in rows]
    if (summary["aggregation"] == "none").all():
        shown = [{k: cell for k, cell in row.items() if k != "aggregation"} for row in shown]
    lines = table_lines(shown, KEYS) if shown else ["nothing could be evaluated"]
    noted = summary[summary["note"] != ""].groupby(["experiment", "note"], sort=False)["protocol"]
    lines += [f"{name}, {', '.join(of.unique())}: {note}" for (name, note), of in noted]
    return "\n".join(["", *lines, LEGEND])


def _cells(row: dict[Hashable, Any]) -> dict[str, str]:
    mark = "*" if row["interval"] == BY_GROUPS else ""
    interval = f"{row['ci_low']:.3f}-{row['ci_high']:.3f}{mark}" if row["interval"] else "-"
    return {
        **{name: row[name] for name in KEYS[1:]},
        "train": number(row["train_mean"], ".3f"),
        "test": number(row["mean"], ".4f"),
        "interval": interval,
        "by artist": number(row["artist_mean"], ".4f"),
        "songs": number(row["song_mean"], ".3f"),
        "paper": number(row["paper_test_accuracy"], ".4f"),
        "differ.": number(row["difference"], "+.4f"),
        "messages": number(row["messages"], "+.4f"),
        "p folds": p_text(row["p_folds_holm"]),
        "p groups": p_text(row["p_groups_holm"]),
    }


def pairs(options: Sequence[str] | None) -> dict[str, str]:
    """``["a=1"]`` as ``{"a": "1"}``."""
    return dict(option.split("=", 1) for option in options or [])


def _notes(
    accuracies: pd.DataFrame, folders: Sequence[Path], stated: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    notes, by_name = {}, {folder.name: folder for folder in folders}
    for experiment, protocol in accuracies[["experiment", "protocol"]].drop_duplicates().to_numpy():
        own = stated.get(experiment, "") if protocol == "paper" else ""
        parts = [own, note_of(by_name[experiment] / protocol)]
        notes[experiment, protocol] = " ".join(filter(None, parts))
    return notes


def main(
    folders: Annotated[list[Path], typer.Argument(help="Folder of each experiment.")],
    output: Annotated[Path, typer.Option(help="Summary, to be written (CSV).")],
    comparisons: Annotated[Path, typer.Option(help="All comparisons, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="What the summary says, to be written.")],
    paper: Annotated[
        list[str] | None, typer.Option(help="EXPERIMENT=the paper's accuracy.")
    ] = None,
    note: Annotated[
        list[str] | None, typer.Option(help="EXPERIMENT=note on protocol paper.")
    ] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Summarise all experiments, and say what the summary says."""
    accuracies = read_tables([folder / "accuracies.csv" for folder in folders])
    compared = adjusted(read_tables([folder / "comparisons.csv" for folder in folders]))
    stated = {name: float(value) for name, value in pairs(paper).items()}
    summary = summarise(accuracies, stated, _notes(accuracies, folders, pairs(note)))
    summary.to_csv(output, index=False)
    compared.to_csv(comparisons, index=False)
    lines = [
        table_text(summary, compared),
        *left_out_lines({each.name: left_out_of(each / "protocols.json") for each in folders}),
        *([NOT_MUSIC] if synthesised else []),
        f"table: {output}",
    ]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
