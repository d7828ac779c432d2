"""Figure of the predicted genres of long files over time, a panel a file."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genregraph.datasets.spreadsheet import unguarded
from genregraph.report.figures import style

MOST = 24  # Panels.
SHOWN = 8  # Genres, the likeliest on average, that have a colour; the others are one.


@style.in_style()
def draw(pieces: pd.DataFrame) -> Figure:
    """Probabilities of genres over time, stacked, of `predict.tables.of_pieces`.

    A piece is shown from its start to its end, or to the start of the next where they overlap;
    where a piece was rejected, nothing is drawn.
    """
    counts = pieces["file"].value_counts()
    files = sorted(counts.index[counts > 1])
    if not files:
        return style.draw_text("no file is longer than one piece", 6, 1.2)
    drawn = files[:MOST]
    part = pieces[pieces["file"].isin(drawn)]
    means = part.filter(regex=r"^p\(").mean()
    shown = means.index[means.rank(ascending=False, method="first") <= SHOWN]
    figure = style.new_figure(8, 0.9 + 1.3 * len(drawn))
    for axes, file in zip(figure.subplots(len(drawn), 1, squeeze=False)[:, 0], drawn, strict=True):
        _draw_file(axes, part[part["file"] == file].sort_values("start"), shown)
        axes.set_title(style.plain(file, 80))
    axes.set_xlabel("minutes")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", title="genre")
    left = f" (of {len(files):,}, the first {len(drawn)})" if len(files) > len(drawn) else ""
    figure.suptitle(f"Genres over time, {style.counted(len(drawn), 'file')}{left}")
    return figure


def _draw_file(axes: Axes, pieces: pd.DataFrame, shown: pd.Index) -> None:
    pieces = _with_gaps(pieces)
    edges = np.append(pieces["start"], pieces["end"].iloc[-1]) / 60
    values = pieces[shown].to_numpy().T
    below = 0 * values[0]  # NaN in gaps.
    for number, (column, share) in enumerate(zip(shown, values, strict=True)):
        colour, label = style.colour_of(number), style.plain(column[2:-1], 24)
        axes.stairs(below + share, edges, baseline=below, fill=True, color=colour, label=label)
        below = below + share
    axes.stairs(0 * below + 1, edges, baseline=below, fill=True, color=style.PALE, label="other")
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1), ylabel="probability")


def _with_gaps(pieces: pd.DataFrame) -> pd.DataFrame:
    """Pieces of a file in order, and rows without probabilities where there is none."""
    gaps = pieces["end"].iloc[:-1].to_numpy() < pieces["start"].iloc[1:].to_numpy()
    before, after = pieces[:-1][gaps], pieces[1:][gaps]
    empty = pd.DataFrame({"start": before["end"].to_numpy(), "end": after["start"].to_numpy()})
    return pd.concat([pieces, empty]).sort_values("start", ignore_index=True)


def main(
    pieces: Annotated[Path, typer.Argument(help="A row a piece (CSV).")],
    output: Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")],
) -> None:
    """Draw the predicted genres of long files over time."""
    # Names stay text: a file may be called 1 or NA.
    table = pd.read_csv(pieces, dtype={"file": "str"}, keep_default_na=False)
    style.save(draw(table.map(unguarded)), output)
