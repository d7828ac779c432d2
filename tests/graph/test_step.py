"""Graphs of a protocol's folds, among all clips and an artist's; their health and their file."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.spatial import distance
from tests.graph.test_adjacency import TRAIN, assert_same, features
from tests.models.conftest import fold_inputs

from genregraph.graph.adjacency import adjacency, main
from genregraph.graph.metrics import METRICS
from genregraph.graph.store import health, load_graph
from genregraph.preprocessing.inputs import save_inputs

# Six clips of one artist, three of another, one of a third; two songs of unknown artists, each of
# two segments; and three of a group that is not said to be an artist.
ARTISTS = np.array(
    [*["artist a"] * 6, *["artist b"] * 3, "artist c", *["song d"] * 2, *["song e"] * 2]
    + ["group f"] * 3
)
CLIPS = features(17, 5).astype(np.float32)


def fold_of(x, train):
    return fold_inputs(x, np.arange(len(x)) % 2, train)


@pytest.fixture
def step(tmp_path):
    def run(folds, neighbours="all", among="all", metric="euclidean", k=5, seed=0, alike=False):
        keys = [(0, number) for number in range(len(folds))]
        save_inputs(tmp_path / "inputs.npz", folds, keys, alike)
        graphs, table = tmp_path / "graph.npz", tmp_path / "health.csv"
        main(tmp_path / "inputs.npz", neighbours, among, metric, k, seed, graphs, table)
        return [load_graph(graphs, number) for number in range(len(folds))], pd.read_csv(table)

    return run


@pytest.mark.parametrize("neighbours", ["all", "train"])
@pytest.mark.parametrize("metric", METRICS)
def test_step_writes_graph_and_health_of_each_fold(metric, neighbours, step, caplog):
    folds = [fold_of(features(), TRAIN), fold_of(features(seed=1), ~TRAIN)]
    graphs, table = step(folds, neighbours, metric=metric, seed=3)
    for graph, fold, row in zip(graphs, folds, table.to_dict("records"), strict=True):
        candidates = fold.train if neighbours == "train" else None
        expected = adjacency(fold.x, metric, 5, candidates, seed=3)
        assert_same(graph, expected)
        figures = health(expected, fold.y, 5)
        assert row == pytest.approx({"repeat": 0, "fold": row["fold"], **figures})
    assert table["fold"].tolist() == [0, 1]
    assert ("metric is degenerate" in caplog.text) == table["degenerate"].any()
    assert table["degenerate"].all() == (metric == "jaccard")


@pytest.mark.parametrize("k", [29, 30])
def test_step_warns_if_k_is_capped(step, caplog, k):
    graphs, _ = step([fold_of(features(), TRAIN)], "train", k=k)
    assert ("capped to 29" in caplog.text) == (k == 30)
    assert graphs[0].nnz == 40 * 29


@pytest.mark.parametrize(("neighbours", "made"), [("all", 1), ("train", 2)])
def test_folds_of_the_same_inputs_and_candidates_share_a_graph(step, tmp_path, neighbours, made):
    first = fold_of(features(), TRAIN)
    graphs, table = step([first, replace(first, train=~TRAIN)], neighbours, alike=True)
    with np.load(tmp_path / "graph.npz", allow_pickle=False) as file:
        assert sum(name.startswith("data.") for name in file.files) == made
    assert (graphs[0].indices == graphs[1].indices).all() == (made == 1)
    assert table["fold"].tolist() == [0, 1]


def test_step_seeks_neighbours_among_an_artists_clips(step):
    """What a metric takes from all clips, such as deciles, it does not take from an artist's."""
    fold = replace(fold_of(CLIPS, np.arange(17) % 3 > 0), artists=ARTISTS)
    (graph,), _ = step([fold], among="artist", metric="matching")
    assert_same(graph, adjacency(CLIPS, "matching", 5, artists=ARTISTS))
    edges, everyone = graph.tocoo(), adjacency(CLIPS, "matching", 16)
    assert_allclose(edges.data, everyone[edges.row, edges.col], atol=1e-6)


@pytest.mark.parametrize(
    ("k", "counts"), [(2, [2] * 9 + [0] * 8), (99, [5] * 6 + [2] * 3 + [0] * 8)]
)
def test_neighbours_of_one_artist_are_the_nearest_of_its_other_clips(k, counts):
    graph = adjacency(CLIPS, "euclidean", k, artists=ARTISTS)
    assert np.diff(graph.indptr).tolist() == counts
    assert adjacency(CLIPS[9:], "euclidean", k, artists=ARTISTS[9:]).nnz == 0
    distances = distance.cdist(CLIPS.astype(np.float64), CLIPS.astype(np.float64))
    for i in range(9):
        others = [j for j in range(9) if ARTISTS[j] == ARTISTS[i] and j != i]
        nearest = sorted(others, key=lambda j: distances[i, j])[:k]
        assert sorted(graph.indices[graph.indptr[i] : graph.indptr[i + 1]]) == sorted(nearest)
        assert_allclose(graph[[i], nearest], distances[i, nearest], rtol=1e-6)


def test_health_of_small_graphs():
    """Two neighbours each: 1, 2 / 0, 2 / 0, 1 / 0, 4 / 0, 3."""
    y, neighbours = np.array([0, 0, 0, 1, 1]), np.array([1, 2, 0, 2, 0, 1, 0, 4, 0, 3])
    distances = np.array([1.0, 0, 0, 2, 0, 0, 0, 0, 3, 0])
    graph = sparse.csr_array((distances, neighbours, np.arange(6) * 2), shape=(5, 5))
    assert health(graph, y, 7) == pytest.approx(
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
    for zeros in (4, 5):
        graph.data[:] = np.arange(10) >= zeros
        assert health(graph, y, 2)["degenerate"] == (zeros == 5)
    some = sparse.csr_array(np.array([[0, 2.0, 0, 0, 0], [1, 0, 1, 0, 0], *[[0] * 5] * 3]))
    figures, none = health(some, y, 2), health(sparse.csr_array((5, 5)), y, 2)
    assert (figures["k"], figures["edges"]) == (pytest.approx(0.6), 3)
    assert (none["k"], none["edges"], none["components"]) == (0, 0, 5)
    assert np.isnan(none["homophily"]) and np.isnan(none["zero_distance_share"])
