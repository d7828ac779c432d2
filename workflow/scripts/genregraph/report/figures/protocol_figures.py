"""Figures of an experiment under a protocol, and its map: t-SNE is computed once for all."""

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from genregraph.graph.store import load_graph
from genregraph.preprocessing.inputs import InputsFile
from genregraph.report.figures import confusion, graph, history, scatter
from genregraph.report.figures.style import save
from genregraph.report.page.map import chart

OF_FIGURE = "Figure, to be written (PNG or SVG)."


def main(
    inputs: Annotated[Path, typer.Option(help="Inputs of all folds (NPZ).")],
    graphs: Annotated[Path, typer.Option(help="Their graphs (NPZ).")],
    models: Annotated[Path, typer.Option(help="Folder of what models predicted.")],
    model: Annotated[list[str], typer.Option(help="A model that the map shows.")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    scatter_figure: Annotated[Path, typer.Option("--scatter", help=OF_FIGURE)],
    graph_figure: Annotated[Path, typer.Option("--graph", help=OF_FIGURE)],
    history_figure: Annotated[Path, typer.Option("--history", help=OF_FIGURE)],
    confusion_figure: Annotated[Path, typer.Option("--confusion", help=OF_FIGURE)],
    clip_map: Annotated[Path, typer.Option("--map", help="The map, to be written (JSON).")],
    neighbours: Annotated[int, typer.Option(min=1, help="Of a clip on the map, at most.")] = 10,
) -> None:
    """Draw clips, graph, training and confusion, and write the map of the report."""
    folds = InputsFile(inputs)
    first, joined = folds[0], load_graph(graphs, 0)
    placed = scatter.place(first.x, seed)
    predictions = {name: pd.read_parquet(models / f"{name}.parquet") for name in model}
    save(scatter.draw(first, placed), scatter_figure)
    save(graph.draw(first, joined, placed.tsne), graph_figure)
    save(history.draw(pd.read_csv(models / "graphsage.history.csv")), history_figure)
    save(confusion.draw(predictions["graphsage"]), confusion_figure)
    once = {
        fold: load_graph(graphs, number)
        for number, (repeat, fold) in enumerate(folds.keys)
        if repeat == 0
    }
    shown = chart(first, once, predictions, placed.tsne, neighbours)
    clip_map.write_text(json.dumps(shown, separators=(",", ":")) + "\n", encoding="utf-8")
