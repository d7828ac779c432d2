"""Weights of clips in what others aggregate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from genregraph.config.experiment import Network
from genregraph.config.registry import NETWORKS
from genregraph.graph.adjacency import adjacency
from genregraph.models.propagation import (
    averages,
    connected,
    locally_scaled,
    nearest,
    propagation,
    symmetric,
)

SMALL = sparse.csr_array(
    (np.array([0.5, 0.0, 2.0, 3.0]), np.array([1, 2, 0, 0]), np.array([0, 2, 3, 4])), shape=(3, 3)
)


def test_nearest_neighbours_are_those_of_a_smaller_graph(inputs):
    ten, expected = (adjacency(inputs.x, "euclidean", k) for k in (10, 3))
    assert_array_equal(nearest(ten, 3).indices, expected.indices)
    assert_allclose(nearest(ten, 3).data, expected.data)
    assert nearest(ten, None) is nearest(ten, 10) is ten
    few = nearest(SMALL, 1)
    assert few.toarray().tolist() == [[0, 0, 0], [2, 0, 0], [3, 0, 0]]
    assert few.indices.tolist() == [2, 0, 0]  # At distance 0.


def test_seed_chooses_among_equally_near_neighbours_independently_of_other_rows():
    tied = sparse.csr_array(np.ones((40, 40)) - np.eye(40))
    first, again, other = (nearest(tied, 5, seed).indices.tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert set(first) != set(range(6))
    assert nearest(sparse.csr_array(tied[:20]), 5).indices.tolist() == first[:100]


def test_clip_is_connected_to_itself_and_neighbours_but_not_by_distance_zero(graph):
    assert_array_equal(connected(SMALL, "equal").toarray(), [[1, 1, 1], [1, 1, 0], [1, 0, 1]])
    similar = connected(graph, "similarity").toarray()
    assert_allclose(similar, locally_scaled(graph).toarray() + np.eye(36))
    matrix = connected(SMALL, "distance")
    assert_array_equal(matrix.toarray(), [[1, 0.5, 0], [2, 1, 0], [3, 0, 1]])
    assert matrix.nnz == 6
    assert (SMALL.data == [0.5, 0, 2, 3]).all()  # It is left as it was.


# Clips on a line at 0, 1, 3, 7. Their two nearest are: of 0, 1 and 3; of 1, 0 and 3; of 3, 1 and 0;
# of 7, 3 and 1.
LINE = np.array([[0.0], [1.0], [3.0], [7.0]])


def test_scale_is_the_distance_to_each_clips_nth_neighbour_in_any_unit():
    """Distances to the second neighbours: 3, 2, 3, 6."""
    squares = [[np.inf, 1, 9, np.inf], [1, np.inf, 4, np.inf], [9, 4, np.inf, np.inf]]
    scales = np.array([3, 2, 3, 6])
    expected = np.exp(-np.array([*squares, [np.inf, 36, 16, np.inf]]) / np.outer(scales, scales))
    for unit in (1, 1e-200, 1e200):
        line = adjacency(LINE, "euclidean", 2)
        line.data *= unit
        similarities = locally_scaled(line, nth=2).toarray()
        assert_allclose(similarities, expected)
        # Of fewer neighbours than seven, the last sets the scale.
        assert_array_equal(locally_scaled(line, 7).toarray(), similarities)


def test_scale_of_clips_with_fewer_neighbours_or_none():
    some = adjacency(LINE, "euclidean", 2).toarray()
    some[1], some[2, 0] = 0, 0
    similarities = locally_scaled(sparse.csr_array(some), nth=2).tocoo()
    # The clip at 3 has one neighbour, 2 away; a clip without neighbours has no scale.
    assert (similarities.row.tolist(), similarities.col.tolist()) == ([0, 3], [2, 2])
    assert_allclose(similarities.data, np.exp([-9 / (3 * 2), -16 / (6 * 2)]))
    assert locally_scaled(sparse.csr_array((4, 4))).nnz == 0


def test_similarity_of_copies_is_1_to_each_other_and_0_to_others():
    copies = adjacency(np.array([[0.0], [0.0], [0.0], [5.0]]), "euclidean", 2)
    similarities = locally_scaled(copies).toarray()
    assert_array_equal(similarities, [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]])


def test_average_is_weighted_or_dgls_and_symmetric_divides_by_the_roots_of_both_degrees(graph):
    """A clip of value 2 and another of value 5 at distance 9."""
    matrix = connected(sparse.csr_array(np.array([[0.0, 9], [9, 0]])), "distance")
    assert (averages(matrix, "mean") @ [2, 5])[0] == pytest.approx((2 + 45) / 10)
    assert (averages(matrix, "dgl_mean") @ [2, 5])[0] == pytest.approx((2 + 45) / 2)
    matrix = connected(graph, "distance")
    dense = matrix.toarray()
    degrees = np.outer(dense.sum(axis=1), dense.sum(axis=0))
    assert_allclose(symmetric(matrix).toarray(), dense / np.sqrt(degrees))


def test_clips_not_counted_change_no_other(inputs):
    train = inputs.train
    joined = connected(adjacency(inputs.x, "euclidean", 5, train), "equal")
    matrix, known = symmetric(joined, train).toarray(), np.flatnonzero(train)
    for test in np.flatnonzero(~train):
        rows = np.append(known, test)
        alone = symmetric(sparse.csr_array(joined[rows][:, rows]), rows != test)
        assert_allclose(alone.toarray(), matrix[rows][:, rows])
    among = symmetric(sparse.csr_array(joined[known][:, known]))
    assert_allclose(matrix[known][:, known], among.toarray())


def test_each_network_has_its_matrix_and_ablations_the_identity(graph):
    matrix, settings = connected(graph, "equal"), Network(aggregator="dgl_mean")
    roots = symmetric(matrix)
    expected = (averages(matrix, "dgl_mean"), roots, matrix, roots)
    for kind, each in zip(NETWORKS, expected, strict=True):
        assert_array_equal(propagation(matrix, kind, settings).data, each.data)
        without = propagation(matrix, kind, Network(messages=False))
        assert_array_equal(without.toarray(), np.eye(36))
