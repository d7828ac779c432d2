"""Figures of an experiment under a protocol, and its map: t-SNE is computed once for all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray
from scipy import sparse
from sklearn.metrics import confusion_matrix

from genregraph.config.registry import NAMED
from genregraph.graph.store import load_graph
from genregraph.preprocessing.inputs import Inputs, InputsFile
from genregraph.report.figures import places, style

RANKED = 5  # Genres of which a clip's probability is shown,
LEAST = 0.005  # if it is at least that.


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


def confuse(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tests of clips by true genre (rows) and predicted one (columns), and their shares of a row.

    They are of all folds of a model: a clip that is tested several times counts each time.
    """
    genres = predictions.columns.drop(NAMED)
    test = predictions[predictions["part"] == "test"]
    matrix = confusion_matrix(test["true"], test["predicted"], labels=genres)
    counts = pd.DataFrame(matrix, index=genres, columns=genres)
    return counts, counts.div(counts.sum(axis=1).clip(lower=1), axis=0)


@style.in_style()
def draw_confusion(predictions: pd.DataFrame) -> Figure:
    """Heat map of `confuse`: colours are shares of the true genre's tests, numbers are tests."""
    counts, shares = confuse(predictions)
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


def within_square(places: NDArray[np.floating]) -> NDArray[np.floating]:
    """Places in the unit square: the longer side from 0 to 1, the shorter about its middle."""
    low, high = places.min(axis=0).astype(float), places.max(axis=0).astype(float)
    return (places - (low + high) / 2) / max((high - low).max(), 1e-9) + 0.5


def first_tests(predictions: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """What a model predicted of each clip of the inputs when it was first tested, a row a clip.

    ``fold`` (-1: not tested in the first repeat), and a probability a genre (then NaN).
    """
    tested = predictions[(predictions["repeat"] == 0) & (predictions["part"] == "test")]
    first = tested.sort_values("fold", kind="stable").drop_duplicates("clip").set_index("clip")
    tests = first.reindex(inputs.clips.tolist())
    return tests.assign(fold=tests["fold"].fillna(-1).astype(int))


def ranked(tests: pd.DataFrame, genres: list[str]) -> list[list[tuple[int, int]]]:
    """Of each clip the most probable genres, each with its percents; none where not tested."""
    probabilities = tests[genres].to_numpy()
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :RANKED]
    return [
        [
            (int(genre), round(100 * own[genre]))
            for genre in best
            if fold >= 0 and (genre == best[0] or own[genre] >= LEAST)
        ]
        for own, best, fold in zip(probabilities, order, tests["fold"], strict=True)
    ]


def chart(
    inputs: Inputs,
    graphs: Mapping[int, sparse.csr_array],
    predictions: Mapping[str, pd.DataFrame],
    tsne: NDArray[np.floating],
    most: int = 10,
) -> dict[str, Any]:
    """What the report's map shows: of each clip its place, neighbours and predictions.

    Inputs are those of the first fold, graphs by fold of the first repeat, predictions of all folds
    by model (GraphSAGE first), ``most`` the neighbours of a clip. ``fold`` is the first in which a
    clip is tested (-1: none), ``neighbours`` are index and distance in the graph of that fold, else
    of the first, ``models`` the most probable genres (index and percents) in that fold.
    """
    x, y = within_square(tsne).round(4).T.tolist()
    tests = {model: first_tests(table, inputs) for model, table in predictions.items()}
    folds = next(iter(tests.values()))["fold"]
    graph_of = folds.where(folds.isin(list(graphs)), min(graphs)).to_numpy()
    neighbours: list[list[tuple[int, float]]] = [[] for _ in folds]
    for fold, graph in graphs.items():
        near = places.nearest(graph, most)
        own = near[graph_of[near["clip"]] == fold]
        for clip, other, distance in own.itertuples(index=False):
            neighbours[clip].append((other, float(f"{distance:.4g}")))
    genres = inputs.genres.tolist()
    return {
        "genres": genres,
        "clips": inputs.clips.tolist(),
        "genre": inputs.y.tolist(),
        "fold": folds.tolist(),
        "x": x,
        "y": y,
        "neighbours": neighbours,
        "models": {model: ranked(table, genres) for model, table in tests.items()},
    }


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
    numbered = enumerate(folds.keys)
    once = {fold: load_graph(graphs, i) for i, (repeat, fold) in numbered if repeat == 0}
    shown = chart(first, once, predictions, placed.tsne)
    clip_map.write_text(json.dumps(shown, separators=(",", ":")) + "\n", encoding="utf-8")
