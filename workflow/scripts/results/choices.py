"""Gather what model ``best`` chose in every fold."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from results.outputs import folds_of

COLUMNS = "experiment protocol repeat fold candidate inner_accuracy chosen test_accuracy".split()


def gather(folder: Path, experiment: str) -> pd.DataFrame:
    """Scores of all candidates in the folds of a protocol, with `COLUMNS`.

    Parameters
    ----------
    folder : Path
        Folder of the protocol, named like it; its folds hold what `learning.best` wrote.
    experiment : str
    """
    tables = [
        pd.read_csv(fold.outputs / "choice.csv").assign(repeat=fold.repeat, fold=fold.fold)
        for fold in folds_of(folder)
    ]
    joined = pd.concat(tables, ignore_index=True)
    return joined.assign(experiment=experiment, protocol=folder.name)[COLUMNS]


def main(
    folders: Annotated[list[Path], typer.Argument(help="Folder of each protocol.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Choices, to be written (CSV).")],
) -> None:
    """Gather what model best chose in every fold."""
    tables = [gather(folder, experiment) for folder in folders]
    pd.concat(tables, ignore_index=True).to_csv(output, index=False)
