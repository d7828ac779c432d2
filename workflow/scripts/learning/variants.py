"""What each choice of the network is worth: others on the same fold, which differ in few settings.

All begin from the same initial weights, where they have the same shape, and see the same inputs and
graph, so that what tells their accuracies apart is the choice.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from scipy import sparse

from inputs.inputs import Inputs
from learning import options
from learning.graphsage import CPU, Settings, fit
from learning.messages import Backend, usable_backend
from learning.predictions import Fit, write_compared
from settings.errors import UserError
from settings.seeds import fold_seed

logger = logging.getLogger(__name__)


def named(settings: Settings, variant: str) -> tuple[str, Settings]:
    """Name and settings of a variant.

    Parameters
    ----------
    settings : Settings
        Of the network that it is a variant of.
    variant : str
        ``NAME=JSON``, the JSON an object of the settings in which it differs.

    Raises
    ------
    UserError
        If it is not of that form, or names a setting that there is not.

    Examples
    --------
    ``equal={"weights": "equal"}``
    """
    name, _, differing = variant.partition("=")
    try:
        return name, replace(settings, **json.loads(differing))
    except (TypeError, ValueError) as error:
        raise UserError(
            f"variant {variant}: {error}; it must be NAME=JSON, the JSON an object of settings of "
            "the network"
        ) from None


def variants(
    inputs: Inputs,
    adjacency: sparse.csr_array,
    networks: Mapping[str, Settings],
    backend: Backend = CPU,
    one_by_one: bool = False,
) -> dict[str, Fit]:
    """Train networks on one fold.

    Parameters
    ----------
    inputs, adjacency, backend, one_by_one
        As `learning.graphsage.train` takes them.
    networks : mapping of str to Settings
        By name.

    Returns
    -------
    dict of str to Fit
        By name, in the same order.
    """
    fits = {}
    for name, settings in networks.items():
        logger.info("%s: %s", name, settings)
        fits[name] = fit(inputs, adjacency, settings, backend, one_by_one)
    return fits


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
    variant: Annotated[
        list[str], typer.Option(help="NAME=JSON of settings that differ; may be repeated.")
    ],
    seed: options.Seed,
    fold: options.Fold,
    backend: options.Backend,
    device: options.Device,
    at_once: options.AtOnce,
    times: Annotated[Path, typer.Option(help="Epochs and seconds a variant, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="All predictions, to be written (Parquet).")],
) -> None:
    """Train variants of the network on one fold."""
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
    networks = dict(named(settings, each) for each in variant)
    data, adjacency = Inputs.load(inputs), sparse.load_npz(graph)
    fits = variants(
        data, adjacency, networks, usable_backend(backend, device, at_once), neighbours == "train"
    )
    write_compared(data, fits, output, times)
