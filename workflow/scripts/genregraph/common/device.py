"""Where PyTorch computes: on the CPU, or on a card that it can use.

Cards are NVIDIA's and AMD's (``cuda``) and Apple's (``mps``). Networks compute in single precision
on each of them. Where a card is found, tests hold what a fold's network says on it to the same bits
each time, and to within `BOUND` of the probabilities that the CPU gives.
"""

from collections.abc import Callable

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
    if asked == "cpu":
        return asked
    found = [card for card, available in CARDS.items() if available()]
    if asked != "auto" and asked not in found:
        raise UserError(f"device: {asked}: PyTorch sees no such card; use device: cpu or auto")
    return asked if asked != "auto" else (*found, "cpu")[0]
