"""Seeds that follow from the one in the configuration."""

import hashlib


def fold_seed(seed: int, fold: int) -> int:
    """Seed of everything random in a fold, the same for all its models.

    Parameters
    ----------
    seed : int
        That of the configuration.
    fold : int
        Which fold, numbered on over repeats, so that each repeat and fold has a seed of its own.

    Returns
    -------
    int
        In ``[0, 2**32)``. Hashed, so that no two seeds of the configuration share those of folds.

    Examples
    --------
    >>> fold_seed(0, 1) != fold_seed(1, 0)
    True
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {fold}".encode()).digest()[:4], "big")
