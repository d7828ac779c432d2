"""Figure of the learning curves: accuracy by the number of training artists, and of clips."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from genregraph.evaluation.outputs import read_result
from genregraph.report.figures.style import MARKERS, colour_of, in_style, new_figure, plain, save

SERIES = {"artists": "training artists, at equal clips", "clips": "clips, at equal artists"}


def levels(table: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy of each model at each level of each series.

    Parameters
    ----------
    table : pd.DataFrame
        As ``learning-curve.csv`` has it. Levels of a repeat are counted from the smallest, since
        repeats may differ by a few clips or artists.

    Returns
    -------
    pd.DataFrame
        ``series level model artists clips mean std repeats``; artists, clips and accuracies are
        means over repeats, ``std`` is NaN where there is one.
    """
    at = table["artists"].where(table["series"] == "artists", table["clips"])
    keys = [table[name] for name in ("series", "model", "repeat")]
    level = at.groupby(keys).rank("dense").astype(int)
    grouped = table.assign(level=level).groupby(["series", "level", "model"], sort=False)
    found = grouped.agg(
        artists=("artists", "mean"),
        clips=("clips", "mean"),
        mean=("accuracy", "mean"),
        std=("accuracy", "std"),
        repeats=("repeat", "nunique"),
    )
    return found.reset_index().sort_values(["series", "level"], kind="stable", ignore_index=True)


@in_style()
def draw(table: pd.DataFrame) -> Figure:
    """Left by training artists at equal clips, right by clips at equal artists.

    Parameters
    ----------
    table : pd.DataFrame
        As ``learning-curve.csv`` has it. Lines are means over repeats, bars a standard deviation
        to both sides.
    """
    found = levels(table)
    figure = new_figure(8.5, 3.8)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (series, label) in zip(panels, SERIES.items(), strict=True):
        _draw_series(axes, found[found["series"] == series], series)
        axes.set(xlabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    panels[0].set(ylabel="accuracy (share of clips)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    first = table.iloc[0]
    figure.suptitle(plain(f"{first['experiment']} on {first['dataset']}: learning curves", 70))
    return figure


def _draw_series(axes: Axes, found: pd.DataFrame, series: str) -> None:
    for number, (model, rows) in enumerate(found.groupby("model", sort=False)):
        axes.errorbar(
            rows[series],
            rows["mean"],
            yerr=rows["std"].fillna(0),
            color=colour_of(number),
            marker=MARKERS[number % len(MARKERS)][0],
            markersize=5,
            linewidth=1.2,
            elinewidth=0.8,
            capsize=2,
            label=plain(str(model), 24),
        )


def main(
    table: Annotated[Path, typer.Argument(help="Learning curves (CSV).")],
    output: Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")],
) -> None:
    """Draw accuracy by the number of training artists, and of clips."""
    save(draw(read_result(table)), output)
