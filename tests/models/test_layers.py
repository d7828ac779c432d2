"""Each network is its formula, DGL's layers with DGL, and the same but for messages without."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.models.conftest import BACKENDS, needs_dgl

from genregraph.config.parts import Network
from genregraph.config.registry import NETWORKS
from genregraph.models.layers import GraphNetwork, heads_of, network
from genregraph.models.messages import Backend
from genregraph.models.propagation import connected, propagation
from genregraph.models.training import nodes

by_each_backend = pytest.mark.parametrize("backend", BACKENDS)


def of(layers, hidden, **settings):
    return Network.model_construct(**dict(Network(hidden=hidden, **settings)) | {"layers": layers})


def of_fold(inputs, graph, kind, backend="torch", **asked):
    """Clips as a network takes them, and the matrix of its messages."""
    settings = Network(**{"weights": "distance", **asked})
    matrix = propagation(connected(graph, settings.weights), kind, settings)
    return nodes(inputs.x, inputs.y, inputs.train, matrix, kind, Backend(backend)), matrix


def drawn(kind, layers, hidden, normalise=False, by_dgl=False):
    """A network of random weights, biases among them, the same for both backends."""
    model = network(kind, 5, 3, of(layers, hidden, normalise=normalise), by_dgl)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 2)
    return model


def near(found, expected, precision=1e-6):
    """Equal to a millionth of the largest."""
    found, expected = (each.detach().numpy() for each in (found, expected))
    assert np.isfinite(expected).all()
    assert np.abs(found - expected).max() <= precision * np.abs(expected).max()


# Formulas


def of_sage(layer, h, p):
    return (
        h @ layer["fc_self.weight"].T + layer["fc_self.bias"] + p @ h @ layer["fc_neigh.weight"].T
    )


def of_gcn(layer, h, p):
    return p @ h @ layer["weight"] + layer["bias"]


def of_gat(layer, h, p):
    _, heads, width = layer["attn_l"].shape
    values = (h @ layer["fc.weight"].T).view(-1, heads, width)
    sent, received = ((values * layer[name]).sum(dim=-1) for name in ("attn_l", "attn_r"))
    scores = torch.nn.functional.leaky_relu(received[:, None] + sent[None], 0.2)
    shares = torch.softmax(scores.masked_fill((p == 0)[:, :, None], -torch.inf), dim=1)
    return torch.einsum("ijh,jhd->ihd", shares, values).flatten(1) + layer["bias"]


def of_linear(layer, h, p):
    return h @ layer["weight"].T + layer["bias"]


LAYERS = {"graphsage": of_sage, "gcn": of_gcn, "gat": of_gat, "appnp": of_linear}


@by_each_backend
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize(("layers", "hidden"), [(1, 3), (1, 9), (2, 4), (0, 4)])
def test_the_network_is_the_formula(inputs, graph, layers, hidden, normalise, kind, backend):
    """Layers with ReLU or ELU and lengths of 1 between; of appnp PageRank of the scores."""
    fold, matrix = of_fold(inputs, graph, kind, backend)
    model = drawn(kind, layers, hidden, normalise, backend == "dgl")
    with torch.no_grad():
        found = model(fold.prepared, fold.messages)
    p, h = torch.from_numpy(matrix.toarray()), torch.from_numpy(inputs.x).double()
    for i, layer in enumerate(model.convolutions):
        weights = {name: each.double() for name, each in layer.state_dict().items()}
        h = LAYERS[kind](weights, h, p)
        if i < layers:
            h = torch.nn.functional.elu(h) if kind == "gat" else torch.relu(h)
            h = torch.nn.functional.normalize(h) if normalise else h
    if kind == "appnp":
        own = h
        for _ in range(10):
            h = 0.9 * p @ h + 0.1 * own
    assert len(model.convolutions) == layers + 1
    near(found.double(), h)


def test_heads_share_hidden_neurons_evenly():
    assert [heads_of(hidden) for hidden in (150, 80, 50, 7)] == [3, 4, 2, 1]


# DGL's layers


def made_by_dgl(kind, widths, hidden):
    from dgl.nn.pytorch import GATConv, GraphConv, SAGEConv

    if kind == "graphsage":
        return [SAGEConv(*each, "mean") for each in widths]
    if kind == "gcn":
        return [GraphConv(*each, norm="none") for each in widths]
    if kind == "gat":
        heads = [heads_of(hidden)] * (len(widths) - 1) + [1]
        return [GATConv(a, b // h, h) for (a, b), h in zip(widths, heads, strict=True)]
    return [torch.nn.Linear(*each) for each in widths]


@needs_dgl
@pytest.mark.parametrize("by_dgl", [True, False])
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_seed_gives_the_weights_that_it_gives_dgl(kind, by_dgl):
    torch.manual_seed(3)
    ours = network(kind, 7, 3, of(2, 6), by_dgl).state_dict()
    torch.manual_seed(3)
    theirs = torch.nn.ModuleList(made_by_dgl(kind, [(7, 6), (6, 6), (6, 3)], 6))
    for name, tensor in theirs.state_dict(prefix="convolutions.").items():
        assert torch.equal(ours.pop(name), tensor)
    assert not ours


@needs_dgl
@by_each_backend
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_scores_and_gradients_are_those_of_dgls_layers(
    inputs, graph, layers, weighted, kind, backend
):
    """GraphConv by EdgeWeightNorm, APPNPConv as it comes: the normalisation, too, is DGL's."""
    import dgl
    from dgl.nn.pytorch import APPNPConv, EdgeWeightNorm

    weights = "distance" if weighted else "equal"
    edges, widths = connected(graph, weights).tocoo(), list(pairwise([5, *[8] * layers, 3]))
    graph_of_dgl = dgl.graph((edges.col, edges.row))
    values = torch.from_numpy(edges.data.astype(np.float32))
    theirs = torch.nn.ModuleList(made_by_dgl(kind, widths, 8))
    more = {
        "graphsage": (values if weighted else None,),
        "gcn": (None, EdgeWeightNorm("both")(graph_of_dgl, values)),
    }.get(kind, ())
    expected = torch.from_numpy(inputs.x)
    for number, layer in enumerate(theirs):
        if number:
            active = torch.nn.functional.elu if kind == "gat" else torch.relu
            expected = active(expected)
        alone = kind == "appnp"
        expected = layer(expected) if alone else layer(graph_of_dgl, expected, *more).flatten(1)
    if kind == "appnp":
        expected = APPNPConv(10, 0.1)(graph_of_dgl, expected, values)

    asked = {"weights": weights, "aggregator": "dgl_mean"}
    fold, _ = of_fold(inputs, graph, kind, backend, **asked)
    ours = network(kind, 5, 3, of(layers, 8), backend == "dgl")
    ours.load_state_dict(theirs.state_dict(prefix="convolutions."))
    found = ours(fold.prepared, fold.messages)
    for scores in (expected, found):
        scores.pow(2).sum().backward()
    near(found, expected)
    names, gradients = zip(
        *((name, each.grad.flatten()) for name, each in theirs.named_parameters("convolutions")),
        strict=True,
    )
    ours = dict(ours.named_parameters())
    near(torch.cat([ours[name].grad.flatten() for name in names]), torch.cat(gradients), 2e-6)


@needs_dgl
@pytest.mark.parametrize(("kind", "layer"), [("gcn", "GraphConv"), ("gat", "GATConv")])
def test_with_dgl_its_layers_are_used(kind, layer):
    import dgl

    for each in network(kind, 5, 3, of(1, 8), True).convolutions:
        assert type(each) is getattr(dgl.nn.pytorch, layer)


# Without messages


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_ablation_is_the_network_on_a_graph_without_edges(inputs, graph, kind):
    """By the same weights; no clip then depends on another."""
    model = drawn(kind, 1, 8)
    fold, _ = of_fold(inputs, graph, kind, messages=False)
    without, _ = of_fold(inputs, 0 * graph, kind)
    found = model(fold.prepared, fold.messages)
    assert torch.equal(found, model(without.prepared, without.messages))
    x = inputs.x[:1]
    alone = nodes(x, inputs.y[:1], inputs.train[:1], fold.matrix[:1][:, :1], kind, Backend())
    near(model(alone.prepared, alone.messages), found[:1])


# Dropout


def test_dropout_draws_the_share_that_is_asked_for_and_keeps_the_mean():
    model = GraphNetwork([], False, 0.3)
    found = model.dropped(torch.ones(1000, 200))
    assert found.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert (found == 0).float().mean().item() == pytest.approx(0.3, abs=0.005)
    assert not torch.equal(found, model.dropped(torch.ones(1000, 200)))


@pytest.mark.parametrize("kind", NETWORKS)
def test_dropout_is_of_hidden_layers_and_of_training_alone(inputs, graph, kind):
    fold, _ = of_fold(inputs, graph, kind)
    for layers, differ in ((0, False), (1, True)):
        model = network(kind, 5, 3, of(layers, 8, dropout=0.5))
        first, again = (model(fold.prepared, fold.messages) for _ in range(2))
        assert torch.equal(first, again) != differ
        model.eval()
        first, again = (model(fold.prepared, fold.messages) for _ in range(2))
        assert torch.equal(first, again)
