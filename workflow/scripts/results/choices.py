"""Gather what models chose in every fold: ``best``, and ``best_known_artists`` beside it."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from results.outputs import folds_of

COLUMNS = [
    *"dataset experiment protocol repeat fold model".split(),
    *"candidate inner_accuracy inner_brier chosen test_accuracy".split(),
]


def gather(folder: Path, dataset: str, experiment: str) -> pd.DataFrame:
    """Scores of all candidates in the folds of a protocol, with `COLUMNS`.

    Parameters
    ----------
    folder : Path
        Folder of the protocol, named like it; its folds hold what `learning.best` wrote.
    dataset, experiment : str
        What they are of.
    """
    tables = [
        fold.read("choice.csv").assign(repeat=fold.repeat, fold=fold.fold)
        for fold in folds_of(folder)
    ]
    joined = pd.concat(tables, ignore_index=True)
    return joined.assign(dataset=dataset, experiment=experiment, protocol=folder.name)[COLUMNS]


def by_candidate(choices: pd.DataFrame) -> pd.DataFrame:
    """How often models chose candidates in a protocol, and how right these are on average.

    Parameters
    ----------
    choices : pd.DataFrame
        As `gather` makes them of one protocol.

    Returns
    -------
    pd.DataFrame
        ``model candidate folds chosen inner_accuracy inner_brier test_accuracy``, in the order in
        which candidates were tried: numbers of folds, and means over them, accuracies in [0, 1]
        and Brier scores in [0, 2].
    """
    grouped = choices.groupby(["model", "candidate"], sort=False)
    table = grouped.agg(
        folds=("chosen", "size"),
        chosen=("chosen", "sum"),
        inner_accuracy=("inner_accuracy", "mean"),
        inner_brier=("inner_brier", "mean"),
        test_accuracy=("test_accuracy", "mean"),
    )
    return table.reset_index()


def main(
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Choices, to be written (CSV).")],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folder of each protocol.")] = None,
) -> None:
    """Gather what models chose in every fold."""
    tables = [gather(folder, dataset, experiment) for folder in folders or []]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    table.to_csv(output, index=False)
