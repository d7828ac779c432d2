"""Figures of an experiment over its protocols."""

from pathlib import Path
from typing import Annotated

import typer

from genregraph.evaluation.outputs import read_result
from genregraph.report.figures import folds, reliability
from genregraph.report.figures.style import save


def main(
    results: Annotated[Path, typer.Option(help="Results of the experiment (CSV).")],
    curves: Annotated[Path, typer.Option(help="Reliability by bins (CSV).")],
    folds_figure: Annotated[
        Path, typer.Option("--folds", help="Figure, to be written (PNG or SVG).")
    ],
    reliability_figure: Annotated[
        Path, typer.Option("--reliability", help="Figure, to be written (PNG or SVG).")
    ],
    paper: Annotated[float | None, typer.Option(help="The paper's test accuracy.")] = None,
) -> None:
    """Draw the accuracies of each fold, and accuracy by confidence."""
    save(folds.draw(read_result(results), "graphsage", paper), folds_figure)
    save(reliability.draw(read_result(curves)), reliability_figure)
