"""Figures of an experiment under a protocol, and its map: t-SNE is computed once for all."""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from sklearn.metrics import confusion_matrix

from genregraph.evaluation.outputs import genres_of
from genregraph.graph.store import load_graph
from genregraph.preprocessing.inputs import InputsFile
from genregraph.report.figures import places, style
from genregraph.report.page.map import chart


@style.in_style()
def draw_history(histories: pd.DataFrame) -> Figure:
    """Left the loss, right the accuracies, by epoch.

    Lines are means over the folds that reach an epoch, bands a standard deviation each way.
    """
    epochs = histories.groupby("epoch")
    figure = style.new_figure(8, 3.4)
    left, right = figure.subplots(1, 2)
    style.draw_band(left, epochs["loss"], "train")
    for part in ("train", "test"):
        style.draw_band(right, epochs[f"{part}_accuracy"], part)
    left.set(title="Loss", ylabel="cross entropy of training clips (nats)")
    right.set(title="Accuracy", ylabel="share of clips", ylim=(0, 1.03))
    left.set_ylim(bottom=0)
    right.legend(loc="lower right")
    for axes in (left, right):  # Most happens in the first epochs: they get the most space.
        style.draw_logarithmic(axes)
        last = max(histories["epoch"].max(), 2)
        axes.set(xlabel="epoch (logarithmic)", xlim=(1, last))
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    figure.suptitle(f"Mean over {folds_of(histories)} ± standard deviation")
    return figure


def folds_of(table: pd.DataFrame) -> str:
    """How many folds a table has, in words."""
    return style.counted(len(table[["repeat", "fold"]].drop_duplicates()), "fold")


def confuse(predictions: pd.DataFrame) -> pd.DataFrame:
    """Tests of clips by true genre (rows) and predicted one (columns), over all folds of a model.

    A clip that is tested several times counts each time.
    """
    genres = genres_of(predictions)
    test = predictions[predictions["part"] == "test"]
    counts = confusion_matrix(test["true"], test["predicted"], labels=genres)
    return pd.DataFrame(counts, index=genres, columns=genres)


@style.in_style()
def draw_confusion(predictions: pd.DataFrame) -> Figure:
    """Heat map of `confuse`: colours are shares of the true genre's tests, numbers are tests."""
    counts = confuse(predictions)
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    side = 2 + 0.45 * max(len(counts), 6)
    figure = style.new_figure(side + 1, side)
    axes = figure.subplots()
    style.draw_matrix(axes, shares, "share of the true genre", cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counts):
        share = shares.iloc[row, column]
        text = f"{counts.iloc[row, column]}\n{share:.0%}"
        colour = "white" if share > 0.7 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour)
    axes.set(xlabel="predicted genre", ylabel="true genre")
    axes.spines[:].set_visible(False)
    right, total = np.trace(counts), counts.to_numpy().sum()
    figure.suptitle(f"{right:,} of {total:,} tests of clips right, over {folds_of(predictions)}")
    return figure


def main(
    inputs: Annotated[Path, typer.Option(help="Preprocessed features of all folds (NPZ).")],
    graphs: Annotated[Path, typer.Option(help="Their graphs (NPZ).")],
    models: Annotated[Path, typer.Option(help="Folder of what models predicted.")],
    model: Annotated[list[str], typer.Option(help="A model that the map shows.")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    scatter: style.FigureFile,
    graph: style.FigureFile,
    history: style.FigureFile,
    confusion: style.FigureFile,
    clip_map: Annotated[Path, typer.Option("--map", help="The map, to be written (JSON).")],
    neighbours: Annotated[int, typer.Option(min=1, help="Of a clip on the map, at most.")] = 10,
) -> None:
    """Draw clips, graph, training and confusion, and write the map of the report."""
    folds = InputsFile(inputs)
    first, distances = folds[0], load_graph(graphs, 0)
    placed = places.place(first.x, seed)
    predictions = {name: pd.read_parquet(models / f"{name}.parquet") for name in model}
    style.save(places.draw(first, placed), scatter)
    style.save(places.draw_graph(first, distances, placed.tsne), graph)
    style.save(draw_history(pd.read_csv(models / "graphsage.history.csv")), history)
    style.save(draw_confusion(predictions["graphsage"]), confusion)
    once = {
        fold: load_graph(graphs, number)
        for number, (repeat, fold) in enumerate(folds.keys)
        if repeat == 0
    }
    shown = chart(first, once, predictions, placed.tsne, neighbours)
    clip_map.write_text(json.dumps(shown, separators=(",", ":")) + "\n", encoding="utf-8")
