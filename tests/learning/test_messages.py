"""Both backends give the same, and what they give is what the matrix says."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import sparse
from tests.learning.conftest import BACKENDS
from torch.utils._python_dispatch import TorchDispatchMode

from graph.adjacency import adjacency
from learning import messages
from learning.graphsage import GraphSage, Settings, averages, connected, node_features, train
from learning.messages import Backend, Messages, usable_backend
from settings.errors import UserError
from training.device import BOUND, usable_device

by_each_backend = pytest.mark.parametrize("backend", BACKENDS)
needs_dgl = pytest.mark.skipif("dgl" not in BACKENDS, reason="DGL is not installed")
NO_CARD = usable_device("auto") == "cpu"
no_card = pytest.mark.skipif(not NO_CARD, reason="this machine has a card")
needs_card = pytest.mark.skipif(NO_CARD, reason="PyTorch sees no card")

SETTINGS = Settings(
    layers=1,
    hidden=8,
    learning_rate=0.001,
    epochs=5,
    messages=True,
    weights="distance",
    aggregator="mean",
    normalise=False,
    adjacency_as_features=False,
    seed=0,
)


# Products

RNG = np.random.default_rng(0)
PATTERN = RNG.random((30, 30)) < 0.2
PATTERN[3] = PATTERN[:, 4] = False
MATRICES = {
    "of all values": PATTERN * RNG.normal(size=(30, 30)),
    "of a value a row": PATTERN * RNG.normal(size=(30, 1)),
    "of a value a column": PATTERN * RNG.normal(size=30),
    "of one value": 0.25 * PATTERN,
    "of nothing": np.zeros((30, 30)),
    "of itself and others": np.eye(30) + PATTERN,
    "of twice itself": 2 * np.eye(30),
    "of another": np.roll(np.eye(30), 1, axis=0),
}


@by_each_backend
@pytest.mark.parametrize("width", [1, 3, 40])
@pytest.mark.parametrize("kind", MATRICES)
def test_messages_are_the_product_and_gradients_the_transposed(kind, width, backend):
    matrix = MATRICES[kind]
    messages = Messages(sparse.csr_array(matrix), Backend(backend))
    x, sent_back = np.random.default_rng(1).normal(size=(2, 30, width)).astype(np.float32)
    leaf = torch.from_numpy(x).requires_grad_()
    # Neither is contiguous.
    found = messages((2 * leaf.T).T)
    found.backward(torch.from_numpy(np.asfortranarray(sent_back)))
    assert_allclose(found.detach().numpy(), 2 * matrix @ x, atol=2e-6)
    assert_allclose(leaf.grad.numpy(), 2 * matrix.T @ sent_back, atol=2e-6)


@by_each_backend
def test_where_clips_hear_themselves_alone_nothing_is_multiplied(backend):
    x = torch.ones(4, 2)
    assert Messages(sparse.eye_array(4, format="csr"), Backend(backend))(x) is x


@needs_dgl
@pytest.mark.parametrize("weights", ["equal", "distance"])
def test_dgl_sends_weights_only_where_they_differ(graph, weights, monkeypatch):
    from dgl import ops

    def refused(*arguments):
        raise AssertionError("weights were sent")

    monkeypatch.setattr(ops, "u_mul_e_sum", refused)
    messages = Messages(averages(connected(graph, weights), "mean"), Backend("dgl"))
    x = torch.ones(36, 2, requires_grad=True)
    if weights == "equal":
        messages(x).sum().backward()
        assert_allclose(messages(x).detach().numpy(), 1, rtol=1e-6)
    else:
        with pytest.raises(AssertionError, match="weights were sent"):
            messages(x)


# The network is DGL's


@needs_dgl
def test_a_seed_gives_the_weights_that_it_gives_dgl():
    from dgl.nn.pytorch import SAGEConv

    torch.manual_seed(3)
    ours = GraphSage(7, 3, 2, 5).state_dict()
    torch.manual_seed(3)
    theirs = torch.nn.ModuleList(SAGEConv(*each, "mean") for each in [(7, 5), (5, 5), (5, 3)])
    for name, tensor in theirs.state_dict(prefix="convolutions.").items():
        assert torch.equal(ours.pop(name), tensor)
    assert not ours


@needs_dgl
@by_each_backend
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_scores_and_gradients_are_those_of_dgls_layers(inputs, graph, layers, weighted, backend):
    import dgl
    from dgl.nn.pytorch import SAGEConv

    matrix = connected(graph, "distance" if weighted else "equal")
    edges, widths = matrix.tocoo(), [5, *[8] * layers, 3]
    theirs = torch.nn.ModuleList(SAGEConv(*each, "mean") for each in pairwise(widths))
    ours = GraphSage(5, 3, layers, 8)
    ours.load_state_dict(theirs.state_dict(prefix="convolutions."))
    x = torch.from_numpy(inputs.x)
    network = dgl.graph((edges.col, edges.row))
    loud = torch.from_numpy(edges.data.astype(np.float32)) if weighted else None
    expected = theirs[0](network, x, loud)
    for layer in theirs[1:]:
        expected = layer(network, torch.relu(expected), loud)
    messages = Messages(averages(matrix, "dgl_mean"), Backend(backend))
    found = ours(x, messages(x), messages)
    for scores in (expected, found):
        scores.pow(2).sum().backward()
    near(found, expected)
    for one, other in zip(ours.parameters(), dict(theirs.named_parameters()).values(), strict=True):
        near(one.grad, other.grad)


def near(found, expected, precision=1e-6):
    """Equal to a millionth of the largest."""
    found, expected = (
        each.detach().numpy() if isinstance(each, torch.Tensor) else each
        for each in (found, expected)
    )
    assert np.isfinite(expected).all()
    assert np.abs(found - expected).max() <= precision * np.abs(expected).max()


# The backends give the same

GRAPHS = {
    "five neighbours": lambda inputs, graph: graph,
    "ties": lambda inputs, graph: adjacency(np.repeat(inputs.x[::6], 6, axis=0), "euclidean", 5),
    "no neighbours": lambda inputs, graph: sparse.csr_array((36, 36)),
    "distances of 0": lambda inputs, graph: 0 * graph,
}
OPTIONS = {
    "weights": ("distance", "similarity", "equal"),
    "aggregator": ("mean", "dgl_mean"),
    "normalise": (True, False),
    "layers": (1, 2, 3),
    "adjacency_as_features": (True, False),
}


def networks(kind, graph):
    """One by all options, and those that hear nobody; similarities need neighbours.

    Odd graphs are odd whatever the number of layers: there it is two.
    """
    options = OPTIONS if kind == "five neighbours" else {**OPTIONS, "layers": (2,)}
    for values in product(*options.values()):
        if graph.nnz or "similarity" not in values:
            yield replace(SETTINGS, **dict(zip(OPTIONS, values, strict=True)))
    for rows in (True, False):
        yield replace(SETTINGS, messages=False, adjacency_as_features=rows, layers=2)


def gradients(inputs, graph, asked, backend):
    """Of the mean score of each genre, by each parameter of the network as it begins."""
    matrix = connected(graph, asked.weights)
    x = torch.from_numpy(node_features(inputs.x, matrix, asked.adjacency_as_features))
    messages = Messages(averages(matrix, asked.aggregator), Backend(backend))
    torch.manual_seed(asked.seed)
    model = GraphSage(x.shape[1], 3, asked.layers, asked.hidden, asked.normalise)
    losses = torch.nn.functional.cross_entropy(
        model(x, messages(x), messages), torch.from_numpy(inputs.y)
    )
    losses.backward()
    return [parameter.grad for parameter in model.parameters()]


@pytest.fixture
def double():
    """PyTorch computes in double precision.

    In single, a gradient may be nothing but rounding, and yet Adam's step as long as any other.
    """
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@needs_dgl
@pytest.mark.parametrize("kind", GRAPHS)
def test_both_learn_the_same_by_all_options(inputs, graph, kind, double):
    graph = GRAPHS[kind](inputs, graph)
    inputs = replace(inputs, x=inputs.x.astype(np.float64))
    for asked in networks(kind, graph):
        (model, history, found), (other, other_history, expected) = (
            train(inputs, graph, asked, Backend(name)) for name in BACKENDS
        )
        near(found, expected, 1e-9)
        near(history["loss"].to_numpy(), other_history["loss"].to_numpy(), 1e-9)
        for one, another in zip(model.parameters(), other.parameters(), strict=True):
            near(one, another, 1e-9)


@needs_dgl
@pytest.mark.parametrize("kind", GRAPHS)
def test_both_give_the_same_in_single_precision(inputs, graph, kind):
    """Gradients of the network as it begins, and predictions of the trained one."""
    graph = GRAPHS[kind](inputs, graph)
    for asked in networks(kind, graph):
        for one, another in zip(
            *(gradients(inputs, graph, asked, name) for name in BACKENDS), strict=True
        ):
            near(one, another)
        near(*(train(inputs, graph, asked, Backend(name))[2] for name in BACKENDS))


@needs_dgl
@pytest.mark.parametrize("weights", ["distance", "similarity", "equal"])
def test_both_give_the_same_to_clips_that_join_one_by_one(inputs, weights):
    joined = adjacency(inputs.x, "euclidean", 5, inputs.train)
    asked = replace(SETTINGS, weights=weights, layers=2)
    found, expected = (
        train(inputs, joined, asked, Backend(name), one_by_one=True)[2] for name in BACKENDS
    )
    near(found, expected)


TRAINED = """
import hashlib, sys
import numpy as np
from scipy import sparse
from torch.utils._python_dispatch import TorchDispatchMode
from inputs.inputs import Inputs
from learning.graphsage import Settings, train
from learning.messages import Backend
rng = np.random.default_rng(0)
names = [np.arange(n).astype(str) for n in (300, 3, 20)]
inputs = Inputs(
    rng.normal(size=(300, 20)).astype(np.float32), rng.integers(3, size=300), rng.random(300) < 0.9,
    *names
)
graph = sparse.csr_array(np.where(rng.random((300, 300)) < 0.3, rng.random((300, 300)), 0))
settings = Settings(2, 64, 0.01, 5, True, "distance", "mean", False, False, 0)
for backend in sys.argv[1:]:
    probabilities = train(inputs, graph, settings, Backend(backend))[2]
    print(hashlib.sha256(probabilities.tobytes()).hexdigest(), "dgl" in sys.modules)
"""


def trained(threads):
    """Digest of what each backend predicts, and whether DGL was imported until then."""
    scripts = Path(__file__).parents[2] / "workflow" / "scripts"
    done = subprocess.run(
        [sys.executable, "-c", TRAINED, *BACKENDS],
        env={**os.environ, "PYTHONPATH": str(scripts), "OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_bytes_do_not_depend_on_threads_and_pytorch_alone_imports_no_dgl():
    one = trained(threads=1)
    assert one == trained(threads=3)
    assert [line.split()[1] for line in one] == ["False", "True"][: len(BACKENDS)]


# Which of them


def test_auto_takes_dgl_where_it_is_installed():
    assert usable_backend("auto", "cpu") == Backend(BACKENDS[-1], "cpu")
    assert usable_backend("torch", "cpu") == Backend("torch", "cpu")


@needs_dgl
def test_dgl_is_taken_where_it_is_asked_for():
    assert usable_backend("dgl", "cpu") == Backend("dgl", "cpu")


def test_without_dgl_auto_is_pytorch_alone_and_dgl_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "dgl", None)
    assert usable_backend("auto", "cpu") == Backend("torch", "cpu")
    with pytest.raises(UserError, match=r"backend: dgl: DGL is not installed.*backend: torch"):
        usable_backend("dgl", "cpu")


@no_card
@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_a_card_that_is_not_there_is_refused_and_auto_is_the_cpu(backend):
    with pytest.raises(UserError, match="device: cuda: PyTorch sees no such card; use device: cpu"):
        usable_backend(backend, "cuda")
    assert usable_backend(backend, "auto").device == "cpu"


@needs_dgl
@pytest.mark.parametrize("card", ["cuda", "mps"])
def test_a_card_that_dgl_does_not_reach_is_left_to_pytorch(card, monkeypatch):
    """As this DGL answers, which is built for the CPU: of a card that PyTorch would have."""
    monkeypatch.setattr(messages, "usable_device", lambda asked: card)
    if NO_CARD and card == "cuda":
        monkeypatch.setattr("dgl.DGLGraph.to", built_for_the_cpu)
    assert usable_backend("auto", "auto") == Backend("dgl", "cpu")
    assert usable_backend("torch", "auto") == Backend("torch", card)
    with pytest.raises(UserError, match=f"device: {card}: this DGL does not reach it; use backend"):
        usable_backend("dgl", card)


def built_for_the_cpu(graph, device):
    """What DGL says where PyTorch has CUDA and DGL has not."""
    import dgl

    raise dgl.DGLError(f"Device API {device} is not enabled.")


# On a card


@needs_card
@pytest.mark.parametrize("weights", ["distance", "similarity", "equal"])
@pytest.mark.parametrize("layers", [1, 2])
def test_on_a_card_a_network_says_what_it_says_on_the_cpu_and_again(inputs, graph, layers, weights):
    settings = replace(SETTINGS, layers=layers, weights=weights, epochs=100)
    card = Backend("torch", usable_device("auto"))
    cpu, first, again = (
        train(inputs, graph, settings, backend)[2] for backend in (Backend(), card, card)
    )
    assert_allclose(first, cpu, atol=BOUND, rtol=0)
    assert first.tobytes() == again.tobytes()


@needs_card
def test_on_a_card_batches_are_learnt_too(inputs, graph):
    few = Backend("torch", usable_device("auto"), at_once=10)
    on_card, on_cpu = (
        train(inputs, graph, SETTINGS, backend)[2] for backend in (few, few._replace(device="cpu"))
    )
    assert_allclose(on_card, on_cpu, atol=BOUND, rtol=0)


def test_no_number_is_double_where_it_may_be_on_a_card(inputs, graph):
    """Apple's cards have no double precision: all of `train` but its last step goes without."""
    last = []

    class Noted(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, given=(), how=None):
            found = function(*given, **(how or {}))
            if isinstance(found, torch.Tensor) and found.dtype == torch.float64:
                last.append(str(function))
            return found

    with Noted():
        train(inputs, graph, replace(SETTINGS, layers=2, weights="distance"), Backend())
        train(inputs, graph, SETTINGS, Backend(at_once=10))
    made_here = {"aten.lift_fresh.default", "aten._to_copy.default"}  # From NumPy, on the CPU.
    assert set(last) - made_here == {"aten._softmax.default", "aten.detach.default"}
