"""Sums over neighbours, by fixed weights or by attention, with DGL or with PyTorch alone.

PyTorch's bags of embeddings [1]_ sum weighted rows as DGL's messages do [2]_: each row of the
matrix is a bag. That is faster than PyTorch's or SciPy's products of CSR matrices, and as
deterministic (benchmarks/training.py).

References
----------
.. [1] `torch.nn.functional.embedding_bag`.
.. [2] M. Wang et al., "Deep Graph Library", arXiv:1909.01315; `dgl.ops`.
.. [3] P. Velickovic et al., "Graph Attention Networks", ICLR 2018, equations 1 to 5.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag, leaky_relu

from genregraph.common.device import usable_device
from genregraph.common.errors import UserError

Product = Callable[[Tensor], Tensor]
SENT = 16  # Numbers that DGL's fast kernel sends at a time; it needs a weight for each.


class Backend(NamedTuple):
    """The library that passes messages, and PyTorch's device."""

    name: Literal["torch", "dgl"] = "torch"
    device: str = "cpu"


def usable_backend(backend: str, device: str) -> Backend:
    """Backend and device to train with, or a `UserError`; each may be ``auto``.

    DGL computes on the CPU: ``auto`` is PyTorch on a card, else DGL where it is installed.
    """
    installed = find_spec("dgl") is not None
    if backend == "dgl" and not installed:
        said = "DGL is not installed, and has wheels for Python 3.11 on Linux x86-64 alone"
        raise UserError(f"backend: dgl: {said}; use backend: torch or auto")
    if backend == "dgl" and device not in ("auto", "cpu"):
        raise UserError(f"device: {device}: DGL computes on the CPU here; use backend: torch")
    usable = "cpu" if backend == "dgl" else usable_device(device)
    uses_dgl = installed and usable == "cpu" and backend != "torch"
    return Backend("dgl" if uses_dgl else "torch", usable)


class Messages:
    """A matrix, shape (n, n), that clips' values are multiplied by.

    Row i holds the weight of each clip in what clip i aggregates. Where each aggregates itself
    alone there are no products. For DGL's layers, ``network`` has its graph and weights of edges.
    """

    def __init__(self, matrix: sparse.csr_array, backend: Backend) -> None:
        self.products: tuple[Product, ...] = ()
        self.network: Any = None
        if not is_identity(matrix):
            product = by_dgl if backend.name == "dgl" else by_torch
            both = (matrix, sparse.csr_array(matrix.T))
            # A gradient passes back along the transposed matrix.
            self.products = tuple(product(each, backend.device) for each in both)
            self.network = dgl_network(matrix) if backend.name == "dgl" else None

    def __call__(self, x: Tensor) -> Tensor:
        """Aggregates of clips from values ``x``, both of shape (n, d)."""
        return _Product.apply(x, *self.products) if self.products else x


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, product: Product, transposed: Product) -> Tensor:
        ctx.transposed = transposed
        return product(x.contiguous())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return ctx.transposed(gradient.contiguous()), None, None


def is_identity(matrix: sparse.csr_array) -> bool:
    """Whether each clip aggregates itself alone."""
    return len(matrix.indptr) - 1 == matrix.nnz and bool((matrix.diagonal() == 1).all())


def by_torch(matrix: sparse.csr_array, device: str) -> Product:
    """Product of a matrix, shape (n, m), with values, shape (m, d), by PyTorch alone."""
    starts, columns, weights = (each.to(device) for each in _tensors(matrix))
    starts = starts[:-1]
    return lambda x: embedding_bag(columns, x, starts, mode="sum", per_sample_weights=weights)


def by_dgl(matrix: sparse.csr_array, device: str) -> Product:
    """The same by DGL, without weights where all entries of a row, or of a column, are the same."""
    from dgl import ops

    graph, weights = dgl_network(matrix)
    of_row, of_column = (_of_each_row(each) for each in (matrix, sparse.csr_array(matrix.T)))
    if of_row is not None:
        return lambda x: ops.copy_u_sum(graph, x) * of_row
    if of_column is not None:
        return lambda x: ops.copy_u_sum(graph, x * of_column)

    @cache
    def of_width(width: int) -> Tensor:
        return weights[:, None].expand(-1, width).contiguous()

    def product(x: Tensor) -> Tensor:
        parts = (part.contiguous() for part in x.split(SENT, dim=1))
        return torch.cat([ops.u_mul_e_sum(graph, x, of_width(x.shape[1])) for x in parts], dim=1)

    return product


def dgl_network(matrix: sparse.csr_array) -> tuple[Any, Tensor]:
    """DGL's graph of a square matrix, an edge an entry, from its column to its row; and weights."""
    import dgl

    starts, columns, weights = _tensors(matrix)
    edges = torch.arange(len(weights), dtype=starts.dtype)
    return dgl.graph(("csc", (starts, columns, edges)), num_nodes=matrix.shape[0]), weights


def _tensors(matrix: sparse.csr_array) -> tuple[Tensor, Tensor, Tensor]:
    """Row starts, columns and values of a matrix in CSR form."""
    starts, columns = (
        torch.from_numpy(each.astype(np.int32)) for each in (matrix.indptr, matrix.indices)
    )
    return starts, columns, torch.from_numpy(matrix.data).to(torch.get_default_dtype())


def _of_each_row(matrix: sparse.csr_array) -> Tensor | None:
    """The value that all entries of a row share, shape (n, 1), if that is so in all rows."""
    entries = np.diff(matrix.indptr)
    values = np.zeros((len(entries), 1))
    values[entries > 0, 0] = matrix.data[matrix.indptr[:-1][entries > 0]]
    same = (np.repeat(values, entries) == matrix.data).all()
    return torch.from_numpy(values).to(torch.get_default_dtype()) if same else None


class Attention:
    """Edges over which clips attend to each other: a softmax over them, and a weighted sum [3]_.

    Row i of the matrix, shape (n, n), has an entry for each clip that clip i attends to, itself
    among them. In ``columns``, shape (n, k), rows of fewer than k are filled up with the clip
    itself. Where each clip attends to itself ``alone``, nothing is computed.
    """

    def __init__(self, matrix: sparse.csr_array, backend: Backend) -> None:
        self.alone = is_identity(matrix)
        uses_dgl = backend.name == "dgl" and not self.alone
        self.network = (dgl_network(matrix)[0], None) if uses_dgl else None
        counts = np.diff(matrix.indptr)
        there = np.arange(counts.max()) < counts[:, None]
        columns = np.where(there, 0, np.arange(len(counts))[:, None])
        columns[there] = matrix.indices
        self.columns = torch.from_numpy(columns).to(backend.device)
        self.filled = torch.from_numpy(~there[:, :, None]).to(backend.device)

    def shares(self, sent: Tensor, received: Tensor) -> Tensor:
        """Attention of clips to their ``columns``, shape (n, k, heads), which adds up to 1.

        Clips add ``sent`` and ``received``, shape (n, heads), to the scores of edges from and to
        them; scores below 0 are multiplied by .2.
        """
        scores = leaky_relu(sent[self.columns] + received[:, None], 0.2)
        return torch.softmax(scores.masked_fill(self.filled, -torch.inf), dim=1)

    def __call__(self, values: Tensor, shares: Tensor) -> Tensor:
        """Sums of neighbours' values, shape (n, heads, d), by `shares`."""
        return torch.einsum("nkh,nkhd->nhd", shares, values[self.columns])
