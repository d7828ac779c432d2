import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from graph.adjacency import METRICS, adjacency
from graph.health import health, main, recall
from inputs.inputs import Inputs

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
        }
    )


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
    if metric == "jaccard":  # All are at distance 0: any neighbours are the nearest.
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


def written(graphs, tmp_path):
    names = np.array(list("abcde"))
    Inputs(np.zeros((5, 1), np.float32), Y, Y == 0, names, names[:2], names[:1]).save(
        tmp_path / "inputs.npz"
    )
    paths = [tmp_path / f"{i}.npz" for i in range(len(graphs))]
    for graph, path in zip(graphs, paths, strict=True):
        sparse.save_npz(path, graph)
    files = [tmp_path / "inputs.npz"] * len(graphs)
    main(files, paths, 2, "euclidean", "all", "all", tmp_path / "health.csv")
    return pd.read_csv(tmp_path / "health.csv")


def test_main_writes_a_row_a_fold_and_warns_of_a_graph_of_zeros(
    graph, without_weights, tmp_path, caplog
):
    table = written([graph, without_weights], tmp_path)
    assert table["fold"].tolist() == [0, 1]
    for fold, expected in enumerate([graph, without_weights]):
        figures = table.drop(columns=["fold", "recall"]).loc[fold].to_dict()
        assert figures == pytest.approx(health(expected, Y, 2))
    assert "85 % of all distances are zero" in caplog.text


def test_main_does_not_warn_of_a_sound_graph(graph, tmp_path, caplog):
    graph.data[:6] = 1
    written([graph], tmp_path)
    assert not caplog.records


def test_main_refuses_a_graph_too_few(tmp_path, graph):
    written([graph], tmp_path)
    with pytest.raises(ValueError, match="shorter"):
        files = [tmp_path / "inputs.npz"] * 2
        main(files, [tmp_path / "0.npz"], 2, "euclidean", "all", "all", tmp_path / "health.csv")
