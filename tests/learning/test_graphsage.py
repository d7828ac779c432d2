import sys
import tarfile
import zipfile
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from tests.learning.conftest import BACKENDS

from graph.adjacency import adjacency
from graph.similarity import locally_scaled
from inputs.inputs import Inputs
from learning import graphsage
from learning.graphsage import (
    GraphSage,
    Settings,
    averages,
    connected,
    main,
    node_features,
    train,
    train_edgeless,
)
from learning.messages import Backend, Messages
from settings.errors import UserError
from settings.seeds import fold_seed
from training.device import usable_device

SETTINGS = Settings(
    layers=1,
    hidden=8,
    learning_rate=0.01,
    epochs=20,
    messages=True,
    weights="distance",
    aggregator="mean",
    normalise=False,
    adjacency_as_features=False,
    seed=0,
)
no_card = pytest.mark.skipif(usable_device("auto") != "cpu", reason="this machine has a card")


def edgeless(n):
    return sparse.csr_array((n, n))


def scores_of(model, x, matrix, aggregator, backend="torch"):
    """Scores of a network that is not trained, without gradients."""
    messages, x = Messages(averages(matrix, aggregator), Backend(backend)), torch.from_numpy(x)
    with torch.no_grad():
        return model(x, messages(x), messages)


# Who hears whom


SMALL = sparse.csr_array(
    (np.array([0.5, 0.0, 2.0, 3.0]), np.array([1, 2, 0, 0]), np.array([0, 2, 3, 4])), shape=(3, 3)
)


def test_distances_are_weights_and_zero_means_not_connected():
    matrix = connected(SMALL, "distance")
    assert_array_equal(matrix.toarray(), [[1, 0.5, 0], [2, 1, 0], [3, 0, 1]])
    assert matrix.nnz == 6


def test_of_equal_weights_each_stored_neighbour_has_1():
    found = connected(SMALL, "equal").toarray()
    assert_array_equal(found, [[1, 1, 1], [1, 1, 0], [1, 0, 1]])


def test_similar_clips_count_more(inputs):
    distances = adjacency(inputs.x, "euclidean", 5)
    found = connected(distances, "similarity")
    assert_allclose(found.toarray(), locally_scaled(distances).toarray() + np.eye(36))
    loud = found[np.arange(36).repeat(5), distances.indices].reshape(36, 5)
    order = distances.data.reshape(36, 5).argsort(axis=1)
    assert (np.diff(np.take_along_axis(loud, order, axis=1).mean(axis=0)) < 0).all()


@pytest.mark.parametrize("weights", ["distance", "similarity", "equal"])
def test_the_adjacency_is_left_as_it_was(graph, weights):
    before = graph.copy()
    connected(graph, weights).data[:] = 7
    assert_array_equal(graph.data, before.data)
    assert_array_equal(graph.indices, before.indices)


@pytest.mark.parametrize("aggregator", ["mean", "dgl_mean"])
def test_of_one_neighbour_far_away_an_average_is_no_louder(aggregator):
    """A clip of value 2 hears another of value 5 at distance 9."""
    far = sparse.csr_array(np.array([[0.0, 9], [9, 0]]))
    model = GraphSage(1, 1, 0, 1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_("neigh" in name)  # Only what is heard counts.
    x = np.array([[2], [5]], dtype=np.float32)
    heard = scores_of(model, x, connected(far, "distance"), aggregator)[0].item()
    assert heard == pytest.approx({"mean": (2 + 45) / 10, "dgl_mean": (2 + 45) / 2}[aggregator])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("aggregator", ["mean", "dgl_mean"])
@pytest.mark.parametrize("weights", ["distance", "equal"])
@pytest.mark.parametrize(("layers", "hidden"), [(1, 3), (1, 9), (2, 4), (0, 4)])
def test_the_network_is_the_formula(
    inputs, graph, layers, hidden, weights, aggregator, normalise, backend
):
    """W_self h_v + b + W_neigh (mean over all edges into v), with ReLU and lengths of 1 between."""
    torch.manual_seed(1)
    model = GraphSage(5, 3, layers, hidden, normalise)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    found = scores_of(model, inputs.x, connected(graph, weights), aggregator, backend).numpy()

    loud = graph.toarray()
    if weights == "equal":
        loud = sparse.csr_array((np.ones(180), graph.indices, graph.indptr)).toarray()
    loud += np.eye(36)
    counted = loud if aggregator == "mean" else loud != 0
    mean = loud / counted.sum(axis=1, keepdims=True)
    h = inputs.x.astype(np.float64)
    for i, convolution in enumerate(model.convolutions):
        w_self, w_neigh, b = (
            tensor.detach().numpy().astype(np.float64)
            for tensor in (
                convolution.fc_self.weight,
                convolution.fc_neigh.weight,
                convolution.fc_self.bias,
            )
        )
        assert len(list(convolution.parameters())) == 3
        h = h @ w_self.T + (mean @ h) @ w_neigh.T + b
        if i < layers:
            h = np.maximum(h, 0)
            if normalise:
                h /= np.maximum(np.sqrt((h**2).sum(axis=1, keepdims=True)), 1e-9)
    assert len(model.convolutions) == layers + 1
    assert np.abs(found - h).max() <= 1e-6 * np.abs(h).max()


# Adjacency as features


def test_the_row_of_a_clip_says_whom_it_hears_and_how_loud():
    x = np.array([[7], [8], [9]], dtype=np.float32)
    weighted, equal = (
        node_features(x, connected(SMALL, weights), True) for weights in ("distance", "equal")
    )
    assert weighted.tolist() == [[7, 1, 0.5, 0], [8, 2, 1, 0], [9, 3, 0, 1]]
    assert equal.tolist() == [[7, 1, 1, 1], [8, 1, 1, 0], [9, 1, 0, 1]]
    assert weighted.dtype == np.float32


def test_without_rows_a_clip_has_its_features_alone():
    x = np.array([[7], [8], [9]], dtype=np.float32)
    assert node_features(x, SMALL, False) is x


def test_by_their_rows_clips_that_are_all_alike_are_learnt_by_heart(noisy):
    neighbours = adjacency(noisy.x, "euclidean", 9)
    alike = replace(noisy, x=np.ones((36, 2), dtype=np.float32))
    alone, beside = (
        train(alike, neighbours, replace(SETTINGS, epochs=200, adjacency_as_features=rows))[1]
        for rows in (False, True)
    )
    assert alone["train_accuracy"].iloc[-1] < 0.9
    assert beside["train_accuracy"].iloc[-1] == 1


# Training


def test_it_learns_genres_that_lie_apart(inputs, graph):
    _, history, probabilities = train(inputs, graph, replace(SETTINGS, epochs=150))
    assert history["train_accuracy"].iloc[-1] == 1
    assert history["loss"].iloc[-1] < 0.1 < history["loss"].iloc[0]
    assert (probabilities.argmax(axis=1) == inputs.y).all()


def test_two_hidden_layers_learn_too(inputs, graph):
    model, history, _ = train(inputs, graph, replace(SETTINGS, layers=2, epochs=100))
    assert len(model.convolutions) == 3
    assert history["train_accuracy"].iloc[-1] == 1


def test_the_history_has_a_row_an_epoch(inputs, graph):
    _, history, _ = train(inputs, graph, SETTINGS)
    assert history.columns.tolist() == "epoch loss train_accuracy test_accuracy seconds".split()
    assert history["epoch"].tolist() == list(range(1, 21))
    assert (history["seconds"].diff().dropna() > 0).all()
    assert history["seconds"].iloc[0] > 0


def test_the_first_epoch_scores_the_initial_network_on_each_part(inputs, graph):
    inputs = replace(inputs, y=np.random.default_rng(0).integers(3, size=36))
    _, history, _ = train(inputs, graph, replace(SETTINGS, epochs=1))
    torch.manual_seed(SETTINGS.seed)
    model = GraphSage(5, 3, SETTINGS.layers, SETTINGS.hidden)
    scores = scores_of(model, inputs.x, connected(graph, "distance"), "mean").numpy()
    log_probabilities = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    losses = -log_probabilities[np.arange(36), inputs.y]
    right = scores.argmax(axis=1) == inputs.y
    first = history.iloc[0]
    assert right[inputs.train].mean() != right.mean()
    assert first["loss"] == pytest.approx(losses[inputs.train].mean(), rel=1e-5)
    assert first["train_accuracy"] == pytest.approx(right[inputs.train].mean())
    assert first["test_accuracy"] == pytest.approx(right[~inputs.train].mean())


def test_the_first_step_is_as_long_as_the_learning_rate(inputs, graph):
    """As Adam's is by construction."""
    for rate in (0.1, 0.001):
        model, _, _ = train(inputs, graph, replace(SETTINGS, learning_rate=rate, epochs=1))
        torch.manual_seed(SETTINGS.seed)
        initial = GraphSage(5, 3, SETTINGS.layers, SETTINGS.hidden)
        steps = [
            (after - before).abs().max().item()
            for after, before in zip(model.parameters(), initial.parameters(), strict=True)
        ]
        assert steps == pytest.approx([rate] * 6, rel=1e-2)


@pytest.mark.parametrize("adjacency_as_features", [True, False])
def test_the_genres_of_test_clips_change_no_prediction(inputs, graph, adjacency_as_features):
    settings = replace(SETTINGS, adjacency_as_features=adjacency_as_features)
    other = replace(inputs, y=np.where(inputs.train, inputs.y, (inputs.y + 1) % 3))
    _, history, expected = train(inputs, graph, settings)
    _, other_history, found = train(other, graph, settings)
    assert_array_equal(found, expected)
    assert_array_equal(other_history["loss"], history["loss"])
    assert not other_history["test_accuracy"].equals(history["test_accuracy"])


def test_neighbours_matter(inputs, graph):
    _, _, connected = train(inputs, graph, SETTINGS)
    _, _, alone = train(inputs, edgeless(36), SETTINGS)
    assert np.abs(connected - alone).max() > 1e-3


def test_a_jaccard_graph_of_real_features_is_no_graph(inputs):
    jaccard = adjacency(inputs.x, "jaccard", 10)
    assert jaccard.nnz == 360
    _, _, found = train(inputs, jaccard, SETTINGS)
    _, _, alone = train(inputs, edgeless(36), SETTINGS)
    assert_array_equal(found, alone)


def test_a_genre_without_training_clips_does_no_harm(inputs, graph):
    absent = replace(inputs, train=inputs.train & (inputs.y != 1))
    _, history, probabilities = train(absent, graph, replace(SETTINGS, epochs=100))
    assert np.isfinite(history.to_numpy()).all()
    assert history["train_accuracy"].iloc[-1] == 1
    assert_allclose(probabilities.sum(axis=1), 1)
    assert not (probabilities[absent.train].argmax(axis=1) == 1).any()


# Without edges


@pytest.fixture
def noisy(inputs):
    """Features that do not tell genres apart, so that predictions differ."""
    rng = np.random.default_rng(1)
    return replace(inputs, x=rng.normal(size=inputs.x.shape).astype(np.float32))


@pytest.mark.parametrize("weights", ["distance", "similarity", "equal"])
def test_edgeless_is_graphsage_on_a_graph_without_edges(noisy, graph, weights):
    expected = train(noisy, edgeless(36), SETTINGS)[2]
    found = train_edgeless(noisy, graph, replace(SETTINGS, weights=weights))
    assert found.probabilities.tobytes() == expected.tobytes()
    assert found.epochs == 20
    assert found.seconds > 0


def test_in_edgeless_no_clip_sees_another(noisy, graph):
    x = noisy.x.copy()
    x[0] += 10  # A test clip.
    before, after = (
        train_edgeless(each, graph, SETTINGS).probabilities for each in (noisy, replace(noisy, x=x))
    )
    assert (before[0] != after[0]).any()
    assert_array_equal(before[1:], after[1:])


def test_rows_alone_rows_and_messages_and_messages_alone_are_three_networks(noisy, graph):
    rows = replace(SETTINGS, adjacency_as_features=True)
    both, messages_alone = (train(noisy, graph, each)[2] for each in (rows, SETTINGS))
    rows_alone = train_edgeless(noisy, graph, rows).probabilities
    neither = train_edgeless(noisy, graph, SETTINGS).probabilities
    networks = [both, messages_alone, rows_alone, neither]
    for i, one in enumerate(networks):
        assert all(np.abs(one - other).max() > 1e-3 for other in networks[:i])


def test_twins_begin_from_the_same_weights(inputs, graph):
    """Without an update, they differ by the messages alone."""
    still = replace(SETTINGS, learning_rate=1e-30, epochs=1, adjacency_as_features=True)
    models = [
        train(inputs, graph, each)[0].state_dict()
        for each in (still, replace(still, messages=False), replace(still, seed=1))
    ]
    first, twin, other = (model["convolutions.0.fc_neigh.weight"] for model in models)
    assert first.shape == (8, 5 + 36)
    assert torch.equal(first, twin)
    assert not torch.equal(first, other)


# Test clips that join one by one


def test_a_graph_in_which_test_clips_are_heard_is_refused(inputs, graph):
    with pytest.raises(UserError, match=r"build it by graph\.adjacency --neighbours train"):
        train(inputs, graph, SETTINGS, one_by_one=True)


def test_rows_of_the_adjacency_are_refused_for_clips_that_join(inputs):
    joined = adjacency(inputs.x, "euclidean", 5, inputs.train)
    with pytest.raises(UserError, match="no column in the adjacency matrix"):
        train(inputs, joined, replace(SETTINGS, adjacency_as_features=True), one_by_one=True)


def test_where_test_clips_send_nothing_both_ways_to_train_are_one(noisy):
    joined = adjacency(noisy.x, "euclidean", 5, noisy.train)
    (_, history, found), (_, expected_history, expected) = (
        train(noisy, joined, SETTINGS, one_by_one=one_by_one) for one_by_one in (True, False)
    )
    assert_allclose(found, expected, atol=1e-5)
    columns = ["loss", "train_accuracy", "test_accuracy"]
    assert_allclose(history[columns], expected_history[columns], atol=1e-5)


# The step


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_order_of_clips_changes_no_prediction(inputs, graph, backend):
    order = np.random.default_rng(0).permutation(36)
    moved = replace(
        inputs,
        **{name: getattr(inputs, name)[order] for name in ("x", "y", "train", "clips")},
    )
    found, expected = (
        train(*each, SETTINGS, Backend(backend))[2]
        for each in ((moved, sparse.csr_array(graph[order][:, order])), (inputs, graph))
    )
    assert_allclose(found, expected[order], atol=1e-5)


# By batches


@pytest.mark.parametrize("layers", [1, 2])
def test_a_batch_of_all_clips_and_neighbours_is_the_whole_graph(inputs, graph, layers):
    asked = replace(SETTINGS, layers=layers, epochs=10)
    whole, batches = (train(inputs, graph, asked, Backend(at_once=n)) for n in (36, 35))
    assert_allclose(batches[2], whole[2], atol=1e-5)
    columns = ["loss", "train_accuracy", "test_accuracy"]
    assert_allclose(batches[1][columns], whole[1][columns], atol=1e-5)


@pytest.fixture
def crowd():
    """Noisy clips of three genres that lie 4 apart, each with 60 neighbours."""
    rng = np.random.default_rng(0)
    y = np.arange(1500) % 3
    x = (rng.normal(scale=2, size=(1500, 5)) + 4 * np.eye(3, 5)[y]).astype(np.float32)
    names = [np.arange(n).astype(str) for n in (1500, 3, 5)]
    return Inputs(x, y, rng.random(1500) < 0.8, *names), adjacency(x, "euclidean", 60)


def test_batches_that_hear_some_neighbours_learn_as_well(crowd):
    asked = replace(SETTINGS, weights="equal", epochs=60)
    whole, edgeless, batches = (
        train(*crowd, replace(asked, messages=messages), Backend(at_once=n))[1]["test_accuracy"]
        for messages, n in ((True, 1500), (False, 1500), (True, 1499))
    )
    assert batches.iloc[-1] > whole.iloc[-1] - 0.02 > edgeless.iloc[-1]


def test_the_twin_sees_the_same_batches(crowd, monkeypatch):
    """Although it draws no neighbour: whose turn it is was drawn by the same generator."""
    seen: dict[bool, list] = {True: [], False: []}
    hears = graphsage.hearings
    for messages, batches in seen.items():

        def spy(averages, batch, layers, rng, batches=batches):
            batches.append(batch)
            return hears(averages, batch, layers, rng)

        monkeypatch.setattr(graphsage, "hearings", spy)
        train(*crowd, replace(SETTINGS, messages=messages, epochs=3), Backend(at_once=1))
    for ours, theirs in zip(*seen.values(), strict=True):
        assert_array_equal(ours, theirs)


def test_batches_are_the_same_every_time(crowd):
    first, second = (
        train(*crowd, replace(SETTINGS, epochs=2), Backend(at_once=1000))[2] for _ in range(2)
    )
    assert_array_equal(first, second)


# The step


FILES = ["graphsage.pt", "history.csv", "predictions.parquet"]


@pytest.fixture
def step(inputs, graph, tmp_path):
    """Run the step on folds that share inputs and graph; its files by fold, and its twin's two."""
    inputs.save(tmp_path / "inputs.npz")
    sparse.save_npz(tmp_path / "graph.npz", graph)

    def run(name, settings=SETTINGS, neighbours="all", folds=1, jobs=1, **where):
        folder = tmp_path / name
        folder.mkdir()
        tables = [folder / "edgeless.parquet", folder / "edgeless.csv"]
        main(
            [tmp_path / "inputs.npz"] * folds,
            [tmp_path / "graph.npz"] * folds,
            neighbours,
            **asdict(settings),
            **{"backend": "torch", "device": "cpu", **where},
            at_once=10_000,
            archive=folder / "graphsage.tar",
            edgeless=tables[0],
            times=tables[1],
            jobs=jobs,
        )
        with tarfile.open(folder / "graphsage.tar") as archive:
            archive.extractall(folder, filter="data")
        return [[folder / f"fold-{n:02d}" / each for each in FILES] for n in range(folds)], *tables

    return run


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_seed_gives_the_same_files(step, jobs):
    """But for the time that training took, which stands in histories."""
    first, *twins = step("first", folds=2)
    torch.manual_seed(99)
    second, *others = step("second", folds=2, jobs=jobs)
    for files, same in zip(first, second, strict=True):
        assert files[0].read_bytes() == same[0].read_bytes()
        assert files[2].read_bytes() == same[2].read_bytes()
        histories = [pd.read_csv(each[1]).drop(columns="seconds") for each in (files, same)]
        assert histories[0].to_csv() == histories[1].to_csv()
    assert twins[0].read_bytes() == others[0].read_bytes()


def test_the_model_file_holds_no_time(step):
    ((model, *_),), *_ = step("run")
    with zipfile.ZipFile(model) as archive:
        assert len({entry.date_time for entry in archive.infolist()}) == 1
        assert archive.infolist()[0].date_time[0] < 2000


def test_another_seed_gives_another_model(step):
    ((first,), *_), ((second,), *_) = step("first"), step("second", replace(SETTINGS, seed=1))
    assert first[0].read_bytes() != second[0].read_bytes()
    assert pd.read_csv(first[1])["loss"].iloc[0] != pd.read_csv(second[1])["loss"].iloc[0]
    assert first[2].read_bytes() != second[2].read_bytes()


def test_folds_begin_from_different_weights(step):
    folds, *_ = step("run", folds=3)
    assert len({pd.read_csv(history)["loss"].iloc[0] for _, history, _ in folds}) == 3


def test_what_folds_that_share_their_inputs_hear_of_them_is_found_once(
    step, inputs, graph, monkeypatch
):
    moved, found = replace(inputs, x=inputs.x + 1), []
    hears = Messages.__call__

    def spy(messages, x):
        found.append(x.shape)
        return hears(messages, x)

    monkeypatch.setattr(Messages, "__call__", spy)
    wide = replace(SETTINGS, hidden=inputs.x.shape[1] + 1, epochs=1)
    for each in (moved, inputs, moved):
        train(each, graph, wide)
    assert found.count(inputs.x.shape) == 3
    found.clear()
    step("shared", wide, folds=3)
    # The network's once; and its twin's of each fold, which costs nothing.
    assert found.count(inputs.x.shape) == 1 + 3


ASKED = [
    {},
    {"layers": 2, "normalise": True},
    {"weights": "equal", "aggregator": "dgl_mean"},
    {"weights": "similarity", "learning_rate": 0.1},
    {"adjacency_as_features": True, "seed": 5},
    {"messages": False, "adjacency_as_features": True, "hidden": 4, "epochs": 3},
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_main_passes_its_options_on(step, inputs, graph, asked):
    asked = replace(SETTINGS, **asked)
    settings = replace(asked, seed=fold_seed(asked.seed, 1))
    _, _, expected = train(inputs, graph, settings)
    (_, (_, history, output)), edgeless, times = step("run", asked, device="auto", folds=2)
    assert_allclose(pd.read_parquet(output)[inputs.genres].to_numpy(), expected, rtol=1e-6)
    assert len(pd.read_csv(history)) == asked.epochs
    alone = pd.read_parquet(edgeless).query("fold == 1")
    expected = train_edgeless(inputs, graph, settings).probabilities
    assert_allclose(alone[inputs.genres].to_numpy(), expected, rtol=1e-6)
    assert set(alone["model"]) == {"edgeless"}
    found = pd.read_csv(times)[["fold", "model", "epochs"]].to_numpy().tolist()
    assert found == [[fold, "edgeless", asked.epochs] for fold in range(2)]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_saved_model_gives_the_saved_predictions(step, inputs, graph, asked):
    ((model_file, _, output),), *_ = step("run", replace(SETTINGS, **asked))
    saved = torch.load(model_file, weights_only=True)
    settings = Settings(**saved["settings"])
    matrix = connected(graph, settings.weights)
    x = node_features(inputs.x, matrix, settings.adjacency_as_features)
    heard = matrix if settings.messages else connected(edgeless(36), "distance")
    model = GraphSage(x.shape[1], 3, settings.layers, settings.hidden, settings.normalise)
    model.load_state_dict(saved["weights"])
    scores = scores_of(model, x, heard, settings.aggregator)
    expected = torch.softmax(scores.double(), dim=1).numpy()
    predictions = pd.read_parquet(output)
    assert_array_equal(predictions[inputs.genres].to_numpy(), expected)
    assert predictions["clip"].tolist() == inputs.clips.tolist()


def test_main_lets_test_clips_join_one_by_one(step, inputs, tmp_path):
    joined = adjacency(inputs.x, "euclidean", 5, inputs.train)
    with pytest.raises(UserError, match="has test clips for neighbours"):
        step("refused", neighbours="train")
    sparse.save_npz(tmp_path / "graph.npz", joined)
    ((_, _, output),), *_ = step("run", neighbours="train")
    settings = replace(SETTINGS, seed=fold_seed(SETTINGS.seed, 0))
    expected = train(inputs, joined, settings, one_by_one=True)[2]
    assert_allclose(pd.read_parquet(output)[inputs.genres].to_numpy(), expected, rtol=1e-6)


@no_card
def test_main_refuses_a_card_that_is_not_there_before_it_writes(step, tmp_path):
    with pytest.raises(UserError, match="device: cuda"):
        step("run", device="cuda")
    assert list((tmp_path / "run").iterdir()) == []


def test_main_refuses_a_backend_that_is_not_there_before_it_writes(step, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dgl", None)
    with pytest.raises(UserError, match="backend: dgl"):
        step("run", backend="dgl")
    assert list((tmp_path / "run").iterdir()) == []
