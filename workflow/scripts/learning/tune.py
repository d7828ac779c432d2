"""Accuracy of GraphSAGE on one fold over a grid of hidden neurons and of learning rates.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", the last experiment: 150
   hidden neurons and a learning rate of 0.001 were found best.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from scipy import sparse
from tqdm import tqdm

from inputs.inputs import Inputs
from learning import options
from learning.graphsage import CPU, Settings, train
from learning.messages import Backend, usable_backend
from learning.predictions import predictions
from learning.scores import score
from settings.seeds import fold_seed

logger = logging.getLogger(__name__)

COLUMNS = ["parameter", "value", "train_accuracy", "test_accuracy"]


def points(
    settings: Settings, hidden: Sequence[int], learning_rates: Sequence[float]
) -> Iterator[tuple[str, float, Settings]]:
    """Points of both curves: one setting varies, the other stays as it is."""
    for value in hidden:
        yield "hidden", value, replace(settings, hidden=value)
    for rate in learning_rates:
        yield "learning_rate", rate, replace(settings, learning_rate=rate)


def tune(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    settings: Settings,
    hidden: Sequence[int],
    learning_rates: Sequence[float],
    backend: Backend = CPU,
    one_by_one: bool = False,
) -> pd.DataFrame:
    """Train once for every distinct point, all on the same graph.

    Parameters
    ----------
    inputs, adjacency, settings, backend, one_by_one
        As `learning.graphsage.train` takes them; ``settings`` holds what does not vary.
    hidden : sequence of int
        Numbers of hidden neurons.
    learning_rates : sequence of float

    Returns
    -------
    pd.DataFrame
        A row a point, with `COLUMNS`; accuracies are fractions of 1 after the last epoch.
    """
    wanted = list(points(settings, hidden, learning_rates))
    scores = {}
    # The two curves usually cross in a point.
    for point in tqdm(dict.fromkeys(point for _, _, point in wanted), unit="point"):
        _, _, probabilities = train(inputs, adjacency, point, backend, one_by_one)
        scores[point] = score(predictions(inputs, probabilities))
    rows = [
        [parameter, value, scores[point]["train_accuracy"], scores[point]["test_accuracy"]]
        for parameter, value, point in wanted
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def main(
    inputs: options.InputsFile,
    graph: options.GraphFile,
    neighbours: options.Neighbours,
    layers: options.Layers,
    hidden: options.Hidden,
    learning_rate: options.LearningRate,
    epochs: options.Epochs,
    messages: options.Messages,
    weights: options.Weights,
    aggregator: options.Aggregator,
    normalise: options.Normalise,
    adjacency_as_features: options.AdjacencyAsFeatures,
    seed: options.Seed,
    fold: options.Fold,
    backend: options.Backend,
    device: options.Device,
    at_once: options.AtOnce,
    output: Annotated[Path, typer.Option(help="Accuracies, to be written (CSV).")],
    try_hidden: Annotated[list[int], typer.Option(help="Hidden neurons to try.")],
    try_learning_rate: Annotated[list[float], typer.Option(help="Learning rate to try.")],
) -> None:
    """Try hidden neurons and learning rates on one fold."""
    settings = Settings(
        layers=layers,
        hidden=hidden,
        learning_rate=learning_rate,
        epochs=epochs,
        messages=messages,
        weights=weights,
        aggregator=aggregator,
        normalise=normalise,
        adjacency_as_features=adjacency_as_features,
        seed=fold_seed(seed, fold),
    )
    data, adjacency = Inputs.load(inputs), sparse.load_npz(graph)
    how = (usable_backend(backend, device, at_once), neighbours == "train")
    table = tune(data, adjacency, settings, try_hidden, try_learning_rate, *how)
    table.to_csv(output, index=False)
    logger.info("\n%s", table.to_string(index=False))
