"""Summarise all experiments of a dataset: accuracies with the paper's, and all comparisons."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from genregraph.evaluation import outputs
from genregraph.evaluation.comparisons import adjusted
from genregraph.evaluation.outputs import PLACE
from genregraph.evaluation.scores import ACCURACIES, BY_GROUPS
from genregraph.evaluation.statistics import p_text

ADJUSTED = ["p_folds_holm", "p_groups_holm"]
COLUMNS = [*PLACE, *ACCURACIES, "paper_test_accuracy", "difference", "note"]
LEGEND = """\
train, test: mean accuracy over folds. aggregation artist: probabilities are averaged over each
artist's test clips. interval: 95 %, corrected for the overlap of training sets (Nadeau and
Bengio 2003); with *, of a single fold, by a bootstrap of groups. by artist: each group of clips
counts once. songs: the segments of a song are averaged. paper, differ.: the paper's accuracy, and
ours less it. messages: difference from the same network without messages. p folds: would it remain
with other training clips? p groups: would it remain with other artists? Each p is adjusted (Holm)
over all experiments for its question and protocol; intervals are not adjusted. All comparisons:
comparisons.csv."""


def summarise(
    accuracies: pd.DataFrame, paper: Mapping[str, str], note: Mapping[str, str], folder: Path
) -> pd.DataFrame:
    """Test accuracy of every model, with the paper's and the difference from it (`COLUMNS`).

    ``accuracies`` are ``accuracies.csv`` of all experiments, one below the other, whose folders are
    in ``folder``; ``paper``, the paper's test accuracy of GraphSAGE, and ``note``, what is said of
    protocol paper, are by experiment.
    """
    graphsage = (accuracies["model"] == "graphsage") & (accuracies["aggregation"] == "none")
    stated = accuracies["experiment"].map(dict(paper)).astype(float).where(graphsage)
    places, notes = [*zip(accuracies["experiment"], accuracies["protocol"], strict=True)], {}
    for name, protocol in set(places):
        own = note.get(name, "") if protocol == "paper" else ""
        warnings = outputs.note_of(folder / name / protocol)
        notes[name, protocol] = " ".join(filter(None, [own, warnings]))
    noted = accuracies.assign(note=[notes[place] for place in places])
    return noted.assign(paper_test_accuracy=stated, difference=noted["mean"] - stated)[COLUMNS]


def table_lines(summary: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """Lines of the summary for the terminal, with notes and a legend below."""
    messages = comparisons[comparisons["question"] == "messages"]
    effects = messages.set_index(PLACE[1:]).rename(columns={"difference": "messages"})
    rows = summary.join(effects[["messages", *ADJUSTED]], on=PLACE[1:])
    texts = [name for name in PLACE[1:] if name != "aggregation" or set(rows[name]) != {"none"}]
    shown = outputs.table_lines(_cells(rows, texts), texts) if len(rows) else []
    lines = shown or ["nothing could be evaluated"]
    noted = summary[summary["note"] != ""].groupby(["experiment", "note"], sort=False)["protocol"]
    notes = [f"{name}, {', '.join(of.unique())}: {note}" for (name, note), of in noted]
    return ["", *lines, *notes, LEGEND]


def _cells(rows: pd.DataFrame, texts: Sequence[str]) -> pd.DataFrame:

    def written(column: str, form: str) -> pd.Series:
        return rows[column].map(form.format, na_action="ignore")

    by_groups = (rows["interval"] == BY_GROUPS).map({True: "*", False: ""})
    return rows[list(texts)].assign(
        train=written("train_mean", "{:.3f}"),
        test=written("mean", "{:.4f}"),
        interval=written("ci_low", "{:.3f}-") + written("ci_high", "{:.3f}") + by_groups,
        **{
            "by artist": written("artist_mean", "{:.4f}"),
            "songs": written("song_mean", "{:.3f}"),
            "paper": written("paper_test_accuracy", "{:.4f}"),
            "differ.": written("difference", "{:+.4f}"),
            "messages": written("messages", "{:+.4f}"),
            "p folds": rows["p_folds_holm"].map(p_text),
            "p groups": rows["p_groups_holm"].map(p_text),
        },
    )


def main(
    accuracies: Annotated[list[Path], typer.Option(help="Of each experiment (CSV).")],
    output: Annotated[Path, typer.Option(help="Summary, to be written (CSV).")],
    comparisons: Annotated[Path, typer.Option(help="All comparisons, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="The summary in words, to be written.")],
    paper: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=its accuracy.")] = None,
    note: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=note on paper.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Summarise all experiments, in tables and in words."""
    folders = [path.parent for path in accuracies]
    compared = adjusted(outputs.read_tables([folder / "comparisons.csv" for folder in folders]))
    rows = outputs.read_tables(accuracies)
    summary = summarise(rows, outputs.pairs(paper), outputs.pairs(note), folders[0].parent)
    summary.to_csv(output, index=False)
    compared.to_csv(comparisons, index=False)
    lines = table_lines(summary, compared)
    for folder in folders:
        reasons = outputs.read_protocols(folder / "protocols.json")["left_out"]
        lines += outputs.left_out_lines(reasons, f"{folder.name}, ")
    lines += [*([outputs.NOT_MUSIC] if synthesised else []), f"table: {output}"]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
