"""A CNN from mel images to 128 features, and a choice of clips for early stopping.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "CNN": from an
   image of 256 x 256 to a vector of 1 x 128. The paper describes neither the layers between nor
   the training; both are this module's and `models.cnn`'s.
.. [2] S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
   Internal Covariate Shift", ICML 2015.
"""

from itertools import pairwise
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genregraph.common.errors import UserError
from genregraph.features.parquet import SIZE
from genregraph.folds.split import split_groups

FEATURES = 128
CHANNELS = (1, 16, 32, 64, 64)
STRIDES = (4, 2, 2, 2)
DROPOUT = 0.3
STOPPING_PARTS = 5  # One of them, a fifth of the training clips, is for early stopping.


class Cnn(nn.Module):
    """Four convolutions of strides 4, 2, 2, 2, then 128 features, then a score a genre.

    Each mel band is normalised first, and each convolution is followed by batch normalisation [2]_
    and ReLU. Their mean and maximum over time, of 64 channels of 8 x 8, go on.
    """

    def __init__(self, genres: int) -> None:
        super().__init__()
        # Without a scale to learn, no gradient need flow back to the images.
        self.bands = nn.BatchNorm1d(SIZE, affine=False)
        shapes = zip(pairwise(CHANNELS), STRIDES, strict=True)
        self.convolutions = nn.Sequential(*(_convolution(*each, stride) for each, stride in shapes))
        bands_left = SIZE // prod(STRIDES)
        self.features = nn.Sequential(nn.Linear(2 * CHANNELS[-1] * bands_left, FEATURES), nn.ReLU())
        self.classifier = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(FEATURES, genres))

    def embed(self, images: Tensor) -> Tensor:
        """Features, shape (n, 128), 0 or more, of images in 0 to 255, shape (n, 256, 256)."""
        normal = self.bands(images.float() / 255)
        maps = self.convolutions(normal.unsqueeze(1))
        return self.features(torch.cat([maps.mean(dim=3), maps.amax(dim=3)], dim=1).flatten(1))

    def forward(self, images: Tensor) -> Tensor:
        """Scores, shape (n, genres)."""
        return self.classifier(self.embed(images))


def _convolution(channels: int, next_channels: int, stride: int) -> nn.Sequential:
    size = 2 * stride - 1
    return nn.Sequential(
        nn.Conv2d(channels, next_channels, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(next_channels),
        nn.ReLU(),
    )


def stopping_part(y: NDArray[np.int64], groups: NDArray[np.str_], seed: int) -> NDArray[np.bool_]:
    """Choose the training clips for early stopping: about a fifth, stratified by genre.

    Groups are split into five parts; chosen is the part that leaves every genre to learn from,
    holds the most genres, and is nearest a fifth. Where no part leaves every genre, because a genre
    has too few groups, clips are split instead.
    """
    genres = len(np.unique(y))
    if len(y) < STOPPING_PARTS or genres < 2:
        raise UserError(
            f"{len(y)} training clips of {genres} genre(s) cannot train the CNN: it needs "
            f"{STOPPING_PARTS} clips and 2 genres at least; add clips, or leave the table cnn out"
        )

    def merit(chosen: NDArray[np.bool_]) -> tuple[int, int, float]:
        learnt, held = len(np.unique(y[~chosen])), len(np.unique(y[chosen]))
        return learnt, held, -abs(chosen.mean() - 1 / STOPPING_PARTS)

    names, units = np.unique(groups, return_inverse=True)
    for each in [units, np.arange(len(y))][len(names) < STOPPING_PARTS :]:
        parts = split_groups(y, each, STOPPING_PARTS, np.random.default_rng(seed))
        chosen = max((parts == part for part in range(STOPPING_PARTS)), key=merit)
        if merit(chosen)[0] == genres:
            break
    return chosen
