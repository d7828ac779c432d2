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

import copy
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
from genregraph.folds.split import split_groups
from genregraph.folds.table import fold_keys, training_masks, unique_clips

logger = logging.getLogger(__name__)

FEATURES = 128
COLUMNS = [f"cnn_{i:03d}" for i in range(FEATURES)]
CHANNELS = (1, 16, 32, 64, 64)
STRIDES = (4, 2, 2, 2)
DROPOUT = 0.3
BATCH = 16  # clips
WEIGHT_DECAY = 0.01
STOPPING_PARTS = 5  # One of them, a fifth of the training clips, is for early stopping.
HISTORY = "epoch loss accuracy stopping_loss stopping_accuracy".split()


class Settings(NamedTuple):
    """Limits of the training: epochs at most, and those to wait for a better one."""

    epochs: int
    patience: int
    learning_rate: float


class Learnt(NamedTuple):
    """What a CNN learnt from a fold, its scores in the order of ``genres``.

    The history has a row an epoch: ``loss`` (mean cross entropy, in nats) and ``accuracy`` while
    learning, with dropout; ``stopping_loss`` and ``stopping_accuracy`` after it; and ``kept``, true
    for the epoch of the smallest ``stopping_loss``, whose weights are kept.
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
        self.classifier = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(FEATURES, genres))

    def embed(self, images: Tensor) -> Tensor:
        """Features, shape (n, 128), 0 or more, of images in 0 to 255, shape (n, 256, 256)."""
        normal = self.bands(images.float() / 255)
        maps = self.convolutions(normal.unsqueeze(1))
        return self.features(torch.cat([maps.mean(dim=3), maps.amax(dim=3)], dim=1).flatten(1))

    def forward(self, images: Tensor) -> Tensor:
        """Scores, shape (n, genres)."""
        return self.classifier(self.embed(images))


def stopping_part(y: NDArray[np.int64], groups: NDArray[np.str_], seed: int) -> NDArray[np.bool_]:
    """Choose the training clips for early stopping: about a fifth, stratified by genre.

    Groups are split into five parts; chosen is the part that leaves every genre to learn from,
    holds the most genres, and is nearest a fifth. Where no part leaves every genre, because a genre
    has too few groups, clips are split instead.
    """
    genres = len(np.unique(y))
    if len(y) < STOPPING_PARTS or genres < 2:
        said = f"{len(y)} training clips of {genres} genre(s): the CNN needs {STOPPING_PARTS} clips"
        raise UserError(f"{said} and 2 genres at least; add clips, or leave the table cnn out")

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


def fit(
    images: NDArray[np.uint8],
    clips: pd.DataFrame,
    train: NDArray[np.bool_],
    settings: Settings,
    seed: int,
    device: str = "cpu",
) -> Learnt:
    """Train on the training clips of a fold, and compute the features of all its clips.

    Test clips take no part in the training, in early stopping or in any normalisation. A group of
    clips stays on one side of early stopping if possible. A seed gives the same bits on the same
    kind of device.
    """
    groups = clips["group"][train].to_numpy(dtype=str)
    genres, labels = np.unique(clips["genre"][train].to_numpy(dtype=str), return_inverse=True)
    chosen = stopping_part(labels, groups, seed)
    if np.isin(groups[chosen], groups[~chosen]).any():
        logger.warning("too few groups to keep them together in early stopping")
    rows, y = np.flatnonzero(train), torch.full((len(train),), -1)
    y[rows] = torch.from_numpy(labels)
    learnt, stopping = (torch.from_numpy(rows[part]) for part in (~chosen, chosen))
    with reproducibly(seed):
        x, model = torch.from_numpy(images), Cnn(len(genres)).to(device)
        # Faster on a CPU.
        model = nn.utils.convert_conv2d_weight_memory_format(model, torch.channels_last)
        history = _train(model, (x, y), learnt, stopping, settings)
        with torch.no_grad():
            parts = [model.embed(x[batch].to(device)) for batch in _batches(torch.arange(len(x)))]
    embedding = torch.cat(parts).cpu().numpy()
    return Learnt(embedding, history, genres.tolist(), dict(model.to("cpu").state_dict()))


def _batches(rows: Tensor) -> tuple[Tensor, ...]:
    """Rows in batches of nearly the same size: a small rest would upset batch normalisation."""
    return torch.tensor_split(rows, -(-len(rows) // BATCH))


def _train(
    model: Cnn, clips: tuple[Tensor, Tensor], learnt: Tensor, stopping: Tensor, settings: Settings
) -> pd.DataFrame:
    """Train until the loss on ``stopping`` falls no more, and keep the best epoch's weights."""
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=WEIGHT_DECAY
    )
    history: list[tuple[float, ...]] = []
    best, lowest, weights = 0, np.inf, model.state_dict()
    for epoch in range(1, settings.epochs + 1):
        model.train()
        scores = _pass(model, clips, learnt[torch.randperm(len(learnt))], optimiser)
        model.eval()
        with torch.no_grad():
            loss, accuracy = _pass(model, clips, stopping)
        history.append((epoch, *scores, loss, accuracy))
        if best == 0 or loss < lowest:
            best, lowest, weights = epoch, loss, copy.deepcopy(model.state_dict())
        elif epoch - best >= settings.patience:
            break
    model.load_state_dict(weights)
    return pd.DataFrame(history, columns=HISTORY).assign(kept=lambda t: t["epoch"] == best)


def _pass(
    model: Cnn,
    clips: tuple[Tensor, Tensor],
    rows: Tensor,
    optimiser: torch.optim.Optimizer | None = None,
) -> tuple[float, float]:
    """Mean cross entropy and accuracy over some rows; learns from them if given an optimiser."""
    loss = right = 0.0
    device = next(model.parameters()).device
    for batch in _batches(rows):
        x, y = (each[batch].to(device) for each in clips)
        scores = model(x)
        batch_loss = nn.functional.cross_entropy(scores, y)
        if optimiser:
            optimiser.zero_grad()
            batch_loss.backward()
            optimiser.step()
        loss += batch_loss.item() * len(batch)
        right += (scores.argmax(dim=1) == y).sum().item()
    return loss / len(rows), right / len(rows)


def images_of(
    clips: NDArray[np.str_], available: NDArray[np.str_], images: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Images of some clips, in their order; a `UserError` if a clip has none."""
    rows = pd.Index(available).get_indexer(pd.Index(clips))
    missing = clips[rows < 0]
    if missing.size:
        said = f"{missing.size} clip(s) of the folds have no image, {str(missing[0])!r} first"
        raise UserError(f"{said}; remove folds and images to have them made anew")
    return images[rows]


def main(
    images: Annotated[list[Path], typer.Argument(help="Images of all shards (Parquet).")],
    folds: Annotated[Path, typer.Option(help="Folds (Parquet).")],
    epochs: Annotated[int, typer.Option(help="Passes over the training clips, at most.")],
    patience: Annotated[int, typer.Option(help="Epochs to wait for a better one.")],
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
    settings = Settings(epochs, patience, learning_rate)
    keys, clips, masks = fold_keys(table), unique_clips(table), training_masks(table)
    names, chosen = clips["clip"].to_numpy(dtype=str), usable_device(device)
    own = images_of(names, *read_images(images))

    def fit_fold(number: int) -> Learnt:
        learnt = fit(own, clips, masks[number], settings, fold_seed(seed, number), chosen)
        kept = learnt.history[learnt.history["kept"]].iloc[0].to_dict()
        logger.info("fold %d of %d: %s", number + 1, len(keys), kept)
        return learnt

    learnt = every_fold(fit_fold, len(keys), jobs, chosen)
    embeddings = [pd.DataFrame(fold.embedding, names, COLUMNS) for fold in learnt]
    stacked = pd.concat(embeddings, keys=keys, names=["repeat", "fold", "clip"])
    write_table(stacked.reset_index(), output)
    histories = pd.concat([fold.history for fold in learnt], keys=keys, names=["repeat", "fold"])
    histories.reset_index([0, 1]).to_csv(history, index=False)
    saved = {
        "settings": {**settings._asdict(), "seed": seed},
        "genres": [fold.genres for fold in learnt],
        # Names that are one object give the same bytes, whichever process they are from.
        "weights": [{sys.intern(key): w for key, w in fold.weights.items()} for fold in learnt],
    }
    # Given a path, torch.save would write the file's name into the file.
    with weights.open("wb") as file:
        torch.save(saved, file)
