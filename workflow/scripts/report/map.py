"""What the report's map of an experiment shows: places, neighbours and predictions of all clips."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy import sparse

from inputs.inputs import Inputs
from report.scatter import DIMENSIONS, neighbour_map, principal_components
from results.outputs import Fold, fitted, folds_of

Floats = NDArray[np.floating]
Neighbours = list[tuple[int, float]]


class Looked(NamedTuple):
    """A fold as the map looks at it.

    Attributes
    ----------
    number : int
    inputs : Inputs
        n clips, c genres.
    graph : scipy.sparse.csr_array, shape (n, n)
        Distances to each clip's neighbours.
    probabilities : mapping of str to NDArray, shape (n, c)
        By model, GraphSAGE first.
    """

    number: int
    inputs: Inputs
    graph: sparse.csr_array
    probabilities: Mapping[str, Floats]


def places(x: Floats, seed: int) -> Floats:
    """Where t-SNE puts clips, within the unit square.

    Parameters
    ----------
    x : NDArray, shape (n, d)
        Inputs.
    seed : int
        Of PCA and t-SNE.

    Returns
    -------
    NDArray, shape (n, 2)
        The longer side of the map is from 0 to 1, the shorter about its middle.
    """
    found = neighbour_map(principal_components(x, DIMENSIONS, seed)[0], seed).astype(np.float64)
    low, high = found.min(axis=0), found.max(axis=0)
    return (found - (low + high) / 2) / max((high - low).max(), 1e-9) + 0.5


def nearest(graph: sparse.csr_array, clip: int, most: int) -> Neighbours:
    """Nearest neighbours of a clip and their distances, the nearest first.

    Parameters
    ----------
    graph : scipy.sparse.csr_array, shape (n, n)
        As `graph.adjacency` makes it. A stored zero is no edge, as in the paper.
    clip : int
        Row of the graph.
    most : int
        How many, at most.
    """
    part = slice(graph.indptr[clip], graph.indptr[clip + 1])
    others, distances = graph.indices[part], graph.data[part]
    order = np.lexsort((others, distances))
    order = order[distances[order] != 0][:most]
    return [(int(others[i]), float(f"{distances[i]:.4g}")) for i in order]


def chart(folds: Sequence[Looked], most: int, seed: int) -> dict[str, Any]:
    """What there is to show of the folds of one deal.

    Parameters
    ----------
    folds : sequence of Looked
        All of the same clips.
    most : int
        Neighbours of each clip, at most.
    seed : int
        Of the places.

    Returns
    -------
    dict
        ``genres`` and ``clips`` (names); of each clip ``genre`` (index), ``fold`` (in which it is a
        test clip; -1: in none), ``x y`` (by t-SNE of the first fold's inputs), ``neighbours`` and
        ``distances`` (in the graph of that fold, else of the first); and by model, of each clip in
        that fold, ``predicted`` (index; -1: not tested) and ``probabilities`` (percents, a byte a
        genre, base64).
    """
    first = folds[0].inputs
    n, c = len(first.clips), len(first.genres)
    x, y = places(first.x, seed).round(4).T.tolist()
    own = np.full(n, -1)
    neighbours = [nearest(folds[0].graph, clip, most) for clip in range(n)]
    percents = {model: np.zeros((n, c), dtype=np.uint8) for model in folds[0].probabilities}
    predicted = {model: np.full(n, -1) for model in percents}
    for fold in folds:
        test = np.flatnonzero(~fold.inputs.train)
        own[test] = fold.number
        for clip in test.tolist():
            neighbours[clip] = nearest(fold.graph, clip, most)
        for model, probabilities in fold.probabilities.items():
            percents[model][test] = np.rint(100 * probabilities[test])
            predicted[model][test] = probabilities[test].argmax(axis=1)
    return {
        "genres": first.genres.tolist(),
        "clips": first.clips.tolist(),
        "genre": first.y.tolist(),
        "fold": own.tolist(),
        "x": x,
        "y": y,
        "neighbours": [[clip for clip, _ in found] for found in neighbours],
        "distances": [[distance for _, distance in found] for found in neighbours],
        "models": {
            model: {
                "predicted": predicted[model].tolist(),
                "probabilities": base64.b64encode(table.tobytes()).decode("ascii"),
            }
            for model, table in percents.items()
        },
    }


def _look(folds: Sequence[Fold], compared: Sequence[str]) -> Iterator[Looked]:
    for fold in folds:
        inputs = Inputs.load(fold.outputs / "inputs.npz")
        probabilities = {
            each.model: _in_order(each.predictions, inputs) for each in fitted(fold, compared)
        }
        graph = sparse.load_npz(fold.outputs / "graph.npz")
        yield Looked(fold.fold, inputs, graph, probabilities)


def _in_order(predictions: pd.DataFrame, inputs: Inputs) -> Floats:
    ordered = predictions.set_index("clip").loc[inputs.clips.tolist()]
    return ordered[inputs.genres.tolist()].to_numpy(dtype=np.float64)


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of the protocol, with its folds.")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    output: Annotated[Path, typer.Option(help="The map, to be written (JSON).")],
    compared: Annotated[
        list[str] | None, typer.Option(help="Tables of models beside GraphSAGE.")
    ] = None,
    neighbours: Annotated[int, typer.Option(min=1, help="Of each clip, at most.")] = 10,
) -> None:
    """Say where clips lie, who their neighbours are, and what models take them for."""
    once = [fold for fold in folds_of(folder) if fold.repeat == 0]
    shown = chart(list(_look(once, compared or [])), neighbours, seed)
    output.write_text(json.dumps(shown, separators=(",", ":")) + "\n", encoding="utf-8")
