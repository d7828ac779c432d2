"""Neighbours found by descent; what descends is compiled for a minute, for each metric anew."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tests.graph.test_adjacency import assert_same

from genregraph.graph.adjacency import EXACT, adjacency, recall
from genregraph.graph.metrics import METRICS


def many():
    """Clips of ten genres; the last two are replicas of the first two."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1200, 8)) + 2 * rng.normal(size=(10, 8))[rng.integers(10, size=1200)]
    x[-2:] = x[:2]
    return x.astype(np.float32)


@pytest.mark.torture
@pytest.mark.parametrize("metric", ["euclidean", "ruzicka"])
def test_descent_finds_nearly_all_that_a_search_finds(metric):
    x = many()
    graph = adjacency(x, metric, 6, exact=100)
    assert_array_equal(np.diff(graph.indptr), np.full(1200, 6))
    assert not graph.diagonal().any()
    assert recall(graph, x, metric, np.ones(1200, dtype=bool)) > 0.98
    for clip, copy in ((0, 1198), (1199, 1)):
        row = slice(*graph.indptr[clip : clip + 2])
        assert graph.data[row][graph.indices[row] == copy].tolist() == [0]


@pytest.mark.torture
def test_descent_is_the_same_every_time_among_candidates_and_the_others_are_exact():
    x, train = many(), np.arange(1200) % 4 > 0
    graph, exact = (adjacency(x, "euclidean", 6, train, exact=exact) for exact in (100, EXACT))
    assert train[graph.indices].all()
    assert_same(graph[~train], exact[~train])
    moved = x.copy()
    moved[~train] += 1
    again = adjacency(moved, "euclidean", 6, train, exact=100)
    assert_same(again[train], graph[train])


@pytest.mark.torture
def test_where_descent_gets_stuck_all_are_searched():
    """Of clips in groups that share no feature, no neighbour's neighbour is in another group."""
    x = np.zeros((240, 240), dtype=np.float32)
    for clip in range(240):
        x[clip, clip // 3 * 3 : clip // 3 * 3 + 3] = 1
    graph = adjacency(x, "jaccard", 5, exact=100)
    assert_array_equal(np.diff(graph.indptr), np.full(240, 5))
    assert_array_equal(np.sort(graph.data.reshape(240, 5), axis=1), [[0, 0, 1, 1, 1]] * 240)


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
