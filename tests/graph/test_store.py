import numpy as np
from numpy.testing import assert_array_equal
from scipy import sparse

from genregraph.graph.store import load_graph, save_graphs


def graph(seed):
    rng = np.random.default_rng(seed)
    return sparse.csr_array(
        (np.append(rng.random(5), 0), [1, 2, 0, 2, 0, 1], [0, 2, 4, 6]), shape=(3, 3)
    )


def test_graphs_are_read_back_with_stored_zeros_and_shared_ones_are_written_once(tmp_path):
    first, second = graph(0), graph(1)
    save_graphs(tmp_path / "graph.npz", iter([first, first, second]))
    for number, expected in enumerate([first, first, second]):
        found = load_graph(tmp_path / "graph.npz", number)
        for part in ("data", "indices", "indptr"):
            assert_array_equal(getattr(found, part), getattr(expected, part), strict=True)
    with np.load(tmp_path / "graph.npz", allow_pickle=False) as file:
        assert sum(name.startswith("data.") for name in file.files) == 2
