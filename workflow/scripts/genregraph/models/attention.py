"""Attention over neighbours by PyTorch alone: a softmax over each clip's edges, and a weighted sum.

All heads are one: clip i of head h is a node of its own, with edges to its neighbours of head h.

References
----------
.. [1] P. Velickovic et al., "Graph Attention Networks", ICLR 2018, equations 1 to 5.
.. [2] `torch.sparse.sampled_addmm`.
"""

import warnings
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding, embedding_bag

from genregraph.models.messages import Backend, dgl_network, is_identity


class Attention:
    """Whom clips attend to.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, n)
        Row i has an entry for each clip that clip i attends to, itself among them.
    backend : Backend

    Attributes
    ----------
    network : dgl.DGLGraph or None
        The same for DGL's own layers.
    alone : bool
        Whether each clip attends to itself alone.
    columns : Tensor, shape (n, k)
        These clips; rows of fewer than k are filled up with the clip itself.
    filled : Tensor, shape (n, 1, k), or None
        Where they are filled up, if any is.
    """

    def __init__(self, matrix: sparse.csr_array, backend: Backend) -> None:
        self.alone = is_identity(matrix)
        self.network = None
        self._by_heads: dict[int, Places] = {}
        if self.alone:
            return
        if backend.name == "dgl":
            self.network = dgl_network(matrix, backend.device)[0]
        counts = np.diff(matrix.indptr)
        there = np.arange(counts.max()) < counts[:, None]
        columns = np.where(there, 0, np.arange(len(counts))[:, None])
        columns[there] = matrix.indices
        self.columns = torch.from_numpy(columns).to(backend.device)
        self.filled = None if there.all() else torch.from_numpy(~there[:, None]).to(backend.device)

    def places(self, heads: int) -> "Places":
        """Edges of all heads."""
        if heads not in self._by_heads:
            self._by_heads[heads] = Places(self.columns, heads)
        return self._by_heads[heads]

    def shares(self, sent: Tensor, received: Tensor, slope: float) -> Tensor:
        """How much clips attend to others.

        Parameters
        ----------
        sent, received : Tensor, shape (n, heads)
            What a clip adds to the score of its edges as the other end, and as their own.
        slope : float
            Of scores below 0.

        Returns
        -------
        Tensor, shape (n, heads, k)
            Over ``columns``; rows add up to 1.
        """
        n, heads = sent.shape
        places = self.places(heads).columns.view(n, heads, -1)
        scores = embedding(places, sent.reshape(-1, 1)).squeeze(-1) + received[:, :, None]
        scores = torch.nn.functional.leaky_relu(scores, slope)
        if self.filled is not None:
            scores = scores.masked_fill(self.filled, -torch.inf)
        return torch.softmax(scores, dim=-1)

    def __call__(self, values: Tensor, shares: Tensor) -> Tensor:
        """Sums of neighbours' values, shape (n, heads, d), by `shares`."""
        n, heads, width = values.shape
        places = self.places(heads)
        flat = _Sum.apply(values.reshape(-1, width), shares.reshape(-1), places)
        return flat.view(n, heads, width)


class Places:
    """Edges of all heads: row i h + j of n h nodes is clip i of head j, each with k entries."""

    def __init__(self, columns: Tensor, heads: int) -> None:
        n, k = columns.shape
        each = torch.arange(heads, device=columns.device)
        self.columns = (columns[:, None] * heads + each[:, None]).flatten()
        self.starts = torch.arange(n * heads, device=columns.device) * k
        # The same entries by columns.
        self.order = torch.argsort(self.columns, stable=True)
        self.rows = self.order // k
        counts = torch.bincount(self.columns, minlength=n * heads)
        self.column_starts = torch.cumsum(counts, 0) - counts


class _Sum(torch.autograd.Function):
    """Sums of rows, weighted."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weights: Tensor, places: Places) -> Tensor:
        ctx.save_for_backward(values, weights)
        ctx.places = places
        return embedding_bag(
            places.columns, values, places.starts, mode="sum", per_sample_weights=weights
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        (values, weights), places = ctx.saved_tensors, ctx.places
        gradient = gradient.contiguous()
        of_values = embedding_bag(
            places.rows,
            gradient,
            places.column_starts,
            mode="sum",
            per_sample_weights=weights[places.order],
        )
        return of_values, _products_of_ends(gradient, values, places), None


def _products_of_ends(gradient: Tensor, values: Tensor, places: Places) -> Tensor:
    """Inner products of the rows of both ends of each edge, shape (e,)."""
    nodes = len(places.starts)
    if gradient.device.type != "cpu":
        ends = values[places.columns].view(nodes, -1, values.shape[1])
        return torch.bmm(ends, gradient[:, :, None]).flatten()
    starts = torch.arange(nodes + 1) * (len(places.columns) // nodes)
    zeros = torch.zeros(len(places.columns), dtype=values.dtype)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse (CSR tensor|invariant)")
        pattern = torch.sparse_csr_tensor(starts, places.columns, zeros, size=(nodes, nodes))
        return torch.sparse.sampled_addmm(pattern, gradient, values.T, beta=0).values()
