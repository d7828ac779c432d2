"""Each network is its formula, and begins with DGL's weights."""

import numpy as np
import pytest
import torch
from tests.models.conftest import by_each_backend, by_kind, near, needs_dgl
from torch import nn
from torch.nn import functional

from genregraph.config.experiment import Network
from genregraph.models.layers import GraphNetwork, network
from genregraph.models.messages import Backend
from genregraph.models.propagation import connected, propagation
from genregraph.models.training import nodes


def test_heads_share_hidden_neurons_evenly():
    for hidden, heads in ((150, 3), (80, 4), (50, 2), (7, 1)):
        first, last = network("gat", 5, 3, Network(hidden=hidden)).convolutions
        assert first.attn_l.shape == (1, heads, hidden // heads)
        assert last.attn_l.shape == (1, 1, 3)


def of_gat(layer, h, p):
    _, heads, width = layer["attn_l"].shape
    values = (h @ layer["fc.weight"].T).view(-1, heads, width)
    sent, received = ((values * layer[name]).sum(dim=-1) for name in ("attn_l", "attn_r"))
    scores = functional.leaky_relu(received[:, None] + sent[None], 0.2)
    shares = torch.softmax(scores.masked_fill((p == 0)[:, :, None], -torch.inf), dim=1)
    return torch.einsum("ijh,jhd->ihd", shares, values).flatten(1) + layer["bias"]


FORMULAS = {
    "graphsage": lambda layer, h, p: (
        h @ layer["fc_self.weight"].T + layer["fc_self.bias"] + p @ h @ layer["fc_neigh.weight"].T
    ),
    "gcn": lambda layer, h, p: p @ h @ layer["weight"] + layer["bias"],
    "gat": of_gat,
    "appnp": lambda layer, h, p: h @ layer["weight"].T + layer["bias"],
}


@by_each_backend
@by_kind
@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize(("layers", "hidden"), [(1, 3), (1, 9), (2, 4)])
def test_scores_and_gradients_are_those_of_the_formula(
    inputs, graph, layers, hidden, normalise, kind, backend
):
    """In double precision, with rows of unlike length; of appnp PageRank of the scores."""
    graph = graph.copy()
    graph.data[:12] = 0
    matrix = propagation(connected(graph, "distance"), kind, Network())
    assert len(set(np.diff(matrix.indptr))) > 1
    fold = nodes(inputs.x, inputs.y, inputs.train, matrix, kind, Backend(backend))
    torch.manual_seed(1)
    settings = Network(layers=layers, hidden=hidden, normalise=normalise)
    model = network(kind, 5, 3, settings, backend == "dgl")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.5)
    scores = model(fold.prepared, fold.messages)
    weights = [
        {name: each.detach().double().requires_grad_() for name, each in layer.named_parameters()}
        for layer in model.convolutions
    ]
    p, h = torch.from_numpy(matrix.toarray()), torch.from_numpy(inputs.x).double()
    for number, layer in enumerate(weights):
        if number:
            h = functional.elu(h) if kind == "gat" else torch.relu(h)
            h = functional.normalize(h) if normalise else h
        h = FORMULAS[kind](layer, h, p)
    own = h
    for _ in range(10 if kind == "appnp" else 0):
        h = 0.9 * p @ h + 0.1 * own
    for each in (scores, h):
        each.pow(2).sum().backward()
    near(scores.detach(), h.detach(), 1e-6)
    ours = torch.cat([each.grad.flatten() for each in model.parameters()])
    theirs = torch.cat([each.grad.flatten() for layer in weights for each in layer.values()])
    near(ours, theirs, 5e-6)


@needs_dgl
@pytest.mark.parametrize("by_dgl", [True, False])
@by_kind
def test_seed_gives_the_weights_that_it_gives_dgl(kind, by_dgl):
    from dgl.nn.pytorch import GATConv, GraphConv, SAGEConv

    torch.manual_seed(3)
    ours = network(kind, 7, 3, Network(layers=2, hidden=6), by_dgl)
    torch.manual_seed(3)
    make = {
        "graphsage": lambda a, b, _: SAGEConv(a, b, "mean"),
        "gcn": lambda a, b, _: GraphConv(a, b, norm="none"),
        "gat": lambda a, b, heads: GATConv(a, b // heads, heads),
        "appnp": lambda a, b, _: nn.Linear(a, b),
    }[kind]
    theirs = nn.ModuleList(make(*shape) for shape in ((7, 6, 3), (6, 6, 3), (6, 3, 1)))
    expected = theirs.state_dict(prefix="convolutions.")
    assert ours.state_dict().keys() == expected.keys()
    assert all(torch.equal(ours.state_dict()[name], each) for name, each in expected.items())
    if by_dgl and kind in ("gcn", "gat"):
        assert [type(each) for each in ours.convolutions] == [type(each) for each in theirs]


def test_dropout_draws_its_share_in_training_only_and_keeps_the_mean():
    model = GraphNetwork("gcn", [], Network(dropout=0.3))
    ones = torch.ones(1000, 200)
    values, others = model.activated(ones.clone()), model.activated(ones.clone())
    assert values.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert (values == 0).float().mean().item() == pytest.approx(0.3, abs=0.005)
    assert not torch.equal(values, others)
    assert torch.equal(model.eval().activated(ones.clone()), ones)
