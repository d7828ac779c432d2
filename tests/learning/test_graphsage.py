import zipfile
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from graph.adjacency import adjacency
from learning.graphsage import (
    GraphSage,
    Settings,
    main,
    network,
    node_features,
    train,
    train_edgeless,
    usable_device,
)
from settings.errors import UserError

SETTINGS = Settings(
    layers=1,
    hidden=8,
    learning_rate=0.01,
    epochs=20,
    distance_weights=True,
    adjacency_as_features=False,
    seed=0,
)
no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


def edges_of(graph):
    sources, targets = (ends.tolist() for ends in graph.edges())
    weights = graph.edata["weight"].tolist()
    return {(u, v): w for u, v, w in zip(sources, targets, weights, strict=True)}


def edgeless(n):
    return sparse.csr_array((n, n))


# Messages


SMALL = sparse.csr_array(
    (np.array([0.5, 0.0, 2.0, 3.0]), np.array([1, 2, 0, 0]), np.array([0, 2, 3, 4])), shape=(3, 3)
)
ITSELF = {(0, 0): 1, (1, 1): 1, (2, 2): 1}


def test_messages_go_from_neighbour_to_clip_and_zero_means_not_connected():
    graph = network(SMALL, distance_weights=True)
    assert edges_of(graph) == {(1, 0): 0.5, (0, 1): 2, (0, 2): 3, **ITSELF}
    assert graph.num_edges() == 6


def test_without_distance_weights_all_stored_neighbours_count_1():
    graph = network(SMALL, distance_weights=False)
    assert edges_of(graph) == {(1, 0): 1, (2, 0): 1, (0, 1): 1, (0, 2): 1, **ITSELF}


def test_the_adjacency_is_left_as_it_was():
    before = SMALL.copy()
    network(SMALL, distance_weights=False)
    assert_array_equal(SMALL.data, before.data)
    assert_array_equal(SMALL.indices, before.indices)


@pytest.mark.parametrize("distance_weights", [True, False])
@pytest.mark.parametrize(("layers", "hidden"), [(1, 3), (1, 9), (2, 4), (0, 4)])
def test_the_network_is_the_formula(inputs, graph, layers, hidden, distance_weights):
    """W_self h_v + b + W_neigh mean of w h_u over all edges into v, with ReLU between."""
    torch.manual_seed(1)
    model = GraphSage(5, 3, layers, hidden)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)  # Biases begin as 0.
        found = model(network(graph, distance_weights), torch.from_numpy(inputs.x)).numpy()

    weights = graph.toarray()
    if not distance_weights:
        weights = sparse.csr_array((np.ones(180), graph.indices, graph.indptr)).toarray()
    weights += np.eye(36)
    mean = weights / (weights != 0).sum(axis=1, keepdims=True)
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
    assert len(model.convolutions) == layers + 1
    assert np.abs(found - h).max() <= 1e-6 * np.abs(h).max()


# Adjacency as features


def test_the_row_of_a_clip_says_whom_it_hears_and_how_loud():
    x = torch.tensor([[7.0], [8.0], [9.0]])
    weighted, equal = (
        node_features(network(SMALL, distance_weights), x, True).tolist()
        for distance_weights in (True, False)
    )
    assert weighted == [[7, 1, 0.5, 0], [8, 2, 1, 0], [9, 3, 0, 1]]
    assert equal == [[7, 1, 1, 1], [8, 1, 1, 0], [9, 1, 0, 1]]


def test_without_rows_a_clip_has_its_features_alone():
    x = torch.tensor([[7.0], [8.0], [9.0]])
    assert node_features(network(SMALL, True), x, False) is x


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
    _, history, probabilities = train(inputs, graph, replace(SETTINGS, epochs=100))
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
    with torch.no_grad():
        scores = model(network(graph, True), torch.from_numpy(inputs.x)).numpy()
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


def graph_of_zeros(n, k):
    """Each clip's next k clips, at distance 0."""
    columns = (np.arange(n)[:, None] + np.arange(1, k + 1)) % n
    return sparse.csr_array((np.zeros(n * k), columns.ravel(), np.arange(n + 1) * k), shape=(n, n))


@pytest.mark.parametrize(
    "asked", [{}, {"distance_weights": False}, {"adjacency_as_features": True}]
)
def test_edgeless_is_graphsage_on_a_graph_of_zero_distances(noisy, asked):
    expected = train(noisy, graph_of_zeros(36, 9), SETTINGS)[2]
    found = train_edgeless(noisy, replace(SETTINGS, **asked))
    assert found.probabilities.tobytes() == expected.tobytes()
    assert found.epochs == 20
    assert found.seconds > 0


def test_in_edgeless_no_clip_sees_another(noisy):
    x = noisy.x.copy()
    x[0] += 10  # A test clip.
    before, after = (
        train_edgeless(each, SETTINGS).probabilities for each in (noisy, replace(noisy, x=x))
    )
    assert (before[0] != after[0]).any()
    assert_array_equal(before[1:], after[1:])


# Devices


@no_gpu
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(UserError, match="device: cuda: PyTorch sees no GPU; use device: cpu"):
        usable_device("cuda")


@no_gpu
def test_auto_is_the_cpu_without_a_gpu():
    assert usable_device("auto") == "cpu"


def test_the_cpu_is_always_usable():
    assert usable_device("cpu") == "cpu"


# The step


@pytest.fixture
def step(inputs, graph, tmp_path):
    """Run the step and return its five files."""
    inputs.save(tmp_path / "inputs.npz")
    sparse.save_npz(tmp_path / "graph.npz", graph)

    def run(name, settings=SETTINGS, device="cpu"):
        folder = tmp_path / name
        folder.mkdir()
        names = "graphsage.pt history.csv predictions.parquet edgeless.parquet edgeless.csv"
        paths = [folder / name for name in names.split()]
        main(
            tmp_path / "inputs.npz",
            tmp_path / "graph.npz",
            **asdict(settings),
            device=device,
            weights=paths[0],
            history=paths[1],
            output=paths[2],
            edgeless=paths[3],
            times=paths[4],
        )
        return paths

    return run


def test_the_same_seed_gives_the_same_files(step):
    """But for the time that training took."""
    first = step("first")
    torch.manual_seed(99)
    second = step("second")
    assert first[0].read_bytes() == second[0].read_bytes()
    assert first[2].read_bytes() == second[2].read_bytes()
    assert first[3].read_bytes() == second[3].read_bytes()
    histories = [pd.read_csv(files[1]).drop(columns="seconds") for files in (first, second)]
    assert histories[0].to_csv() == histories[1].to_csv()


def test_the_model_file_holds_no_time(step):
    with zipfile.ZipFile(step("run")[0]) as archive:
        assert len({entry.date_time for entry in archive.infolist()}) == 1
        assert archive.infolist()[0].date_time[0] < 2000


def test_another_seed_gives_another_model(step):
    first, second = step("first"), step("second", replace(SETTINGS, seed=1))
    assert first[0].read_bytes() != second[0].read_bytes()
    assert pd.read_csv(first[1])["loss"].iloc[0] != pd.read_csv(second[1])["loss"].iloc[0]
    assert first[2].read_bytes() != second[2].read_bytes()


@pytest.mark.parametrize(
    ("layers", "distance_weights", "adjacency_as_features"),
    [(1, True, False), (2, True, False), (1, False, False), (1, True, True), (1, False, True)],
)
def test_the_saved_model_gives_the_saved_predictions(
    step, inputs, graph, layers, distance_weights, adjacency_as_features
):
    asked = replace(
        SETTINGS,
        layers=layers,
        distance_weights=distance_weights,
        adjacency_as_features=adjacency_as_features,
    )
    weights, history, output, *_ = step("run", asked)
    saved = torch.load(weights, weights_only=True)
    settings = Settings(**saved["settings"])
    assert settings == asked
    messages = network(graph, settings.distance_weights)
    x = node_features(messages, torch.from_numpy(inputs.x), settings.adjacency_as_features)
    model = GraphSage(x.shape[1], 3, settings.layers, settings.hidden)
    model.load_state_dict(saved["weights"])
    with torch.no_grad():
        scores = model(messages, x)
    expected = torch.softmax(scores.double(), dim=1).numpy()
    predictions = pd.read_parquet(output)
    assert_array_equal(predictions[inputs.genres].to_numpy(), expected)
    assert predictions["clip"].tolist() == inputs.clips.tolist()
    assert len(pd.read_csv(history)) == settings.epochs


@pytest.mark.parametrize("adjacency_as_features", [True, False])
@pytest.mark.parametrize("distance_weights", [True, False])
def test_main_passes_its_options_on(step, inputs, graph, distance_weights, adjacency_as_features):
    asked = Settings(
        layers=2,
        hidden=4,
        learning_rate=0.1,
        epochs=3,
        distance_weights=distance_weights,
        adjacency_as_features=adjacency_as_features,
        seed=5,
    )
    _, _, expected = train(inputs, graph, asked)
    _, _, output, edgeless, times = step("run", asked, device="auto")
    assert_allclose(pd.read_parquet(output)[inputs.genres].to_numpy(), expected, rtol=1e-6)
    alone = pd.read_parquet(edgeless)
    expected = train_edgeless(inputs, asked).probabilities
    assert_allclose(alone[inputs.genres].to_numpy(), expected, rtol=1e-6)
    assert set(alone["model"]) == {"edgeless"}
    assert pd.read_csv(times)[["model", "epochs"]].to_numpy().tolist() == [["edgeless", 3]]


@no_gpu
def test_main_refuses_a_gpu_that_is_not_there_before_it_writes(step, tmp_path):
    with pytest.raises(UserError, match="device: cuda"):
        step("run", device="cuda")
    assert list((tmp_path / "run").iterdir()) == []
