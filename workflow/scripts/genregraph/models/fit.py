"""Fit all models of an experiment to every fold of a protocol."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer

from genregraph.common.errors import UserError
from genregraph.common.every_fold import every_fold
from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment
from genregraph.config.registry import NAMED, SPREADING
from genregraph.graph.store import load_graph
from genregraph.models import label_spreading, options
from genregraph.models.base import Fit, Fold, Matrix, inner_splits
from genregraph.models.classifiers import CLASSIFIERS, COMBINED
from genregraph.models.messages import usable_backend
from genregraph.models.networks import GraphModel
from genregraph.models.temperature import fitted_temperature
from genregraph.preprocessing.inputs import Inputs, InputsFile

logger = logging.getLogger(__name__)

COLUMNS = "repeat fold epochs seconds inner_log_loss temperature parameters".split()
Key = tuple[int, int]  # Repeat and fold.


def fit_fold(fold: Fold, experiment: Experiment) -> Iterator[tuple[str, Fit]]:
    """Name and fit of all models of an experiment.

    First come networks, each after the one whose parameters it takes, then classifiers, then other
    models, each in the order of the experiment.
    """
    fits: dict[str, Fit] = {}
    for name, (kind, settings, like, _) in experiment.networks().items():
        own = settings.model_copy(update=fits[like].parameters) if like else settings
        network = GraphModel(kind, own)
        fits[name] = _timed(network.fit_predict, fold._replace(search=fold.search and not like))
        yield name, fits[name]
    classifiers = {name: CLASSIFIERS[name] for name in experiment.models if name in CLASSIFIERS}
    for name, classifier in classifiers.items():
        fits[name] = _timed(classifier.fit_predict, fold)
        yield name, fits[name]
    for name in experiment.models:
        if name in SPREADING:
            yield name, _timed(label_spreading.fit_predict, fold)
        elif name in COMBINED:
            yield name, COMBINED[name]({each: fits[each] for each in classifiers})


def _timed(fit_predict: Callable[[Fold], Fit], fold: Fold) -> Fit:
    start = time.perf_counter()
    fit = fit_predict(fold)
    return fit._replace(seconds=time.perf_counter() - start)


def predictions(inputs: Inputs, probabilities: Matrix, key: Key) -> pd.DataFrame:
    """``clip repeat fold part true predicted`` (part: train or test), and a probability a genre."""
    part, genres = np.where(inputs.train, "train", "test"), inputs.genres
    values = (inputs.clips, *key, part, genres[inputs.y], genres[probabilities.argmax(axis=1)])
    table = pd.DataFrame(dict(zip(NAMED, values, strict=True)))
    return table.join(pd.DataFrame(probabilities, columns=genres))


def write(
    folder: Path,
    model: str,
    tables: Sequence[pd.DataFrame],
    fits: Mapping[Key, Fit],
    settings: Mapping[str, Any],
) -> None:
    """Write predictions and fits of a model for all folds of a protocol, in order.

    ``<model>.parquet`` gets the predictions, ``<model>.csv`` a row a fold; of a network
    ``<model>.history.csv`` a row an epoch and ``<model>.pt`` settings (plain types) and weights,
    which ``torch.load(weights_only=True)`` reads.
    """
    table = pd.concat(tables, ignore_index=True)
    table.to_parquet(folder / f"{model}.parquet", index=False)
    rows = [
        (*key, f.epochs, f.seconds, f.inner_log_loss, f.temperature, json.dumps(dict(f.parameters)))
        for key, f in fits.items()
    ]
    of_folds = pd.DataFrame(rows, columns=COLUMNS).round({"seconds": 3})
    of_folds.to_csv(folder / f"{model}.csv", index=False)
    histories = {key: fit.history for key, fit in fits.items() if fit.history is not None}
    if histories:
        stacked = pd.concat(histories, names=["repeat", "fold", None]).reset_index([0, 1])
        stacked.to_csv(folder / f"{model}.history.csv", index=False)
        weights = [dict(fit.weights or {}) for fit in fits.values()]
        saved = {"settings": dict(settings), "weights": weights}
        torch.save(saved, folder / f"{model}.pt")


def main(
    inputs: options.InputsFile,
    graphs: options.Graphs,
    experiment: options.Experiment,
    neighbours: options.Neighbours,
    seed: options.Seed,
    backend: options.Backend,
    device: options.Device,
    output: Annotated[Path, typer.Option(help="Folder of results, to be written.")],
    jobs: options.Jobs = 1,
) -> None:
    """Fit all models of an experiment to every fold of a protocol."""
    asked = Experiment.model_validate_json(experiment)
    combined = [name for name in asked.models if name in COMBINED]
    if combined and not any(name in CLASSIFIERS for name in asked.models):
        said = f"models: {combined[0]} combines classifiers, and the experiment has none"
        raise UserError(f"{said}; add one of {', '.join(CLASSIFIERS)} to models:")
    where = usable_backend(backend, device)
    folds, networks = InputsFile(inputs), asked.networks()
    calibrate = asked.calibrate == "temperature"

    def fit_number(number: int) -> dict[str, tuple[pd.DataFrame, Fit]]:
        data, own_seed, key = folds[number], fold_seed(seed, number), folds.keys[number]
        how = (neighbours == "train", asked.search, calibrate, where)
        fold = Fold(data, load_graph(graphs, number), own_seed, inner_splits(data, own_seed), *how)
        fits = {}
        for name, fit in fit_fold(fold, asked):
            if calibrate and fit.held_out:
                fit = fit._replace(temperature=fitted_temperature(*fit.held_out))
            said = (*key, name, fit.epochs, fit.seconds, dict(fit.parameters) or "nothing chosen")
            logger.info("repeat %d, fold %d, %s: %d epochs, %.3f s, %s", *said)
            fits[name] = predictions(data, fit.probabilities, key), fit
        return fits

    fitted = every_fold(fit_number, len(folds), jobs, where.device)
    output.mkdir(exist_ok=True)
    for name in fitted[0]:
        tables, fits = zip(*(fold[name] for fold in fitted), strict=True)
        settings = networks[name].settings.model_dump() if name in networks else {}
        write(output, name, tables, dict(zip(folds.keys, fits, strict=True)), settings)
