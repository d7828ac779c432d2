"""By how much clips count in what others aggregate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from tests.models.conftest import needs_dgl

from genregraph.config.parts import Network
from genregraph.graph.adjacency import adjacency
from genregraph.graph.similarity import locally_scaled
from genregraph.models.propagation import (
    averages,
    connected,
    nearest,
    node_features,
    propagation,
    symmetric,
)

SMALL = sparse.csr_array(
    (np.array([0.5, 0.0, 2.0, 3.0]), np.array([1, 2, 0, 0]), np.array([0, 2, 3, 4])), shape=(3, 3)
)


# The k nearest


def test_of_ten_neighbours_the_three_nearest_are_those_of_three(inputs):
    ten, expected = (adjacency(inputs.x, "euclidean", k) for k in (10, 3))
    found = nearest(ten, 3)
    assert_array_equal(found.indices, expected.indices)
    assert_allclose(found.data, expected.data)


@pytest.mark.parametrize("k", [None, 5, 99])
def test_of_no_more_neighbours_than_k_all_stay(graph, k):
    assert nearest(graph, k) is graph


def test_rows_of_few_neighbours_stay_beside_rows_of_many():
    found = nearest(SMALL, 1)
    assert found.toarray().tolist() == [[0, 0, 0], [2, 0, 0], [3, 0, 0]]
    assert found.indices.tolist() == [2, 0, 0]  # At distance 0.


def test_among_equally_near_neighbours_the_seed_chooses():
    tied = sparse.csr_array(np.ones((40, 40)) - np.eye(40))
    found = [nearest(tied, 5, seed).indices.tolist() for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    assert set(found[0]) != set(range(6))


def test_which_neighbours_are_kept_does_not_depend_on_other_rows():
    tied = sparse.csr_array(np.ones((40, 40)) - np.eye(40))
    expected = nearest(tied, 5)[:20]
    found = nearest(sparse.csr_array(tied[:20]), 5)
    assert_array_equal(found.toarray(), expected.toarray())


# Weights


def test_distances_are_weights_and_zero_means_not_connected():
    matrix = connected(SMALL, "distance")
    assert_array_equal(matrix.toarray(), [[1, 0.5, 0], [2, 1, 0], [3, 0, 1]])
    assert matrix.nnz == 6


def test_of_equal_weights_each_stored_neighbour_has_1():
    found = connected(SMALL, "equal").toarray()
    assert_array_equal(found, [[1, 1, 1], [1, 1, 0], [1, 0, 1]])


def test_similar_clips_count_more(inputs):
    distances = adjacency(inputs.x, "euclidean", 5)
    found = connected(distances, "similarity")
    assert_allclose(found.toarray(), locally_scaled(distances).toarray() + np.eye(36))
    weights = found[np.arange(36).repeat(5), distances.indices].reshape(36, 5)
    order = distances.data.reshape(36, 5).argsort(axis=1)
    assert (np.diff(np.take_along_axis(weights, order, axis=1).mean(axis=0)) < 0).all()


@pytest.mark.parametrize("weights", ["distance", "similarity", "equal"])
def test_the_adjacency_is_left_as_it_was(graph, weights):
    before = graph.copy()
    connected(graph, weights).data[:] = 7
    assert_array_equal(graph.data, before.data)
    assert_array_equal(graph.indices, before.indices)


def test_an_average_of_one_far_neighbour_is_the_weighted_one_or_dgls():
    """A clip of value 2 and another of value 5 at distance 9."""
    matrix = connected(sparse.csr_array(np.array([[0.0, 9], [9, 0]])), "distance")
    assert (averages(matrix, "mean") @ [2, 5])[0] == pytest.approx((2 + 45) / 10)
    assert (averages(matrix, "dgl_mean") @ [2, 5])[0] == pytest.approx((2 + 45) / 2)


# GCN's normalisation


def test_weights_are_divided_by_the_roots_of_both_degrees(graph):
    matrix = connected(graph, "distance")
    dense = matrix.toarray()
    degrees = np.outer(dense.sum(axis=1), dense.sum(axis=0))
    assert_allclose(symmetric(matrix).toarray(), dense / np.sqrt(degrees))


@needs_dgl
def test_it_is_dgls_normalisation(graph):
    import dgl
    import torch
    from dgl.nn.pytorch import EdgeWeightNorm

    matrix = connected(graph, "similarity")
    edges = matrix.tocoo()
    weights = torch.from_numpy(edges.data)
    expected = EdgeWeightNorm("both")(dgl.graph((edges.col, edges.row)), weights)
    assert_allclose(symmetric(matrix).data, expected.numpy(), rtol=1e-6)


def test_clips_that_join_change_no_other_and_do_not_depend_on_each_other(inputs):
    joined, train = connected(adjacency(inputs.x, "euclidean", 5, inputs.train), "equal"), inputs
    found = symmetric(joined, train.train).toarray()
    known = np.flatnonzero(train.train)
    for test in np.flatnonzero(~train.train):
        rows = np.append(known, test)
        alone = symmetric(sparse.csr_array(joined[rows][:, rows]), rows != test)
        assert_allclose(alone.toarray(), found[rows][:, rows])
    among = symmetric(sparse.csr_array(joined[known][:, known]))
    assert_allclose(found[known][:, known], among.toarray())


# What networks take


def test_each_network_has_its_matrix(graph):
    matrix, settings = connected(graph, "equal"), Network(aggregator="dgl_mean")
    found = {kind: propagation(matrix, kind, settings) for kind in ("graphsage", "gcn", "appnp")}
    assert_array_equal(found["graphsage"].data, averages(matrix, "dgl_mean").data)
    assert_array_equal(found["gcn"].data, symmetric(matrix).data)
    assert_array_equal(found["appnp"].data, symmetric(matrix).data)
    assert propagation(matrix, "gat", settings) is matrix


@pytest.mark.parametrize("kind", ["graphsage", "gcn", "gat", "appnp"])
def test_without_messages_it_is_the_identity(graph, kind):
    found = propagation(connected(graph, "equal"), kind, Network(messages=False))
    assert_array_equal(found.toarray(), np.eye(36))


def test_the_row_of_a_clip_has_its_neighbours_and_their_weights():
    x = np.array([[7], [8], [9]], dtype=np.float32)
    weighted, equal = (
        node_features(x, connected(SMALL, weights), True) for weights in ("distance", "equal")
    )
    assert weighted.tolist() == [[7, 1, 0.5, 0], [8, 2, 1, 0], [9, 3, 0, 1]]
    assert equal.tolist() == [[7, 1, 1, 1], [8, 1, 1, 0], [9, 1, 0, 1]]
    assert weighted.dtype == np.float32
    assert node_features(x, SMALL, False) is x
