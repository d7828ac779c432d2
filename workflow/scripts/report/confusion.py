"""Figure of which genres are taken for which, over the test clips of all folds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from learning.predictions import NAMED
from report.style import counted, in_style, new_figure, plain, save


def confuse(predictions: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Number of test clips of each genre that were taken for each genre.

    Parameters
    ----------
    predictions : sequence of pd.DataFrame
        As `learning.predictions` makes them, one of each fold.

    Returns
    -------
    pd.DataFrame, shape (c, c)
        Rows are true genres, columns predicted ones.
    """
    genres = [column for column in predictions[0].columns if column not in NAMED]
    test = pd.concat([table[table["part"] == "test"] for table in predictions])
    counts = confusion_matrix(test["true"], test["predicted"], labels=genres)
    return pd.DataFrame(counts, index=genres, columns=genres)


@in_style()
def draw(predictions: Sequence[pd.DataFrame]) -> Figure:
    """Heat map: colours are shares of the true genre's clips, numbers are clips.

    Parameters
    ----------
    predictions : sequence of pd.DataFrame
        As `learning.predictions` makes them, one of each fold.
    """
    table = confuse(predictions)
    counts = table.to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [plain(str(genre), 24) for genre in table.index]
    side = 2 + 0.45 * max(len(names), 6)
    figure = new_figure(side + 1, side)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    _write_counts(axes, counts, shares)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.set(xlabel="predicted genre", ylabel="true genre")
    axes.spines[:].set_visible(False)
    right, total = int(np.trace(counts)), int(counts.sum())
    folds = counted(len(predictions), "fold")
    figure.suptitle(f"{right:,} of {total:,} test clips right, over {folds}")
    figure.colorbar(image, ax=axes, label="share of the true genre", shrink=0.7)
    return figure


def _write_counts(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for row, column in np.argwhere(counts):
        axes.text(
            column,
            row,
            f"{counts[row, column]}\n{shares[row, column]:.0%}",
            ha="center",
            va="center",
            fontsize=7.5,
            color="white" if shares[row, column] > 0.7 else "black",
        )


def main(
    predictions: Annotated[list[Path], typer.Argument(help="Predictions of all folds (Parquet).")],
    output: Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")],
) -> None:
    """Draw which genres are taken for which."""
    save(draw([pd.read_parquet(path) for path in predictions]), output)
