"""Collect an experiment's folds into its result table, and say what it says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from audio.problems import of_whole_tables
from learning.scores import score
from results.outputs import counts_of, fitted, folds_of, left_out_of
from results.summary import NOT_MUSIC, count_lines, describe, left_out_lines, note_of
from settings.whole import final

COLUMNS = (
    "dataset experiment protocol model repeat fold n_train n_test train_accuracy test_accuracy "
    "test_macro_f1 test_log_loss epochs seconds"
).split()


def collect(
    folder: Path, dataset: str, experiment: str, compared: Sequence[str] = ()
) -> pd.DataFrame:
    """Rows of one protocol's folds.

    Parameters
    ----------
    folder : Path
        Folder of a protocol, named like it.
    dataset, experiment : str
        What they are of.
    compared : sequence of str
        As `results.outputs.fitted` takes it.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`, a row a model and fold, GraphSAGE first.
    """
    rows = [
        {
            "dataset": dataset,
            "experiment": experiment,
            "protocol": folder.name,
            "model": model.model,
            "repeat": fold.repeat,
            "fold": fold.fold,
            **score(model.predictions),
            "epochs": model.epochs,
            "seconds": round(model.seconds, 3),
        }
        for fold in folds_of(folder)
        for model in fitted(fold, compared)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    ranks = {name: rank for rank, name in enumerate(table["model"].unique())}
    order = ["model", "repeat", "fold"]
    return table.sort_values(order, key=lambda c: c.map(ranks) if c.name == "model" else c)


def main(
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    protocols: Annotated[Path, typer.Option(help="Which protocols are left out, and why (JSON).")],
    output: Annotated[Path, typer.Option(help="Result table, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="What it says, to be written.")],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folder of each protocol.")] = None,
    problems: Annotated[list[Path] | None, typer.Option(help="What was amiss (CSV).")] = None,
    compared: Annotated[list[str] | None, typer.Option(help="Tables beside GraphSAGE's.")] = None,
    paper: Annotated[float | None, typer.Option(help="The paper's test accuracy.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Collect an experiment's folds into its result table, and say what it says."""
    there = folders or []
    none = pd.DataFrame(columns=COLUMNS)
    tables = [collect(folder, dataset, experiment, compared or []) for folder in there] or [none]
    table = pd.concat(tables, ignore_index=True)
    table.to_csv(output, index=False)
    amiss = {str(path): pd.read_csv(path) for path in problems or []}
    lines = [
        "",
        f"{experiment} on {dataset}",
        describe(
            table,
            {folder.name: pd.read_csv(folder / "graph-health.csv") for folder in there},
            {folder.name: note_of(folder) for folder in there},
            {path: len(table) for path, table in amiss.items()},
            paper,
        ),
        *(line for table in amiss.values() for line in of_whole_tables(table)),
        *count_lines(counts_of(protocols)),
        *left_out_lines({"": left_out_of(protocols)}),
        *([NOT_MUSIC] if synthesised else []),
        f"table: {final(output)}; folds: {', '.join(map(str, there)) or 'none'}",
    ]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
