import numpy as np
import pytest
from scipy import sparse

from genregraph.graph.adjacency import adjacency
from genregraph.graph.health import health, recall
from genregraph.graph.metrics import METRICS

Y = np.array([0, 0, 0, 1, 1])
# Two neighbours each: 1, 2 / 0, 2 / 0, 1 / 0, 4 / 0, 3.
INDICES = np.array([1, 2, 0, 2, 0, 1, 0, 4, 0, 3])
DATA = np.array([1.0, 0, 0, 2, 0, 0, 0, 0, 3, 0])


@pytest.fixture
def graph():
    return sparse.csr_array((DATA, INDICES, np.arange(6) * 2), shape=(5, 5))


@pytest.fixture
def without_weights(graph):
    return sparse.csr_array((np.zeros(10), INDICES, graph.indptr), shape=(5, 5))


def test_figures_of_a_small_graph(graph):
    assert health(graph, Y, 7) == pytest.approx(
        {
            "k_asked": 7,
            "k": 2,
            "edges": 10,
            "zero_distance_share": 0.7,
            "homophily": 0.8,
            "chance_homophily": (3 * 2 + 2 * 1) / (5 * 4),
            "components": 2,  # 0-1-2-4 over the edges that are not zero, and 3.
            "degree_max": 4,
            "degenerate": True,
        }
    )


@pytest.mark.parametrize(("zeros", "degenerate"), [(4, False), (5, True)])
def test_a_graph_of_which_half_the_distances_are_zero_is_degenerate(graph, zeros, degenerate):
    graph.data[:] = np.arange(10) >= zeros
    assert health(graph, Y, 2)["degenerate"] == degenerate


def test_the_graph_is_left_as_it_was(graph):
    health(graph, Y, 2)
    assert graph.nnz == 10


def test_a_graph_of_zeros_has_as_many_components_as_clips(without_weights):
    figures = health(without_weights, Y, 2)
    assert (figures["components"], figures["zero_distance_share"]) == (5, 1)
    assert (figures["edges"], figures["homophily"]) == (10, 0.8)


def test_replicas_at_distance_0_are_not_connected():
    x = np.repeat(np.random.default_rng(0).normal(size=(20, 30)), 2, axis=0)
    figures = health(adjacency(x, "euclidean", 1), np.repeat([0, 1], 20), 1)
    assert (figures["zero_distance_share"], figures["components"]) == (1, 40)


def test_neighbours_drawn_blindly_have_the_chance_homophily():
    rng = np.random.default_rng(0)
    y = rng.choice(3, size=400, p=[0.6, 0.3, 0.1])
    figures = health(adjacency(rng.normal(size=(400, 5)), "euclidean", 399), y, 399)
    assert figures["homophily"] == pytest.approx(figures["chance_homophily"], rel=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_recall_is_the_share_of_neighbours_that_are_the_nearest(metric):
    x = np.random.default_rng(0).normal(size=(400, 6)).astype(np.float32)
    train = np.arange(400) % 4 > 0
    graph = adjacency(x, metric, 5, train)
    assert recall(graph, x, metric, train) == 1
    if metric.startswith("jaccard"):  # All are at one distance: any neighbours are the nearest.
        return
    # One of the five is a clip further away than the sixth.
    graph.data[::5] += 10
    assert recall(graph, x, metric, train) == pytest.approx(0.8)


def test_clips_may_have_any_number_of_neighbours_or_none():
    some = sparse.csr_array(np.array([[0, 2.0, 0, 0, 0], [1, 0, 1, 0, 0], *[[0] * 5] * 3]))
    figures = health(some, Y, 2)
    assert (figures["k"], figures["edges"]) == (pytest.approx(0.6), 3)
    none = health(sparse.csr_array((5, 5)), Y, 2)
    assert (none["k"], none["edges"], none["components"]) == (0, 0, 5)
    assert np.isnan(none["homophily"]) and np.isnan(none["zero_distance_share"])
