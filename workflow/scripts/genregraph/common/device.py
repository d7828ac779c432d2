"""Where PyTorch computes, on the CPU or a card that it can use, and how it gives the same bytes.

Cards are NVIDIA's and AMD's (``cuda``) and Apple's (``mps``). Tests hold what a fold's network says
on a card to the same bits each time, and to within `BOUND` of the CPU's probabilities.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from genregraph.common.errors import UserError

BOUND = 1e-3
CARDS: dict[str, Callable[[], bool]] = {
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
}


def usable_device(asked: str) -> str:
    """Device to train on (cpu, cuda, mps): of ``auto`` a card if PyTorch can use one, else the CPU.

    A `UserError` if a card is asked for by name and cannot be used.
    """
    found = [card for card, there in CARDS.items() if asked in (card, "auto") and there()]
    if asked not in ("cpu", "auto", *found):
        raise UserError(f"device: {asked}: PyTorch sees no such card; use device: cpu or auto")
    return found[0] if found else "cpu"


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
