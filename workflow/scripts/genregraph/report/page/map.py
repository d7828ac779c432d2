"""What the report's map of an experiment shows: places, neighbours and predictions of all clips."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from genregraph.preprocessing.inputs import Inputs
from genregraph.report.figures.places import nearest

RANKED = 5  # Genres of which a clip's probability is shown,
LEAST = 0.005  # if it is at least that.


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
    """Of each clip the most probable genres, each with its percents; none where it is not tested.

    Examples
    --------
    >>> ranked(pd.DataFrame({"x": [0.1, 0.4], "y": [0.9, 0.6], "fold": [-1, 0]}), ["x", "y"])
    [[], [(1, 60), (0, 40)]]
    """
    probabilities = tests[genres].to_numpy()
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :RANKED]
    return [
        [
            (int(genre), round(100 * own[genre]))
            for rank, genre in enumerate(best)
            if rank == 0 or own[genre] >= LEAST
        ]
        if fold >= 0
        else []
        for own, best, fold in zip(probabilities, order, tests["fold"], strict=True)
    ]


def chart(
    inputs: Inputs,
    graphs: Mapping[int, sparse.csr_array],
    predictions: Mapping[str, pd.DataFrame],
    places: NDArray[np.floating],
    most: int,
) -> dict[str, Any]:
    """What there is to show of the first repeat.

    Inputs are those of the first fold, graphs by fold of the first repeat, predictions of all folds
    by model (GraphSAGE first), places those of t-SNE, of shape (n, 2), ``most`` the neighbours of a
    clip. Shown are ``genres`` and ``clips`` (names); of each clip ``genre`` (index), ``fold`` (the
    first in which it is a test clip; -1: in none), ``x y``, ``neighbours`` (index and distance in
    the graph of that fold, else of the first); and ``models``: of each clip in that fold, the most
    probable genres (index and percents).
    """
    x, y = within_square(places).round(4).T.tolist()
    tests = {model: first_tests(table, inputs) for model, table in predictions.items()}
    folds = next(iter(tests.values()))["fold"]
    graph_of = folds.where(folds.isin(list(graphs)), min(graphs)).to_numpy()
    neighbours: list[list[tuple[int, float]]] = [[] for _ in folds]
    for fold, graph in graphs.items():
        near = nearest(graph, most)
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
