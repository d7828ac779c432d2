"""Draw a figure from one table of a dataset, or from the same table of several parts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from genregraph.common.errors import UserError
from genregraph.datasets.spreadsheet import unguarded
from genregraph.evaluation.outputs import read_result
from genregraph.report.figures import clip, style
from genregraph.report.levels import levels

MOST_FEATURES = 60  # Whose names can still be read.
TUNED = {  # Label, and the best in the paper's "Multi-classification More Features".
    "hidden": ("neurons in the hidden layer", 150),
    "learning_rate": ("learning rate", 0.001),
}
SERIES = {"artists": "training artists, at equal clips", "clips": "clips, at equal artists"}


@style.in_style()
def correlation(table: pd.DataFrame) -> Figure:
    """Pearson correlations of the first features of a table that vary."""
    features = table.drop(columns="clip")
    varying = features.loc[:, features.nunique() > 1]
    if varying.empty:
        raise UserError(f"none of {features.shape[1]} features varies over {len(table)} clips")
    shown = varying.iloc[:, :MOST_FEATURES]
    side = 1.5 + 0.145 * max(shown.shape[1], 12)
    figure = style.new_figure(side + 0.9, side)
    axes = figure.subplots()
    style.draw_matrix(axes, shown.corr(), "Pearson correlation", cmap="RdBu_r", vmin=-1, vmax=1)
    axes.tick_params(labelsize=7, pad=2)
    constant, clips = features.shape[1] - varying.shape[1], style.counted(len(table), "clip")
    notes = [f"{constant:,} constant left out"] if constant else []
    notes += [f"the first of {features.shape[1]:,}"] if shown.shape != varying.shape else []
    title = f"Correlations of {style.counted(shown.shape[1], 'feature')} over {clips}"
    axes.set_title(f"{title} ({'; '.join(notes)})" if notes else title)
    return figure


@style.in_style()
def tuning(table: pd.DataFrame) -> Figure:
    """Accuracy by neurons and by learning rate (``tuning.csv``): means and deviations of folds."""
    figure = style.new_figure(8, 3.6)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (parameter, (label, best)) in zip(panels, TUNED.items(), strict=True):
        values = table[table["parameter"] == parameter].groupby("value")
        for part, (_, marker, _) in style.PARTS.items():
            style.draw_band(axes, values[f"{part}_accuracy"], part, marker=marker, ms=4)
        axes.axvline(best, color=style.BLACK, ls=":", lw=1, label="the paper's best")
        axes.set_xlabel(label)
    panels[0].set(ylabel="accuracy (share of clips)", ylim=(0, 1.03))
    style.draw_logarithmic(panels[1])
    style.draw_legend(panels[0])
    style.draw_title(figure, table, "tuning")
    return figure


@style.in_style()
def learning_curve(table: pd.DataFrame) -> Figure:
    """Accuracy by artists at equal clips, and by clips at equal artists: means and deviations."""
    means = levels(table)
    figure = style.new_figure(8.5, 3.8)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (series, label) in zip(panels, SERIES.items(), strict=True):
        models = means[means["series"] == series].groupby("model", sort=False)
        for number, (model, rows) in enumerate(models):
            look: dict[str, Any] = {"label": style.plain(model, 24), "ms": 5, "capsize": 2}
            look |= {"color": style.colour_of(number), "marker": "osD^vPX*"[number % 8]}
            axes.errorbar(rows[series], rows["mean"], rows["std"].fillna(0), **look)
        axes.set(xlabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    panels[0].set(ylabel="accuracy (share of clips)")
    style.draw_legend(panels[0], columns=4)
    style.draw_title(figure, table, "learning curves")
    return figure


@style.in_style()
def importances(selection: pd.DataFrame, top: int = 25) -> Figure:
    """Importance of the first fold's ``top`` features in the forests of all and of the selected."""
    named = selection.assign(feature=selection["feature"].map(unguarded))
    first = named.query("repeat == 0 and fold == 0")
    keys = ["importance_before", "importance_after", "feature"]
    shown = first.sort_values(keys, ascending=[False, False, True]).head(top)
    figure = style.new_figure(7, 1.2 + 0.26 * len(shown))
    axes = figure.subplots()
    places = np.arange(len(shown))
    before, after = shown["importance_before"], shown["importance_after"]
    axes.barh(places - 0.2, before, 0.4, color=style.PALE, label="before: all")
    axes.barh(places + 0.2, after, 0.4, color=style.BLUE, label="after: selected")
    axes.set_yticks(places, [style.plain(name, 34) for name in shown["feature"]])
    for label, selected in zip(axes.get_yticklabels(), shown["selected"], strict=True):
        label.set_fontweight("bold" if selected else "normal")
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set(xlabel="importance (share of the forest's impurity decrease)", ylabel="feature")
    axes.legend(loc="lower right")
    figure.suptitle(
        f"ControlBurn keeps {first['selected'].sum():,} of {len(first):,} features;\n"
        f"{shown['selected'].sum()} of them (bold) are among the {len(shown)} most important before"
    )
    return figure


FIGURES: dict[str, Callable[[Sequence[Path]], Figure]] = {
    "clip": lambda files: clip.draw(*clip.first_clip(files)),
    "correlation": lambda files: correlation(pd.read_parquet(files[0])),
    "tuning": lambda files: tuning(read_result(files[0])),
    "learning-curve": lambda files: learning_curve(read_result(files[0])),
    "importances": lambda files: importances(read_result(files[0])),
}


def main(
    files: Annotated[list[Path], typer.Argument(help="What it is drawn from (CSV or Parquet).")],
    output: style.FigureFile,
) -> None:
    """Draw the figure that the output is named by from a table of a dataset."""
    style.save(FIGURES[output.stem](files), output)
