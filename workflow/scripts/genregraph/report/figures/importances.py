"""Figure of the features' importances before and after ControlBurn."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure

from genregraph.datasets.spreadsheet import unguarded
from genregraph.report.figures.style import BLUE, PALE, in_style, new_figure, plain, save


@in_style()
def draw(selection: pd.DataFrame, top: int) -> Figure:
    """Two bars a feature: its importance in the whole forest, and in that of the selected ones.

    Parameters
    ----------
    selection : pd.DataFrame
        Columns ``feature importance_before importance_after selected``, a row a feature;
        importances are shares of 1.
    top : int
        Features to draw, the most important ones before the selection.
    """
    ordered = selection.sort_values(
        ["importance_before", "importance_after", "feature"], ascending=[False, False, True]
    )
    shown = ordered.head(top)
    figure = new_figure(7, 1.2 + 0.26 * len(shown))
    axes = figure.subplots()
    places = np.arange(len(shown))
    axes.barh(places - 0.2, shown["importance_before"], 0.4, color=PALE, label="before: all")
    axes.barh(places + 0.2, shown["importance_after"], 0.4, color=BLUE, label="after: selected")
    labels = axes.set_yticks(places, [plain(str(name), 34) for name in shown["feature"]])
    for tick, selected in zip(labels, shown["selected"], strict=True):
        tick.label1.set_fontweight("bold" if selected else "normal")
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="importance (share of the forest's impurity decrease)", ylabel="feature")
    figure.suptitle(
        f"ControlBurn keeps {selection['selected'].sum():,} of {len(selection):,} features;\n"
        f"{shown['selected'].sum()} of them (bold) are among the {len(shown)} most important before"
    )
    axes.legend(loc="lower right")
    return figure


def first_fold(path: Path) -> pd.DataFrame:
    """Selection of the first fold, from that of all (CSV)."""
    table = pd.read_csv(path, keep_default_na=False)
    first = table[(table["repeat"] == 0) & (table["fold"] == 0)]
    return first.assign(feature=first["feature"].map(unguarded))


def main(
    selection: Annotated[Path, typer.Argument(help="Selections of all folds (CSV).")],
    output: Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")],
    top: Annotated[int, typer.Option(min=1, help="Features to draw.")] = 25,
) -> None:
    """Draw the importances of features before and after ControlBurn, in the first fold."""
    save(draw(first_fold(selection), top), output)
