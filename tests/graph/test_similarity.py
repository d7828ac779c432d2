import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from graph import similarity
from graph.adjacency import adjacency
from graph.similarity import (
    balanced,
    joined_one_by_one,
    locally_scaled,
    mutual,
    similarity_graph,
)

# Clips on a line at 0, 1, 3, 7, each with its two nearest: 0 hears 1, 3; 1 hears 0, 3; 3 hears 1, 0
# and 7 hears 3, 1.
LINE = np.array([[0.0], [1.0], [3.0], [7.0]])


def line(k=2):
    return adjacency(LINE, "euclidean", k)


def near(exponent):
    return pytest.approx(np.exp(-exponent))


def test_each_clip_sets_its_own_scale():
    """Distances to the second neighbours: 3, 2, 3, 6."""
    found = locally_scaled(line(), nth=2).toarray()
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = np.exp(-1 / (3 * 2))
    expected[0, 2] = expected[2, 0] = np.exp(-9 / (3 * 3))
    expected[1, 2] = expected[2, 1] = np.exp(-4 / (2 * 3))
    expected[3, 2] = np.exp(-16 / (6 * 3))
    expected[3, 1] = np.exp(-36 / (6 * 2))
    assert_allclose(found, expected)


def test_the_scale_is_that_of_the_neighbour_asked_for():
    """Distances to the first neighbours: 1, 1, 2, 4."""
    assert locally_scaled(line(), nth=1)[3, 2] == near(16 / (4 * 2))


def test_where_there_are_fewer_neighbours_the_last_sets_the_scale():
    assert_array_equal(locally_scaled(line(), 7).toarray(), locally_scaled(line(), 2).toarray())


def test_clips_may_have_any_number_of_neighbours_or_none():
    some = line().toarray()
    some[1], some[2, 0] = 0, 0
    found = locally_scaled(sparse.csr_array(some), nth=2).toarray()
    expected = np.zeros((4, 4))
    expected[0, 2] = np.exp(-9 / (3 * 2))  # The clip at 3 hears that at 1 alone, 2 away.
    expected[3, 2] = np.exp(-16 / (6 * 2))
    assert_allclose(found, expected)  # Who hears nobody has no scale, and is similar to nobody.
    assert locally_scaled(sparse.csr_array((4, 4))).nnz == 0


def test_similarities_do_not_depend_on_units():
    expected = locally_scaled(line()).toarray()
    for unit in (1e-200, 1e200):
        distances = line()
        distances.data *= unit
        assert_allclose(locally_scaled(distances).toarray(), expected)


def test_copies_are_wholly_similar_to_each_other_and_not_at_all_to_others():
    copies = adjacency(np.array([[0.0], [0.0], [0.0], [5.0]]), "euclidean", 2)
    found = locally_scaled(copies).toarray()
    assert_array_equal(found, [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]])


def test_the_distances_are_left_as_they_were():
    distances = adjacency(np.array([[0.0], [0.0], [0.0], [5.0]]), "euclidean", 2)
    before = distances.copy()
    found = locally_scaled(distances)
    found.indices[:] = 0
    for part in ("data", "indices", "indptr"):
        assert_array_equal(getattr(distances, part), getattr(before, part))


ONE_SIDED = sparse.csr_array(np.array([[0, 0.5, 0.2], [0.4, 0, 0], [0, 0.9, 0]]))


def test_mutual_keeps_pairs_that_chose_each_other():
    found = mutual(ONE_SIDED)
    assert_array_equal(found.toarray(), [[0, 0.4, 0], [0.4, 0, 0], [0, 0, 0]])
    assert found.nnz == 2


def test_balanced_is_the_formula():
    weights = np.array([[0, 1, 3, 0], [1, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0]])
    found = balanced(sparse.csr_array(weights.astype(float))).toarray()
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 1 / np.sqrt(4 * 1)
    expected[0, 2] = expected[2, 0] = 3 / np.sqrt(4 * 3)
    assert_allclose(found, expected)
    assert np.abs(np.linalg.eigvalsh(found)).max() <= 1 + 1e-12


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "ruzicka"])
def test_the_graph_is_symmetric_and_without_loops(metric):
    x = np.random.default_rng(0).normal(size=(60, 4))
    found = similarity_graph(x, metric, 8)
    assert_allclose(found.toarray(), found.T.toarray(), rtol=1e-9)
    assert (found.diagonal() == 0).all()
    assert found.data.min() > 0 and found.data.max() <= 1
    degrees = np.diff(found.indptr)
    assert degrees.max() <= 8


def test_limit_and_seed_of_the_search_are_passed_on(monkeypatch):
    x = np.random.default_rng(0).normal(size=(60, 4))
    known, told = np.arange(60) % 3 > 0, []

    def search(*how, **named):
        told.append((*how[3:], named))
        return adjacency(*how, **named)

    monkeypatch.setattr(similarity, "adjacency", search)
    similarity_graph(x, "euclidean", 8, 1234, 7)
    joined_one_by_one(x, known, "euclidean", 8, 1234, 7)
    assert told == [({"exact": 1234, "seed": 7},), (known, 1234, 7, {})]


def test_the_mutual_graph_of_the_line():
    found = similarity_graph(LINE, "euclidean", 2).toarray()
    assert_array_equal(found > 0, [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
    assert found[0, 2] == near(9 / (3 * 3))


def test_more_neighbours_than_clips_are_capped():
    assert similarity_graph(LINE, "euclidean", 50).nnz == 12


def test_a_clip_joins_as_if_it_were_the_only_one():
    """Clips at 0, 1, 3 are known; one joins at 2, one at 7, which is too far for any of them."""
    x = np.array([[0.0], [1.0], [3.0], [2.0], [7.0]])
    found = joined_one_by_one(x, np.arange(5) < 3, "euclidean", 2).toarray()
    known = np.exp([[-np.inf, -1 / 6, -9 / 9], [-1 / 6, -np.inf, -4 / 6], [-1, -4 / 6, -np.inf]])
    degree = known.sum(axis=1)
    assert_allclose(found[:3, :3], known / np.sqrt(np.outer(degree, degree)))
    near = np.exp([-1 / 2, -1 / 3])  # Of the clips at 1 and 3.
    assert_allclose(found[3, 1:3], near / np.sqrt(near.sum() * (degree[1:] + near)))
    assert found[3, 0] == 0
    assert not found[:, 3:].any()
    assert not found[4].any()


def test_known_clips_have_the_graph_that_they_have_alone():
    x = np.random.default_rng(0).normal(size=(60, 4))
    known = np.arange(60) % 3 > 0
    found = joined_one_by_one(x, known, "euclidean", 8).toarray()
    alone = balanced(similarity_graph(x[known], "euclidean", 8)).toarray()
    assert_array_equal(found[known][:, known], alone)
    assert (found[~known].sum(axis=1) > 0).any()
