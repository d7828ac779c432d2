"""Four graph neural networks, which differ in how clips aggregate their neighbours.

- graphsage: GraphSAGE with a mean aggregator [1]_. The paper's "takes the average of the latent
  vectors of the node and its related neighborhood" [2]_, weighted by its adjacency matrix.
- gcn: graph convolutions [3]_, the product with the normalised adjacency matrix.
- gat: graph attention [4]_. A hidden layer has `HEADS` heads at most, side by side, and ELU; the
  last has one. Attention is over the edges that there are; their weights do not count.
- appnp: personalised PageRank of the predictions of a network that sees each clip alone [5]_.

Without messages the product is with the identity, and attention is on the clip itself: nothing else
changes, and a seed gives the same initial weights. By PyTorch alone the layers are our own; by DGL,
gcn and gat are made of DGL's `GraphConv` and `GATConv` [6]_, which have the same parameters by the
same names, and the others pass messages by `dgl.ops`: `SAGEConv` is slower, and `APPNPConv` would
count the degrees of clips that join later.

Dropout sets values of hidden layers to 0, not inputs, and neither edges nor attention: inputs do
not change while a network learns, so that what is aggregated of them is computed once. A network
and its ablation draw the same masks.

References
----------
.. [1] W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs",
   NeurIPS 2017, algorithm 1.
.. [2] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "GraphSage Model".
.. [3] T. Kipf, M. Welling, "Semi-Supervised Classification with Graph Convolutional Networks",
   ICLR 2017.
.. [4] P. Velickovic et al., "Graph Attention Networks", ICLR 2018.
.. [5] J. Gasteiger, A. Bojchevski, S. Günnemann, "Predict then Propagate: Graph Neural Networks
   meet Personalized PageRank", ICLR 2019, equations 4 and 5.
.. [6] M. Wang et al., "Deep Graph Library", arXiv:1909.01315; `dgl.nn.pytorch`.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import elu_, linear, normalize

from genregraph.models.attention import Attention
from genregraph.models.messages import Messages

HEADS = 4
SLOPE = 0.2  # Of attention scores below 0 [4]_.
ALPHA = 0.1  # Share of a clip's own prediction in each step [5]_.
STEPS = 10


class SageLayer(nn.Module):
    """``W_self h_v + b + W_neigh m_v``, m_v what clip v aggregates, as in DGL's SAGEConv [6]_."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        # Weights are drawn in DGL's order, so that a seed gives the same network.
        self.fc_neigh = nn.Linear(features, outputs, bias=False)
        self.fc_self = nn.Linear(features, outputs)
        gain = nn.init.calculate_gain("relu")
        nn.init.xavier_uniform_(self.fc_self.weight, gain=gain)
        nn.init.xavier_uniform_(self.fc_neigh.weight, gain=gain)

    def forward(self, x: Tensor, aggregated: Tensor) -> Tensor:
        """Values, shape (n, outputs), of clips' own and what they aggregate, (n, features)."""
        return self.fc_self(x).addmm_(aggregated, self.fc_neigh.weight.T)

    def passing(self, x: Tensor, messages: Messages) -> Tensor:
        """Values, shape (n, outputs), by those before, shape (m, features), the narrower sent."""
        if self.fc_neigh.out_features >= self.fc_neigh.in_features:
            return self(messages.own(x), messages(x))
        both = linear(x, torch.cat([self.fc_self.weight, self.fc_neigh.weight]))
        own, sent = both.chunk(2, dim=1)
        return messages.own(own) + messages(sent) + self.fc_self.bias


class GraphConvolution(nn.Module):
    """``P h W + b``, P the matrix of messages, as in DGL's GraphConv [6]_."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(features, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: Tensor, messages: Messages) -> Tensor:
        """Values, shape (n, outputs), by those before, shape (n, features), the narrower sent."""
        if self.weight.shape[0] > self.weight.shape[1]:
            return messages(x @ self.weight) + self.bias
        return torch.addmm(self.bias, messages(x), self.weight)


class GraphAttention(nn.Module):
    """Attention of some heads, as in DGL's GATConv [6]_."""

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
        """How much clips attend to others, as `Attention.shares` has it."""
        _, heads, outputs = self.attn_l.shape
        weight = self.fc.weight.view(heads, outputs, -1)
        # To weigh inputs is less work than to weigh outputs.
        sent, received = (
            x @ torch.einsum("ho,hof->fh", each[0], weight) for each in (self.attn_l, self.attn_r)
        )
        return attention.shares(sent, received, SLOPE)

    def forward(self, x: Tensor, attention: Attention) -> Tensor:
        """Values, shape (n, heads * outputs), by those before, shape (n, features)."""
        if attention.alone:
            return self.fc(x) + self.bias
        values = self.fc(x).view(len(x), *self.attn_l.shape[1:])
        return attention(values, self.shares(x, attention)).flatten(1) + self.bias


class GraphNetwork(nn.Module):
    """What all four have in common.

    Attributes
    ----------
    layers : iterable of nn.Module
        Each from one width to the next.
    normalise : bool
        Whether each clip's hidden layers are scaled to length 1, as line 7 of algorithm 1 of [1]_
        has it. The paper does not speak of it; scores are not scaled in any case.
    dropout : float
        Share of the values of hidden layers that are 0 while it learns.
    chance : np.random.Generator
        By which they are drawn.
    """

    def __init__(self, layers: Iterable[nn.Module], normalise: bool, dropout: float) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(layers)
        self.normalise, self.dropout = normalise, dropout
        self.chance = np.random.default_rng(0)

    @staticmethod
    def prepared(x: Tensor, messages: Any) -> tuple[Tensor, ...]:
        """What the first layer takes of inputs, whatever the weights: computed once."""
        return (x,)

    def activated(self, x: Tensor) -> Tensor:
        """What the next layer takes of a layer's values, which are overwritten."""
        x = torch.relu_(x)
        x = normalize(x) if self.normalise else x
        return self.dropped(x) if self.training and self.dropout else x

    def dropped(self, x: Tensor) -> Tensor:
        """Values, some of them 0; drawn as 16 bits each, in a third of the time of PyTorch's."""
        drawn = np.frombuffer(self.chance.bytes(2 * x.numel()), np.uint16).reshape(x.shape)
        kept = torch.from_numpy(drawn >= round(self.dropout * 2**16)).to(x.device)
        return x * kept.to(x.dtype).mul_(1 / (1 - self.dropout))


class GraphSage(GraphNetwork):
    """GraphSAGE: ``layers`` hidden layers with ReLU, and one that gives a score a genre."""

    @staticmethod
    def prepared(x: Tensor, messages: Messages) -> tuple[Tensor, ...]:
        """Inputs, and what clips aggregate of them."""
        return x, messages(x)

    def forward(
        self, prepared: tuple[Tensor, ...], messages: Messages | Sequence[Messages]
    ) -> Tensor:
        """Scores of clips, shape (n, genres).

        Parameters
        ----------
        prepared : tuple of Tensor
            As `prepared` makes them.
        messages : Messages, or a sequence of them
            Of all further layers, or of each.
        """
        layers = cast("list[SageLayer]", list(self.convolutions))
        rounds = [messages] * len(layers[1:]) if isinstance(messages, Messages) else messages
        x = layers[0](*prepared)
        for layer, of_layer in zip(layers[1:], rounds, strict=True):
            x = layer.passing(self.activated(x), of_layer)
        return x


class Gcn(GraphNetwork):
    """GCN, its layers our own or DGL's."""

    @staticmethod
    def prepared(x: Tensor, messages: Messages) -> tuple[Tensor, ...]:
        """What clips aggregate of inputs."""
        return (messages(x),)

    def forward(self, prepared: tuple[Tensor, ...], messages: Messages) -> Tensor:
        """Scores of clips, shape (n, genres); parameters as of `GraphSage`."""
        first, *others = cast("list[GraphConvolution]", list(self.convolutions))
        x = torch.addmm(first.bias, prepared[0], first.weight)
        for layer in others:
            x = self.activated(x)
            if type(layer) is GraphConvolution:
                x = layer(x, messages)
            else:
                assert messages.network
                graph, weights = messages.network
                x = layer(graph, x, edge_weight=weights)
        return x


class Gat(GraphNetwork):
    """GAT, its layers our own or DGL's."""

    def activated(self, x: Tensor) -> Tensor:
        """What the next layer takes of a layer's values, which are overwritten."""
        x = elu_(x)
        x = normalize(x) if self.normalise else x
        return self.dropped(x) if self.training and self.dropout else x

    def forward(self, prepared: tuple[Tensor, ...], attention: Attention) -> Tensor:
        """Scores of clips, shape (n, genres); parameters as of `GraphSage`."""
        (x,) = prepared
        for number, layer in enumerate(self.convolutions):
            x = self.activated(x) if number else x
            own = isinstance(layer, GraphAttention)
            x = layer(x, attention) if own else layer(attention.network, x).flatten(1)
        return x


class Appnp(GraphNetwork):
    """APPNP: layers that see each clip alone, and `STEPS` of propagation."""

    def forward(self, prepared: tuple[Tensor, ...], messages: Messages) -> Tensor:
        """Scores of clips, shape (n, genres); parameters as of `GraphSage`."""
        (x,) = prepared
        for number, layer in enumerate(self.convolutions):
            x = layer(self.activated(x) if number else x)
        if messages.products is None:
            return x
        own = ALPHA * x
        for _ in range(STEPS):
            x = messages(x).mul(1 - ALPHA).add_(own)
        return x


def heads_of(hidden: int) -> int:
    """Heads that share the neurons of a hidden layer of gat evenly, `HEADS` at most."""
    return next(heads for heads in range(HEADS, 0, -1) if hidden % heads == 0)


def network(
    kind: str,
    features: int,
    genres: int,
    layers: int,
    hidden: int,
    normalise: bool = False,
    dropout: float = 0.0,
    by_dgl: bool = False,
) -> GraphNetwork:
    """A network with its initial weights, of PyTorch's generator.

    Parameters
    ----------
    kind : str
        One of `config.registry.NETWORKS`.
    features, genres : int
        Inputs and scores of a clip.
    layers, hidden : int
        Hidden layers, and neurons in each.
    normalise, dropout
        As `GraphNetwork` has them.
    by_dgl : bool
        Whether gcn and gat are made of DGL's layers, which pass messages by DGL alone.
    """
    if by_dgl:
        from dgl.nn.pytorch import GATConv, GraphConv
    widths = list(pairwise([features, *[hidden] * layers, genres]))
    made: list[nn.Module]
    if kind == "gat":
        heads = [heads_of(hidden)] * layers + [1]
        attention = GATConv if by_dgl else GraphAttention
        more = {"allow_zero_in_degree": True} if by_dgl else {}
        made = [attention(a, b // h, h, **more) for (a, b), h in zip(widths, heads, strict=True)]
        return Gat(made, normalise, dropout)
    if kind == "gcn":
        if by_dgl:
            made = [GraphConv(*each, norm="none", allow_zero_in_degree=True) for each in widths]
        else:
            made = [GraphConvolution(*each) for each in widths]
        return Gcn(made, normalise, dropout)
    layer, whole = {"graphsage": (SageLayer, GraphSage), "appnp": (nn.Linear, Appnp)}[kind]
    return whole([layer(*each) for each in widths], normalise, dropout)
