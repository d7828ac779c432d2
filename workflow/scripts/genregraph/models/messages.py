"""Sums over neighbours: products with a fixed sparse matrix, by DGL or by PyTorch alone.

A gradient passes back along the transposed matrix. Where each clip aggregates itself alone there is
no product at all.

PyTorch's bags of embeddings [1]_ sum weighted rows as DGL's messages do [2]_: each row of the
matrix is a bag. That is faster than PyTorch's or SciPy's products of CSR matrices, and as
deterministic (benchmarks/training.py).

References
----------
.. [1] `torch.nn.functional.embedding_bag`.
.. [2] M. Wang et al., "Deep Graph Library", arXiv:1909.01315; `dgl.ops`.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor
from torch.autograd.function import once_differentiable

from genregraph.common.device import usable_device
from genregraph.common.errors import UserError

Product = Callable[[Tensor], Tensor]

# DGL's fast kernel wants a weight for each number that is sent: so many at a time, for the sake of
# memory.
SENT = 16


class Backend(NamedTuple):
    """What computes, and where.

    Attributes
    ----------
    name : {"torch", "dgl"}
    device : str
        Of PyTorch.
    at_once : int
        Clips above which GraphSAGE trains by batches, whose messages PyTorch passes.
    """

    name: Literal["torch", "dgl"] = "torch"
    device: str = "cpu"
    at_once: int = 200_000


class Messages:
    """A matrix that clips' values are multiplied by.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, m)
        Row i has by how much each clip counts in what clip i aggregates.
    backend : Backend
    own : NDArray[np.int64], shape (n,), optional
        Which of the m clips each of the n is; without, they are the same.

    Attributes
    ----------
    network : (dgl.DGLGraph, Tensor) or None
        The same for DGL's own layers: edges and their weights, shape (e,). None by PyTorch, and
        where each clip aggregates itself alone.

    Examples
    --------
    >>> alone = Messages(sparse.eye_array(2, format="csr"), Backend())
    >>> alone(torch.ones(2, 1)).tolist()
    [[1.0], [1.0]]
    """

    def __init__(
        self, matrix: sparse.csr_array, backend: Backend, own: NDArray[np.int64] | None = None
    ) -> None:
        self.products = self.network = None
        self.rows = None if own is None else torch.from_numpy(own).to(backend.device)
        if not is_identity(matrix):
            product = PRODUCTS[backend.name]
            both = (matrix, sparse.csr_array(matrix.T))
            self.products = tuple(product(each, backend.device) for each in both)
            if backend.name == "dgl":
                self.network = dgl_network(matrix, backend.device)

    def __call__(self, x: Tensor) -> Tensor:
        """What clips aggregate, shape (n, d), of values ``x``, shape (m, d)."""
        return x if self.products is None else _Product.apply(x, *self.products)

    def own(self, x: Tensor) -> Tensor:
        """What clips have themselves, shape (n, d), of values ``x``, shape (m, d)."""
        return x if self.rows is None else x[self.rows]


class _Product(torch.autograd.Function):
    """A product, and its transpose for the gradient."""

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
    n, m = matrix.shape
    return n == m == matrix.nnz and bool((matrix.diagonal() == 1).all())


# The backends


def by_torch(matrix: sparse.csr_array, device: str) -> Product:
    """Multiply by a matrix with PyTorch alone.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n, m)
    device : str

    Returns
    -------
    callable
        Of a tensor of shape (m, d), which gives one of shape (n, d).
    """
    starts, columns, weights = _tensors(matrix, device)

    def product(x: Tensor) -> Tensor:
        return torch.nn.functional.embedding_bag(
            columns, x, starts[:-1], mode="sum", per_sample_weights=weights
        )

    return product


def by_dgl(matrix: sparse.csr_array, device: str) -> Product:
    """Multiply by a matrix with DGL's message passing; parameters and result as of `by_torch`.

    No weights are sent where all entries of a row, or of a column, have the same.
    """
    from dgl import ops

    graph, weights = dgl_network(matrix, device)
    of_row, of_column = (_of_each_row(each) for each in (matrix, sparse.csr_array(matrix.T)))
    if of_row is not None:
        factors = _values(of_row, device)
        return lambda x: ops.copy_u_sum(graph, x) * factors
    if of_column is not None:
        factors = _values(of_column, device)
        return lambda x: ops.copy_u_sum(graph, x * factors)
    by_width: dict[int, Tensor] = {}

    def part(x: Tensor) -> Tensor:
        width = x.shape[1]
        if width not in by_width:
            by_width[width] = weights[:, None].expand(-1, width).contiguous()
        return ops.u_mul_e_sum(graph, x.contiguous(), by_width[width])

    def product(x: Tensor) -> Tensor:
        return torch.cat([part(columns) for columns in x.split(SENT, dim=1)], dim=1)

    return product


def dgl_network(matrix: sparse.csr_array, device: str) -> tuple[Any, Tensor]:
    """DGL's graph of a square matrix, an edge an entry, from its column to its row; and weights."""
    import dgl

    starts, columns, weights = _tensors(matrix, device)
    edges = torch.arange(len(weights), dtype=starts.dtype, device=device)
    return dgl.graph(("csc", (starts, columns, edges)), num_nodes=matrix.shape[0]), weights


PRODUCTS: dict[str, Callable[[sparse.csr_array, str], Product]] = {
    "torch": by_torch,
    "dgl": by_dgl,
}


def _tensors(matrix: sparse.csr_array, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Row starts, columns and values of a matrix in CSR form."""
    starts, columns = (
        torch.from_numpy(each.astype(np.int32)).to(device)
        for each in (matrix.indptr, matrix.indices)
    )
    return starts, columns, _values(matrix.data, device)


def _values(values: NDArray[np.float64], device: str) -> Tensor:
    """Values in the precision that PyTorch computes by."""
    return torch.from_numpy(values).to(torch.get_default_dtype()).to(device)


def _of_each_row(matrix: sparse.csr_array) -> NDArray[np.float64] | None:
    """The value that all entries of a row have, shape (n, 1), if that is so in all rows."""
    entries = np.diff(matrix.indptr)
    values = np.zeros(len(entries))
    values[entries > 0] = matrix.data[matrix.indptr[:-1][entries > 0]]
    return values[:, None] if (np.repeat(values, entries) == matrix.data).all() else None


# Which of them


def usable_backend(backend: str, device: str, at_once: int = Backend().at_once) -> Backend:
    """Backend to train by and device to train on.

    Parameters
    ----------
    backend : {"auto", "dgl", "torch"}
        ``auto`` is DGL where it is installed, else PyTorch alone.
    device : {"auto", "cpu", "cuda", "mps"}
        ``auto`` is a card if the backend can use one.
    at_once : int
        As `Backend` has it.

    Raises
    ------
    UserError
        If what is asked for is not there.
    """
    installed = find_spec("dgl") is not None
    if backend == "dgl" and not installed:
        raise UserError(
            "backend: dgl: DGL is not installed, and has no wheels for this Python and machine "
            "unless it is Python 3.11 on Linux x86-64; use backend: torch or auto"
        )
    name: Literal["torch", "dgl"] = "dgl" if installed and backend != "torch" else "torch"
    found = usable_device(device)
    if name == "dgl" and found != "cpu" and not _dgl_reaches(found):
        if device != "auto":
            raise UserError(
                f"device: {device}: this DGL does not reach it; use backend: torch, or device: cpu"
            )
        found = "cpu"
    return Backend(name, found, at_once)


def _dgl_reaches(device: str) -> bool:
    import dgl

    try:
        dgl.graph(([0], [0])).to(device)
    except (dgl.DGLError, KeyError):  # Built for the CPU alone; of a kind that it does not know.
        return False
    return True
