"""Figures of the tables of a dataset.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "Improvement
   Period - Multi-classification More Features": 150 neurons and a rate of 0.001 were best.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from genregraph.common.errors import UserError
from genregraph.report.figures.style import (
    BLACK,
    BLUE,
    PALE,
    PARTS,
    VERMILION,
    colour_of,
    counted,
    draw_band,
    draw_legend,
    draw_matrix,
    draw_title,
    in_style,
    new_figure,
    plain,
)

MOST_FEATURES = 60  # Whose names can still be read.
TUNED = {  # Label, and the paper's best value [1]_.
    "hidden": ("neurons in the hidden layer", 150),
    "learning_rate": ("learning rate", 0.001),
}
SERIES = {"artists": "training artists, at equal clips", "clips": "clips, at equal artists"}


def count_clips(clips: pd.DataFrame) -> pd.DataFrame:
    """Clips of each genre by the alphabet, in columns ``usable`` and ``rejected``."""
    rejected = clips["status"] == "rejected"
    counts = pd.DataFrame({"usable": ~rejected, "rejected": rejected})
    return counts.groupby(clips["genre"]).sum()


@in_style()
def clips(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Usable and rejected clips of each genre, a panel a segment length (``clips.parquet``)."""
    counts = {cut: count_clips(table) for cut, table in tables.items()}
    genres = max(map(len, counts.values()))
    figure = new_figure(1 + 3.5 * len(counts), 1.2 + 0.26 * genres)
    panels = figure.subplots(1, len(counts), squeeze=False)[0]
    for axes, (cut, count) in zip(panels, counts.items(), strict=True):
        _draw_counts(axes, count)
        usable, rejected = count.sum()
        axes.set_title(f"segments of {cut}: {usable:,} usable, {rejected:,} rejected")
    draw_legend(panels[0])
    return figure


def _draw_counts(axes: Axes, count: pd.DataFrame) -> None:
    names = [plain(genre, 24) for genre in count.index]
    places, usable = range(len(names)), count["usable"]
    axes.barh(places, usable, color=BLUE, label="usable")
    bars = axes.barh(places, count["rejected"], left=usable, color=VERMILION, label="rejected")
    texts = [f"{good:,}" + (f" + {bad:,}" if bad else "") for good, bad in count.to_numpy()]
    axes.bar_label(bars, texts, padding=4)
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set(xlabel="clips", ylabel="genre", xlim=(0, 1.25 * count.sum(axis=1).max()))


@in_style()
def correlation(table: pd.DataFrame) -> Figure:
    """Pearson correlations of the first features of a table that vary."""
    features = table.drop(columns="clip")
    varying = features.loc[:, features.nunique() > 1]
    if varying.empty:
        raise UserError(f"none of {features.shape[1]} features varies over {len(table)} clips")
    shown = varying.iloc[:, :MOST_FEATURES]
    side = 1.5 + 0.145 * max(shown.shape[1], 12)
    figure = new_figure(side + 0.9, side)
    axes = figure.subplots()
    draw_matrix(axes, shown.corr(), "Pearson correlation", cmap="RdBu_r", vmin=-1, vmax=1)
    axes.tick_params(labelsize=7, pad=2)
    constant, clips = features.shape[1] - varying.shape[1], counted(len(table), "clip")
    notes = [f"{constant:,} constant left out"] if constant else []
    notes += [f"the first of {features.shape[1]:,}"] if shown.shape != varying.shape else []
    title = f"Correlations of {counted(shown.shape[1], 'feature')} over {clips}"
    axes.set_title(f"{title} ({'; '.join(notes)})" if notes else title)
    return figure


@in_style()
def tuning(table: pd.DataFrame) -> Figure:
    """Accuracy by neurons and by learning rate (``tuning.csv``): means and deviations of folds."""
    figure = new_figure(8, 3.6)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (parameter, (label, best)) in zip(panels, TUNED.items(), strict=True):
        values = table[table["parameter"] == parameter].groupby("value")
        for part, (_, marker, _) in PARTS.items():
            scores = values[f"{part}_accuracy"]
            draw_band(axes, scores.mean(), scores.std().fillna(0), part, marker=marker, ms=4)
        axes.axvline(best, color=BLACK, ls=":", lw=1, label="the paper's best")
        axes.set_xlabel(label)
    panels[0].set(ylabel="accuracy (share of clips)", ylim=(0, 1.03))
    panels[1].set_xscale("log")
    panels[1].xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    panels[1].xaxis.set_minor_locator(NullLocator())
    draw_legend(panels[0])
    draw_title(figure, table, "tuning")
    return figure


def levels(table: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy of each model at each level of each series of a learning curve.

    Levels are counted in each repeat, from the smallest: repeats may differ by a few clips or
    artists. Artists, clips and accuracies are means over repeats; ``std`` is NaN of a single one.
    """
    size = table["artists"].where(table["series"] == "artists", table["clips"])
    keys = [table[name] for name in ("series", "model", "repeat")]
    level = size.groupby(keys).rank("dense").astype(int)
    groups = table.assign(level=level).groupby(["series", "level", "model"], sort=False)
    means = groups.agg(
        artists=("artists", "mean"),
        clips=("clips", "mean"),
        mean=("accuracy", "mean"),
        std=("accuracy", "std"),
        repeats=("repeat", "nunique"),
    )
    return means.reset_index().sort_values(["series", "level"], kind="stable", ignore_index=True)


@in_style()
def learning_curve(table: pd.DataFrame) -> Figure:
    """Accuracy by artists at equal clips, and by clips at equal artists (``learning-curve.csv``).

    Lines are means over repeats, bars a standard deviation to both sides.
    """
    means = levels(table)
    figure = new_figure(8.5, 3.8)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (series, label) in zip(panels, SERIES.items(), strict=True):
        models = means[means["series"] == series].groupby("model", sort=False)
        for number, (model, rows) in enumerate(models):
            axes.errorbar(
                rows[series],
                rows["mean"],
                rows["std"].fillna(0),
                color=colour_of(number),
                marker="osD^vPX*"[number % 8],
                ms=5,
                capsize=2,
                label=plain(model, 24),
            )
        axes.set(xlabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    panels[0].set(ylabel="accuracy (share of clips)")
    draw_legend(panels[0], columns=4)
    draw_title(figure, table, "learning curves")
    return figure


@in_style()
def importances(selection: pd.DataFrame, top: int = 25) -> Figure:
    """Importance of features in the forest of all, and in that of the selected (``selection.csv``).

    Of the first fold the ``top`` features are drawn, the most important before the selection first.
    """
    first = selection.query("repeat == 0 and fold == 0")
    keys = ["importance_before", "importance_after", "feature"]
    shown = first.sort_values(keys, ascending=[False, False, True]).head(top)
    figure = new_figure(7, 1.2 + 0.26 * len(shown))
    axes = figure.subplots()
    places = np.arange(len(shown))
    axes.barh(places - 0.2, shown["importance_before"], 0.4, color=PALE, label="before: all")
    axes.barh(places + 0.2, shown["importance_after"], 0.4, color=BLUE, label="after: selected")
    axes.set_yticks(places, [plain(name, 34) for name in shown["feature"]])
    for label, selected in zip(axes.get_yticklabels(), shown["selected"], strict=True):
        label.set_fontweight("bold" if selected else "normal")
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="importance (share of the forest's impurity decrease)", ylabel="feature")
    axes.legend(loc="lower right")
    figure.suptitle(
        f"ControlBurn keeps {first['selected'].sum():,} of {len(first):,} features;\n"
        f"{shown['selected'].sum()} of them (bold) are among the {len(shown)} most important before"
    )
    return figure
