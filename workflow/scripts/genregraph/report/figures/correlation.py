"""Figure of the correlations between the features of a table."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from matplotlib.figure import Figure

from genregraph.common.errors import UserError
from genregraph.report.figures.style import counted, in_style, new_figure, plain, save

MOST = 60  # Features whose names can still be read.


def correlate(table: pd.DataFrame) -> pd.DataFrame:
    """Pearson correlations of the first features of a table that vary.

    Parameters
    ----------
    table : pd.DataFrame
        First column ``clip``, then float columns.

    Returns
    -------
    pd.DataFrame, shape (d, d)
        In the table's order; at most `MOST` features.

    Raises
    ------
    UserError
        If no feature varies.
    """
    features = table.drop(columns="clip")
    varying = features.loc[:, features.nunique() > 1]
    if varying.empty:
        raise UserError(f"none of {features.shape[1]} features varies over {len(table)} clips")
    return varying.iloc[:, :MOST].corr()


@in_style()
def draw(table: pd.DataFrame) -> Figure:
    """Heat map of the correlations between the features of a table.

    Parameters
    ----------
    table : pd.DataFrame
        First column ``clip``, then float columns. Of a wide table the first 60 are drawn.
    """
    correlations = correlate(table)
    names = [plain(str(name), 26) for name in correlations.columns]
    side = 1.5 + 0.145 * max(len(names), 12)
    figure = new_figure(side + 0.9, side)
    axes = figure.subplots()
    image = axes.imshow(correlations, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(length=1.5, pad=2)
    axes.set_title(_title(table, len(names)))
    figure.colorbar(image, ax=axes, label="Pearson correlation", shrink=0.6, aspect=30)
    return figure


def _title(table: pd.DataFrame, shown: int) -> str:
    features = table.drop(columns="clip")
    constant = int((features.nunique() <= 1).sum())
    notes = [f"{constant:,} constant left out"] if constant else []
    if shown < features.shape[1] - constant:
        notes.append(f"the first of {features.shape[1]:,}")
    clips = counted(len(table), "clip")
    title = f"Correlations of {counted(shown, 'feature')} over {clips}"
    return f"{title} ({'; '.join(notes)})" if notes else title


def main(
    table: Annotated[Path, typer.Argument(help="Feature table (Parquet).")],
    output: Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")],
) -> None:
    """Draw the correlations between the features of a table."""
    save(draw(pd.read_parquet(table)), output)
