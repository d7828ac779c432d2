"""Fit all models of an experiment to every fold of a protocol."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from scipy import sparse

from genregraph.common.errors import UserError
from genregraph.common.every_fold import every_fold
from genregraph.common.seeds import fold_seed
from genregraph.config.model import Experiment
from genregraph.config.registry import SPREADING
from genregraph.graph.store import load_graph
from genregraph.models import label_spreading, options
from genregraph.models.classifiers import CLASSIFIERS, COMBINED
from genregraph.models.messages import Backend, usable_backend
from genregraph.models.networks import fit_network
from genregraph.models.predictions import Fit, Fitted, predictions, write
from genregraph.models.search import inner_splits
from genregraph.models.temperature import fitted_temperature
from genregraph.preprocessing.inputs import Inputs, InputsFile

logger = logging.getLogger(__name__)


class Protocol(NamedTuple):
    """How the models of an experiment are fitted, the same in all folds.

    Attributes
    ----------
    experiment : Experiment
        Its models, their settings, and whether they are searched and calibrated.
    inductive : bool
        Whether no test clip is in the graph of another.
    backend : Backend
        What trains networks.
    """

    experiment: Experiment
    inductive: bool = False
    backend: Backend = Backend()


def fit_fold(
    inputs: Inputs, graph: sparse.csr_array, protocol: Protocol, seed: int
) -> Iterator[tuple[str, Fit]]:
    """Fit all models of an experiment to a fold.

    Parameters
    ----------
    inputs : Inputs
        n clips.
    graph : scipy.sparse.csr_array, shape (n, n)
    protocol : Protocol
    seed : int
        Of the fold: all models have the same inner splits.

    Yields
    ------
    str, Fit
        Name of a model, and its fit: networks, each after the one whose parameters it takes, then
        classifiers, then what is left, each in the order in which the experiment names them.
    """
    experiment, inductive, backend = protocol
    calibrate = experiment.calibrate == "temperature"
    splits = inner_splits(inputs, seed)
    chosen: dict[str, Mapping[str, Any]] = {}
    for name, (kind, settings, like, _) in experiment.networks().items():
        own = settings.model_copy(update=chosen[like]) if like else settings
        search = experiment.search and not like
        given = (inputs, graph, kind, own, backend, inductive, seed, search, calibrate, splits)
        fit = _timed(partial(fit_network, *given))
        chosen[name] = dict(fit.parameters)
        yield name, fit
    fits: dict[str, Fit] = {}
    for name in filter(CLASSIFIERS.__contains__, experiment.models):
        classify = CLASSIFIERS[name].fit_predict
        fits[name] = _timed(partial(classify, inputs, seed, splits, calibrate))
        yield name, fits[name]
    for name in experiment.models:
        if name in SPREADING:
            spread = partial(label_spreading.fit_predict, inputs, inductive, splits, calibrate)
            yield name, _timed(spread)
        elif name in COMBINED:
            yield name, COMBINED[name](fits)


def _timed(fit: Callable[[], Fit]) -> Fit:
    start = time.perf_counter()
    found = fit()
    return found._replace(seconds=time.perf_counter() - start)


def fit_and_describe(
    inputs: Path, graphs: Path, protocol: Protocol, seed: int, number: int
) -> dict[str, Fitted]:
    """Fit all models to a fold, and their temperatures where the experiment asks for them.

    Parameters
    ----------
    inputs, graphs : Path
        Of all folds, as `preprocessing.inputs` and `graph.store` write them.
    protocol : Protocol
    seed : int
        The configuration's.
    number : int
        Place of the fold among all of the protocol.
    """
    folds = InputsFile(inputs)
    fold, graph, key = folds[number], load_graph(graphs, number), folds.keys[number]
    fitted = {}
    for name, fit in fit_fold(fold, graph, protocol, fold_seed(seed, number)):
        temperature = np.nan
        if protocol.experiment.calibrate == "temperature" and fit.held_out:
            temperature = fitted_temperature(*fit.held_out)
        table = predictions(fold, fit.probabilities, key)
        fitted[name] = Fitted(key, fit, table, temperature)
        logger.info(
            "repeat %d, fold %d, %s: %d epochs, %.3f s, %s, log loss inside %.3f, temperature %.3f",
            *(*key, name, fit.epochs, fit.seconds, dict(fit.parameters) or "nothing chosen"),
            *(fit.inner_log_loss, temperature),
        )
    return fitted


def main(
    inputs: options.InputsFile,
    graphs: options.Graphs,
    experiment: options.Experiment,
    neighbours: options.Neighbours,
    seed: options.Seed,
    backend: options.Backend,
    device: options.Device,
    at_once: options.AtOnce,
    output: Annotated[
        Path, typer.Option(help="Folder of predictions, times and weights, to be written.")
    ],
    jobs: options.Jobs = 1,
) -> None:
    """Fit all models of an experiment to every fold of a protocol."""
    asked = Experiment.model_validate_json(experiment)
    combined = [name for name in asked.models if name in COMBINED]
    if combined and not any(name in CLASSIFIERS for name in asked.models):
        raise UserError(
            f"models: {combined[0]} is made of classifiers, and the experiment has none; add one "
            f"of {', '.join(CLASSIFIERS)} to models: in config/experiments.yaml"
        )
    how = Protocol(asked, neighbours == "train", usable_backend(backend, device, at_once))
    fit = partial(fit_and_describe, inputs, graphs, how, seed)
    folds = every_fold(fit, len(InputsFile(inputs)), jobs, how.backend.device)
    networks = asked.networks()
    output.mkdir(exist_ok=True)
    for name in folds[0]:
        settings = networks[name].settings.model_dump() if name in networks else {}
        write(output, name, [fold[name] for fold in folds], settings)
