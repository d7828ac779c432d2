"""Figure of a fold's graph: clips, and the edges to their nearest neighbours."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy import sparse

from genregraph.preprocessing.inputs import Inputs
from genregraph.report.figures.scatter import MEANINGLESS
from genregraph.report.figures.style import (
    GREY,
    PALE,
    colour_of,
    draw_clips,
    draw_genre_legend,
    in_style,
    new_figure,
    without_ticks,
)

NO_EDGES = "All distances are zero, and zero means not connected: the graph has no edges"
ALONE = "No clip has a neighbour: the graph has no edges"


def nearest_edges(graph: sparse.csr_array, neighbours: int) -> NDArray[np.int64]:
    """Edges from each clip to its nearest neighbours, each pair of clips once.

    Parameters
    ----------
    graph : scipy.sparse.csr_array, shape (n, n)
        Distances to each clip's neighbours. A stored zero is no edge, as in the paper.
    neighbours : int
        Edges from each clip, at most.

    Returns
    -------
    NDArray[np.int64], shape (edges, 2)
        The two clips of each edge.
    """
    clips = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    order = np.lexsort((graph.indices, graph.data, clips))
    order = order[graph.data[order] != 0]
    clips, others = clips[order], graph.indices[order]
    rank = np.arange(len(clips)) - np.searchsorted(clips, clips)
    pairs = np.column_stack([clips, others])[rank < neighbours]
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)


@in_style()
def draw(
    inputs: Inputs, graph: sparse.csr_array, places: NDArray[np.floating], neighbours: int = 3
) -> Figure:
    """Clips where t-SNE puts them, and thin lines to their nearest neighbours.

    Parameters
    ----------
    inputs : Inputs
        n clips.
    graph : scipy.sparse.csr_array, shape (n, n)
        As `graph.adjacency` makes it.
    places : NDArray, shape (n, 2)
        By t-SNE, as `report.figures.scatter.place` has them.
    neighbours : int
        Lines from each clip, at most.
    """
    edges = nearest_edges(graph, neighbours)
    figure = new_figure(8, 6)
    axes = figure.subplots()
    _draw_edges(axes, places, edges, inputs.y)
    draw_clips(axes, places, inputs.y, inputs.genres.tolist())
    without_ticks(axes)
    without = NO_EDGES if graph.nnz else ALONE
    axes.set_title(_title(edges, inputs.y, neighbours) if len(edges) else without)
    axes.set_xlabel(f"places are those of t-SNE: {MEANINGLESS}")
    draw_genre_legend(figure, axes)
    if len(edges):
        _draw_edge_legend(axes)
    return figure


def _title(edges: NDArray[np.int64], y: NDArray[np.int64], neighbours: int) -> str:
    within = np.mean(y[edges[:, 0]] == y[edges[:, 1]])
    nearest = f"{neighbours} nearest neighbours" if neighbours > 1 else "nearest neighbour"
    return (
        f"{len(y):,} clips, each joined to at most its {nearest}; {within:.0%} of the edges within "
        "a genre"
    )


def _draw_edges(
    axes: Axes, places: NDArray[np.floating], edges: NDArray[np.int64], y: NDArray[np.int64]
) -> None:
    """Draw edges between genres in grey, and over them those within one in its colour."""
    within = y[edges[:, 0]] == y[edges[:, 1]]
    colours = [colour_of(genre) for genre in y[edges[within, 0]]]
    few = len(edges) <= 5000
    axes.add_collection(
        LineCollection(
            places[edges[~within]], colors=PALE, linewidths=0.4, zorder=1, rasterized=not few
        )
    )
    axes.add_collection(
        LineCollection(
            places[edges[within]], colors=colours, linewidths=0.5, zorder=1, rasterized=not few
        )
    )


def _draw_edge_legend(axes: Axes) -> None:
    lines = [Line2D([], [], color=GREY, linewidth=1), Line2D([], [], color=PALE, linewidth=1)]
    axes.legend(
        lines,
        ["edge within a genre (its colour)", "edge between genres"],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.06),
        ncols=2,
    )
