import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from genregraph.graph.store import health, load_graph, save_graphs

Y = np.array([0, 0, 0, 1, 1])
# Two neighbours each: 1, 2 / 0, 2 / 0, 1 / 0, 4 / 0, 3.
INDICES = np.array([1, 2, 0, 2, 0, 1, 0, 4, 0, 3])
DATA = np.array([1.0, 0, 0, 2, 0, 0, 0, 0, 3, 0])


@pytest.fixture
def graph():
    return sparse.csr_array((DATA, INDICES, np.arange(6) * 2), shape=(5, 5))


def test_health_of_a_small_graph(graph):
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
    assert graph.nnz == 10  # It is left as it was.


def test_health_of_other_graphs(graph):
    for zeros in (4, 5):
        graph.data[:] = np.arange(10) >= zeros
        assert health(graph, Y, 2)["degenerate"] == (zeros == 5)
    some = sparse.csr_array(np.array([[0, 2.0, 0, 0, 0], [1, 0, 1, 0, 0], *[[0] * 5] * 3]))
    figures = health(some, Y, 2)
    assert (figures["k"], figures["edges"]) == (pytest.approx(0.6), 3)
    none = health(sparse.csr_array((5, 5)), Y, 2)
    assert (none["k"], none["edges"], none["components"]) == (0, 0, 5)
    assert np.isnan(none["homophily"]) and np.isnan(none["zero_distance_share"])


def test_graphs_are_read_back_with_stored_zeros_and_shared_ones_are_written_once(graph, tmp_path):
    other = sparse.csr_array(np.array([[0, 2.0], [1, 0]]))
    save_graphs(tmp_path / "graph.npz", iter([graph, graph, other]))
    for number, expected in enumerate([graph, graph, other]):
        again = load_graph(tmp_path / "graph.npz", number)
        for part in ("data", "indices", "indptr"):
            assert_array_equal(getattr(again, part), getattr(expected, part), strict=True)
    with np.load(tmp_path / "graph.npz", allow_pickle=False) as file:
        assert sum(name.startswith("data.") for name in file.files) == 2
