import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from genregraph.graph.adjacency import adjacency
from genregraph.graph.similarity import locally_scaled, scaled_rows

# Clips on a line at 0, 1, 3, 7. Their two nearest are: of 0, 1 and 3; of 1, 0 and 3; of 3, 1 and 0;
# of 7, 3 and 1.
LINE = np.array([[0.0], [1.0], [3.0], [7.0]])


def line(k=2):
    return adjacency(LINE, "euclidean", k)


def test_scale_is_the_distance_to_each_clips_nth_neighbour():
    """Distances to the second neighbours: 3, 2, 3, 6."""
    similarities = locally_scaled(line(), nth=2).toarray()
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = np.exp(-1 / (3 * 2))
    expected[0, 2] = expected[2, 0] = np.exp(-9 / (3 * 3))
    expected[1, 2] = expected[2, 1] = np.exp(-4 / (2 * 3))
    expected[3, 2] = np.exp(-16 / (6 * 3))
    expected[3, 1] = np.exp(-36 / (6 * 2))
    assert_allclose(similarities, expected)
    # Of fewer neighbours than seven, the last sets the scale.
    assert_array_equal(locally_scaled(line(), 7).toarray(), similarities)


def test_scale_of_clips_with_fewer_neighbours_or_none():
    some = line().toarray()
    some[1], some[2, 0] = 0, 0
    similarities = locally_scaled(sparse.csr_array(some), nth=2).toarray()
    expected = np.zeros((4, 4))
    expected[0, 2] = np.exp(-9 / (3 * 2))  # The clip at 3 has one neighbour, 2 away.
    expected[3, 2] = np.exp(-16 / (6 * 2))
    assert_allclose(similarities, expected)  # A clip without neighbours has no scale.
    assert locally_scaled(sparse.csr_array((4, 4))).nnz == 0


def test_similarities_do_not_depend_on_units():
    expected = locally_scaled(line()).toarray()
    for unit in (1e-200, 1e200):
        distances = line()
        distances.data *= unit
        assert_allclose(locally_scaled(distances).toarray(), expected)


def test_similarity_of_copies_is_1_to_each_other_and_0_to_others():
    copies = adjacency(np.array([[0.0], [0.0], [0.0], [5.0]]), "euclidean", 2)
    similarities = locally_scaled(copies).toarray()
    assert_array_equal(similarities, [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]])


def test_rows_are_scaled_and_keep_their_order():
    weights = sparse.csr_array(([1.0, 2, 3], [2, 0, 1], [0, 2, 2, 3]), shape=(3, 3))
    similarities = scaled_rows(weights, np.array([2.0, 5, 0.5]))
    assert (similarities.data.tolist(), similarities.indices.tolist()) == ([2, 4, 1.5], [2, 0, 1])
    assert weights.data.tolist() == [1, 2, 3]
