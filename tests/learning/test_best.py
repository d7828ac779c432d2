import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats

from graph.similarity import similarity_graph
from learning import best
from learning.best import (
    CANDIDATES,
    NETWORK,
    PAPER,
    SAGE,
    Sage,
    all_probabilities,
    choose,
    groups_of,
    inner_folds,
    logistic,
    main,
    network,
    normal_scores,
    prepared,
    similarities,
    smooth,
    train,
    training_clips,
)
from learning.graphsage import Settings, train_edgeless
from settings.errors import UserError

SHORT = tuple(
    replace(
        candidate, epochs=5, k=min(candidate.k, 5), hidden=6, ensemble=min(candidate.ensemble, 2)
    )
    for candidate in CANDIDATES
)
SHORT_SAGE = SHORT[CANDIDATES.index(SAGE)]
WEIGHTS = np.array([[0, 1, 3, 0], [1, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0]], dtype=float)


@pytest.fixture
def groups():
    """Nine groups of four clips, three of each genre."""
    return np.array([f"artist{i // 4}" for i in range(36)])


@pytest.fixture
def noisy(inputs):
    """Features that do not tell genres apart, so that predictions differ."""
    rng = np.random.default_rng(1)
    return replace(inputs, x=rng.normal(size=inputs.x.shape).astype(np.float32))


def other_genres_of_test_clips(inputs):
    y = inputs.y.copy()
    y[~inputs.train] = (y[~inputs.train] + 1) % 3
    return replace(inputs, y=y)


# Candidates


def test_there_are_few_candidates_of_distinct_names_and_the_first_is_the_papers():
    names = [candidate.name for candidate in CANDIDATES]
    assert len(set(names)) == len(names) <= 8
    assert CANDIDATES[0] is PAPER
    assert len({replace(candidate, name="") for candidate in CANDIDATES}) == len(names)


def test_the_papers_candidate_is_the_edgeless_baseline(noisy):
    assert (PAPER.hidden, PAPER.learning_rate, PAPER.epochs) == (150, 0.001, 300)
    settings = Settings(1, 150, 0.001, 30, distance_weights=True, seed=4)
    expected = train_edgeless(noisy, settings).probabilities
    found = all_probabilities(noisy, [replace(PAPER, epochs=30)], 4)["paper"]
    assert_array_equal(found, expected)


# Inputs and graph


def test_normal_scores_are_quantiles_among_training_clips():
    """Of 5 clips: ranks 0, 1/4, 1/2, 3/4, 1, the ends clipped to 3."""
    x = np.array([[0.0], [1], [10], [100], [1000], [1], [5.5], [-7]])
    train = np.arange(8) < 5
    raw = np.array([-3, stats.norm.ppf(0.25), 0, stats.norm.ppf(0.75), 3])
    found = normal_scores(x, train)
    assert_allclose(found[:5, 0], raw / raw.std(), atol=1e-6)
    assert_allclose(
        found[5:, 0], [raw[1] / raw.std(), stats.norm.ppf(0.375) / raw.std(), found[0, 0]]
    )


def test_normal_scores_of_training_clips_do_not_depend_on_test_clips(noisy):
    other = noisy.x.copy()
    other[~noisy.train] *= 50
    first, second = (normal_scores(x, noisy.train) for x in (noisy.x, other))
    assert_array_equal(first[noisy.train], second[noisy.train])
    assert_allclose(first[noisy.train].mean(axis=0), 0, atol=1e-9)
    assert_allclose(first[noisy.train].std(axis=0), 1)


def test_a_feature_that_is_constant_in_training_becomes_0():
    x = np.array([[2.0], [2], [2], [9]])
    assert_array_equal(normal_scores(x, np.array([True, True, True, False])), np.zeros((4, 1)))


def test_only_candidates_that_ask_for_it_get_normal_scores(noisy):
    assert prepared(noisy, PAPER) is noisy
    found = prepared(noisy, NETWORK)
    assert_array_equal(found.x, normal_scores(noisy.x, noisy.train).astype(np.float32))
    assert found.x.dtype == np.float32


def test_who_hears_whom(noisy):
    assert_array_equal(similarities(noisy.x, NETWORK).toarray(), np.eye(36))
    expected = similarity_graph(noisy.x, "cosine", 4, "union")
    asked = replace(SAGE, metric="cosine", k=4, neighbours="union")
    assert_array_equal(similarities(noisy.x, asked).toarray(), expected.toarray())


def test_edge_weights_are_1_on_average_and_run_from_neighbour_to_clip():
    graph = network(sparse.csr_array(np.array([[0, 1, 3.0], [0, 0, 0], [5, 0, 0]])))
    edges = zip(*(ends.tolist() for ends in graph.edges()), strict=True)
    assert dict(zip(edges, graph.edata["weight"].tolist(), strict=True)) == {
        (1, 0): 0.5,
        (2, 0): 1.5,
        (0, 2): 1,
    }
    assert graph.num_nodes() == 3


@pytest.mark.parametrize("layer_norm", [True, False])
def test_the_network_is_the_formula(layer_norm):
    """W_self h + W_neigh (weighted mean of h) + b, normalised, ReLU, and the same to the scores."""
    torch.manual_seed(0)
    model = Sage(2, 3, replace(SAGE, hidden=4, layer_norm=layer_norm)).eval()
    x = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter))
        found = model(network(sparse.csr_array(WEIGHTS)), torch.from_numpy(x)).numpy()
    sums = WEIGHTS.sum(axis=1, keepdims=True)
    mean = WEIGHTS / np.where(sums, sums, 1)

    def layer(convolution, h):
        w_self, w_neigh, b = (
            tensor.detach().numpy().astype(float)
            for tensor in (
                convolution.fc_self.weight,
                convolution.fc_neigh.weight,
                convolution.fc_self.bias,
            )
        )
        return h @ w_self.T + mean @ h @ w_neigh.T + b

    h = layer(model.convolutions[0], x.astype(float))
    if layer_norm:
        scale, shift = (tensor.detach().numpy() for tensor in (model.norm.weight, model.norm.bias))
        variance = h.var(axis=1, keepdims=True)
        h = (h - h.mean(axis=1, keepdims=True)) / np.sqrt(variance + 1e-5) * scale + shift
    expected = layer(model.convolutions[1], np.maximum(h, 0))
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


# Training


def test_an_ensemble_is_the_mean_of_networks_from_successive_seeds(noisy):
    weights = similarities(noisy.x, SHORT_SAGE)
    found = train(noisy, weights, SHORT_SAGE, 5)
    alone = [train(noisy, weights, replace(SHORT_SAGE, ensemble=1), 5 + i) for i in range(2)]
    assert_allclose(found.probabilities, np.mean([each.probabilities for each in alone], axis=0))
    assert_allclose(
        found.history["loss"], np.mean([each.history["loss"] for each in alone], axis=0)
    )
    assert len(found.weights) == 2
    for state, each in zip(found.weights, alone, strict=True):
        assert all(torch.equal(state[name], each.weights[0][name]) for name in state)


def test_the_history_has_a_row_an_epoch_and_ends_with_the_final_predictions(noisy):
    one = replace(SHORT_SAGE, ensemble=1)
    found = train(noisy, similarities(noisy.x, one), one, 0)
    history = found.history
    assert history.columns.tolist() == "epoch loss train_accuracy test_accuracy seconds".split()
    assert history["epoch"].tolist() == list(range(1, 6))
    assert (history["seconds"].diff().dropna() > 0).all()
    right = found.probabilities.argmax(axis=1) == noisy.y
    assert history["train_accuracy"].iloc[-1] == pytest.approx(right[noisy.train].mean())
    assert history["test_accuracy"].iloc[-1] == pytest.approx(right[~noisy.train].mean())


def test_dropout_acts_while_training_alone(noisy):
    weights = similarities(noisy.x, SHORT_SAGE)
    with_it, without = (
        train(noisy, weights, replace(SHORT_SAGE, ensemble=1, dropout=dropout), 0)
        for dropout in (0.5, 0)
    )
    assert with_it.history["loss"].iloc[0] != without.history["loss"].iloc[0]
    model = Sage(5, 3, replace(SHORT_SAGE, dropout=0.0))
    model.load_state_dict(with_it.weights[0])
    with torch.no_grad():
        scores = model(network(weights), torch.from_numpy(noisy.x))
    assert_array_equal(torch.softmax(scores.double(), dim=1).numpy(), with_it.probabilities)


def test_neighbours_matter(noisy):
    found = all_probabilities(
        noisy, [SHORT_SAGE, replace(SHORT_SAGE, name="alone", neighbours="itself")], 0
    )
    assert np.abs(found["sage"] - found["alone"]).max() > 1e-3


def test_every_candidate_learns_genres_that_lie_apart(inputs):
    quick = [replace(candidate, learning_rate=0.03, epochs=50, hidden=40) for candidate in SHORT]
    for name, found in all_probabilities(inputs, quick, 0).items():
        assert np.mean(found.argmax(axis=1) == inputs.y) > 0.9, name
        assert_allclose(found.sum(axis=1), 1)


def test_the_genres_of_test_clips_change_no_prediction_of_any_candidate(noisy):
    expected = all_probabilities(noisy, SHORT, 0)
    found = all_probabilities(other_genres_of_test_clips(noisy), SHORT, 0)
    assert len(expected) == len(SHORT)
    for name in expected:
        assert_array_equal(found[name], expected[name])


def test_shared_networks_give_what_each_candidate_gives_by_itself(noisy):
    together = all_probabilities(noisy, SHORT, 0)
    for candidate in SHORT:
        alone = all_probabilities(noisy, [candidate], 0)[candidate.name]
        assert_array_equal(alone, together[candidate.name])
    assert np.abs(together["blend"] - together["sage"]).max() > 1e-3
    assert np.abs(together["blend"] - together["blend_smoothed"]).max() > 1e-3


def test_a_genre_without_training_clips_does_no_harm(noisy):
    absent = replace(noisy, train=noisy.train & (noisy.y != 1))
    for found in all_probabilities(absent, SHORT, 0).values():
        assert np.isfinite(found).all()
    assert (logistic(absent)[0][:, 1] == 0).all()


def test_a_single_genre_in_training_is_all_that_logistic_regression_predicts(noisy):
    found, weights = logistic(replace(noisy, train=noisy.train & (noisy.y == 2)))
    assert_array_equal(found, np.tile([0, 0, 1], (36, 1)))
    assert weights["genres"].tolist() == [2]


def test_the_weights_of_logistic_regression_give_its_probabilities(noisy):
    found, weights = logistic(noisy)
    scores = torch.from_numpy(noisy.x.astype(float)) @ weights["coefficients"].T
    expected = torch.softmax(scores + weights["intercepts"], dim=1).numpy()
    assert_allclose(found, expected)


def test_a_blend_is_the_weighted_mean_with_logistic_regression(noisy):
    share = replace(SHORT_SAGE, name="quarter", logistic_share=0.25)
    found = all_probabilities(noisy, [SHORT_SAGE, share], 0)
    other = logistic(prepared(noisy, SHORT_SAGE))[0]
    assert_allclose(found["quarter"], 0.25 * other + 0.75 * found["sage"])


# Smoothing


def test_smoothing_is_the_fixed_point_of_its_formula(inputs):
    """Z = (1 - a) (1 - a S)^(-1) Z0, each row divided by its sum."""
    few = replace(inputs, y=np.array([0, 1, 2, 0]), train=np.array([True, True, False, False]))
    probabilities = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
    root = np.array([4, 1, 3, np.inf]) ** -0.5
    begin = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
    solved = np.linalg.solve(np.eye(4) - 0.5 * root[:, None] * WEIGHTS * root, begin)
    found = smooth(probabilities, few, sparse.csr_array(WEIGHTS), 0.5)
    assert_allclose(found, solved / solved.sum(axis=1, keepdims=True), rtol=1e-6)
    assert_allclose(found[3], probabilities[3])


# Choice


def test_inner_folds_hold_out_whole_groups_and_each_clip_once(inputs, groups):
    folds = inner_folds(inputs.y, groups, 0)
    assert len(folds) == 3
    assert_array_equal(np.sum(folds, axis=0), np.ones(36))
    for held_out in folds:
        assert not set(groups[held_out]) & set(groups[~held_out])
        assert np.bincount(inputs.y[held_out]).tolist() == [4, 4, 4]
    assert len(inner_folds(inputs.y, np.repeat(["a", "b"], 18), 0)) == 2


def test_a_single_group_is_refused(inputs):
    with pytest.raises(UserError, match="all of one group"):
        choose(inputs, np.full(36, "a"), SHORT[:1], 0)


def test_test_clips_take_no_part_in_the_choice(noisy, groups):
    expected = choose(noisy, groups, SHORT, 0)
    x, others = noisy.x.copy(), groups.copy()
    x[~noisy.train] = 99
    others[~noisy.train] = "someone"
    changed = replace(other_genres_of_test_clips(noisy), x=x)
    pd.testing.assert_frame_equal(choose(changed, others, SHORT, 0), expected)


def test_the_genres_of_training_clips_do_take_part(noisy, groups):
    rng = np.random.default_rng(3)
    shuffled = replace(noisy, y=rng.permutation(noisy.y))
    found, expected = (choose(each, groups, SHORT[:2], 0) for each in (shuffled, noisy))
    assert not found["inner_accuracy"].equals(expected["inner_accuracy"])


def test_the_inner_accuracy_is_that_of_clips_held_out(noisy, groups):
    inner = training_clips(noisy)
    assert len(inner.y) == len(inner.x) == len(inner.clips) == 24 and inner.train.all()
    right = []
    for held_out in inner_folds(inner.y, groups[noisy.train], 2):
        fold = replace(inner, train=~held_out)
        found = all_probabilities(fold, [SHORT_SAGE], 2)["sage"]
        right.extend((found.argmax(axis=1) == inner.y)[held_out])
    scores = choose(noisy, groups, [SHORT_SAGE], 2)
    assert scores["inner_accuracy"].tolist() == [np.mean(right)]


def fixed(accuracies):
    """In place of training: probabilities with these accuracies."""

    def stand_in(inputs, candidates, seed):
        found = {}
        for candidate in candidates:
            wrong = np.arange(len(inputs.y)) >= accuracies[candidate.name] * len(inputs.y)
            found[candidate.name] = np.eye(3)[(inputs.y + wrong) % 3]
        return found

    return stand_in


def test_the_first_of_the_best_is_chosen(inputs, groups, monkeypatch):
    names = [candidate.name for candidate in CANDIDATES]
    accuracies = dict(zip(names, [0, 0.5, 0.75, 0.75, 0, 0, 0.25], strict=True))
    monkeypatch.setattr(best, "all_probabilities", fixed(accuracies))
    scores = choose(inputs, groups, CANDIDATES, 0)
    assert scores.columns.tolist() == ["candidate", "inner_accuracy", "chosen"]
    assert scores["inner_accuracy"].tolist() == list(accuracies.values())
    assert scores["candidate"][scores["chosen"]].tolist() == ["sage_10"]


# Groups


def test_groups_are_looked_up_by_clip():
    folds = pd.DataFrame({"clip": ["a", "b", "c"] * 2, "group": ["x", None, "y"] * 2})
    assert groups_of(folds, np.array(["c", "a", "b"])).tolist() == ["y", "x", "b"]


def test_clips_that_the_folds_do_not_know_are_refused():
    folds = pd.DataFrame({"clip": ["a"], "group": ["x"]})
    with pytest.raises(UserError, match="1 clips of the inputs are not in the folds, as b"):
        groups_of(folds, np.array(["a", "b"]))


# The step


@pytest.fixture
def step(noisy, groups, tmp_path, monkeypatch):
    """Run the step with short candidates and return its four files."""
    folds = pd.DataFrame({"clip": noisy.clips, "group": groups})
    folds.sample(frac=1, random_state=0).to_parquet(tmp_path / "folds.parquet")

    def run(name, data=noisy, candidates=SHORT, seed=0):
        monkeypatch.setattr(best, "CANDIDATES", tuple(candidates))
        folder = tmp_path / name
        folder.mkdir()
        data.save(folder / "inputs.npz")
        files = ("choice.csv", "best.pt", "history.csv", "predictions.parquet")
        paths = [folder / file for file in files]
        main(folder / "inputs.npz", tmp_path / "folds.parquet", seed, *paths)
        return paths

    return run


def test_the_step_writes_what_the_chosen_candidate_predicts(step, noisy, groups):
    choice, _, history, output = step("run", seed=3)
    expected = choose(noisy, groups, SHORT, 3)
    pd.testing.assert_frame_equal(pd.read_csv(choice), expected)
    chosen = SHORT[expected["chosen"].argmax()]
    table = pd.read_parquet(output)
    assert table["clip"].tolist() == noisy.clips.tolist()
    probabilities = all_probabilities(noisy, [chosen], 3)[chosen.name]
    assert_array_equal(table[noisy.genres].to_numpy(), probabilities)
    assert len(pd.read_csv(history)) == chosen.epochs


def test_genres_of_test_clips_change_no_file_but_in_what_is_true(step, noisy):
    first, second = step("first"), step("second", other_genres_of_test_clips(noisy))
    assert first[0].read_bytes() == second[0].read_bytes()
    assert first[1].read_bytes() == second[1].read_bytes()
    tables = [pd.read_parquet(files[3]) for files in (first, second)]
    pd.testing.assert_frame_equal(*(table.drop(columns="true") for table in tables))
    assert not tables[0]["true"].equals(tables[1]["true"])


def test_the_same_seed_gives_the_same_files_and_another_does_not(step):
    first = step("first")
    torch.manual_seed(99)
    again, other = step("again"), step("other", seed=1)
    for i in (0, 1, 3):
        assert first[i].read_bytes() == again[i].read_bytes()
    assert first[3].read_bytes() != other[3].read_bytes()
    with zipfile.ZipFile(first[1]) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.mark.parametrize("name", ["sage", "blend"])
def test_the_saved_model_gives_the_saved_predictions(step, noisy, name):
    chosen = next(candidate for candidate in SHORT if candidate.name == name)
    _, weights, _, output = step("run", candidates=[chosen])
    saved = torch.load(weights, weights_only=True)
    assert best.Candidate(**saved["candidate"]) == chosen
    seen = prepared(noisy, chosen)
    graph = network(similarities(seen.x, chosen))
    members = []
    for state in saved["weights"]:
        model = Sage(5, 3, chosen).eval()
        model.load_state_dict(state)
        with torch.no_grad():
            scores = model(graph, torch.from_numpy(seen.x))
        members.append(torch.softmax(scores.double(), dim=1).numpy())
    expected = np.mean(members, axis=0)
    if name == "blend":
        assert saved["logistic"]["genres"].tolist() == [0, 1, 2]
        expected = (expected + logistic(seen)[0]) / 2
    else:
        assert saved["logistic"] == {}
    assert_allclose(pd.read_parquet(output)[noisy.genres].to_numpy(), expected)
