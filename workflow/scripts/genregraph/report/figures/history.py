"""Figure of the training: loss and accuracies over the epochs, mean and spread over folds."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from genregraph.report.figures.style import BLUE, VERMILION, counted, in_style, new_figure


def over_folds(histories: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean and standard deviation of each epoch over the folds that came to it.

    Parameters
    ----------
    histories : pd.DataFrame
        Columns ``repeat fold epoch loss train_accuracy test_accuracy``; of one network.

    Returns
    -------
    mean, deviation : pd.DataFrame
        Indexed by epoch; the deviation of a single fold is 0.
    """
    epochs = histories.groupby("epoch")
    columns = ["loss", "train_accuracy", "test_accuracy"]
    return epochs[columns].mean(), epochs[columns].std().fillna(0)


@in_style()
def draw(histories: pd.DataFrame) -> Figure:
    """Left the loss, right the accuracies; lines are means, bands a standard deviation wide.

    Parameters
    ----------
    histories : pd.DataFrame
        Columns ``repeat fold epoch loss train_accuracy test_accuracy``; of one network.
    """
    mean, deviation = over_folds(histories)
    figure = new_figure(8, 3.4)
    left, right = figure.subplots(1, 2)
    _draw_band(left, mean["loss"], deviation["loss"], BLUE, "-", "train")
    _draw_band(right, mean["train_accuracy"], deviation["train_accuracy"], BLUE, "-", "train")
    _draw_band(right, mean["test_accuracy"], deviation["test_accuracy"], VERMILION, "--", "test")
    left.set(title="Loss", ylabel="cross entropy of training clips (nats)")
    right.set(title="Accuracy", ylabel="share of clips", ylim=(0, 1.03))
    left.set_ylim(bottom=0)
    right.legend(loc="lower right")
    for axes in (left, right):
        _count_epochs(axes, mean.index.max())
    folds = len(histories[["repeat", "fold"]].drop_duplicates())
    figure.suptitle(f"Mean over {counted(folds, 'fold')} ± standard deviation")
    return figure


def _draw_band(
    axes: Axes, mean: pd.Series, deviation: pd.Series, colour: str, line: str, label: str
) -> None:
    axes.fill_between(
        mean.index, mean - deviation, mean + deviation, color=colour, alpha=0.2, linewidth=0
    )
    axes.plot(mean.index, mean, color=colour, linestyle=line, label=label)


def _count_epochs(axes: Axes, last: int) -> None:
    """Give the first epochs, in which most happens, the most space."""
    axes.set_xscale("log")
    axes.set_xlim(1, max(last, 2))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda epoch, _: f"{epoch:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("epoch (logarithmic)")
