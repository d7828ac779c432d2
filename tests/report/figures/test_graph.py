import numpy as np
import pytest
from scipy import sparse

from genregraph.graph.adjacency import adjacency
from genregraph.report.figures.graph import NO_EDGES, draw, nearest_edges
from genregraph.report.figures.scatter import place


def test_edges_go_to_the_nearest_and_each_pair_comes_once():
    distances = np.array([[0, 1, 2, 9], [1, 0, 3, 9], [2, 3, 0, 9], [7, 8, 9, 0]], dtype=float)
    graph = sparse.csr_array(distances)
    assert nearest_edges(graph, 1).tolist() == [[0, 1], [0, 2], [0, 3]]
    assert nearest_edges(graph, 2).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3]]


def test_a_zero_distance_is_no_edge():
    graph = sparse.csr_array((np.array([0.0, 5.0]), np.array([1, 0]), np.array([0, 1, 2])))
    assert nearest_edges(graph, 3).tolist() == [[0, 1]]
    graph.data[:] = 0
    assert nearest_edges(graph, 3).shape == (0, 2)


def test_the_title_says_what_share_of_edges_stays_within_a_genre(inputs):
    graph = adjacency(inputs.x, "euclidean", 5)
    edges = nearest_edges(graph, 2)
    within = np.mean(inputs.y[edges[:, 0]] == inputs.y[edges[:, 1]])
    [axes] = draw(inputs, graph, place(inputs.x, 0).tsne, neighbours=2).axes
    title = axes.get_title(loc="left")
    assert title.startswith("24 clips, each joined to at most its 2 nearest neighbours;")
    assert f"{within:.0%}" in title
    assert sum(len(lines.get_segments()) for lines in axes.collections[:2]) == len(edges)


@pytest.mark.parametrize("metric", ["euclidean", "jaccard"])
def test_the_figure_is_legible(metric, inputs, genres, assert_legible):
    graph = adjacency(inputs.x, metric, 5)
    expected = [NO_EDGES] if metric == "jaccard" else ["edge between genres"]
    places = place(inputs.x, 0).tsne
    assert_legible(draw, inputs, graph, places, texts=[*genres, *expected])


def test_labels_keep_apart(inputs, assert_apart):
    assert_apart(draw(inputs, adjacency(inputs.x, "euclidean", 5), place(inputs.x, 0).tsne))
