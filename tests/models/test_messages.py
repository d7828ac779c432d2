"""Sums over neighbours: both backends give what the matrix says, and the same networks."""

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
from tests.models.conftest import BACKENDS, by_each_backend, by_kind, near, needs_dgl, train
from torch.utils._python_dispatch import TorchDispatchMode

from genregraph.common.device import BOUND, usable_device
from genregraph.common.errors import UserError
from genregraph.config.experiment import Network
from genregraph.config.registry import NETWORKS
from genregraph.graph.adjacency import adjacency
from genregraph.models import messages
from genregraph.models.messages import Backend, Messages, usable_backend

NO_CARD = usable_device("auto") == "cpu"
SETTINGS = Network(hidden=8, layers=2, normalise=True, epochs=5, weights="distance")
RNG = np.random.default_rng(0)
PATTERN = RNG.random((30, 30)) < 0.2
PATTERN[3] = PATTERN[:, 4] = False
MATRICES = {
    "any values": PATTERN * RNG.normal(size=(30, 30)),
    "a value a row": PATTERN * RNG.normal(size=(30, 1)),
    "a value a column": PATTERN * RNG.normal(size=30),
    "one value": 0.25 * PATTERN,
    "nothing": np.zeros((30, 30)),
    "itself and others": np.eye(30) + PATTERN,
    "itself": np.eye(30),
    "twice itself": 2 * np.eye(30),
    "another": np.roll(np.eye(30), 1, axis=0),
}


@by_each_backend
@pytest.mark.parametrize("width", [1, 40])
@pytest.mark.parametrize("kind", MATRICES)
def test_messages_are_the_product_and_gradients_the_transposed(kind, width, backend):
    matrix = MATRICES[kind]
    product = Messages(sparse.csr_array(matrix), Backend(backend))
    x, sent_back = np.random.default_rng(1).normal(size=(2, 30, width)).astype(np.float32)
    leaf = torch.from_numpy(x).requires_grad_()
    # Neither is contiguous.
    aggregated = product((2 * leaf.T).T)
    aggregated.backward(torch.from_numpy(np.asfortranarray(sent_back)))
    assert_allclose(aggregated.detach().numpy(), 2 * matrix @ x, atol=2e-6)
    assert_allclose(leaf.grad.numpy(), 2 * matrix.T @ sent_back, atol=2e-6)


OPTIONS = {
    "weights": ("distance", "similarity", "equal"),
    "aggregator": ("mean", "dgl_mean"),
    "messages": (True, False),
    "adjacency_as_features": (True, False),
}


@pytest.fixture
def double():
    """In single precision a gradient may be nothing but rounding, and yet Adam's step is long."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@needs_dgl
@by_kind
@pytest.mark.parametrize("which", ["five neighbours", "ties", "no neighbours", "distances of 0"])
def test_backends_train_the_same_networks_in_double_precision(inputs, graph, which, kind, double):
    given = {
        "five neighbours": graph,
        "ties": adjacency(np.repeat(inputs.x[::6], 6, axis=0), "euclidean", 5),
        "no neighbours": sparse.csr_array((36, 36)),
        "distances of 0": 0 * graph,
    }[which]
    inputs = replace(inputs, x=inputs.x.astype(np.float64))
    for values in product(*OPTIONS.values()):
        settings = SETTINGS.model_copy(update=dict(zip(OPTIONS, values, strict=True)))
        one, other = (train(inputs, given, kind, settings, Backend(name)) for name in BACKENDS)
        precision = 1e-6 if kind == "gat" else 1e-9  # Most of attention's gradients cancels out.
        near(one.probabilities, other.probabilities, precision)
        near(one.history["loss"], other.history["loss"], precision)
        assert one.weights.keys() == other.weights.keys()


TRAINED = """
import hashlib, sys
from tests.models.conftest import asked, crowd, train
from genregraph.config.registry import NETWORKS
from genregraph.models.messages import Backend
clips, settings = crowd(100, d=20, k=30), asked(layers=2, hidden=64, epochs=5, dropout=0.5)
for backend in sys.argv[1:]:
    for kind in NETWORKS:
        probabilities = train(*clips, kind, settings, Backend(backend)).probabilities
        print(hashlib.sha256(probabilities.tobytes()).hexdigest(), "dgl" in sys.modules)
"""


def test_bytes_do_not_depend_on_threads_and_pytorch_alone_imports_no_dgl():
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), str(root / "workflow" / "scripts")])
    one, three = (
        subprocess.run(
            [sys.executable, "-c", TRAINED, *BACKENDS],
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for threads in "13"
    )
    assert one == three
    assert [line.split()[1] for line in one[::4]] == ["False", "True"][: len(BACKENDS)]


def test_auto_is_dgl_on_the_cpu_where_it_is_installed_and_pytorch_elsewhere(monkeypatch):
    assert usable_backend("auto", "cpu") == Backend(BACKENDS[-1])
    assert usable_backend("torch", "cpu") == Backend()
    if NO_CARD:
        with pytest.raises(UserError, match="device: cuda: PyTorch sees no such card; use device:"):
            usable_backend("torch", "cuda")
    monkeypatch.setattr(messages, "usable_device", lambda asked: "cuda")
    assert usable_backend("auto", "auto") == Backend("torch", "cuda")
    if len(BACKENDS) > 1:
        assert usable_backend("dgl", "auto") == Backend("dgl")
        with pytest.raises(UserError, match="device: cuda: DGL computes on the CPU"):
            usable_backend("dgl", "cuda")
    monkeypatch.setitem(sys.modules, "dgl", None)
    assert usable_backend("auto", "auto").name == "torch"
    with pytest.raises(UserError, match=r"backend: dgl: DGL is not installed.*backend: torch"):
        usable_backend("dgl", "cpu")


@pytest.mark.skipif(NO_CARD, reason="PyTorch sees no card")
@by_kind
def test_card_predicts_as_the_cpu_and_the_same_bytes_again(inputs, graph, kind):
    settings = SETTINGS.model_copy(update={"epochs": 100, "dropout": 0.5})
    card = Backend("torch", usable_device("auto"))
    cpu, first, again = (
        train(inputs, graph, kind, settings, backend).probabilities
        for backend in (card._replace(device="cpu"), card, card)
    )
    assert_allclose(first, cpu, atol=BOUND, rtol=0)
    assert first.tobytes() == again.tobytes()


def test_no_number_is_double_where_it_may_be_on_a_card(inputs, graph):
    """Apple's cards have no double precision: only the last softmax, on the CPU, has it."""
    seen = set()

    class Noted(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, given=(), how=None):
            result = function(*given, **(how or {}))
            if isinstance(result, torch.Tensor) and result.dtype == torch.float64:
                seen.add(str(function))
            return result

    with Noted():
        for kind in NETWORKS:
            train(inputs, graph, kind, SETTINGS.model_copy(update={"dropout": 0.5}))
    made_here = {"aten.lift_fresh.default", "aten._to_copy.default"}  # From NumPy, on the CPU.
    assert seen - made_here == {"aten._softmax.default", "aten.detach.default"}
