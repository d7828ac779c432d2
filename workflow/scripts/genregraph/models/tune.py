"""Accuracy of GraphSAGE over a grid of hidden neurons and one of learning rates.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", the last experiment: 150
   hidden neurons and a learning rate of 0.001 were found best.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from scipy import sparse
from tqdm import tqdm

from genregraph.common.seeds import fold_seed
from genregraph.config.model import Experiment, Network
from genregraph.graph.store import load_graph
from genregraph.models import options
from genregraph.models.messages import Backend, usable_backend
from genregraph.models.networks import CPU, train
from genregraph.preprocessing.inputs import Inputs, InputsFile

logger = logging.getLogger(__name__)

COLUMNS = ["dataset", "experiment", "parameter", "value", "fold", "train_accuracy", "test_accuracy"]


def points(
    settings: Network, hidden: Sequence[int], learning_rates: Sequence[float]
) -> Iterator[tuple[str, float, Network]]:
    """Points of both curves: one setting varies, the other stays as it is."""
    for value in hidden:
        yield "hidden", value, settings.model_copy(update={"hidden": value})
    for rate in learning_rates:
        yield "learning_rate", rate, settings.model_copy(update={"learning_rate": rate})


def tune(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    settings: Network,
    hidden: Sequence[int],
    learning_rates: Sequence[float],
    backend: Backend = CPU,
    inductive: bool = False,
    seed: int = 0,
) -> pd.DataFrame:
    """Train once for every distinct point, all on the same graph.

    Parameters
    ----------
    inputs, adjacency, settings, backend, inductive, seed
        As `models.networks.train` takes them; ``settings`` has what does not vary.
    hidden : sequence of int
        Numbers of hidden neurons.
    learning_rates : sequence of float

    Returns
    -------
    pd.DataFrame
        ``parameter value train_accuracy test_accuracy``, a row a point; accuracies are fractions of
        1 after the last epoch.
    """
    wanted = list(points(settings, hidden, learning_rates))
    scores: dict[tuple[int, float], list[float]] = {}
    for _, _, point in tqdm(wanted, unit="point"):
        key = (point.hidden, point.learning_rate)
        if key not in scores:  # The two curves usually cross in a point.
            fit = train(inputs, adjacency, "graphsage", point, backend, inductive, seed)
            right = fit.probabilities.argmax(axis=1) == inputs.y
            scores[key] = [right[part].mean() for part in (inputs.train, ~inputs.train)]
    rows = [
        [parameter, value, *scores[point.hidden, point.learning_rate]]
        for parameter, value, point in wanted
    ]
    return pd.DataFrame(rows, columns=["parameter", "value", "train_accuracy", "test_accuracy"])


def describe(table: pd.DataFrame) -> str:
    """Mean accuracies of each point, a line each."""
    grouped = table.groupby(["parameter", "value"])[["train_accuracy", "test_accuracy"]].mean()
    return grouped.round(4).to_string()


def main(
    inputs: options.InputsFile,
    graphs: options.Graphs,
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    name: Annotated[str, typer.Option(help="Name of the experiment.")],
    experiment: options.Experiment,
    folds: Annotated[int, typer.Option(min=1, help="The first so many folds.")],
    try_hidden: Annotated[list[int], typer.Option(help="Hidden neurons to try.")],
    try_learning_rate: Annotated[list[float], typer.Option(help="Learning rate to try.")],
    neighbours: options.Neighbours,
    seed: options.Seed,
    backend: options.Backend,
    device: options.Device,
    at_once: options.AtOnce,
    output: Annotated[Path, typer.Option(help="Accuracies, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="Their means over folds, to be written.")],
) -> None:
    """Try hidden neurons and learning rates on the first folds of a protocol."""
    settings = Experiment.model_validate_json(experiment).graphsage
    where, data = usable_backend(backend, device, at_once), InputsFile(inputs)
    tables = []
    for fold in range(min(folds, len(data))):
        how = (where, neighbours == "train", fold_seed(seed, fold))
        given = (data[fold], load_graph(graphs, fold), settings, try_hidden, try_learning_rate)
        tables.append(tune(*given, *how).assign(fold=fold))
    table = pd.concat(tables, ignore_index=True).assign(dataset=dataset, experiment=name)[COLUMNS]
    table.to_csv(output, index=False)
    said = f"\ntuning of {name} on {dataset}\n{describe(table)}\ntable: {output}\n"
    text.write_text(said, encoding="utf-8")
    logger.info("%s", said)
