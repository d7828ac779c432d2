"""Figures of the clips of a fold in two dimensions, and of the edges of its graph."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from genregraph.preprocessing.inputs import MOST, Inputs
from genregraph.report.figures import style

DIMENSIONS = 50  # That t-SNE starts from: more cost time and show nothing else.
PERPLEXITY = 30
JOINED = 3  # Neighbours that a line leads to, at most.
MEANINGLESS = "neither axes nor large distances mean anything"
NO_EDGES = "All distances are zero, and zero means not connected: the graph has no edges"
ALONE = "No clip has a neighbour: the graph has no edges"
MARKERS = "osD^vPX*<>ph"  # One more than colours, so that 132 genres differ.

Floats = NDArray[np.floating]


class Placed(NamedTuple):
    """Principal components, shape (n, m), their shares of the variance, and t-SNE, shape (n, 2)."""

    components: Floats
    shares: Floats
    tsne: Floats


def place(x: Floats, seed: int) -> Placed:
    """Place n clips by PCA, in at least two dimensions, and t-SNE; ``x`` are their features."""
    padded = np.pad(x, [(0, 0), (0, max(0, 2 - x.shape[1]))])
    pca = PCA(min(DIMENSIONS, *padded.shape), random_state=seed)
    components = pca.fit_transform(padded)
    return Placed(components, pca.explained_variance_ratio_, neighbour_map(components, seed))


def neighbour_map(components: Floats, seed: int, most: int = MOST) -> Floats:
    """Place n clips by t-SNE (van der Maaten and Hinton 2008): an array of shape (n, 2).

    Of more clips than ``most`` a sample is placed, and each other at the mean of its three nearest.
    """
    n = len(components)
    sample = np.sort(np.random.default_rng(seed).choice(n, min(most, n), replace=False))
    perplexity = min(PERPLEXITY, (len(sample) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    placed = tsne.fit_transform(components[sample])
    if n <= most:
        return placed
    nearest = NearestNeighbors(n_neighbors=3).fit(components[sample]).kneighbors(components)[1]
    places = placed[nearest].mean(axis=1)
    places[sample] = placed
    return places


@style.in_style()
def draw(inputs: Inputs, placed: Placed) -> Figure:
    """Clips of a fold, coloured by genre: left by PCA, right by t-SNE."""
    figure = style.new_figure(9.5, 4.4)
    left, right = figure.subplots(1, 2)
    draw_clips(left, placed.components, inputs)
    draw_clips(right, placed.tsne, inputs)
    one, two = (f"component {i + 1} ({placed.shares[i]:.0%}" for i in (0, 1))
    left.set(title="PCA", xlabel=f"{one} of the variance)", ylabel=f"{two})")
    right.set(title="t-SNE", xlabel=MEANINGLESS, xticks=[], yticks=[])
    _draw_genres(figure, left)
    clips, features = style.counted(len(inputs.y), "clip"), inputs.x.shape[1]
    figure.suptitle(f"{clips} by {style.counted(features, 'feature')}")
    return figure


def draw_clips(axes: Axes, places: Floats, inputs: Inputs) -> None:
    """Draw clips as points, each genre with its own colour and marker."""
    size = float(np.clip(18_000 / len(places), 6, 36))  # Square points.
    look: dict[str, Any] = {"s": size, "edgecolors": "white", "linewidths": 0.2, "zorder": 2}
    for number, genre in enumerate(inputs.genres):
        x, y = places[inputs.y == number, :2].T
        look |= {"c": style.colour_of(number), "marker": MARKERS[number % len(MARKERS)]}
        axes.scatter(x, y, label=style.plain(genre, 24), rasterized=len(places) > 2000, **look)


def _draw_genres(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside right upper", title="genre")
    for handle in legend.legend_handles:
        handle.set_sizes([36])  # type: ignore[union-attr]


def nearest(graph: sparse.csr_array, most: int) -> pd.DataFrame:
    """Nearest neighbours of each clip: ``clip other distance``, the nearest first, at most so many.

    A stored distance of zero is no edge, as in the paper.
    """
    edges = graph.tocoo()
    table = pd.DataFrame({"clip": edges.row, "other": edges.col, "distance": edges.data})
    table = table[table["distance"] != 0].sort_values(["clip", "distance", "other"])
    return table.groupby("clip").head(most)


@style.in_style()
def draw_graph(inputs: Inputs, distances: sparse.csr_array, places: Floats) -> Figure:
    """Clips at their coordinates of t-SNE, with thin lines to their nearest neighbours."""
    pairs = nearest(distances, JOINED)[["clip", "other"]].to_numpy(dtype=np.int64)
    edges = np.unique(np.sort(pairs, axis=1), axis=0)
    figure = style.new_figure(8, 6)
    axes = figure.subplots()
    within = inputs.y[edges[:, 0]] == inputs.y[edges[:, 1]]
    own = [style.colour_of(genre) for genre in inputs.y[edges[within, 0]]]
    for shown, colours, width in ((~within, style.PALE, 0.4), (within, own, 0.5)):
        lines = LineCollection(places[edges[shown]], colors=colours, linewidths=width, zorder=1)
        axes.add_collection(lines).set_rasterized(len(edges) > 5000)
    draw_clips(axes, places, inputs)
    title = NO_EDGES if distances.nnz else ALONE
    if len(edges):
        title = (
            f"{len(places):,} clips, each joined to at most its {JOINED} nearest neighbours; "
            f"{within.mean():.0%} of the edges within a genre"
        )
        kinds = [Line2D([], [], color=colour, linewidth=1) for colour in (style.GREY, style.PALE)]
        labels = ["edge within a genre (its colour)", "edge between genres"]
        axes.legend(kinds, labels, loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2)
    axes.set(title=title, xlabel=f"places are those of t-SNE: {MEANINGLESS}", xticks=[], yticks=[])
    _draw_genres(figure, axes)
    return figure
