"""Table cnn: 128 features of mel images by a CNN trained on the training clips of each fold.

A table learnt from the labels of a fold's training clips serves that fold alone: in any other, some
of those clips are test clips.
"""

import copy
import logging
import sys
from functools import partial
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
from genregraph.features.parquet import read_images, write_table
from genregraph.folds.table import fold_keys, training_masks, unique_clips
from genregraph.models.cnn_network import FEATURES, Cnn, stopping_part

logger = logging.getLogger(__name__)

COLUMNS = [f"cnn_{i:03d}" for i in range(FEATURES)]
HISTORY = "epoch loss accuracy stopping_loss stopping_accuracy".split()
BATCH = 16  # clips
WEIGHT_DECAY = 0.01


class Settings(NamedTuple):
    """Limits of the training: epochs at most, and those to wait for a better one."""

    epochs: int
    patience: int
    learning_rate: float


class Fitted(NamedTuple):
    """A CNN trained on a fold, its scores in the order of ``genres``.

    The history has a row an epoch: ``loss`` (mean cross entropy, in nats) and ``accuracy`` while
    learning, with dropout; ``stopping_loss`` and ``stopping_accuracy`` after it; and ``kept``, true
    for the epoch of the smallest ``stopping_loss``, whose weights are kept.
    """

    embedding: NDArray[np.float32]
    history: pd.DataFrame
    genres: list[str]
    weights: dict[str, Tensor]


def fit(
    images: NDArray[np.uint8],
    clips: pd.DataFrame,
    train: NDArray[np.bool_],
    settings: Settings,
    seed: int,
    device: str = "cpu",
) -> Fitted:
    """Train on the training clips of a fold, and compute the features of all its clips.

    Test clips take no part in the training, in early stopping or in any normalisation. A group of
    clips stays on one side of early stopping if possible. A seed gives the same bits on the same
    kind of device.
    """
    of_training = clips[train]
    groups = of_training["group"].to_numpy(dtype=str)
    genres, labels = np.unique(of_training["genre"].to_numpy(dtype=str), return_inverse=True)
    chosen = stopping_part(labels, groups, seed)
    if np.isin(groups[chosen], groups[~chosen]).any():
        logger.warning("too few groups to keep them together in early stopping")
    rows, y = np.flatnonzero(train), torch.full((len(train),), -1)
    y[rows] = torch.from_numpy(labels)
    with reproducibly(seed):
        x, model = torch.from_numpy(images), Cnn(len(genres)).to(device)
        # Faster on a CPU.
        model = nn.utils.convert_conv2d_weight_memory_format(model, torch.channels_last)
        learnt, stopping = (torch.from_numpy(rows[part]) for part in (~chosen, chosen))
        history = _train(model, (x, y), learnt, stopping, settings, device)
        with torch.no_grad():
            parts = [model.embed(x[batch].to(device)) for batch in _batches(torch.arange(len(x)))]
            embedding = torch.cat(parts).cpu().numpy()
    return Fitted(embedding, history, genres.tolist(), dict(model.to("cpu").state_dict()))


def _batches(rows: Tensor) -> tuple[Tensor, ...]:
    """Rows in batches of nearly the same size: a small rest would upset batch normalisation."""
    return torch.tensor_split(rows, -(-len(rows) // BATCH))


Clips = tuple[Tensor, Tensor]


def _train(
    model: Cnn, clips: Clips, learnt: Tensor, stopping: Tensor, settings: Settings, device: str
) -> pd.DataFrame:
    """Train until the loss on ``stopping`` falls no more, and keep the best epoch's weights."""
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=WEIGHT_DECAY
    )
    history: list[tuple[float, ...]] = []
    best, lowest, weights = 0, np.inf, model.state_dict()
    for epoch in range(1, settings.epochs + 1):
        model.train()
        order = learnt[torch.randperm(len(learnt))]
        scores = _pass(model, clips, order, device, optimiser)
        model.eval()
        with torch.no_grad():
            loss, accuracy = _pass(model, clips, stopping, device)
        history.append((epoch, *scores, loss, accuracy))
        if best == 0 or loss < lowest:
            best, lowest, weights = epoch, loss, copy.deepcopy(model.state_dict())
        elif epoch - best >= settings.patience:
            break
    model.load_state_dict(weights)
    return pd.DataFrame(history, columns=HISTORY).assign(kept=lambda t: t["epoch"] == best)


def _pass(
    model: Cnn,
    clips: Clips,
    rows: Tensor,
    device: str,
    optimiser: torch.optim.Optimizer | None = None,
) -> tuple[float, float]:
    """Mean cross entropy and accuracy over some rows; learns from them if given an optimiser."""
    loss = right = 0.0
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
        raise UserError(
            f"{missing.size} clip(s) have no image, {str(missing[0])!r} first: the images are not "
            "of the folds' dataset and segment length. Remove both to have them made anew"
        )
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
    one = partial(fit, images_of(names, *read_images(images)), clips, settings=settings)

    def fit_fold(number: int) -> Fitted:
        fitted = one(masks[number], seed=fold_seed(seed, number), device=chosen)
        kept = fitted.history[fitted.history["kept"]].iloc[0].to_dict()
        logger.info("fold %d of %d: %s", number + 1, len(keys), kept)
        return fitted

    fitted = every_fold(fit_fold, len(keys), jobs, chosen)
    embeddings = [pd.DataFrame(fold.embedding, names, COLUMNS) for fold in fitted]
    stacked = pd.concat(embeddings, keys=keys, names=["repeat", "fold", "clip"])
    write_table(stacked.reset_index(), output)
    histories = pd.concat([fold.history for fold in fitted], keys=keys, names=["repeat", "fold"])
    histories.reset_index([0, 1]).to_csv(history, index=False)
    saved = {
        "settings": {**settings._asdict(), "seed": seed},
        "genres": [fold.genres for fold in fitted],
        # Names that are one object give the same bytes, whichever process they are from.
        "weights": [{sys.intern(key): w for key, w in fold.weights.items()} for fold in fitted],
    }
    # Given a path, torch.save would write the file's name into the file.
    with weights.open("wb") as file:
        torch.save(saved, file)
