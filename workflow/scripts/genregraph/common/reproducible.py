"""Training that gives the same bytes each time, and leaves PyTorch as it was."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def reproducibly(seed: int) -> Iterator[None]:
    """Seed PyTorch, and let it use one thread and deterministic kernels only, for a while.

    On one thread of a CPU all kernels are deterministic. A GPU needs a switch, which imports
    PyTorch's compiler, often for longer than a fold's training takes.
    """
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    # Without it, CUDA's matrix products raise an error as not deterministic.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    if torch.cuda.is_available():
        torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
        if torch.cuda.is_available():
            torch.use_deterministic_algorithms(strict)
