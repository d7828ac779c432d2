"""Draw a figure from one table of a dataset, or from the same table of several parts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer
from matplotlib.figure import Figure

from genregraph.datasets.spreadsheet import unguarded
from genregraph.evaluation.outputs import read_result
from genregraph.report.figures import clip, dataset
from genregraph.report.figures.style import FigureFile, save

Files = Sequence[Path]


def _importances(files: Files) -> Figure:
    # A feature may be called "nan".
    table = pd.read_csv(files[0], keep_default_na=False)
    return dataset.importances(table.assign(feature=table["feature"].map(unguarded)))


FIGURES: dict[str, Callable[[Files], Figure]] = {
    "clips": lambda files: dataset.clips({p.parent.name: pd.read_parquet(p) for p in files}),
    "clip": lambda files: clip.draw(*clip.first_clip(files)),
    "correlation": lambda files: dataset.correlation(pd.read_parquet(files[0])),
    "tuning": lambda files: dataset.tuning(read_result(files[0])),
    "learning-curve": lambda files: dataset.learning_curve(read_result(files[0])),
    "importances": _importances,
}
Name = Literal["clips", "clip", "correlation", "tuning", "learning-curve", "importances"]


def main(
    figure: Annotated[Name, typer.Argument(help="Which figure.")],
    files: Annotated[list[Path], typer.Argument(help="What it is drawn from (CSV or Parquet).")],
    output: FigureFile,
) -> None:
    """Draw a figure from a table of a dataset."""
    save(FIGURES[figure](files), output)
