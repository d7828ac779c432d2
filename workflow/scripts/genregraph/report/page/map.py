"""What the report's map of an experiment shows: places, neighbours and predictions of all clips."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from genregraph.preprocessing.inputs import Inputs

Floats = NDArray[np.floating]
Neighbours = list[tuple[int, float]]


def within_square(places: Floats) -> Floats:
    """Places within the unit square.

    Parameters
    ----------
    places : NDArray, shape (n, 2)

    Returns
    -------
    NDArray, shape (n, 2)
        The longer side of the map is from 0 to 1, the shorter about its middle.
    """
    found = places.astype(np.float64)
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


def first_tests(predictions: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """What a model predicted of each clip when it was first tested.

    Parameters
    ----------
    predictions : pd.DataFrame
        Of all folds, as the models' files have them.
    inputs : Inputs
        Of n clips.

    Returns
    -------
    pd.DataFrame
        ``fold`` (-1: not tested in the first repeat) and a probability a genre (NaN), a row a clip
        in the order of the inputs.
    """
    tested = predictions[(predictions["repeat"] == 0) & (predictions["part"] == "test")]
    first = tested.sort_values("fold", kind="stable").drop_duplicates("clip").set_index("clip")
    found = first.reindex(inputs.clips.tolist())
    return found.assign(fold=found["fold"].fillna(-1).astype(int))


def chart(
    inputs: Inputs,
    graphs: Mapping[int, sparse.csr_array],
    predictions: Mapping[str, pd.DataFrame],
    places: Floats,
    most: int,
) -> dict[str, Any]:
    """What there is to show of the first repeat.

    Parameters
    ----------
    inputs : Inputs
        Of the first fold: n clips, c genres.
    graphs : mapping of int to scipy.sparse.csr_array, shape (n, n)
        By fold of the first repeat.
    predictions : mapping of str to pd.DataFrame
        Of all folds by model, GraphSAGE first.
    places : NDArray, shape (n, 2)
        Where t-SNE puts the clips.
    most : int
        Neighbours of each clip, at most.

    Returns
    -------
    dict
        ``genres`` and ``clips`` (names); of each clip ``genre`` (index), ``fold`` (the first in
        which it is a test clip; -1: in none), ``x y``, ``neighbours`` and ``distances`` (in the
        graph of that fold, else of the first); and by model, of each clip in that fold,
        ``predicted`` (index; -1: not tested) and ``probabilities`` (percents, a byte a genre,
        base64).
    """
    x, y = within_square(places).round(4).T.tolist()
    tests = {model: first_tests(table, inputs) for model, table in predictions.items()}
    fold = next(iter(tests.values()))["fold"].to_numpy()
    found = [
        nearest(graphs[number if number in graphs else min(graphs)], clip, most)
        for clip, number in enumerate(fold.tolist())
    ]
    return {
        "genres": inputs.genres.tolist(),
        "clips": inputs.clips.tolist(),
        "genre": inputs.y.tolist(),
        "fold": fold.tolist(),
        "x": x,
        "y": y,
        "neighbours": [[clip for clip, _ in each] for each in found],
        "distances": [[distance for _, distance in each] for each in found],
        "models": {model: _percents(table, inputs) for model, table in tests.items()},
    }


def _percents(tests: pd.DataFrame, inputs: Inputs) -> dict[str, Any]:
    probabilities = tests[inputs.genres.tolist()].fillna(0).to_numpy()
    predicted = np.where(tests["fold"] < 0, -1, probabilities.argmax(axis=1))
    percents = np.rint(100 * probabilities).astype(np.uint8)
    return {
        "predicted": predicted.tolist(),
        "probabilities": base64.b64encode(percents.tobytes()).decode("ascii"),
    }
