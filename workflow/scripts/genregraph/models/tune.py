"""Accuracy (of 1) of GraphSAGE after its last epoch, by hidden neurons and by learning rate.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", the last experiment: 150
   hidden neurons and a learning rate of 0.001 were found best.
"""

import logging
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from tqdm import tqdm

from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment, Network
from genregraph.graph.store import load_graph
from genregraph.models import options
from genregraph.models.base import Fold
from genregraph.models.messages import usable_backend
from genregraph.models.networks import GraphModel
from genregraph.preprocessing.inputs import InputsFile

logger = logging.getLogger(__name__)

COLUMNS = "dataset experiment parameter value fold train_accuracy test_accuracy".split()


def main(
    inputs: options.InputsFile,
    graphs: options.Graphs,
    experiment: options.Experiment,
    folds: Annotated[int, typer.Option(min=1, help="Number of folds, from the first.")],
    try_hidden: Annotated[list[int], typer.Option(help="Hidden neurons to try.")],
    try_learning_rate: Annotated[list[float], typer.Option(help="Learning rate to try.")],
    seed: options.Seed,
    backend: options.Backend,
    device: options.Device,
    output: Annotated[Path, typer.Option(help="Accuracies, to be written (CSV).")],
) -> None:
    """Try hidden neurons and learning rates on the first folds of a protocol."""
    settings = Experiment.model_validate_json(experiment).graphsage
    where, rows = usable_backend(backend, device), []
    of = (output.parent.name, inputs.parents[1].name)
    points = [("hidden", n) for n in try_hidden] + [("learning_rate", r) for r in try_learning_rate]
    for number, data in zip(range(folds), InputsFile(inputs), strict=False):
        fold = Fold(data, load_graph(graphs, number), fold_seed(seed, number), backend=where)
        scores: dict[Network, tuple[float, float]] = {}
        for parameter, value in tqdm(points, unit="point"):
            point = settings.model_copy(update={parameter: value})
            if point not in scores:  # The two curves usually cross in a point.
                scores[point] = GraphModel("graphsage", point).fit_predict(fold).accuracies(data)
            rows.append((*of, parameter, value, number, *scores[point]))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.to_csv(output, index=False)
    logger.info("\n%s", table.groupby(["parameter", "value"])[COLUMNS[-2:]].mean().round(4))
