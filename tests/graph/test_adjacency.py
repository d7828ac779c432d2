from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial import distance

from genregraph.config import registry
from genregraph.graph import search
from genregraph.graph.adjacency import EXACT, adjacency, joined, main, of_one_artist
from genregraph.graph.health import health
from genregraph.graph.metrics import METRICS
from genregraph.graph.store import load_graph
from genregraph.preprocessing.inputs import Inputs, save_inputs
from genregraph.preprocessing.prepare import scale


def euclidean(a, b):
    return np.sqrt(((a - b) ** 2).sum())


def manhattan(a, b):
    return np.abs(a - b).sum()


def cosine(a, b):
    return 1 - (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


def share_that_differs(a, b):
    return np.mean(a != b)


def ruzicka(a, b):
    return 1 - np.minimum(a, b).sum() / np.maximum(a, b).sum()


def jaccard_scipy_before_1_15(a, b):
    """As SciPy 1.14 had it."""
    nonzero = np.bitwise_or(a != 0, b != 0)
    unequal = np.bitwise_and(a != b, nonzero)
    return unequal.sum() / nonzero.sum() if nonzero.any() else 0.0


def deciles(x):
    """Of distinct values."""
    ranks = x.argsort(axis=0).argsort(axis=0)
    return ranks * 10 // len(x)


def to_unit_range(x):
    return (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0))


# By definition: what the metric sees, and the distance of two rows of it.
DEFINITIONS = {
    "euclidean": (lambda x: x, euclidean),
    "manhattan": (lambda x: x, manhattan),
    "cosine": (lambda x: x, cosine),
    "matching": (deciles, share_that_differs),
    "jaccard": (lambda x: x != 0, distance.jaccard),
    "jaccard_scipy_before_1_15": (lambda x: x, jaccard_scipy_before_1_15),
    "ruzicka": (to_unit_range, ruzicka),
}


# Of real values with few zeros, all distances by them are equal.
SETS = ("jaccard", "jaccard_scipy_before_1_15")


def test_every_metric_that_the_configuration_may_name_is_made():
    assert tuple(METRICS) == registry.METRICS
    assert list(DEFINITIONS) == list(METRICS)


def features(n=40, d=9, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def sparse_features():
    rng = np.random.default_rng(1)
    x = np.where(rng.random((40, 9)) < 0.4, rng.integers(1, 4, size=(40, 9)), 0.0)
    x[[3, 17]] = 0
    return x


def assert_nearest(graph, distances, k):
    """The k smallest distances of each row, and each where it belongs."""
    others = np.array(distances)
    np.fill_diagonal(others, np.inf)
    for i, row in enumerate(others):
        columns = graph.indices[graph.indptr[i] : graph.indptr[i + 1]]
        values = graph.data[graph.indptr[i] : graph.indptr[i + 1]]
        assert len(set(columns)) == k
        assert i not in columns
        assert_allclose(values, row[columns], atol=1e-12)
        assert_allclose(np.sort(values), np.sort(row)[:k], atol=1e-12)


def by_definition(x, metric):
    see, definition = DEFINITIONS[metric]
    seen = see(x)
    return [[definition(a, b) for b in seen] for a in seen]


@pytest.mark.parametrize("k", [1, 7, 39])
@pytest.mark.parametrize("metric", METRICS)
def test_neighbours_are_the_nearest_by_definition(metric, k):
    x = sparse_features() if metric in SETS else features()
    assert_nearest(adjacency(x, metric, k), by_definition(x, metric), k)


@pytest.mark.parametrize("metric", METRICS)
def test_k_is_capped_to_the_other_clips(metric):
    graph = adjacency(features(6), metric, 100)
    assert_array_equal(graph.indptr, np.arange(7) * 5)
    for i in range(6):
        others = graph.indices[graph.indptr[i] : graph.indptr[i + 1]]
        assert set(others) == set(range(6)) - {i}


@pytest.mark.parametrize("metric", METRICS)
def test_equal_clips_are_neighbours_at_a_stored_distance_of_exactly_0(metric):
    x = np.repeat(features(30, 40), 2, axis=0)
    graph = adjacency(x, metric, 3)
    nearest = graph[np.arange(60), np.arange(60) ^ 1]
    assert_array_equal(nearest, np.zeros(60))
    assert graph.nnz == 180
    assert (graph.data == 0).sum() >= 60


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("rows", [1, 7, 40])
def test_blocks_do_not_change_the_graph(metric, rows, monkeypatch):
    whole = adjacency(features(), metric, 5)
    monkeypatch.setattr(search, "BLOCK_BYTES", 8 * 40 * rows)
    blockwise = adjacency(features(), metric, 5)
    assert_array_equal(blockwise.indices, whole.indices)
    assert_array_equal(blockwise.indptr, whole.indptr)
    assert_allclose(blockwise.data, whole.data, rtol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_single_precision_suffices(metric):
    x = features(200, 30).astype(np.float32)
    found, expected = (adjacency(each, metric, 5) for each in (x, x.astype(np.float64)))
    assert_array_equal(found.indices, expected.indices)
    assert_allclose(found.data, expected.data, rtol=1e-6)


# Ties


@pytest.mark.parametrize("metric", METRICS)
def test_ties_are_broken_the_same_way_every_time(metric):
    x = np.round(features(40, 2))
    first, second, other = (adjacency(x.copy(), metric, 4, seed=seed) for seed in (0, 0, 1))
    assert_array_equal(first.indices, second.indices)
    assert_array_equal(first.data, second.data)
    assert (first.indices != other.indices).any()
    assert_allclose(
        np.sort(other.data.reshape(40, 4)), np.sort(first.data.reshape(40, 4)), rtol=1e-6
    )


def test_where_all_distances_are_equal_neighbours_are_random_sets():
    graph = adjacency(features(1000, 5), "jaccard", 100)
    figures = health(graph, np.arange(1000) % 10, 100)
    assert figures["degree_max"] < 100 + 5 * 100**0.5
    assert figures["homophily"] == pytest.approx(figures["chance_homophily"], abs=0.005)
    assert len(np.unique(graph.indices.reshape(1000, 100), axis=0)) == 1000


def in_degrees(x, metric, k, seeds=200, candidates=None):
    graphs = (adjacency(x, metric, k, candidates, seed=seed) for seed in range(seeds))
    return sum(np.bincount(graph.indices, minlength=len(x)) for graph in graphs)


def test_no_place_in_the_order_of_clips_is_chosen_more_often():
    degrees = in_degrees(features(60, 3), "jaccard", 6)
    assert degrees.sum() == 200 * 60 * 6
    # Binomial with a mean of 1,200.
    assert np.abs(degrees - 1200).max() < 4.5 * (1200 * 0.9) ** 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "ruzicka", "matching"])
def test_of_copies_each_is_chosen_as_often_although_distances_are_rounded(metric, dtype):
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
    """From clip 0 clips 1 and 2 are nearer than ten that are equally far."""
    x = np.array([[0.0, 0], [1, 0], [0, 2], *[[3, 0]] * 5, *[[0, 3]] * 5])
    rows = {tuple(adjacency(x, "euclidean", 4, seed=seed).indices[:4]) for seed in range(30)}
    assert len(rows) > 10
    assert all({1, 2} < set(row) for row in rows)


@pytest.mark.parametrize("metric", ["jaccard", "euclidean"])
def test_ties_of_a_new_clip_depend_on_no_other_new_clip(metric):
    known, new = np.ones((30, 2)), np.array([[1.0, 2], [1, 3], [1, 2], [2, 3]])
    neighbours, _ = joined(known, new, metric, 5, seed=3)
    assert_array_equal(neighbours[0], neighbours[2])
    assert len(np.unique(neighbours, axis=0)) == 3
    for i in range(4):
        assert_array_equal(joined(known, new[[i]], metric, 5, seed=3)[0][0], neighbours[i])
    assert (joined(known, new, metric, 5, seed=4)[0] != neighbours).any()


def test_jaccard_of_standardised_real_features_is_0_throughout():
    x = scale(features(), np.ones(40, dtype=bool), "standard")
    graph = adjacency(x, "jaccard", 10)
    assert graph.nnz == 400
    assert not graph.data.any()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("zeros", [slice(0, 4), slice(None)])
def test_rows_of_zeros_have_finite_distances(metric, zeros):
    x = np.abs(features(12))
    x[zeros] = 0
    graph = adjacency(x, metric, 11)
    assert np.isfinite(graph.data).all()
    assert not graph[[0, 1], [1, 2]].any()


def test_deciles_of_a_constant_feature_are_all_the_same():
    x = features()
    with_constant = np.column_stack([x, np.full(40, 1 / 3)])
    expected = np.array(by_definition(x, "matching")) * 9 / 10
    assert_nearest(adjacency(with_constant, "matching", 5), expected, 5)


# Neighbours among training clips alone

TRAIN = np.arange(40) % 4 != 1


def deciles_of(x, candidates):
    """Decile of the 30 candidates (of distinct values) in which each value lies."""
    ordered = np.sort(x[candidates], axis=0)
    edges = (ordered[2:-1:3] + ordered[3::3]) / 2
    return (x[:, None] > edges).sum(axis=1)


def to_range_of(x, candidates):
    low, high = x[candidates].min(axis=0), x[candidates].max(axis=0)
    return ((x - low) / (high - low)).clip(0, 1)


FITTED = {
    **{name: lambda x, _, see=see: see(x) for name, (see, _) in DEFINITIONS.items()},
    "matching": deciles_of,
    "ruzicka": to_range_of,
}


@pytest.mark.parametrize("k", [1, 7, 29])
@pytest.mark.parametrize("metric", METRICS)
def test_neighbours_among_candidates_are_the_nearest_by_definition(metric, k):
    x = sparse_features() if metric in SETS else features()
    seen = FITTED[metric](x, TRAIN)
    distances = np.array([[DEFINITIONS[metric][1](a, b) for b in seen] for a in seen])
    distances[:, ~TRAIN] = np.inf
    graph = adjacency(x, metric, k, TRAIN)
    assert TRAIN[graph.indices].all()
    assert_nearest(graph, distances, k)


@pytest.mark.parametrize("metric", METRICS)
def test_a_test_clip_changes_no_other_clips_neighbours(metric):
    x = np.abs(features())
    moved = x.copy()
    moved[1] = 100 * x[1] + 7
    before, after = (adjacency(each, metric, 5, TRAIN)[np.arange(40) != 1] for each in (x, moved))
    assert_array_equal(before.indices, after.indices)
    assert_array_equal(before.data, after.data)


@pytest.mark.parametrize("metric", METRICS)
def test_candidates_have_the_neighbours_that_they_have_alone(metric):
    x = np.random.default_rng(2).normal(size=(300, 57)).astype(np.float32)
    candidates = np.arange(300) % 5 != 0
    alone = adjacency(x[candidates], metric, 8)
    among = adjacency(x, metric, 8, candidates)[candidates][:, candidates]
    assert_array_equal(among.indices, alone.indices)
    assert_array_equal(among.data, alone.data)


@pytest.mark.parametrize("metric", METRICS)
def test_k_is_capped_to_the_other_candidates(metric):
    graph = adjacency(features(), metric, 100, TRAIN)
    assert_array_equal(graph.indptr, np.arange(41) * 29)
    for i in np.flatnonzero(TRAIN):
        assert set(graph.indices[graph.indptr[i] : graph.indptr[i + 1]]) == {
            *np.flatnonzero(TRAIN)
        } - {i}


@pytest.mark.parametrize("metric", METRICS)
def test_all_candidates_are_the_default(metric):
    expected = adjacency(features(), metric, 5)
    found = adjacency(features(), metric, 5, np.ones(40, dtype=bool))
    assert_array_equal(found.indices, expected.indices)
    assert_array_equal(found.data, expected.data)


# By descent


def many(n=1200, d=8):
    """Clips of ten genres; the last two are replicas of the first two."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d)) + 2 * rng.normal(size=(10, d))[rng.integers(10, size=n)]
    x[-2:] = x[:2]
    return x.astype(np.float32)


# What descends is compiled for a minute, for each metric anew.
@pytest.mark.torture
@pytest.mark.parametrize("metric", ["euclidean", "ruzicka"])
def test_descent_finds_nearly_all_that_a_search_finds(metric):
    x = many()
    found, expected = (adjacency(x, metric, 6, exact=exact) for exact in (100, EXACT))
    assert_array_equal(np.diff(found.indptr), np.full(1200, 6))
    assert not found.diagonal().any()
    furthest = expected.data.reshape(1200, 6).max(axis=1, keepdims=True)
    assert (found.data.reshape(1200, 6) <= furthest * (1 + 1e-5)).mean() > 0.98
    for clip, copy in ((0, 1198), (1199, 1)):
        row = slice(*found.indptr[clip : clip + 2])
        assert found.data[row][found.indices[row] == copy].tolist() == [0]


@pytest.mark.torture
def test_descent_is_among_candidates_and_the_others_are_exact():
    x, train = many(), np.arange(1200) % 4 > 0
    found, expected = (adjacency(x, "euclidean", 6, train, exact=exact) for exact in (100, EXACT))
    assert train[found.indices].all()
    assert_array_equal(found[~train].toarray(), expected[~train].toarray())
    moved = x.copy()
    moved[~train] += 1
    again = adjacency(moved, "euclidean", 6, train, exact=100)
    assert_array_equal(again[train].toarray(), found[train].toarray())


@pytest.mark.torture
def test_descent_is_the_same_every_time():
    first, second = (adjacency(many(), "euclidean", 6, exact=100, seed=3) for _ in range(2))
    assert_array_equal(first.indices, second.indices)
    assert_array_equal(first.data, second.data)


@pytest.mark.torture
def test_where_descent_gets_stuck_all_are_searched():
    """Of clips in groups that share no feature, no neighbour's neighbour is in another group."""
    x = np.zeros((240, 240), dtype=np.float32)
    for clip in range(240):
        x[clip, clip // 3 * 3 : clip // 3 * 3 + 3] = 1
    found = adjacency(x, "jaccard", 5, exact=100)
    assert_array_equal(np.diff(found.indptr), np.full(240, 5))
    assert_array_equal(np.sort(found.data.reshape(240, 5), axis=1), [[0, 0, 1, 1, 1]] * 240)


# The step


def fold_of(x, train, artists=None):
    names = np.arange(len(x)).astype(str)
    return Inputs(
        x=x.astype(np.float32),
        y=np.arange(len(x)) % 2,
        train=train,
        clips=names,
        genres=np.array(["a", "b"]),
        features=np.arange(x.shape[1]).astype(str),
        groups=names,
        artists=names if artists is None else artists,
    )


@pytest.fixture
def step(tmp_path):
    def run(folds, neighbours="all", among="all", metric="euclidean", k=5, seed=0):
        keys = [(0, number) for number in range(len(folds))]
        save_inputs(tmp_path / "inputs.npz", folds, keys)
        graphs, table = tmp_path / "graph.npz", tmp_path / "health.csv"
        main(tmp_path / "inputs.npz", neighbours, among, metric, k, EXACT, seed, graphs, table)
        return [load_graph(graphs, number) for number in range(len(folds))], pd.read_csv(table)

    return run


def assert_same(found, expected):
    for part in ("indptr", "indices", "data"):
        assert_array_equal(getattr(found, part), getattr(expected, part))


@pytest.mark.parametrize("neighbours", ["all", "train"])
@pytest.mark.parametrize("metric", METRICS)
def test_main_writes_graph_and_health_of_each_fold(metric, neighbours, step, caplog):
    folds = [fold_of(features(), TRAIN), fold_of(features(seed=1), ~TRAIN)]
    graphs, table = step(folds, neighbours, metric=metric, seed=3)
    for graph, fold, row in zip(graphs, folds, table.to_dict("records"), strict=True):
        candidates = fold.train if neighbours == "train" else None
        expected = adjacency(fold.x, metric, 5, candidates, seed=3)
        assert_same(graph, expected)
        assert row == pytest.approx(
            {"repeat": 0, "fold": row["fold"], **health(expected, fold.y, 5), "recall": 1}
        )
    assert table["fold"].tolist() == [0, 1]
    assert ("metric is degenerate" in caplog.text) == table["degenerate"].any()
    assert table["degenerate"].all() == (metric == "jaccard")


@pytest.mark.parametrize(("neighbours", "others"), [("all", 39), ("train", 29)])
def test_main_warns_if_k_is_capped(neighbours, others, step, caplog):
    folds = [fold_of(features(), TRAIN)]
    step(folds, neighbours, k=others)
    assert not caplog.records
    graphs, _ = step(folds, neighbours, k=others + 1)
    assert f"capped to {others}" in caplog.text
    assert graphs[0].nnz == 40 * others


def test_main_writes_the_same_bytes_twice(step, tmp_path):
    written = []
    for _ in range(2):
        step([fold_of(features(), TRAIN)], metric="jaccard")
        written.append((tmp_path / "graph.npz").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(("neighbours", "made"), [("all", 1), ("train", 2)])
def test_folds_of_the_same_inputs_and_candidates_share_a_graph(step, tmp_path, neighbours, made):
    first = fold_of(features(), TRAIN)
    graphs, table = step([first, replace(first, train=~TRAIN)], neighbours)
    with np.load(tmp_path / "graph.npz") as file:
        assert sum(name.startswith("data.") for name in file.files) == made
    assert (graphs[0].indices == graphs[1].indices).all() == (made == 1)
    assert table["fold"].tolist() == [0, 1]


@pytest.mark.parametrize("metric", METRICS)
def test_new_clips_join_as_clips_that_are_no_candidates_each_by_itself(metric):
    x = features(60)
    x[50] = x[7]
    known = np.arange(60) < 40
    graph = adjacency(x, metric, 6, known)
    neighbours, distances = joined(x[:40], x[40:], metric, 6)
    rows = graph.data.reshape(60, 6)[40:]
    assert_allclose(np.sort(distances, axis=1), np.sort(rows, axis=1), atol=1e-12)
    assert_array_equal(neighbours, graph.indices.reshape(60, 6)[40:])
    if metric not in SETS:  # By them all are copies.
        assert distances[10][neighbours[10] == 7] == 0
    for i in (0, 10, 19):
        for alone, among in zip(
            joined(x[:40], x[40 + i : 41 + i], metric, 6), (neighbours, distances), strict=True
        ):
            assert_array_equal(alone[0], among[i])


def test_new_clips_have_at_most_as_many_neighbours_as_known_ones():
    neighbours, _ = joined(features(5), features(3, seed=1), "euclidean", 100)
    assert neighbours.shape == (3, 4)


# Clips of one artist


# Six clips of one artist, three of another, one of a third; two songs of unknown artists, each of
# two segments; and three of a group that is not said to be an artist.
ARTISTS = np.array(
    [*["artist a"] * 6, *["artist b"] * 3, "artist c", *["song d"] * 2, *["song e"] * 2]
    + ["group f"] * 3
)
CANDIDATES = np.arange(17) % 3 > 0


@pytest.fixture
def clips():
    return np.random.default_rng(0).normal(size=(17, 5)).astype(np.float32)


def test_neighbours_are_the_nearest_of_the_clips_own_artist(clips):
    found = of_one_artist(clips, "euclidean", 2, ARTISTS)
    assert np.diff(found.indptr).tolist() == [2] * 9 + [0] * 8
    distances = distance.cdist(clips.astype(np.float64), clips.astype(np.float64))
    for i in range(9):
        others = [j for j in range(9) if ARTISTS[j] == ARTISTS[i] and j != i]
        nearest = sorted(others, key=lambda j: distances[i, j])[:2]
        assert sorted(found.indices[2 * i : 2 * i + 2]) == sorted(nearest)
        assert_allclose(found[[i], nearest], distances[i, nearest], rtol=1e-6)


def test_an_artist_has_no_more_neighbours_than_clips(clips):
    found = of_one_artist(clips, "euclidean", 99, ARTISTS)
    assert np.diff(found.indptr).tolist() == [5] * 6 + [2] * 3 + [0] * 8
    assert_array_equal(found.diagonal(), 0)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_are_those_among_all_clips(clips, metric):
    """What a metric takes from all clips, such as deciles, it does not take from an artist's."""
    found = of_one_artist(clips, metric, 99, ARTISTS).tocoo()
    everyone = adjacency(clips, metric, 16)
    assert_allclose(found.data, everyone[found.row, found.col], atol=1e-6)


def test_only_candidates_are_neighbours(clips):
    """Clips that join find those of their artist, and a candidate never has itself."""
    found = of_one_artist(clips, "euclidean", 99, ARTISTS, CANDIDATES)
    assert CANDIDATES[found.indices].all()
    learnt, joining = (
        np.diff(found.indptr)[:6][CANDIDATES[:6]],
        np.diff(found.indptr)[:6][~CANDIDATES[:6]],
    )
    assert set(learnt) == {3} and set(joining) == {4}
    of_artist_b = np.diff(found.indptr)[6:9]
    assert of_artist_b.tolist() == [2, 1, 1]


def test_where_no_artist_is_known_no_clip_has_neighbours(clips):
    found = of_one_artist(clips, "euclidean", 3, np.array([f"song {i}" for i in range(17)]))
    assert found.shape == (17, 17) and found.nnz == 0


@pytest.mark.parametrize("neighbours", ["all", "train"])
def test_main_seeks_neighbours_among_an_artists_clips(clips, neighbours, step):
    graphs, table = step(
        [fold_of(clips, CANDIDATES, ARTISTS)], neighbours, "artist", metric="cosine", k=3
    )
    candidates = CANDIDATES if neighbours == "train" else None
    assert_same(graphs[0], of_one_artist(clips, "cosine", 3, ARTISTS, candidates))
    assert table["recall"].tolist() == [1]
