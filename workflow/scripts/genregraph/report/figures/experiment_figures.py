"""Figures of an experiment over its protocols: accuracies of folds, accuracy by confidence."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from genregraph.evaluation.outputs import read_result
from genregraph.report.figures import style

MODEL = "graphsage"
COLUMNS = 4  # Of panels.
SCALINGS = {"none": ("-", ""), "temperature": ("--", ", at a fitted temperature")}


@style.in_style()
def draw_folds(results: pd.DataFrame, paper: float | None) -> Figure:
    """GraphSAGE's accuracies in each fold and their means, and the paper's, a panel a protocol."""
    rows = results[(results["aggregation"] == "none") & (results["model"] == MODEL)]
    if rows.empty:
        return style.draw_text("no protocol could be evaluated", 4, 1)
    protocols = list(rows.groupby("protocol", sort=False))
    figure = style.new_figure(1 + 3.6 * len(protocols), 3.6)
    panels = figure.subplots(1, len(protocols), squeeze=False, sharey=True)[0]
    for axes, (protocol, of_protocol) in zip(panels, protocols, strict=True):
        _draw_protocol(axes, of_protocol.sort_values(["repeat", "fold"]), paper)
        train, test = (of_protocol[f"{part}_accuracy"].mean() for part in style.PARTS)
        axes.set_title(f"{protocol}: mean train {train:.3f}, test {test:.3f}")
    lowest = min(*rows[["train_accuracy", "test_accuracy"]].min(), paper or 1)
    lower_end = max(0, np.floor(10 * lowest - 0.5) / 10)
    panels[0].set(ylabel="accuracy (share of clips)", ylim=(lower_end, 1.02))
    style.draw_legend(panels[0], columns=5)
    style.draw_title(figure, rows, f"{MODEL}, by protocol")
    return figure


def _draw_protocol(axes: Axes, rows: pd.DataFrame, paper: float | None) -> None:
    places = np.arange(len(rows))
    for part, (colour, marker, _) in style.PARTS.items():
        scores = rows[f"{part}_accuracy"]
        axes.plot(places, scores, marker, color=colour, ms=5, clip_on=False, label=part)
        axes.axhline(scores.mean(), color=colour, linewidth=1, label=f"mean {part}", zorder=1)
    if paper is not None:
        label = f"paper, test: {paper:.4f}"
        axes.axhline(paper, color=style.BLACK, ls="--", lw=1, label=label, zorder=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel="fold", xlim=(-0.5, len(rows) - 0.5))


@style.in_style()
def draw_reliability(curves: pd.DataFrame) -> Figure:
    """Accuracy by confidence (``reliability.csv``), a panel a model and a line a protocol.

    The areas of points grow with the share of clips in a bin.
    """
    curves = curves[curves["aggregation"] == "none"]
    if curves.empty:
        return style.draw_text("no protocol could be evaluated", 4, 1)
    models = list(curves.groupby("model", sort=False))
    shape = -(-len(models) // COLUMNS), min(COLUMNS, len(models))
    figure = style.new_figure(2.6 * shape[1] + 0.4, 2.5 * shape[0] + 0.9)
    panels = figure.subplots(*shape, squeeze=False, sharex=True, sharey=True).ravel()
    colours = {name: style.colour_of(i) for i, name in enumerate(curves["protocol"].unique())}
    for axes, (model, own) in zip(panels, models, strict=False):
        axes.plot([0, 1], [0, 1], color=style.GREY, lw=1, zorder=1)
        for (protocol, scaling), curve in own.groupby(["protocol", "scaling"], sort=False):
            _draw_curve(axes, curve, str(protocol), str(scaling), colours[protocol])
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=style.plain(model, 24))
    for axes in panels[len(models) :]:
        axes.remove()
    figure.supxlabel("confidence (largest probability)")
    figure.supylabel("accuracy (share of clips)")
    style.draw_legend(panels[0])
    style.draw_title(figure, curves, "reliability")
    return figure


def _draw_curve(axes: Axes, curve: pd.DataFrame, protocol: str, scaling: str, colour: str) -> None:
    filled = curve[curve["clips"] > 0]
    (line, suffix), places = SCALINGS[scaling], (filled["confidence"], filled["accuracy"])
    axes.plot(*places, color=colour, ls=line, lw=1, label=protocol + suffix, zorder=2)
    sizes = 4 + 80 * filled["clips"] / filled["clips"].sum()
    inside = colour if scaling == "none" else "white"
    dots = axes.scatter(*places, s=sizes, color=inside, edgecolors=colour, linewidths=0.8, zorder=3)
    dots.set_clip_on(False)


def main(
    results: Annotated[Path, typer.Option(help="Results of the experiment (CSV).")],
    curves: Annotated[Path, typer.Option(help="Reliability by bins (CSV).")],
    folds: style.FigureFile,
    reliability: style.FigureFile,
    paper: Annotated[float | None, typer.Option(help="The paper's test accuracy.")] = None,
) -> None:
    """Draw the accuracies of each fold, and accuracy by confidence."""
    style.save(draw_folds(read_result(results), paper), folds)
    style.save(draw_reliability(read_result(curves)), reliability)
