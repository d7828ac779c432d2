"""The embedding of MSD_musicnn (`features.musicnn`): its channels, before they become tags."""

import numpy as np
from numpy.typing import NDArray

from genregraph.common.device import reproducibly
from genregraph.features.musicnn import Network, activations, load
from genregraph.features.table import Clips, Cut, Output, write_shard

CHANNELS = 753
COLUMNS = [f"musicnn_{pooled}_{i:03}" for pooled in ("max", "mean") for i in range(CHANNELS)]


def embedding(samples: NDArray[np.float32], network: Network) -> NDArray[np.float32]:
    """Embedding of a clip, of shape (1506,): a value for each of `COLUMNS`.

    Means over windows of each channel's maximum over a window's time, then of its mean. Samples
    are mono, at 22,050 Hz; if shorter than 3 s they are repeated.
    """
    _, maximum, mean = activations(samples, network)
    return np.concatenate([maximum.mean(axis=0), mean.mean(axis=0)])


def main(samples: Clips, cut: Cut, output: Output) -> None:
    """Compute the embeddings of a shard's clips."""
    network = load()
    with reproducibly(seed=0):
        write_shard(samples, cut, output, COLUMNS, lambda piece: embedding(piece, network))
