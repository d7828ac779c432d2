"""Figure of the tuning: accuracy against the neurons of the hidden layer and the learning rate.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "Improvement
   Period - Multi-classification More Features": 150 neurons and a rate of 0.001 were best.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from genregraph.report.figures.style import (
    BLACK,
    BLUE,
    VERMILION,
    in_style,
    new_figure,
    plain,
    save,
)

LABELS = {"hidden": "neurons in the hidden layer", "learning_rate": "learning rate"}
PAPER_BEST = {"hidden": 150, "learning_rate": 0.001}
PARTS = {"train": (BLUE, "s", "-"), "test": (VERMILION, "o", "--")}


@in_style()
def draw(tuning: pd.DataFrame) -> Figure:
    """Two panels an experiment: means over folds, bands a standard deviation to both sides.

    Parameters
    ----------
    tuning : pd.DataFrame
        Columns ``dataset experiment parameter value fold train_accuracy test_accuracy``;
        ``parameter`` is hidden or learning_rate.
    """
    experiments = list(tuning.groupby(["dataset", "experiment"], sort=False))
    figure = new_figure(8, 0.7 + 2.9 * len(experiments))
    grid = figure.subplots(len(experiments), 2, squeeze=False, sharey=True)
    for panels, ((dataset, experiment), rows) in zip(grid, experiments, strict=True):
        for axes, parameter in zip(panels, LABELS, strict=True):
            _draw_curve(axes, rows[rows["parameter"] == parameter], parameter)
        panels[0].set_title(plain(f"{experiment} on {dataset}", 50))
        panels[0].set(ylabel="accuracy (share of clips)", ylim=(0, 1.03))
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_curve(axes: Axes, rows: pd.DataFrame, parameter: str) -> None:
    of_value = rows.groupby("value")
    for part, (colour, marker, line) in PARTS.items():
        mean = of_value[f"{part}_accuracy"].mean()
        deviation = of_value[f"{part}_accuracy"].std().fillna(0)
        axes.fill_between(
            mean.index, mean - deviation, mean + deviation, color=colour, alpha=0.2, linewidth=0
        )
        axes.plot(mean.index, mean, color=colour, marker=marker, ls=line, ms=4, label=part)
    axes.axvline(
        PAPER_BEST[parameter], color=BLACK, linestyle=":", linewidth=1, label="the paper's best"
    )
    axes.set_xlabel(LABELS[parameter])
    if parameter == "learning_rate":
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        axes.xaxis.set_minor_locator(NullLocator())


def main(
    tuning: Annotated[Path, typer.Argument(help="Accuracies of all values and folds (CSV).")],
    output: Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")],
) -> None:
    """Draw accuracy against neurons and learning rate."""
    save(draw(pd.read_csv(tuning)), output)
