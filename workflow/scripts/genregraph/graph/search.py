"""Nearest neighbours by a search through all candidates, ties broken at random."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from genregraph.graph.metrics import METRICS, Mask, Matrix

Rows = NDArray[np.int64]
Draws = NDArray[np.uint64]
BLOCK_BYTES = 1 << 26  # Of a block of distances; while it is worked on, it takes a few times that.
ROUNDING = 1e-6  # Relative; distances that differ by less are equal.


def draws_of(x: Matrix, candidates: Mask) -> Draws:
    """Which random draw breaks the ties of each clip.

    Parameters
    ----------
    x : NDArray[np.floating], shape (n, d)
    candidates : NDArray[np.bool_], shape (n,)
        Clips that may be neighbours.

    Returns
    -------
    NDArray[np.uint64], shape (n,)
        Of candidates, their place among them; of others, a hash of their inputs. So a candidate's
        draw depends on candidates alone, and that of any other clip on no other clip.
    """
    draws = np.empty(len(x), dtype=np.uint64)
    draws[candidates] = np.arange(candidates.sum())
    for i in np.flatnonzero(~candidates):
        digest = hashlib.blake2b(x[i].tobytes(), digest_size=8).digest()
        draws[i] = int.from_bytes(digest, "big") | 1 << 63
    return draws


def by_search(
    seen: Matrix,
    searched: Sequence[Rows],
    candidates: Rows,
    metric: str,
    k: int,
    draws: Draws,
    seed: int,
) -> Iterator[tuple[Rows, Rows, Matrix]]:
    """Search through all candidates.

    Parameters
    ----------
    seen : Matrix, shape (n, d)
        Inputs as the metric sees them.
    searched : sequence of NDArray[np.int64]
        Whose neighbours are wanted; no block of rows is of two of these.
    candidates : NDArray[np.int64], shape (m,)
        Who may be a neighbour.
    metric : str
    k : int
        Neighbours, at most m; of candidates, fewer than m.
    draws : NDArray[np.uint64], shape (n,)
        As `draws_of` numbers them.
    seed : int

    Yields
    ------
    rows, nearest, distances
        Shapes (b,), (b, k) and (b, k), the neighbours in no order.
    """
    sources = seen if len(candidates) == len(seen) else seen[candidates]
    same = number_of_row(seen)
    place = np.full(len(seen), -1)
    place[candidates] = np.arange(len(candidates))
    step = max(1, BLOCK_BYTES // (8 * len(candidates)))
    blocks = (rows[i : i + step] for rows in searched for i in range(0, len(rows), step))
    for rows in blocks:
        found = METRICS[metric].distances(seen[rows], sources)
        # Euclidean and cosine distances of equal rows are 0 but for rounding.
        copies = np.flatnonzero(same[rows] >= 0)
        found[copies] = np.where(same[rows[copies], None] == same[candidates], 0, found[copies])
        own = place[rows]
        found[own >= 0, own[own >= 0]] = np.inf
        nearest = nearest_of(found, k, draws[rows], seed)
        yield rows, candidates[nearest], np.take_along_axis(found, nearest, axis=1)


def nearest_of(found: Matrix, k: int, draws: Draws, seed: int) -> Rows:
    """Columns of the k smallest distances of each row; a tie for the last of them is drawn.

    Parameters
    ----------
    found : Matrix, shape (b, m)
    k : int
        At most m.
    draws : NDArray[np.uint64], shape (b,)
        Number of the draw of each row.
    seed : int

    Returns
    -------
    NDArray[np.int64], shape (b, k)
        In no order.
    """
    nearest = np.argpartition(found, k - 1, axis=1)[:, :k]
    last = np.take_along_axis(found, nearest[:, -1:], axis=1)
    low, high = last * (1 - ROUNDING), last * (1 + ROUNDING)
    for i in np.flatnonzero((found <= high).sum(axis=1) > k):
        nearer = np.flatnonzero(found[i] < low[i])
        tied = np.flatnonzero((found[i] >= low[i]) & (found[i] <= high[i]))
        rng = np.random.default_rng([seed, int(draws[i])])
        nearest[i, : len(nearer)] = nearer
        nearest[i, len(nearer) :] = rng.choice(tied, k - len(nearer), replace=False, shuffle=False)
    return nearest


def number_of_row(seen: Matrix) -> NDArray[np.int64]:
    """Numbers, shape (n,), that equal rows share, by 64 bits of a hash; of one like no other -1."""
    hashes = np.fromiter((hash(row.tobytes()) for row in seen), np.int64, len(seen))
    _, numbers, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return np.where(counts[numbers] > 1, numbers, -1)
