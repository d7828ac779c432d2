"""The k-nearest-neighbour graph of a fold's clips, with distances as adjacency.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", sections "KNN" and
   "Adjacency Matrix", equations 1 and 2.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy import sparse

from genregraph.datasets.groups import names_artist
from genregraph.graph.metrics import METRICS, Mask, Matrix
from genregraph.graph.store import health, save_graphs
from genregraph.preprocessing.inputs import InputsFile

logger = logging.getLogger(__name__)

Rows = NDArray[np.int64]
Block = tuple[Rows, Rows, Matrix]  # Clips (b,), their neighbours and distances (b, k).

BLOCK_BYTES = 1 << 26  # Of a block of distances; while it is worked on, it takes a few times that.
TIE = 1e-6  # Relative; distances that differ by less are equal.


def adjacency(
    x: Matrix,
    metric: str,
    k: int,
    candidates: Mask | None = None,
    seed: int = 0,
    artists: NDArray[np.str_] | None = None,
) -> sparse.csr_array:
    """Each clip's k nearest other clips and their distances, of inputs of shape (n, d).

    Parameters
    ----------
    k : int
        At most all other candidates are taken.
    candidates : NDArray[np.bool_], shape (n,), optional
        Clips that may be neighbours; by default all (transductive). Where they are the training
        clips, no test clip sends a message to any other (inductive).
    artists : NDArray[np.str_], shape (n,), optional
        Neighbours are clips of the same artist alone, test clips too. Where folds keep artists
        apart they join no training clip with a test clip. A clip whose group is no artist's has
        no neighbours.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Row i holds the distances from clip i to its neighbours, zero distances stored explicitly.
        Among neighbours at the same distance each row has a random choice of its own, never one by
        the order of clips. Rows of candidates are computed from candidates alone, so that not even
        their rounding depends on the other clips.
    """
    search, everyone = _Search(x, metric, candidates, seed), np.arange(len(x))
    groups = [everyone]
    if artists is not None:
        names = filter(names_artist, np.unique(artists))
        groups = [np.flatnonzero(artists == name) for name in names]
    blocks: list[Block] = [(everyone[:0], np.empty((0, 1), np.int64), np.empty((0, 1)))]
    for group in groups:
        known = group[search.candidates[group]]
        if (most := min(k, len(known) - 1)) > 0:
            blocks += search.nearest([known, np.setdiff1d(group, known)], known, most)
    edges = [(np.repeat(rows, each.shape[1]), each.ravel(), d.ravel()) for rows, each, d in blocks]
    rows, columns, distances = map(np.concatenate, zip(*edges, strict=True))
    return sparse.csr_array((distances, (rows, columns)), shape=(len(x), len(x)))


def joined(
    known: Matrix, new: Matrix, metric: str, k: int, seed: int = 0
) -> tuple[Rows, NDArray[np.float64]]:
    """The k nearest known clips of each new clip: rows of `adjacency` with them as candidates.

    They are rows of ``known``, shape (n, d), in ascending order, and their distances, each of shape
    (m, min(k, n - 1)). They do not depend on the other new clips, to the last bit.
    """
    n, m = len(known), len(new)
    k = min(k, n - 1)
    search = _Search(np.concatenate([known, new]), metric, np.arange(n + m) < n, seed)
    one_by_one = list(np.arange(n, n + m)[:, None])
    columns, distances = np.empty((m, k), dtype=np.int64), np.empty((m, k))
    for rows, *nearest in search.nearest(one_by_one, np.arange(n), k):
        columns[rows - n], distances[rows - n] = nearest
    return columns, distances


class _Search:
    """A search for nearest clips through all candidates, ties broken at random.

    ``draws`` numbers the draw that breaks each clip's ties: of a candidate its place among
    candidates, of another clip a hash of its inputs, so that it depends on no other clip.
    """

    def __init__(self, x: Matrix, metric: str, candidates: Mask | None, seed: int) -> None:
        self.candidates = np.ones(len(x), dtype=bool) if candidates is None else candidates
        self.metric, self.seed = METRICS[metric], seed
        self.values = self.metric.transform(x, self.candidates)
        # Equal rows have equal numbers.
        hashes = (hash(row.tobytes()) for row in self.values)
        self.hashes = np.fromiter(hashes, np.int64, len(x))
        self.draws = np.empty(len(x), dtype=np.uint64)
        self.draws[self.candidates] = np.arange(self.candidates.sum())
        for i in np.flatnonzero(~self.candidates):
            digest = hashlib.blake2b(x[i].tobytes(), digest_size=8).digest()
            self.draws[i] = int.from_bytes(digest, "big") | 1 << 63

    def nearest(self, groups: Sequence[Rows], among: Rows, k: int) -> Iterator[Block]:
        """The k nearest of some clips to each clip, by ascending number; no block mixes groups."""
        sources = self.values if len(among) == len(self.values) else self.values[among]
        step = max(1, BLOCK_BYTES // (8 * len(among)))
        for rows in (group[i : i + step] for group in groups for i in range(0, len(group), step)):
            distances = self.metric.distances(self.values[rows], sources)
            # Euclidean and cosine distances of equal rows are 0 but for rounding.
            distances[self.hashes[rows, None] == self.hashes[among]] = 0
            distances[rows[:, None] == among] = np.inf
            columns = np.sort(self._smallest(distances, k, self.draws[rows]), axis=1)
            yield rows, among[columns], np.take_along_axis(distances, columns, axis=1)

    def _smallest(self, distances: Matrix, k: int, draws: NDArray[np.uint64]) -> Rows:
        """Columns of the k smallest distances of each row; a tie for the last of them is drawn."""
        columns = np.argpartition(distances, k - 1, axis=1)[:, :k]
        last = np.take_along_axis(distances, columns[:, -1:], axis=1)
        low, high = last * (1 - TIE), last * (1 + TIE)
        for i in np.flatnonzero((distances <= high).sum(axis=1) > k):
            nearer = np.flatnonzero(distances[i] < low[i])
            tied = np.flatnonzero((distances[i] >= low[i]) & (distances[i] <= high[i]))
            rng = np.random.default_rng([self.seed, int(draws[i])])
            drawn = rng.choice(tied, k - len(nearer), replace=False, shuffle=False)
            columns[i] = np.append(nearer, drawn)
        return columns


def main(
    inputs: Annotated[Path, typer.Option(help="Inputs of all folds (NPZ).")],
    neighbours: Annotated[Literal["all", "train"], typer.Option(help="Who may be a neighbour.")],
    among: Annotated[Literal["all", "artist"], typer.Option(help="Of all clips, or an artist's.")],
    metric: Annotated[str, typer.Option(help=", ".join(METRICS))],
    k: Annotated[int, typer.Option(help="Neighbours of a clip.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    output: Annotated[Path, typer.Option(help="Graphs of all folds, to be written (NPZ).")],
    table: Annotated[Path, typer.Option(help="Their health, to be written (CSV).")],
) -> None:
    """Build the graph of each fold; folds of the same inputs and candidates share one."""
    folds = InputsFile(inputs)
    rows: list[dict[str, float]] = []

    def graphs() -> Iterator[sparse.csr_array]:
        for number, (repeat, fold) in enumerate(folds.keys):
            if neighbours == "train" or folds.which[number] == number:
                data = folds[number]
                candidates = data.train if neighbours == "train" else None
                artists = data.artists if among == "artist" else None
                graph = adjacency(data.x, metric, k, candidates, seed, artists)
                figures = health(graph, data.y, k)
                if artists is None and figures["k"] < k:
                    logger.warning("k = %d is too large; it is capped to %d", k, figures["k"])
            rows.append({"repeat": repeat, "fold": fold, **figures})
            yield graph

    save_graphs(output, graphs())
    of_all = pd.DataFrame(rows)
    of_all.to_csv(table, index=False)
    if of_all["degenerate"].any():
        zero = 100 * of_all["zero_distance_share"].mean()
        logger.warning("%.0f %% of all distances are zero: the metric is degenerate", zero)
