"""Both backends give the same, and what they give is what the matrix says."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import sparse
from tests.models.conftest import BACKENDS, needs_dgl, train
from torch.utils._python_dispatch import TorchDispatchMode

from genregraph.common.device import BOUND, usable_device
from genregraph.common.errors import UserError
from genregraph.config.parts import Network
from genregraph.config.registry import NETWORKS
from genregraph.graph.adjacency import adjacency
from genregraph.models import messages
from genregraph.models.messages import Backend, Messages, usable_backend
from genregraph.models.propagation import averages, connected

by_each_backend = pytest.mark.parametrize("backend", BACKENDS)
NO_CARD = usable_device("auto") == "cpu"
no_card = pytest.mark.skipif(not NO_CARD, reason="this machine has a card")
needs_card = pytest.mark.skipif(NO_CARD, reason="PyTorch sees no card")

SETTINGS = Network(hidden=8, epochs=5, weights="distance")


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
def test_where_clips_aggregate_themselves_alone_nothing_is_multiplied(backend):
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


def near(found, expected, precision=1e-6):
    """Equal to a millionth of the largest."""
    found, expected = (np.asarray(each) for each in (found, expected))
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
    "normalise": (True, False),
    "layers": (1, 2),
    "adjacency_as_features": (True, False),
    "k": (None, 2),
}


def networks(kind, odd, graph):
    """One by all options, and those without messages; similarities need neighbours.

    Odd graphs are odd whatever the number of layers and neighbours: there it is two and all.
    """
    options = {**OPTIONS, "layers": (2,), "k": (None,)} if odd else OPTIONS
    options = {**options, "aggregator": ("mean", "dgl_mean")} if kind == "graphsage" else options
    for values in product(*options.values()):
        if graph.nnz or "similarity" not in values:
            yield SETTINGS.model_copy(update=dict(zip(options, values, strict=True)))
    for rows in (True, False):
        alone = {"messages": False, "adjacency_as_features": rows, "layers": 2}
        yield SETTINGS.model_copy(update=alone)


@pytest.fixture
def double():
    """PyTorch computes in double precision.

    In single, a gradient may be nothing but rounding, and yet Adam's step as long as any other.
    """
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@needs_dgl
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("which", GRAPHS)
def test_both_learn_the_same_by_all_options(inputs, graph, which, kind, double):
    graph = GRAPHS[which](inputs, graph)
    inputs = replace(inputs, x=inputs.x.astype(np.float64))
    for asked in networks(kind, which != "five neighbours", graph):
        one, other = (train(inputs, graph, kind, asked, Backend(name)) for name in BACKENDS)
        # Of attention's gradients much cancels out.
        precision = 1e-6 if kind == "gat" else 1e-9
        near(one.probabilities, other.probabilities, precision)
        near(one.history["loss"], other.history["loss"], precision)
        assert one.weights.keys() == other.weights.keys()


@needs_dgl
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("inductive", [True, False])
def test_both_give_the_same_in_single_precision(inputs, kind, inductive):
    candidates = inputs.train if inductive else None
    given = adjacency(inputs.x, "euclidean", 5, candidates)
    asked = SETTINGS.model_copy(update={"layers": 2, "dropout": 0.5, "weight_decay": 1.0})
    found, expected = (
        train(inputs, given, kind, asked, Backend(name), inductive).probabilities
        for name in BACKENDS
    )
    near(found, expected, 1e-5)


TRAINED = """
import hashlib, sys
import numpy as np
from scipy import sparse
from genregraph.preprocessing.inputs import Inputs
from genregraph.models.messages import Backend
from genregraph.models.base import Fold
from genregraph.models.networks import GraphModel
from genregraph.config.parts import Network
from genregraph.config.registry import NETWORKS
rng = np.random.default_rng(0)
names = [np.arange(n).astype(str) for n in (100, 3, 20, 100, 100)]
inputs = Inputs(
    rng.normal(size=(100, 20)).astype(np.float32), rng.integers(3, size=100), rng.random(100) < 0.9,
    *names
)
graph = sparse.csr_array(np.where(rng.random((100, 100)) < 0.3, rng.random((100, 100)), 0))
settings = Network(layers=2, hidden=64, epochs=5, weights="distance", dropout=0.5)
for backend in sys.argv[1:]:
    for kind in NETWORKS:
        fold = Fold(inputs, graph, backend=Backend(backend))
        probabilities = GraphModel(kind, settings).fit_predict(fold).probabilities
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
    assert [line.split()[1] for line in one[::4]] == ["False", "True"][: len(BACKENDS)]


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
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("layers", [1, 2])
def test_on_a_card_a_network_predicts_what_it_predicts_on_the_cpu_and_again(
    inputs, graph, layers, kind
):
    settings = SETTINGS.model_copy(update={"layers": layers, "epochs": 100, "dropout": 0.5})
    card = Backend("torch", usable_device("auto"))
    cpu, first, again = (
        train(inputs, graph, kind, settings, backend).probabilities
        for backend in (Backend(), card, card)
    )
    assert_allclose(first, cpu, atol=BOUND, rtol=0)
    assert first.tobytes() == again.tobytes()


@needs_card
def test_on_a_card_batches_are_learnt_too(inputs, graph):
    few = Backend("torch", usable_device("auto"), at_once=10)
    on_card, on_cpu = (
        train(inputs, graph, "graphsage", SETTINGS, backend).probabilities
        for backend in (few, few._replace(device="cpu"))
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

    deep = SETTINGS.model_copy(update={"layers": 2, "dropout": 0.5})
    with Noted():
        for kind in NETWORKS:
            train(inputs, graph, kind, deep)
        train(inputs, graph, "graphsage", SETTINGS, Backend(at_once=10))
    made_here = {"aten.lift_fresh.default", "aten._to_copy.default"}  # From NumPy, on the CPU.
    assert set(last) - made_here == {"aten._softmax.default", "aten.detach.default"}
