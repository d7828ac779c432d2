"""Collect an experiment's folds into its result table, and print the summary."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from learning.scores import score
from results.outputs import fitted, folds_of
from results.summary import NOT_MUSIC, describe

COLUMNS = (
    "dataset experiment protocol model repeat fold n_train n_test train_accuracy test_accuracy "
    "test_macro_f1 test_log_loss epochs seconds"
).split()


def collect(
    folder: Path,
    dataset: str,
    experiment: str,
    compared: Sequence[str] = (),
    judged: Callable[[pd.DataFrame], pd.DataFrame] = lambda predictions: predictions,
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
    judged : callable
        What to score of a model's predictions; by default all of them.

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
            **score(judged(model.predictions)),
            "epochs": model.epochs,
            "seconds": round(model.seconds, 3),
        }
        for fold in folds_of(folder)
        for model in fitted(fold.outputs, compared)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    ranks = {name: rank for rank, name in enumerate(table["model"].unique())}
    order = ["model", "repeat", "fold"]
    return table.sort_values(order, key=lambda c: c.map(ranks) if c.name == "model" else c)


def main(
    folders: Annotated[list[Path], typer.Argument(help="Folder of each protocol.")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Result table, to be written (CSV).")],
    problems: Annotated[list[Path], typer.Option(help="Refused and repaired clips (CSV).")],
    compared: Annotated[list[str] | None, typer.Option(help="Files beside GraphSAGE's.")] = None,
    paper: Annotated[float | None, typer.Option(help="The paper's test accuracy.")] = None,
    left_out: Annotated[list[str] | None, typer.Option(help="PROTOCOL=why not.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Collect an experiment's folds into its result table, and print the summary."""
    tables = [collect(folder, dataset, experiment, compared or []) for folder in folders]
    table = pd.concat(tables, ignore_index=True)
    table.to_csv(output, index=False)
    health = {folder.name: pd.read_csv(folder / "graph-health.csv") for folder in folders}
    listed = {str(path): len(pd.read_csv(path)) for path in problems}
    print(describe(table, health, listed, paper))
    for reason in left_out or []:
        print("protocol {} is left out: {}".format(*reason.split("=", 1)))
    if synthesised:
        print(NOT_MUSIC)
    print(f"table: {output}; folds: {', '.join(map(str, folders))}")
