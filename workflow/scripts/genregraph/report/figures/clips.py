"""Figure of the clips of each genre and cut: how many are usable, how many were refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genregraph.report.figures.style import BLUE, PALE, VERMILION, in_style, new_figure, plain, save


def count(clips: pd.DataFrame) -> pd.DataFrame:
    """Clips of each genre.

    Parameters
    ----------
    clips : pd.DataFrame
        As `audio.clips` lists them.

    Returns
    -------
    pd.DataFrame
        Columns ``usable`` and ``refused``, indexed by genre in the order of the alphabet.
    """
    refused = clips["status"] == "rejected"
    counts = pd.DataFrame({"usable": ~refused, "rejected": refused})
    return counts.groupby(clips["genre"]).sum().sort_index()


@in_style()
def draw(cuts: Mapping[str, pd.DataFrame]) -> Figure:
    """Bars of the clips of each genre, a panel a cut.

    Parameters
    ----------
    cuts : mapping of str to pd.DataFrame
        Clips of each cut, as `audio.clips` lists them.
    """
    tables = {cut: count(clips) for cut, clips in cuts.items()}
    genres = max(len(table) for table in tables.values())
    figure = new_figure(1 + 3.5 * len(tables), 1.2 + 0.26 * genres)
    panels = figure.subplots(1, len(tables), squeeze=False)[0]
    for axes, (cut, table) in zip(panels, tables.items(), strict=True):
        _draw_cut(axes, cut, table)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _draw_cut(axes: Axes, cut: str, table: pd.DataFrame) -> None:
    names = [plain(str(genre), 24) for genre in table.index]
    places = range(len(names))
    axes.barh(places, table["usable"], color=BLUE, label="usable")
    axes.barh(
        places,
        table["rejected"],
        left=table["usable"],
        color=PALE,
        edgecolor=VERMILION,
        hatch="////",
        linewidth=0,
        label="rejected",
    )
    for place, (usable, refused) in enumerate(table.to_numpy()):
        text = f"{usable:,}" + (f" + {refused:,}" if refused else "")
        axes.annotate(
            text, (usable + refused, place), (4, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set_xlim(0, 1.25 * max(table.sum(axis=1)))  # Room for the numbers.
    axes.tick_params(axis="y", length=0)
    usable, refused = table.sum()
    axes.set_title(f"cut {cut}: {usable:,} usable, {refused:,} rejected")
    axes.set(xlabel="clips", ylabel="genre")


def main(
    clips: Annotated[
        list[Path], typer.Argument(help="Clips of each cut, in a folder named like it (Parquet).")
    ],
    output: Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")],
) -> None:
    """Draw how many clips each genre has in each cut."""
    save(draw({path.parent.name: pd.read_parquet(path) for path in clips}), output)
