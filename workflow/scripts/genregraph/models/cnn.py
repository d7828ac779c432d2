"""A CNN that turns mel images into 128 features, trained on the training clips of each fold.

A table learnt from the labels of a fold's training clips serves that fold alone: in any other, some
of those clips are test clips.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "CNN": from an
   image of 256 x 256 to a vector of 1 x 128. The paper says nothing of the layers between, nor of
   the training; both are this module's.
.. [2] S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
   Internal Covariate Shift", ICML 2015.
.. [3] I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
"""

import copy
import logging
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
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

from genregraph.common.device import usable_device
from genregraph.common.errors import UserError
from genregraph.common.every_fold import every_fold
from genregraph.common.reproducible import reproducibly
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
STOPPING_PARTS = 5  # One of them, a fifth of the training clips, says when to stop.


@dataclass(frozen=True)
class Settings:
    """What shapes the training.

    Attributes
    ----------
    epochs : int
        Passes over the training clips, at most.
    patience : int
        Epochs without a smaller loss on the early-stopping part after which training ends.
    learning_rate : float
        AdamW's [3]_.
    seed : int
        Of the early-stopping part, the initial weights, the order of clips, and dropout.
    """

    epochs: int
    patience: int
    learning_rate: float
    seed: int


class Cnn(nn.Module):
    """Four convolutions of strides 4, 2, 2, 2, then 128 features, then a score a genre.

    Each mel band is normalised first, and each convolution is followed by batch normalisation [2]_
    and ReLU. They make 64 channels of 8 x 8; their mean and maximum over time go on.
    """

    def __init__(self, genres: int) -> None:
        super().__init__()
        # Without a scale to learn, no gradient need flow back to the images.
        self.bands = nn.BatchNorm1d(SIZE, affine=False)
        self.convolutions = nn.Sequential(
            *(
                _convolution(*channels, stride)
                for channels, stride in zip(pairwise(CHANNELS), STRIDES, strict=True)
            )
        )
        bands_left = SIZE // prod(STRIDES)
        self.features = nn.Sequential(nn.Linear(2 * CHANNELS[-1] * bands_left, FEATURES), nn.ReLU())
        self.classifier = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(FEATURES, genres))

    def embed(self, images: Tensor) -> Tensor:
        """Features, shape (n, 128), of images in 0 to 255, shape (n, 256, 256)."""
        normal = self.bands(images.float() / 255)
        maps = self.convolutions(normal.unsqueeze(1))
        return self.features(torch.cat([maps.mean(dim=3), maps.amax(dim=3)], dim=1).flatten(1))

    def forward(self, images: Tensor) -> Tensor:
        """Scores, shape (n, genres), of images in 0 to 255, shape (n, 256, 256)."""
        return self.classifier(self.embed(images))


def _convolution(channels: int, next_channels: int, stride: int) -> nn.Sequential:
    # The longer the stride, the further it looks.
    size = 2 * stride - 1
    return nn.Sequential(
        nn.Conv2d(channels, next_channels, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(next_channels),
        nn.ReLU(),
    )


def stopping_part(
    y: NDArray[np.int64], groups: NDArray[np.str_], seed: int
) -> tuple[NDArray[np.bool_], bool]:
    """Choose the training clips that say when to stop: about a fifth, stratified by genre.

    Whole groups are split into five parts, and that part is taken which leaves every genre to learn
    from, holds the most genres, and is nearest a fifth. Where no part leaves every genre, because
    too few groups make up a genre, clips are split instead.

    Parameters
    ----------
    y : NDArray[np.int64], shape (m,)
        Genre of each training clip.
    groups : NDArray[np.str_], shape (m,)
        Group of each training clip.
    seed : int

    Returns
    -------
    chosen : NDArray[np.bool_], shape (m,)
    whole : bool
        Whether groups are kept together.

    Raises
    ------
    UserError
        If there are fewer than five clips, or fewer than two genres.
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

    def best(units: NDArray[np.int64]) -> NDArray[np.bool_]:
        parts = split_groups(y, units, STOPPING_PARTS, np.random.default_rng(seed))
        return max((parts == part for part in range(STOPPING_PARTS)), key=merit)

    names, units = np.unique(groups, return_inverse=True)
    if len(names) >= STOPPING_PARTS:
        chosen = best(units)
        if merit(chosen)[0] == genres:
            return chosen, True
    return best(np.arange(len(y))), False


def embed(
    images: NDArray[np.uint8],
    y: NDArray[np.int64],
    train: NDArray[np.bool_],
    settings: Settings,
    device: str = "cpu",
    groups: NDArray[np.str_] | None = None,
) -> tuple[Cnn, pd.DataFrame, NDArray[np.float32]]:
    """Train on the training clips of a fold, and compute the features of all its clips.

    Test clips take no part in the training, in early stopping or in any normalisation.

    Parameters
    ----------
    images : NDArray[np.uint8], shape (n, 256, 256)
        As `features.images` draws them.
    y : NDArray[np.int64], shape (n,)
        Genre of each clip, from 0; those of test clips are not looked at.
    train : NDArray[np.bool_], shape (n,)
        True for training clips.
    settings : Settings
    device : str
        Where PyTorch computes. The same inputs give the same bits on the same kind of device.
    groups : NDArray[np.str_], shape (n,), optional
        Clips of one group, such as the segments of a song, are kept on one side of early stopping
        if that is possible. Without it, each clip is a group.

    Returns
    -------
    model : Cnn
        With the weights of the best epoch, on the CPU, in evaluation mode.
    history : pd.DataFrame
        Per epoch: ``loss`` (mean cross entropy, in nats) and ``accuracy`` while learning, with
        dropout; ``stopping_loss`` and ``stopping_accuracy`` on the early-stopping part after it;
        and ``kept``, true for the epoch of the smallest ``stopping_loss``, whose weights are kept.
    embedding : NDArray[np.float32], shape (n, 128)
        The last layer before the classifier; 0 or more.

    Raises
    ------
    UserError
        If there are too few training clips or genres.
    """
    each = np.arange(len(y)).astype(str) if groups is None else groups
    chosen, whole = stopping_part(y[train], each[train], settings.seed)
    if not whole:
        logger.warning(
            "too few groups to keep them together: clips that say when to stop may be of a group "
            "that is learnt from"
        )
    rows = np.flatnonzero(train)
    with reproducibly(settings.seed):
        x, genres = torch.from_numpy(images), torch.from_numpy(y)
        model = Cnn(int(y[train].max()) + 1).to(device)
        # Faster on a CPU.
        model = nn.utils.convert_conv2d_weight_memory_format(model, torch.channels_last)
        learnt, stopping = (torch.from_numpy(rows[part]) for part in (~chosen, chosen))
        history = _fit(model, x, genres, learnt, stopping, settings, device)
        with torch.no_grad():
            parts = [model.embed(x[batch].to(device)) for batch in _batches(torch.arange(len(x)))]
            embedding = torch.cat(parts).cpu().numpy()
    return model.to("cpu"), history, embedding


def _batches(rows: Tensor) -> tuple[Tensor, ...]:
    """Rows in batches of nearly the same size: a small rest would upset batch normalisation."""
    return torch.tensor_split(rows, -(-len(rows) // BATCH))


def _fit(
    model: Cnn,
    images: Tensor,
    genres: Tensor,
    learnt: Tensor,
    stopping: Tensor,
    settings: Settings,
    device: str,
) -> pd.DataFrame:
    """Train until the loss on ``stopping`` falls no more, and keep the best epoch's weights."""
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=WEIGHT_DECAY
    )
    history: list[dict[str, float]] = []
    best, weights = 0, copy.deepcopy(model.state_dict())
    for epoch in range(1, settings.epochs + 1):
        model.train()
        order = learnt[torch.randperm(len(learnt))]
        loss, accuracy = _pass(model, images, genres, order, device, optimiser)
        model.eval()
        with torch.no_grad():
            stopping_loss, stopping_accuracy = _pass(model, images, genres, stopping, device)
        history.append(
            {
                "epoch": epoch,
                "loss": loss,
                "accuracy": accuracy,
                "stopping_loss": stopping_loss,
                "stopping_accuracy": stopping_accuracy,
            }
        )
        if best == 0 or stopping_loss < history[best - 1]["stopping_loss"]:
            best, weights = epoch, copy.deepcopy(model.state_dict())
        elif epoch - best >= settings.patience:
            break
    model.load_state_dict(weights)
    return pd.DataFrame(history).assign(kept=lambda table: table["epoch"] == best)


def _pass(
    model: Cnn,
    images: Tensor,
    genres: Tensor,
    rows: Tensor,
    device: str,
    optimiser: torch.optim.Optimizer | None = None,
) -> tuple[float, float]:
    """Mean cross entropy and accuracy over some rows; learns from them if given an optimiser."""
    loss = right = 0.0
    for batch in _batches(rows):
        y = genres[batch].to(device)
        scores = model(images[batch].to(device))
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
    """Images of some clips, in their order.

    Parameters
    ----------
    clips : NDArray[np.str_], shape (n,)
    available : NDArray[np.str_], shape (m,)
    images : NDArray[np.uint8], shape (m, 256, 256)

    Returns
    -------
    NDArray[np.uint8], shape (n, 256, 256)

    Raises
    ------
    UserError
        If a clip has no image.
    """
    rows = pd.Index(available).get_indexer(pd.Index(clips))
    missing = clips[rows < 0]
    if missing.size:
        raise UserError(
            f"{missing.size} clip(s) have no image, {str(missing[0])!r} first: the images are not "
            "of the folds' dataset and cut. Remove both to have them made anew"
        )
    return images[rows]


class Fitted(NamedTuple):
    """What the CNN made of a fold.

    Attributes
    ----------
    embedding : NDArray[np.float32], shape (n, 128)
    history : pd.DataFrame
    genres : list of str
        Of the training clips, in the order of the CNN's scores.
    weights : dict of str to Tensor
    """

    embedding: NDArray[np.float32]
    history: pd.DataFrame
    genres: list[str]
    weights: dict[str, Tensor]


def fit_fold(
    number: int,
    images: NDArray[np.uint8],
    clips: pd.DataFrame,
    masks: NDArray[np.bool_],
    settings: Settings,
    device: str,
) -> Fitted:
    """Train on one fold, and compute the features of all its clips.

    Parameters
    ----------
    number : int
        Place of the fold.
    images : NDArray[np.uint8], shape (n, 256, 256)
    clips : pd.DataFrame, length n
        Columns ``genre`` and ``group``.
    masks : NDArray[np.bool_], shape (folds, n)
        True for training clips.
    settings : Settings
        With the configuration's seed.
    device : str
    """
    train = masks[number]
    genres, labels = np.unique(clips["genre"].to_numpy(dtype=str)[train], return_inverse=True)
    y = np.full(len(clips), -1, dtype=np.int64)  # Test clips have no label here.
    y[train] = labels
    start = time.perf_counter()
    of_fold = replace(settings, seed=fold_seed(settings.seed, number))
    groups = clips["group"].to_numpy(dtype=str)
    model, history, embedding = embed(images, y, train, of_fold, device, groups)
    seconds = (time.perf_counter() - start) / len(history)
    kept = history[history["kept"]].iloc[0].to_dict()
    logger.info("fold %d: %d epochs of %.2f s; kept: %s", number, len(history), seconds, kept)
    return Fitted(embedding, history, genres.tolist(), dict(model.state_dict()))


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
    table, settings = pd.read_parquet(folds), Settings(epochs, patience, learning_rate, seed)
    keys, clips, masks = fold_keys(table), unique_clips(table), training_masks(table)
    chosen = usable_device(device)
    logger.info("%s on %s: %d folds", settings, chosen, len(keys))
    names = clips["clip"].to_numpy(dtype=str)
    pixels = images_of(names, *read_images(images))
    one = partial(
        fit_fold, images=pixels, clips=clips, masks=masks, settings=settings, device=chosen
    )
    fitted = every_fold(one, len(keys), jobs, chosen)
    embeddings = [pd.DataFrame(fold.embedding, names, COLUMNS) for fold in fitted]
    of_folds = pd.concat(embeddings, keys=keys, names=["repeat", "fold", "clip"])
    write_table(of_folds.reset_index(), output)
    histories = pd.concat([fold.history for fold in fitted], keys=keys, names=["repeat", "fold"])
    histories.reset_index([0, 1]).to_csv(history, index=False)
    # Given a path, torch.save would write the file's name into the file.
    with weights.open("wb") as file:
        torch.save(
            {
                "settings": asdict(settings),
                "genres": [fold.genres for fold in fitted],
                # Names that are one object give the same bytes, whichever process they are from.
                "weights": [
                    {sys.intern(name): value for name, value in fold.weights.items()}
                    for fold in fitted
                ],
            },
            file,
        )
