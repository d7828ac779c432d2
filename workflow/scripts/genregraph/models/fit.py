"""Fit all models of an experiment to every fold of a protocol."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from genregraph.common.errors import UserError
from genregraph.common.every_fold import every_fold
from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment
from genregraph.config.registry import SPREADING
from genregraph.graph.store import load_graph
from genregraph.models import label_spreading, options
from genregraph.models.base import Fit, Fold
from genregraph.models.classifiers import CLASSIFIERS, COMBINED
from genregraph.models.messages import usable_backend
from genregraph.models.networks import GraphModel
from genregraph.models.predictions import Fitted, predictions, write
from genregraph.models.search import inner_splits
from genregraph.models.temperature import fitted_temperature
from genregraph.preprocessing.inputs import InputsFile

logger = logging.getLogger(__name__)


def fit_fold(fold: Fold, experiment: Experiment) -> Iterator[tuple[str, Fit]]:
    """Name and fit of all models of an experiment.

    First come networks, each after the one whose parameters it takes, then classifiers, then other
    models, each in the order of the experiment.
    """
    chosen: dict[str, Mapping[str, Any]] = {}
    for name, (kind, settings, like, _) in experiment.networks().items():
        own = settings.model_copy(update=chosen[like]) if like else settings
        network = GraphModel(kind, own)
        fit = _timed(network.fit_predict, fold._replace(search=fold.search and not like))
        chosen[name] = fit.parameters
        yield name, fit
    fits: dict[str, Fit] = {}
    for name in filter(CLASSIFIERS.__contains__, experiment.models):
        fits[name] = _timed(CLASSIFIERS[name].fit_predict, fold)
        yield name, fits[name]
    for name in experiment.models:
        if name in SPREADING:
            yield name, _timed(label_spreading.fit_predict, fold)
        elif name in COMBINED:
            yield name, COMBINED[name](fits)


def _timed(fit_predict: Callable[[Fold], Fit], fold: Fold) -> Fit:
    start = time.perf_counter()
    fit = fit_predict(fold)
    return fit._replace(seconds=time.perf_counter() - start)


def described(fit: Fit, fold: Fold, name: str, key: tuple[int, int]) -> Fitted:
    """A fit as it is written, with a temperature if the fold is to be calibrated."""
    temperature = np.nan
    if fold.calibrate and fit.held_out:
        temperature = fitted_temperature(*fit.held_out)
    logger.info(
        "repeat %d, fold %d, %s: %d epochs, %.3f s, %s, log loss inside %.3f, temperature %.3f",
        *(*key, name, fit.epochs, fit.seconds, dict(fit.parameters) or "nothing chosen"),
        *(fit.inner_log_loss, temperature),
    )
    return Fitted(key, fit, predictions(fold.inputs, fit.probabilities, key), temperature)


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
            f"models: {combined[0]} combines classifiers, and the experiment has none; add one "
            f"of {', '.join(CLASSIFIERS)} to models: in config/experiments.yaml"
        )
    where = usable_backend(backend, device, at_once)
    folds, networks = InputsFile(inputs), asked.networks()

    def fit_number(number: int) -> dict[str, Fitted]:
        data, own_seed = folds[number], fold_seed(seed, number)
        splits, calibrate = inner_splits(data, own_seed), asked.calibrate == "temperature"
        how = (neighbours == "train", asked.search, calibrate, where)
        fold = Fold(data, load_graph(graphs, number), own_seed, splits, *how)
        return {
            name: described(fit, fold, name, folds.keys[number])
            for name, fit in fit_fold(fold, asked)
        }

    fitted = every_fold(fit_number, len(folds), jobs, where.device)
    output.mkdir(exist_ok=True)
    for name in fitted[0]:
        settings = networks[name].settings.model_dump() if name in networks else {}
        write(output, name, [fold[name] for fold in fitted], settings)
