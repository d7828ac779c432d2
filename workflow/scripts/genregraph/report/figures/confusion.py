"""Figure of which genres are predicted for which, over the test clips of all folds."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from genregraph.evaluation.outputs import genres_of
from genregraph.report.figures.style import counted, in_style, new_figure, plain


def confuse(predictions: pd.DataFrame) -> pd.DataFrame:
    """Number of tests in which clips of each genre were predicted to be of each genre.

    Parameters
    ----------
    predictions : pd.DataFrame
        Of one model, all folds; a clip that is tested several times counts each time.

    Returns
    -------
    pd.DataFrame, shape (c, c)
        Rows are true genres, columns predicted ones.
    """
    genres = genres_of(predictions)
    test = predictions[predictions["part"] == "test"]
    counts = confusion_matrix(test["true"], test["predicted"], labels=genres)
    return pd.DataFrame(counts, index=genres, columns=genres)


@in_style()
def draw(predictions: pd.DataFrame) -> Figure:
    """Heat map: colours are shares of the true genre's clips, numbers are clips.

    Parameters
    ----------
    predictions : pd.DataFrame
        Of one model, all folds; a clip that is tested several times counts each time.
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
    folds = len(predictions[["repeat", "fold"]].drop_duplicates())
    over = counted(folds, "fold")
    figure.suptitle(f"{right:,} of {total:,} tests of clips right, over {over}")
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
