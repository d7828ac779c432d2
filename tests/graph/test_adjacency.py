"""Neighbours by every metric, as defined, at random among ties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial import distance

from genregraph.graph import adjacency as step
from genregraph.graph.adjacency import adjacency, joined
from genregraph.graph.metrics import METRICS


def ruzicka(a, b):
    return 1 - np.minimum(a, b).sum() / np.maximum(a, b).sum()


def jaccard_scipy_before_1_15(a, b):
    """By the code of SciPy 1.14."""
    nonzero = np.bitwise_or(a != 0, b != 0)
    unequal = np.bitwise_and(a != b, nonzero)
    return unequal.sum() / nonzero.sum() if nonzero.any() else 0.0


def unchanged(x, candidates):
    return x


def deciles(x, candidates):
    """Decile of the candidates, of which there are a multiple of ten, with distinct values."""
    ordered, tenth = np.sort(x[candidates], axis=0), candidates.sum() // 10
    edges = (ordered[tenth - 1 : -1 : tenth] + ordered[tenth::tenth]) / 2
    return (x[:, None] > edges).sum(axis=1)


def to_unit_range(x, candidates):
    low, high = x[candidates].min(axis=0), x[candidates].max(axis=0)
    return ((x - low) / (high - low)).clip(0, 1)


# How the metric transforms inputs, and the distance of two transformed rows.
DEFINITIONS = {
    "euclidean": (unchanged, distance.euclidean),
    "manhattan": (unchanged, distance.cityblock),
    "cosine": (unchanged, distance.cosine),
    "matching": (deciles, distance.hamming),
    "jaccard": (lambda x, candidates: x != 0, distance.jaccard),
    "jaccard_scipy_before_1_15": (unchanged, jaccard_scipy_before_1_15),
    "ruzicka": (to_unit_range, ruzicka),
}
# Of real values with few zeros, all distances by them are equal.
SETS = ("jaccard", "jaccard_scipy_before_1_15")
by_metric = pytest.mark.parametrize("metric", METRICS)
ALL = np.ones(40, dtype=bool)
TRAIN = np.arange(40) % 4 != 1


def features(n=40, d=9, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def sparse_features():
    rng = np.random.default_rng(1)
    x = np.where(rng.random((40, 9)) < 0.4, rng.integers(1, 4, size=(40, 9)), 0.0)
    x[[3, 17]] = 0
    return x


def assert_same(graph, expected):
    for part in ("indptr", "indices", "data"):
        assert_array_equal(getattr(graph, part), getattr(expected, part), strict=True)


@pytest.mark.parametrize(("k", "rows"), [(1, 40), (7, 7), (100, 40)])
@pytest.mark.parametrize("candidates", [ALL, TRAIN], ids=["all", "train"])
@by_metric
def test_neighbours_are_the_nearest_candidates_by_definition(
    metric, candidates, k, rows, monkeypatch
):
    """Each where it belongs, whatever the rows of a block."""
    monkeypatch.setattr(step, "BLOCK_BYTES", 8 * candidates.sum() * rows)
    x = sparse_features() if metric in SETS else features()
    graph, k = adjacency(x, metric, k, candidates), min(k, candidates.sum() - 1)
    transform, definition = DEFINITIONS[metric]
    values = transform(x, candidates)
    expected = np.array([[definition(a, b) for b in values] for a in values])
    expected[:, ~candidates] = np.inf
    np.fill_diagonal(expected, np.inf)
    assert_array_equal(np.diff(graph.indptr), k)
    columns, distances = graph.indices.reshape(-1, k), graph.data.reshape(-1, k)
    assert (np.diff(columns) > 0).all()
    assert_allclose(distances, np.take_along_axis(expected, columns, axis=1), atol=1e-12)
    assert_allclose(np.sort(distances), np.sort(expected)[:, :k], atol=1e-12)


@by_metric
def test_candidates_have_the_neighbours_that_they_have_alone(metric):
    x = np.random.default_rng(2).normal(size=(300, 57)).astype(np.float32)
    candidates = np.arange(300) % 5 != 0
    alone = adjacency(x[candidates], metric, 8)
    assert_same(adjacency(x, metric, 8, candidates)[candidates][:, candidates], alone)


@by_metric
def test_new_clips_join_as_clips_that_are_no_candidates_each_by_itself(metric):
    x = features(60)
    x[50:52] = x[7]
    graph = adjacency(x, metric, 6, np.arange(60) < 40, seed=3)
    neighbours, distances = joined(x[:40], x[40:], metric, 6, seed=3)
    assert len(np.unique(neighbours, axis=0)) == 19  # Whatever the ties; but copies have the same.
    assert_allclose(distances, graph.data.reshape(60, 6)[40:], atol=1e-12)
    assert_array_equal(neighbours, graph.indices.reshape(60, 6)[40:])
    if metric not in SETS:  # By them all are copies.
        assert distances[10][neighbours[10] == 7] == 0
    for i in (0, 10, 19):
        alone = joined(x[:40], x[40 + i : 41 + i], metric, 6, seed=3)
        assert_array_equal(alone, (neighbours[[i]], distances[[i]]))


@by_metric
def test_ties_are_broken_by_the_seed_and_copies_are_at_a_stored_distance_of_0(metric):
    x = np.repeat(np.round(features(20, 2)), 2, axis=0)
    first, second, other = (adjacency(x.copy(), metric, 4, seed=seed) for seed in (0, 0, 1))
    assert_same(second, first)
    assert (first.indices != other.indices).any()
    lengths = [np.sort(graph.data.reshape(40, 4)) for graph in (other, first)]
    assert_allclose(*lengths, rtol=1e-6)
    assert (lengths[0][:, 0] == 0).all()


def in_degrees(x, metric, k, seeds=200):
    graphs = (adjacency(x, metric, k, seed=seed) for seed in range(seeds))
    return sum(np.bincount(graph.indices, minlength=len(x)) for graph in graphs)


def test_of_equal_distances_each_clip_draws_its_own_neighbours_from_all():
    degrees = in_degrees(features(60, 3), "jaccard", 6)
    assert degrees.sum() == 200 * 60 * 6
    # Binomial with a mean of 1,200.
    assert np.abs(degrees - 1200).max() < 4.5 * (1200 * 0.9) ** 0.5
    sets = adjacency(features(60, 3), "jaccard", 6).indices.reshape(60, 6)
    assert len(np.unique(sets, axis=0)) == 60


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "ruzicka", "matching"])
def test_copies_are_chosen_equally_often_although_distances_are_rounded(metric, dtype):
    """A clip has its own copy for a neighbour, and one of the two copies of the next clip."""
    x = np.repeat(features(20, 30), 2, axis=0).astype(dtype)
    order = np.random.default_rng(1).permutation(40)
    degrees = np.empty(40)
    degrees[order] = in_degrees(x[order], metric, 2)
    nearer, other = degrees[::2] - 200, degrees[1::2] - 200
    chosen = nearer + other
    assert chosen.sum() == 200 * 40
    assert (np.abs(nearer - other) <= 4.5 * chosen**0.5).all()


def test_all_that_are_nearer_than_a_tie_are_neighbours():
    """Clips 1 and 2 are nearer to clip 0 than ten that are equally far."""
    x = np.array([[0.0, 0], [1, 0], [0, 2], *[[3, 0]] * 5, *[[0, 3]] * 5])
    rows = {tuple(adjacency(x, "euclidean", 4, seed=seed).indices[:4]) for seed in range(30)}
    assert len(rows) > 10
    assert all({1, 2} < set(row) for row in rows)


# A coarse grid: replicas, ties and rows of zeros are frequent.
CLIPS = st.integers(3, 20).flatmap(
    lambda n: arrays(np.float64, (n, 4), elements=st.integers(-2, 2).map(lambda v: v / 2))
)


@by_metric
@given(x=CLIPS, seed=st.integers(0, 99))
def test_distances_obey_the_axioms_of_a_metric_in_any_order_of_clips(metric, x, seed):
    d = adjacency(x, metric, len(x)).toarray()
    assert_allclose(d, d.T, atol=1e-12)
    assert (d[(x[:, None] == x).all(axis=2)] == 0).all()
    if metric != "cosine":
        assert (d[:, :, None] <= d[:, None, :] + d.T[None, :, :] + 1e-9).all()
    order = np.random.default_rng(seed).permutation(len(x))
    moved = adjacency(x[order], metric, len(x)).toarray()
    assert_allclose(moved, d[order][:, order], atol=1e-7)
