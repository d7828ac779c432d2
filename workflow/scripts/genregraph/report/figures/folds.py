"""Figure of the accuracies of each fold, protocol by protocol."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from genregraph.common.errors import UserError
from genregraph.report.figures.style import BLACK, BLUE, VERMILION, in_style, new_figure, plain

PARTS = {"train": (BLUE, "s"), "test": (VERMILION, "o")}


def of_model(results: pd.DataFrame, model: str) -> pd.DataFrame:
    """Rows of one model.

    Raises
    ------
    UserError
        If the results have none.
    """
    rows = results[results["model"] == model]
    if rows.empty:
        there = ", ".join(sorted(set(results["model"])))
        raise UserError(f"model: the results have no model '{model}'; they have {there}")
    return rows


@in_style()
def draw(results: pd.DataFrame, model: str, paper: float | None) -> Figure:
    """Train and test accuracy of each fold and their means, a panel a protocol.

    Parameters
    ----------
    results : pd.DataFrame
        As `evaluation.collect` makes it; one experiment. Without rows, the figure says that there
        is nothing. Clips are predicted one by one (aggregation none).
    model : str
    paper : float or None
        The paper's test accuracy.
    """
    results = results[results["aggregation"] == "none"]
    if results.empty:
        figure = new_figure(4, 1)
        figure.text(0.5, 0.5, "no protocol could be evaluated", ha="center", va="center")
        return figure
    rows = of_model(results, model)
    protocols = list(rows.groupby("protocol", sort=False))
    figure = new_figure(1 + 3.6 * len(protocols), 3.6)
    panels = figure.subplots(1, len(protocols), squeeze=False, sharey=True)[0]
    for axes, (protocol, of_protocol) in zip(panels, protocols, strict=True):
        _draw_protocol(axes, of_protocol, paper)
        train, test = (of_protocol[f"{part}_accuracy"].mean() for part in PARTS)
        axes.set_title(f"{protocol}: mean train {train:.3f}, test {test:.3f}")
    lowest = rows[[f"{part}_accuracy" for part in PARTS]].min().min()
    lowest = lowest if paper is None else min(lowest, paper)
    panels[0].set_ylim(max(0, np.floor(10 * lowest - 0.5) / 10), 1.02)
    panels[0].set_ylabel("accuracy (share of clips)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    first = rows.iloc[0]
    figure.suptitle(plain(f"{first['experiment']} on {first['dataset']}: {model}, by protocol", 70))
    return figure


def _draw_protocol(axes: Axes, rows: pd.DataFrame, paper: float | None) -> None:
    ordered = rows.sort_values(["repeat", "fold"])
    places = np.arange(len(ordered))
    for part, (colour, marker) in PARTS.items():
        accuracies = ordered[f"{part}_accuracy"]
        axes.plot(
            places, accuracies, marker=marker, color=colour, ls="", ms=5, clip_on=False, label=part
        )
        axes.axhline(accuracies.mean(), color=colour, linewidth=1, label=f"mean {part}", zorder=1)
    if paper is not None:
        axes.axhline(paper, color=BLACK, ls="--", lw=1, label=f"paper, test: {paper:.4f}", zorder=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel="fold", xlim=(-0.5, len(ordered) - 0.5))
