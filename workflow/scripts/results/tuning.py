"""Gather the tuning of all folds into one table, and say how good each point is."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from settings.whole import final

COLUMNS = ["dataset", "experiment", "parameter", "value", "fold", "train_accuracy", "test_accuracy"]


def gather(folds: list[pd.DataFrame], dataset: str, experiment: str) -> pd.DataFrame:
    """Curves of all folds, with `COLUMNS`.

    Parameters
    ----------
    folds : list of pd.DataFrame
        As `learning.tune` makes them, in the order of the folds.
    dataset, experiment : str
        What they are of.
    """
    numbered = [table.assign(fold=fold) for fold, table in enumerate(folds)]
    joined = pd.concat(numbered, ignore_index=True)
    return joined.assign(dataset=dataset, experiment=experiment)[COLUMNS]


def describe(table: pd.DataFrame) -> str:
    """Mean accuracies of each point, a line each."""
    points = table.groupby(["parameter", "value"])[["train_accuracy", "test_accuracy"]].mean()
    return points.round(4).to_string()


def main(
    folds: Annotated[list[Path], typer.Argument(help="Tuning of each fold, in order (CSV).")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Curves, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="What they say, to be written.")],
) -> None:
    """Gather the tuning of all folds into one table, and say how good each point is."""
    table = gather([pd.read_csv(path) for path in folds], dataset, experiment)
    table.to_csv(output, index=False)
    said = f"\ntuning of {experiment} on {dataset}\n{describe(table)}\ntable: {final(output)}\n"
    text.write_text(said, encoding="utf-8")
