"""Seeds that follow from the one in the configuration."""

import hashlib


def fold_seed(seed: int, fold: int) -> int:
    """Seed of everything random in a fold, the same for all its models, in ``[0, 2**32)``.

    Folds are numbered on over repeats. It is hashed, so that no two seeds of the configuration
    share those of folds.
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {fold}".encode()).digest()[:4], "big")
