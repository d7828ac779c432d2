"""Accuracy of GraphSAGE over a grid of hidden neurons and one of learning rates.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", the last experiment: 150
   hidden neurons and a learning rate of 0.001 were found best.
"""

import logging
from collections.abc import Sequence
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


def tune(
    fold: Fold, settings: Network, hidden: Sequence[int], learning_rates: Sequence[float]
) -> pd.DataFrame:
    """Accuracies (fractions of 1) after the last epoch, a row a point of both curves."""
    rows, scores = [], {}
    values = [("hidden", n) for n in hidden] + [("learning_rate", rate) for rate in learning_rates]
    for parameter, value in tqdm(values, unit="point"):
        point = settings.model_copy(update={parameter: value})
        key = (point.hidden, point.learning_rate)
        if key not in scores:  # The two curves usually cross in a point.
            scores[key] = GraphModel("graphsage", point).fit_predict(fold).accuracies(fold.inputs)
        rows.append([parameter, value, *scores[key]])
    return pd.DataFrame(rows, columns=["parameter", "value", *COLUMNS[-2:]])


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
    where, tables = usable_backend(backend, device), []
    for number, data in zip(range(folds), InputsFile(inputs), strict=False):
        graph, own_seed = load_graph(graphs, number), fold_seed(seed, number)
        fold = Fold(data, graph, own_seed, backend=where)
        tables.append(tune(fold, settings, try_hidden, try_learning_rate).assign(fold=number))
    of = {"dataset": output.parent.name, "experiment": inputs.parents[1].name}
    table = pd.concat(tables, ignore_index=True).assign(**of)[COLUMNS]
    table.to_csv(output, index=False)
    logger.info("\n%s", table.groupby(["parameter", "value"])[COLUMNS[-2:]].mean().round(4))
