"""What each choice of the network is worth: others on the same fold, which differ in few settings.

All begin from the same initial weights, where they have the same shape, and see the same inputs and
graph, so that what tells their accuracies apart is the choice.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from scipy import sparse

from inputs.inputs import Inputs
from learning import options
from learning.every_fold import every_fold
from learning.graphsage import CPU, Settings, fit
from learning.messages import Backend, usable_backend
from learning.predictions import Compared, Fit, compared, write_compared
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


def learn(
    inputs: Path,
    fold: int,
    graphs: Sequence[Path],
    networks: Mapping[str, Settings],
    backend: Backend,
    one_by_one: bool,
) -> Compared:
    """Train networks on one fold.

    Parameters
    ----------
    inputs, fold
        As `learning.every_fold` gives them.
    graphs : sequence of Path
        Of all folds.
    networks : mapping of str to Settings
        By name; each seed is the configuration's.
    backend, one_by_one
        As `learning.graphsage.train` takes them.
    """
    own = {name: replace(each, seed=fold_seed(each.seed, fold)) for name, each in networks.items()}
    data, adjacency = Inputs.load(inputs), sparse.load_npz(graphs[fold])
    return compared(data, variants(data, adjacency, own, backend, one_by_one))


def main(
    inputs: options.InputsFiles,
    graph: options.GraphFiles,
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
    backend: options.Backend,
    device: options.Device,
    at_once: options.AtOnce,
    times: Annotated[Path, typer.Option(help="Epochs and seconds a variant, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="All predictions, to be written (Parquet).")],
    jobs: options.Jobs = 1,
) -> None:
    """Train variants of the network on every fold of a protocol."""
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
        seed=seed,
    )
    networks = dict(named(settings, each) for each in variant)
    by = usable_backend(backend, device, at_once)
    one_by_one = neighbours == "train"
    one = partial(learn, graphs=graph, networks=networks, backend=by, one_by_one=one_by_one)
    write_compared(every_fold(one, inputs, jobs, by.device), output, times)
