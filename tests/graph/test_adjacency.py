from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.spatial import distance

from graph import adjacency as step
from graph.adjacency import EXACT, METRICS, adjacency, joined, main, of_one_artist
from inputs.inputs import Inputs
from inputs.prepare import scale


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
    "ruzicka": (to_unit_range, ruzicka),
}


def features(n=40, d=9, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def sparse_features():
    rng = np.random.default_rng(1)
    x = np.where(rng.random((40, 9)) < 0.4, rng.normal(size=(40, 9)), 0)
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
    x = sparse_features() if metric == "jaccard" else features()
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
    monkeypatch.setattr(step, "BLOCK_BYTES", 8 * 40 * rows)
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


@pytest.mark.parametrize("metric", METRICS)
def test_ties_are_broken_the_same_way_every_time(metric):
    x = np.round(features(40, 2))
    first, second = adjacency(x, metric, 4), adjacency(x.copy(), metric, 4)
    assert_array_equal(first.indices, second.indices)
    assert_array_equal(first.data, second.data)


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
    x = sparse_features() if metric == "jaccard" else features()
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
def test_candidates_hear_each_other_just_as_they_do_alone(metric):
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
    for clip, twin in ((0, 1198), (1199, 1)):
        row = slice(*found.indptr[clip : clip + 2])
        assert found.data[row][found.indices[row] == twin].tolist() == [0]


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


@pytest.fixture
def inputs(tmp_path):
    x = features().astype(np.float32)
    names = np.array([f"{i}" for i in range(40)])
    Inputs(x, np.zeros(40, int), TRAIN, names, names[:1], names[:9]).save(tmp_path / "inputs.npz")
    return x


@pytest.mark.parametrize(("neighbours", "candidates"), [("all", None), ("train", TRAIN)])
@pytest.mark.parametrize("metric", METRICS)
def test_main_writes_the_graph(metric, neighbours, candidates, inputs, tmp_path, caplog):
    main(tmp_path / "inputs.npz", neighbours, metric, 5, EXACT, 0, tmp_path / "graph.npz")
    read = sparse.load_npz(tmp_path / "graph.npz")
    expected = adjacency(inputs, metric, 5, candidates)
    assert read.format == "csr"
    assert read.shape == (40, 40)
    assert_array_equal(read.indptr, expected.indptr)
    assert_array_equal(read.indices, expected.indices)
    assert_array_equal(read.data, expected.data)
    assert not caplog.records


@pytest.mark.parametrize(("neighbours", "others"), [("all", 39), ("train", 29)])
def test_main_warns_if_k_is_capped(neighbours, others, inputs, tmp_path, caplog):
    how = (tmp_path / "inputs.npz", neighbours, "euclidean")
    main(*how, others, EXACT, 0, tmp_path / "graph.npz")
    assert not caplog.records
    main(*how, others + 1, EXACT, 0, tmp_path / "graph.npz")
    assert f"capped to {others}" in caplog.text
    assert sparse.load_npz(tmp_path / "graph.npz").nnz == 40 * others


def test_main_writes_the_same_bytes_twice(inputs, tmp_path):
    for name in ("a", "b"):
        how = (tmp_path / "inputs.npz", "all", "cosine", 5, EXACT, 0)
        main(*how, tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_main_takes_the_graph_of_a_fold_of_the_same_inputs_alone(inputs, tmp_path):
    main(tmp_path / "inputs.npz", "all", "cosine", 5, EXACT, 0, tmp_path / "first.npz")
    marked = sparse.load_npz(tmp_path / "first.npz")
    marked.data[:] = 7
    sparse.save_npz(tmp_path / "first.npz", marked, compressed=False)
    data = Inputs.load(tmp_path / "inputs.npz")
    replace(data, train=~data.train).save(tmp_path / "same.npz")
    replace(data, x=data.x + 1).save(tmp_path / "other.npz")
    for name, neighbours, taken in [
        ("same", "all", True),
        ("same", "train", False),
        ("other", "all", False),
    ]:
        how = (tmp_path / f"{name}.npz", neighbours, "cosine", 5, EXACT, 0, tmp_path / "graph.npz")
        main(*how, (tmp_path / "inputs.npz", tmp_path / "first.npz"))
        assert (sparse.load_npz(tmp_path / "graph.npz").data == 7).all() == taken


@pytest.mark.parametrize("metric", METRICS)
def test_new_clips_join_as_clips_that_are_no_candidates_each_by_itself(metric):
    x = features(60)
    x[50] = x[7]
    known = np.arange(60) < 40
    graph = adjacency(x, metric, 6, known)
    neighbours, distances = joined(x[:40], x[40:], metric, 6)
    rows = graph.data.reshape(60, 6)[40:]
    assert_allclose(np.sort(distances, axis=1), np.sort(rows, axis=1), atol=1e-12)
    if metric in ("euclidean", "manhattan", "cosine", "ruzicka"):  # Others have many ties.
        assert_array_equal(neighbours, graph.indices.reshape(60, 6)[40:])
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
HEARD = np.arange(17) % 3 > 0


@pytest.fixture
def played():
    return np.random.default_rng(0).normal(size=(17, 5)).astype(np.float32)


def test_neighbours_are_the_nearest_of_the_clips_own_artist(played):
    found = of_one_artist(played, "euclidean", 2, ARTISTS)
    assert np.diff(found.indptr).tolist() == [2] * 9 + [0] * 8
    distances = distance.cdist(played.astype(np.float64), played.astype(np.float64))
    for i in range(9):
        others = [j for j in range(9) if ARTISTS[j] == ARTISTS[i] and j != i]
        nearest = sorted(others, key=lambda j: distances[i, j])[:2]
        assert sorted(found.indices[2 * i : 2 * i + 2]) == sorted(nearest)
        assert_allclose(found[[i], nearest], distances[i, nearest], rtol=1e-6)


def test_an_artist_has_no_more_neighbours_than_clips(played):
    found = of_one_artist(played, "euclidean", 99, ARTISTS)
    assert np.diff(found.indptr).tolist() == [5] * 6 + [2] * 3 + [0] * 8
    assert_array_equal(found.diagonal(), 0)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_are_those_among_all_clips(played, metric):
    """What a metric takes from all clips, such as deciles, it does not take from an artist's."""
    found = of_one_artist(played, metric, 99, ARTISTS).tocoo()
    everyone = adjacency(played, metric, 16)
    assert_allclose(found.data, everyone[found.row, found.col], atol=1e-6)


def test_only_candidates_are_neighbours(played):
    """Clips that join find those of their artist, and a candidate never has itself."""
    found = of_one_artist(played, "euclidean", 99, ARTISTS, HEARD)
    assert HEARD[found.indices].all()
    learnt, joining = np.diff(found.indptr)[:6][HEARD[:6]], np.diff(found.indptr)[:6][~HEARD[:6]]
    assert set(learnt) == {3} and set(joining) == {4}
    of_artist_b = np.diff(found.indptr)[6:9]
    assert of_artist_b.tolist() == [2, 1, 1]


def test_where_no_artist_is_known_nobody_has_neighbours(played):
    found = of_one_artist(played, "euclidean", 3, np.array([f"song {i}" for i in range(17)]))
    assert found.shape == (17, 17) and found.nnz == 0


@pytest.mark.parametrize(("neighbours", "candidates"), [("all", None), ("train", HEARD)])
def test_the_step_seeks_neighbours_among_an_artists_clips_where_it_is_told_to(
    played, neighbours, candidates, tmp_path
):
    clips = np.array([f"clip{i}" for i in range(17)])
    genres, features = np.array(["a"]), np.arange(5).astype(str)
    data = Inputs(played, np.zeros(17, int), HEARD, clips, genres, features)
    data.save(tmp_path / "inputs.npz")
    dealt = pd.DataFrame({"clip": clips, "artist": ARTISTS}).sample(frac=1, random_state=0)
    pd.concat([dealt, dealt]).to_parquet(tmp_path / "folds.parquet")
    how = (tmp_path / "inputs.npz", neighbours, "cosine", 3, EXACT, 0, tmp_path / "graph.npz")
    main(*how, folds=tmp_path / "folds.parquet")
    expected = of_one_artist(played, "cosine", 3, ARTISTS, candidates)
    found = sparse.load_npz(tmp_path / "graph.npz")
    assert_array_equal(found.toarray(), expected.toarray())
    assert found.nnz == expected.nnz
