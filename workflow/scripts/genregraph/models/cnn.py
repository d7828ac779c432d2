"""Table cnn: 128 features of mel images by a CNN trained on the training clips of each fold.

It serves that fold alone: in any other, some of those clips are test clips.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "CNN": from an
   image of 256 x 256 to a vector of 1 x 128. The paper describes neither the layers between nor
   the training; both are this module's.
.. [2] S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
   Internal Covariate Shift", ICML 2015.
"""

import logging
import sys
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor, nn

from genregraph.common.device import reproducibly, usable_device
from genregraph.common.errors import UserError
from genregraph.common.every_fold import every_fold
from genregraph.common.seeds import fold_seed
from genregraph.features.parquet import SIZE, read_images, write_table
from genregraph.folds.table import fold_keys, training_masks, unique_clips

logger = logging.getLogger(__name__)

FEATURES = 128
COLUMNS = [f"cnn_{i:03d}" for i in range(FEATURES)]
CHANNELS = (1, 16, 32, 64, 64)
STRIDES = (4, 2, 2, 2)
BATCH = 16  # clips


class Learnt(NamedTuple):
    """What a CNN learnt from a fold, its scores in the order of ``genres``.

    The history has a row an epoch: ``loss`` (mean cross entropy, in nats) and ``accuracy`` while
    learning, with dropout.
    """

    embedding: NDArray[np.float32]
    history: pd.DataFrame
    genres: list[str]
    weights: dict[str, Tensor]


class Cnn(nn.Module):
    """Four convolutions, then 128 features, then a score a genre.

    Each mel band is normalised first, and each convolution is followed by batch normalisation [2]_
    and ReLU. Their mean and maximum over time, of 64 channels of 8 x 8, go on.
    """

    def __init__(self, genres: int) -> None:
        super().__init__()
        # Without a scale to learn, no gradient need flow back to the images.
        self.bands = nn.BatchNorm1d(SIZE, affine=False)
        self.convolutions = nn.Sequential()
        for (given, made), stride in zip(pairwise(CHANNELS), STRIDES, strict=True):
            size = 2 * stride - 1
            layer = nn.Conv2d(given, made, size, stride, padding=size // 2, bias=False)
            self.convolutions.append(nn.Sequential(layer, nn.BatchNorm2d(made), nn.ReLU()))
        bands_left = SIZE // prod(STRIDES)
        self.features = nn.Sequential(nn.Linear(2 * CHANNELS[-1] * bands_left, FEATURES), nn.ReLU())
        self.classifier = nn.Sequential(nn.Dropout(0.3), nn.Linear(FEATURES, genres))

    def embed(self, images: Tensor) -> Tensor:
        """Features, shape (n, 128), 0 or more, of images in 0 to 255, shape (n, 256, 256)."""
        normal = self.bands(images.float() / 255)
        maps = self.convolutions(normal.unsqueeze(1))
        return self.features(torch.cat([maps.mean(dim=3), maps.amax(dim=3)], dim=1).flatten(1))

    def forward(self, images: Tensor) -> Tensor:
        """Scores, shape (n, genres)."""
        return self.classifier(self.embed(images))


def fit(
    images: NDArray[np.uint8],
    genres: NDArray[np.str_],
    train: NDArray[np.bool_],
    epochs: int,
    learning_rate: float,
    seed: int,
    device: str = "cpu",
) -> Learnt:
    """Train on the training clips of a fold, and compute the features of all its clips.

    Images are of shape (n, 256, 256), genres and ``train`` of shape (n,). Test clips take part
    neither in the training nor in a normalisation. On a kind of device a seed gives the same bits.
    """
    known, labels = np.unique(genres[train], return_inverse=True)
    y = torch.full((len(train),), -1)
    y[train] = torch.from_numpy(labels)
    with reproducibly(seed):
        x, model = torch.from_numpy(images), Cnn(len(known)).to(device)
        # Faster on a CPU.
        model = nn.utils.convert_conv2d_weight_memory_format(model, torch.channels_last)
        optimiser = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=0.01)
        rows = torch.from_numpy(np.flatnonzero(train))
        history = [
            (epoch, *_learn(model, x, y, rows[torch.randperm(len(rows))], optimiser))
            for epoch in range(1, epochs + 1)
        ]
        model.eval()
        with torch.no_grad():
            parts = [model.embed(x[batch].to(device)) for batch in _batches(torch.arange(len(x)))]
    embedding = torch.cat(parts).cpu().numpy()
    weights, columns = dict(model.to("cpu").state_dict()), ["epoch", "loss", "accuracy"]
    return Learnt(embedding, pd.DataFrame(history, columns=columns), known.tolist(), weights)


def _batches(rows: Tensor) -> tuple[Tensor, ...]:
    """Rows in batches of nearly the same size: a small rest would upset batch normalisation."""
    return torch.tensor_split(rows, -(-len(rows) // BATCH))


def _learn(
    model: Cnn, x: Tensor, y: Tensor, rows: Tensor, optimiser: torch.optim.Optimizer
) -> tuple[float, float]:
    """Learn from some rows once; mean cross entropy and accuracy."""
    loss = right = 0.0
    device = next(model.parameters()).device
    for batch in _batches(rows):
        scores, true = model(x[batch].to(device)), y[batch].to(device)
        batch_loss = nn.functional.cross_entropy(scores, true)
        optimiser.zero_grad()
        batch_loss.backward()
        optimiser.step()
        loss += batch_loss.item() * len(batch)
        right += (scores.argmax(dim=1) == true).sum().item()
    return loss / len(rows), right / len(rows)


def images_of(
    clips: NDArray[np.str_], available: NDArray[np.str_], images: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Images of some clips, in their order; a `UserError` if a clip has none."""
    rows = pd.Index(available).get_indexer(pd.Index(clips))
    if (missing := clips[rows < 0]).size:
        said = f"{missing.size} clip(s) have no image, {str(missing[0])!r} first"
        raise UserError(f"{said}: images and folds are of two runs; remove both to make them anew")
    return images[rows]


def main(
    images: Annotated[list[Path], typer.Argument(help="Images of all shards (Parquet).")],
    folds: Annotated[Path, typer.Option(help="Folds (Parquet).")],
    epochs: Annotated[int, typer.Option(help="Passes over the training clips.")],
    learning_rate: Annotated[float, typer.Option(help="AdamW's.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")],
    output: Annotated[Path, typer.Option(help="Features of all folds, to be written (Parquet).")],
    weights: Annotated[Path, typer.Option(help="Models, to be written (PyTorch).")],
    history: Annotated[Path, typer.Option(help="Losses and accuracies, to be written (CSV).")],
    jobs: Annotated[int, typer.Option(min=1, help="Folds side by side.")] = 1,
) -> None:
    """Train the CNN on each fold, and write the features of all its clips."""
    table = pd.read_parquet(folds)
    keys, clips, masks = fold_keys(table), unique_clips(table), training_masks(table)
    names, genres = (clips[column].to_numpy(dtype=str) for column in ("clip", "genre"))
    chosen = usable_device(device)
    own = images_of(names, *read_images(images))

    def fit_fold(number: int) -> Learnt:
        how = (epochs, learning_rate, fold_seed(seed, number), chosen)
        learnt = fit(own, genres, masks[number], *how)
        logger.info("%s: %s", keys[number], learnt.history.iloc[-1].to_dict())
        return learnt

    learnt = every_fold(fit_fold, len(keys), jobs, chosen)
    embeddings = [pd.DataFrame(fold.embedding, names, COLUMNS) for fold in learnt]
    stacked = pd.concat(embeddings, keys=keys, names=["repeat", "fold", "clip"])
    write_table(stacked.reset_index(), output)
    histories = pd.concat([fold.history for fold in learnt], keys=keys, names=["repeat", "fold"])
    histories.reset_index([0, 1]).to_csv(history, index=False)
    saved = {
        "settings": {"epochs": epochs, "learning_rate": learning_rate, "seed": seed},
        "genres": [fold.genres for fold in learnt],
        # Names that are one object give the same bytes, whichever process they are from.
        "weights": [{sys.intern(key): w for key, w in fold.weights.items()} for fold in learnt],
    }
    # Given a path, torch.save would write the file's name into the file.
    with weights.open("wb") as file:
        torch.save(saved, file)
