import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.stats import multivariate_normal

from graph import plda
from graph.plda import Plda, as_known, fit, group_graph, log_odds

D = 4
WITHIN = np.array([[1.0, 0.3, 0, 0], [0.3, 0.5, 0, 0], [0, 0, 2, -0.4], [0, 0, -0.4, 1]])
BETWEEN = np.diag([3.0, 1, 0.5, 4])


def drawn(groups, size, seed=0):
    """Groups whose means and clips are drawn as the model has it."""
    rng = np.random.default_rng(seed)
    means = rng.multivariate_normal(np.ones(D), BETWEEN, groups)
    names = np.repeat([f"group {i:04d}" for i in range(groups)], size)
    return np.repeat(means, size, axis=0) + rng.multivariate_normal(
        np.zeros(D), WITHIN, groups * size
    ), names


def true_log_odds(a, b, within, between, mean, prior):
    """From the joint Gaussian density of both clips, in the features' own space."""
    total = within + between
    together = np.block([[total, between], [between, total]])
    alone = np.block([[total, np.zeros((D, D))], [np.zeros((D, D)), total]])
    centre = np.concatenate([mean, mean])
    return [
        [
            multivariate_normal.logpdf(np.concatenate([u, v]), centre, together)
            - multivariate_normal.logpdf(np.concatenate([u, v]), centre, alone)
            + prior
            for v in b
        ]
        for u in a
    ]


def model_of(fitted):
    """Covariances within and between groups that a fitted model stands for."""
    back = np.linalg.inv(fitted.axes)
    return back.T @ back, back.T @ np.diag(fitted.between) @ back


def test_what_data_were_drawn_from_is_found(monkeypatch):
    monkeypatch.setattr(plda, "SHRINKAGE", 0.0)
    x, groups = drawn(1500, 20)
    within, between = model_of(fit(x, groups))
    assert np.abs(within - WITHIN).max() < 0.03
    assert np.abs(between - BETWEEN).max() < 0.4


def test_log_odds_are_those_of_the_joint_densities():
    x, groups = drawn(30, 5)
    fitted = fit(x, groups)
    mean = fitted.offset @ np.linalg.inv(fitted.axes)
    assert_allclose(mean, x.mean(axis=0))
    expected = true_log_odds(x[:6], x[3:12], *model_of(fitted), mean, fitted.prior)
    assert_allclose(log_odds(fitted, x[:6], x[3:12]), expected, rtol=1e-6)


def test_the_prior_is_the_share_of_pairs_within_groups():
    x, _ = drawn(2, 3)
    pairs = 2 * (3 * 1) + 0  # Ordered pairs of the only group that has several clips.
    fitted = fit(x, np.array(["a", "a", "a", "b", "c", "d"]))
    assert fitted.prior == pytest.approx(np.log(pairs / 30 / (1 - pairs / 30)))


def test_the_covariance_within_groups_is_shrunk():
    x, groups = drawn(40, 3)
    deviations = x - np.repeat(x.reshape(40, 3, D).mean(axis=1), 3, axis=0)
    found = deviations.T @ deviations / 80
    expected = 0.8 * found + 0.2 * np.trace(found) / D * np.eye(D)
    assert_allclose(model_of(fit(x, groups))[0], expected)


def test_without_a_group_of_two_clips_nothing_is_learnt():
    x, _ = drawn(6, 2)
    train = np.arange(12) < 8
    groups = np.arange(12).astype(str)
    assert fit(x, groups).prior == -np.inf
    assert group_graph(x, train, groups).nnz == 0


def test_features_that_are_constant_do_no_harm():
    x, groups = drawn(10, 4)
    x[:, 2] = 0
    graph = group_graph(x, np.arange(40) < 24, groups)
    assert np.isfinite(graph.data).all()
    assert graph.nnz > 0


@pytest.fixture
def halves():
    """40 groups of 4 clips, half of them unknown."""
    x, groups = drawn(40, 4, seed=3)
    return x, np.arange(160) < 80, groups


def test_clips_of_unknown_groups_find_each_other(halves):
    x, train, groups = halves
    graph = group_graph(x, train, groups)
    rows, columns = graph[~train][:, ~train].nonzero()
    same = groups[~train][rows] == groups[~train][columns]
    assert same.mean() > 5 * 3 / 79  # By chance it were 3 of 79.


def test_the_graph_is_symmetric_and_holds_probabilities(halves):
    graph = group_graph(*halves).toarray()
    assert_array_equal(graph, graph.T)
    assert_array_equal(np.diag(graph), 0)
    assert ((graph >= 0) & (graph <= 1)).all()
    assert (graph > 0).sum(axis=1).max() <= 5


def test_no_edge_joins_a_training_and_a_test_clip(halves):
    x, train, groups = halves
    graph = group_graph(x, train, groups)
    assert graph[train][:, ~train].nnz == graph[~train][:, train].nnz == 0
    assert graph[train][:, train].nnz > 0


def test_where_groups_are_not_held_out_whole_clips_find_those_of_known_groups():
    """A clip of each of 40 groups is unknown: it finds the three others of its own."""
    x, groups = drawn(40, 4, seed=3)
    train = np.arange(160) % 4 > 0
    assert group_graph(x, train, groups)[~train][:, train].nnz == 0
    graph = group_graph(x, train, groups, apart=False)
    assert_array_equal(graph.toarray(), graph.toarray().T)
    rows, columns = graph[~train][:, train].nonzero()
    same = groups[~train][rows] == groups[train][columns]
    assert same.mean() > 5 * 3 / 159  # By chance it were 3 of 159.
    assert same.sum() > 5


def test_edges_are_mutual_and_weigh_what_the_model_says(halves):
    x, train, groups = halves
    odds = log_odds(fit(x[train], groups[train]), x, x)
    odds[train[:, None] != train] = -np.inf
    np.fill_diagonal(odds, -np.inf)
    near = odds >= np.sort(odds, axis=1)[:, [-3]]
    expected = np.where(near & near.T, 1 / (1 + np.exp(-odds)), 0)
    assert_allclose(group_graph(x, train, groups, k=3).toarray(), expected, rtol=1e-9)


def test_groups_of_test_clips_are_not_looked_at(halves):
    x, train, groups = halves
    other = np.where(train, groups, "someone")
    expected, found = (group_graph(x, train, each).toarray() for each in (groups, other))
    assert_array_equal(found, expected)


def test_blocks_of_rows_change_nothing(halves, monkeypatch):
    expected = group_graph(*halves).toarray()
    monkeypatch.setattr(plda, "BLOCK_BYTES", 8 * 160 * 7)
    assert_allclose(group_graph(*halves).toarray(), expected, rtol=1e-9)


def test_more_neighbours_than_clips_are_capped():
    x, groups = drawn(2, 3)
    assert group_graph(x, np.ones(6, dtype=bool), groups, k=50).shape == (6, 6)


def test_on_independent_axes_the_formula_can_be_computed_by_hand():
    """One axis, within 1, between 1: total 2, determinant 3."""
    one = Plda(np.eye(1), np.zeros(1), np.ones(1), 0.0)
    u, v = 1.5, -0.5
    expected = u * v / 3 - (2 / 3 - 1 / 2) / 2 * (u**2 + v**2) + np.log(2) - np.log(3) / 2
    assert log_odds(one, np.array([[u]]), np.array([[v]])) == pytest.approx(expected)


# What is known


@pytest.fixture
def six():
    """What is probable of six clips, of the last two of which no group is known."""
    probable = np.zeros((6, 6))
    for i, j, p in [(0, 1, 0.2), (0, 2, 0.9), (2, 4, 0.3), (4, 5, 0.7)]:
        probable[i, j] = probable[j, i] = p
    return sparse.csr_array(probable), np.array(list("aabaxx")), np.arange(6) < 4


def test_clips_of_known_groups_are_of_one_or_are_not_and_others_stay_as_probable(six):
    """0, 1 and 3 are of one group; 4 and 5 are not, though their unknown groups have one name."""
    expected = np.zeros((6, 6))
    for i, j, p in [(0, 1, 1), (0, 3, 1), (1, 3, 1), (2, 4, 0.3), (4, 5, 0.7)]:
        expected[i, j] = expected[j, i] = p
    found = as_known(*six)
    assert_array_equal(found.toarray(), expected)
    assert found.nnz == 10


def test_what_is_known_joins_no_training_and_test_clip_where_these_are_kept_apart(six):
    train = np.array([True, False, True, True, True, True])
    found = as_known(*six, train).toarray()
    assert found[0, 3] == found[3, 0] == 1
    assert not found[1].any() and not found[:, 1].any()


def test_where_no_group_is_known_all_stays_as_probable(six):
    probable, groups, _ = six
    assert_array_equal(as_known(probable, groups, np.zeros(6, bool)).toarray(), probable.toarray())
