"""Clips in two dimensions: figures, and the map of the report."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, spatial
from tests.report import dataset

from genregraph.graph.adjacency import adjacency
from genregraph.models.fit import predictions
from genregraph.report.figures import places
from genregraph.report.figures.protocol_figures import chart, within_square


def test_graph_title_states_the_share_of_edges_within_genres(inputs):
    graph = adjacency(inputs.x, "euclidean", 5)
    near = places.nearest(graph, 3)
    pairs = {tuple(sorted(pair)) for pair in zip(near["clip"], near["other"], strict=True)}
    within = np.mean([inputs.y[one] == inputs.y[other] for one, other in pairs])
    [axes] = places.draw_graph(inputs, graph, inputs.x[:, :2]).axes
    title = axes.get_title(loc="left")
    assert title.startswith("60 clips, each joined to at most its 3 nearest neighbours;")
    assert f"{within:.0%}" in title
    assert sum(len(lines.get_segments()) for lines in axes.collections[:2]) == len(pairs)


def test_places_keep_distances_by_pca_and_clouds_by_tsne(inputs):
    placed = places.place(inputs.x, 0)
    x, components = inputs.x, placed.components
    kept = np.linalg.norm(components - components[0], axis=1)
    assert_allclose(kept, np.linalg.norm(x - x[0], axis=1), rtol=1e-4)
    assert_allclose(placed.shares.sum(), 1, rtol=1e-5)
    many = np.repeat(x, 5, axis=0)
    sampled = places.neighbour_map(many, seed=0, most=150)  # A sample, and the others near it.
    for positions, y in ((placed.tsne, inputs.y), (sampled, inputs.y.repeat(5))):
        nearest = spatial.KDTree(positions).query(positions, k=2)[1][:, 1]
        assert_array_equal(y[nearest], y)


@pytest.mark.parametrize("shape", [(2, 5), (60, 1), (3, 2)])
def test_places_of_the_smallest_inputs(shape, inputs):
    small = replace(inputs, x=inputs.x[: shape[0], : shape[1]], y=inputs.y[: shape[0]])
    figure = places.draw(small, places.place(small.x, 0))
    assert sum(len(points.get_offsets()) for points in figure.axes[1].collections) == shape[0]


def test_within_square_keeps_shape():
    places = np.array([[-4.0, 1.0], [6.0, 2.0], [1.0, 6.0]])
    assert within_square(places).tolist() == [[0, 0.25], [1, 0.35], [0.5, 0.75]]


def test_chart_shows_the_first_fold_that_tests_a_clip(inputs):
    """Of four clips one is tested in both hold-outs, one in the second, and two in none."""
    # Distances to three others each, out of order; one of them a stored zero: no edge.
    data = np.array([3, 1, 2, 0, 5, 5, 1, 1, 2, 4, 6, 5], dtype=float)
    columns = [1, 2, 3, 0, 2, 3, 3, 1, 0, 0, 1, 2]
    graphs = [
        sparse.csr_array((by * data, columns, [0, 3, 6, 9, 12]), shape=(4, 4)) for by in (1, 10)
    ]
    four = {name: getattr(inputs, name)[:4] for name in "x y clips groups artists".split()}
    four["genres"], tables = np.array([*"abcd"]), []
    for repeat, fold, tested, certain in [(0, 1, [1, 2], 2), (0, 0, [1], 3), (1, 0, [0, 1], 0)]:
        own = replace(inputs, train=~np.isin(np.arange(4), tested), **four)
        probabilities = np.where(np.arange(4) == certain, 0.7, 0.1) * np.ones((4, 1))
        tables.append(predictions(own, probabilities, (repeat, fold)))
    shown = chart(own, dict(enumerate(graphs)), {"graphsage": pd.concat(tables)}, own.x[:, :2], 2)
    assert shown["fold"] == [-1, 0, 1, -1]
    near = [[(2, 1), (3, 2)], [(2, 5), (3, 5)], [(1, 10), (3, 10)], [(0, 4), (2, 5)]]
    assert shown["neighbours"] == near
    ranks = [[], [(3, 70), (0, 10), (1, 10), (2, 10)], [(2, 70), (0, 10), (1, 10), (3, 10)], []]
    assert shown["models"]["graphsage"] == ranks


def test_step_writes_the_same_again(report):
    folder = report.options["maps"][0].parent
    files = {path: path.read_bytes() for path in [*folder.glob("*.png"), folder / "map.json"]}
    assert len(files) == 5
    dataset.write_figures(folder)
    assert {path: path.read_bytes() for path in files} == files
