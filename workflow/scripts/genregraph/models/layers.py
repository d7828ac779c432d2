"""Four graph neural networks: GraphSAGE [1]_ as in [2]_, GCN [3]_, GAT [4]_ and APPNP [5]_.

A seed gives the same initial weights and masks of dropout without messages. With DGL, gcn and gat
consist of its `GraphConv` and `GATConv` [6]_, of the same parameters by the same names. GraphSAGE
passes messages by `dgl.ops`: `SAGEConv` is slower. appnp is the same with DGL: `APPNPConv` would
count degrees of later clips, and DGL's sums, of which a step needs ten, are slower than PyTorch's.
Dropout is of hidden layers only, so that the first aggregation of inputs is computed once.

References
----------
.. [1] W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs",
   NeurIPS 2017, algorithm 1.
.. [2] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "GraphSage Model":
   an "average of the latent vectors of the node and its related neighborhood".
.. [3] T. Kipf, M. Welling, "Semi-Supervised Classification with Graph Convolutional Networks",
   ICLR 2017.
.. [4] P. Velickovic et al., "Graph Attention Networks", ICLR 2018.
.. [5] J. Gasteiger, A. Bojchevski, S. Günnemann, "Predict then Propagate: Graph Neural Networks
   meet Personalized PageRank", ICLR 2019, equations 4 and 5.
.. [6] M. Wang et al., "Deep Graph Library", arXiv:1909.01315; `dgl.nn.pytorch`.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import elu_, linear, normalize

from genregraph.config.experiment import Network
from genregraph.models.messages import Attention, Messages

HEADS = 4  # At most: they share the neurons of a hidden layer of gat evenly.
ALPHA = 0.1  # Share of a clip's own prediction in each step [5]_.
STEPS = 10


class SageLayer(nn.Module):
    """``W_self h_v + b + W_neigh m_v``, m_v the aggregate of clip v, as in DGL's SAGEConv [6]_."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        # Weights are drawn in DGL's order, so that a seed gives the same network.
        self.fc_neigh = nn.Linear(features, outputs, bias=False)
        self.fc_self = nn.Linear(features, outputs)
        gain = nn.init.calculate_gain("relu")
        nn.init.xavier_uniform_(self.fc_self.weight, gain=gain)
        nn.init.xavier_uniform_(self.fc_neigh.weight, gain=gain)

    def combined(self, x: Tensor, aggregated: Tensor) -> Tensor:
        """Values, shape (n, outputs), from clips' own and aggregated ones, (n, features)."""
        return self.fc_self(x).addmm_(aggregated, self.fc_neigh.weight.T)

    def forward(self, x: Tensor, messages: Messages) -> Tensor:
        """Values, shape (n, outputs), from ``x``, shape (n, features); the narrower are sent."""
        if self.fc_neigh.out_features >= self.fc_neigh.in_features:
            return self.combined(x, messages(x))
        both = linear(x, torch.cat([self.fc_self.weight, self.fc_neigh.weight]))
        own, sent = both.chunk(2, dim=1)
        return own + messages(sent) + self.fc_self.bias


class GraphConvolution(nn.Module):
    """``P h W + b``, P the matrix of messages, as in DGL's GraphConv [6]_."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(features, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: Tensor, messages: Messages) -> Tensor:
        """Values, shape (n, outputs), from ``x``, shape (n, features); the narrower are sent."""
        if self.weight.shape[0] > self.weight.shape[1]:
            return messages(x @ self.weight) + self.bias
        return torch.addmm(self.bias, messages(x), self.weight)


class GraphAttention(nn.Module):
    """Attention of some heads, as in DGL's GATConv [6]_, whatever the weights of edges."""

    def __init__(self, features: int, outputs: int, heads: int) -> None:
        super().__init__()
        self.fc = nn.Linear(features, outputs * heads, bias=False)
        self.attn_l = nn.Parameter(torch.empty(1, heads, outputs))
        self.attn_r = nn.Parameter(torch.empty(1, heads, outputs))
        self.bias = nn.Parameter(torch.zeros(heads * outputs))
        gain = nn.init.calculate_gain("relu")
        for weight in (self.fc.weight, self.attn_l, self.attn_r):
            nn.init.xavier_normal_(weight, gain=gain)

    def shares(self, x: Tensor, attention: Attention) -> Tensor:
        """Attention of each clip to its neighbours (`Attention.shares`)."""
        weight = self.fc.weight.view(*self.attn_l.shape[1:], -1)
        # To weigh inputs is less work than to weigh outputs.
        sent, received = (
            x @ torch.einsum("ho,hof->fh", each[0], weight) for each in (self.attn_l, self.attn_r)
        )
        return attention.shares(sent, received)

    def forward(self, x: Tensor, attention: Attention) -> Tensor:
        """Values, shape (n, heads * outputs), from ``x``, shape (n, features)."""
        if attention.alone:
            return self.fc(x) + self.bias
        values = self.fc(x).view(len(x), *self.attn_l.shape[1:])
        return attention(values, self.shares(x, attention)).flatten(1) + self.bias


def values_of(layer: nn.Module, x: Tensor, messages: Any) -> Tensor:
    """Values of one of the layers above, of appnp's, or of DGL's, shape (n, outputs)."""
    if isinstance(layer, nn.Linear):
        return layer(x)
    if isinstance(layer, SageLayer | GraphConvolution | GraphAttention):
        return layer(x, messages)
    graph, weights = messages.network
    return layer(graph, x, edge_weight=weights).flatten(1)


def prepared(kind: str, x: Tensor, messages: Any) -> tuple[Tensor, ...]:
    """Inputs of the first layer, whatever the weights: computed once."""
    if kind == "graphsage":
        return x, messages(x)
    return (messages(x),) if kind == "gcn" else (x,)


class GraphNetwork(nn.Module):
    """Layers, each from one width to the next, with activation, normalisation and dropout between.

    Normalisation scales each clip's hidden layers to length 1, as in line 7 of algorithm 1 of [1]_.
    The paper does not mention it; scores are never scaled. ``chance`` draws what is dropped.
    """

    def __init__(self, kind: str, layers: list[nn.Module], settings: Network) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(layers)
        self.kind, self.normalise, self.dropout = kind, settings.normalise, settings.dropout
        self.chance = np.random.default_rng(0)

    def forward(self, inputs: tuple[Tensor, ...], messages: Any) -> Tensor:
        """Scores of clips, shape (n, genres), from what is `prepared`."""
        first, *others = cast("Any", self.convolutions)
        if self.kind == "graphsage":
            x = first.combined(*inputs)
        elif self.kind == "gcn":
            x = torch.addmm(first.bias, inputs[0], first.weight)
        else:
            x = values_of(first, inputs[0], messages)
        for layer in others:
            x = values_of(layer, self.activated(x), messages)
        if self.kind == "appnp" and messages.products:
            own = ALPHA * x
            for _ in range(STEPS):
                x = messages(x).mul(1 - ALPHA).add_(own)
        return x

    def activated(self, x: Tensor) -> Tensor:
        """Inputs of the next layer from a layer's values, which are overwritten."""
        x = elu_(x) if self.kind == "gat" else torch.relu_(x)
        x = normalize(x) if self.normalise else x
        if not (self.training and self.dropout):
            return x
        # 16 bits each take a third of the time of PyTorch's dropout.
        drawn = np.frombuffer(self.chance.bytes(2 * x.numel()), np.uint16).reshape(x.shape)
        kept = torch.from_numpy(drawn >= round(self.dropout * 2**16)).to(x.device)
        return x * kept.to(x.dtype).mul_(1 / (1 - self.dropout))


def network(
    kind: str, features: int, genres: int, settings: Network, by_dgl: bool = False
) -> GraphNetwork:
    """A network with initial weights, drawn from PyTorch's generator.

    With ``by_dgl``, gcn and gat consist of DGL's layers, which pass messages by DGL alone.
    """
    own = {"graphsage": SageLayer, "gcn": GraphConvolution, "gat": GraphAttention}
    layer: Callable[..., nn.Module] = own.get(kind, nn.Linear)
    if by_dgl and kind in ("gcn", "gat"):
        from dgl.nn.pytorch import GATConv, GraphConv

        made = GATConv if kind == "gat" else partial(GraphConv, norm="none")
        layer = partial(made, allow_zero_in_degree=True)
    widths = pairwise([features, *[settings.hidden] * settings.layers, genres])
    if kind != "gat":
        return GraphNetwork(kind, [layer(*each) for each in widths], settings)
    shared = next(heads for heads in range(HEADS, 0, -1) if settings.hidden % heads == 0)
    heads = [shared] * settings.layers + [1]
    layers = [layer(a, b // h, h) for (a, b), h in zip(widths, heads, strict=True)]
    return GraphNetwork(kind, layers, settings)
