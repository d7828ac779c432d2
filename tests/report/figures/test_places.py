from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from genregraph.graph.adjacency import adjacency
from genregraph.report.figures import places


def test_graph_title_states_the_share_of_edges_within_genres(inputs):
    graph = adjacency(inputs.x, "euclidean", 5)
    near = places.nearest(graph, 3)
    pairs = {tuple(sorted(pair)) for pair in zip(near["clip"], near["other"], strict=True)}
    within = np.mean([inputs.y[one] == inputs.y[other] for one, other in pairs])
    [axes] = places.draw_graph(inputs, graph, inputs.x[:, :2]).axes
    title = axes.get_title(loc="left")
    assert title.startswith("24 clips, each joined to at most its 3 nearest neighbours;")
    assert f"{within:.0%}" in title
    assert sum(len(lines.get_segments()) for lines in axes.collections[:2]) == len(pairs)


def nearest(positions):
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


def test_places_keep_distances_by_pca_and_clouds_by_tsne(inputs):
    placed = places.place(inputs.x, 0)
    x, components = inputs.x, placed.components
    kept = np.linalg.norm(components - components[0], axis=1)
    assert_allclose(kept, np.linalg.norm(x - x[0], axis=1), rtol=1e-4)
    assert_allclose(placed.shares.sum(), 1, rtol=1e-5)
    assert_array_equal(inputs.y[nearest(placed.tsne)], inputs.y)
    many, y = np.repeat(x, 5, axis=0), inputs.y.repeat(5)
    positions = places.neighbour_map(many, seed=0, most=60)  # A sample, and the others near it.
    assert_array_equal(y[nearest(positions)], y)


@pytest.mark.parametrize("shape", [(2, 5), (24, 1), (3, 2)])
def test_places_of_the_smallest_inputs(shape, inputs):
    small = replace(inputs, x=inputs.x[: shape[0], : shape[1]], y=inputs.y[: shape[0]])
    figure = places.draw(small, places.place(small.x, 0))
    assert sum(len(points.get_offsets()) for points in figure.axes[1].collections) == shape[0]
