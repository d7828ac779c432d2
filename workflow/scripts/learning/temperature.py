"""Probabilities that are neither too sure nor too unsure: one temperature a model and fold.

A network that has learnt its training clips by heart is surer of test clips than it is right, a
forest is less sure. Temperature scaling [1]_ divides the logarithms of a model's probabilities by
one number, its temperature T, and normalises them again: above 1 all become more alike, below 1
less. Which genre is the most probable stays as it is, and so does every accuracy.

T is fitted to training clips alone. On clips that it has learnt from a model is surer than on new
ones; so each model is trained anew on two thirds of the training clips and predicts the third, in
turn, as in stacking [2]_. The thirds keep groups apart where the protocol's folds do. No test clip
is seen, not even by its features, and T is the same whichever clips are tested with it. It is that
of a model trained on fewer clips, and may be too high or too low for the model of the fold: also
such that probabilities become surer than they should be.

A clip whose genre the other two thirds lack, as of a genre of two groups, says nothing of how sure
a model should be: it could not be right. T is fitted without such clips. Where none is left, or the
log loss is least at a bound (all clips are right, or probabilities are worth nothing), there is no
T: a warning says so, the table has none, and the model's probabilities stay as they are.

All models are treated alike, since all give probabilities that are compared with each other.

References
----------
.. [1] C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks",
   ICML 2017.
.. [2] D. Wolpert, "Stacked Generalization", Neural Networks 5, 1992.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from folds.groups import groups_of
from graph.adjacency import adjacency, of_one_artist
from inputs.inputs import Inputs
from learning import baselines, best, graph_network, graphsage, options
from learning.every_fold import every_fold
from learning.messages import Backend, usable_backend
from learning.predictions import NAMED, by_fold

logger = logging.getLogger(__name__)

Matrix = NDArray[np.float64]
# Probabilities by name of model, shape (n, c), of inputs, groups and artists.
Trained = Callable[[Inputs, NDArray[np.str_], NDArray[np.str_]], Mapping[str, Matrix]]

COLDEST, HOTTEST = 0.05, 20.0
LEAST = float(np.finfo(np.float64).eps)  # Below, a probability has no logarithm to speak of.
COLUMNS = "model temperature clips log_loss log_loss_scaled".split()


# A temperature


def scaled(probabilities: Matrix, temperature: float) -> Matrix:
    """Probabilities at another temperature.

    Parameters
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
    temperature : float
        Positive; at 1 they stay as they are, but that none is below `LEAST`.

    Returns
    -------
    NDArray[np.float64], shape (n, c)
        Rows add up to 1; each depends on its own clip alone, and keeps its order.
    """
    return softmax(_logits(probabilities) / temperature, axis=1)


def _logits(probabilities: Matrix) -> Matrix:
    return np.log(np.maximum(probabilities, LEAST))


def log_loss(probabilities: Matrix, y: NDArray[np.int64], temperature: float = 1.0) -> float:
    """Mean of -log of the true genre's probability at a temperature, in nats; of no clips NaN."""
    if not len(y):
        return np.nan
    logs = log_softmax(_logits(probabilities) / temperature, axis=1)
    return float(-logs[np.arange(len(y)), y].mean())


def fitted_temperature(probabilities: Matrix, y: NDArray[np.int64]) -> float:
    """The temperature at which the log loss is least.

    Parameters
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
        Of clips that the model has not learnt from.
    y : NDArray[np.int64], shape (n,)
        Their genres, in ``[0, c)``.

    Returns
    -------
    float
        Between `COLDEST` and `HOTTEST`. The loss is convex in 1 / T, so that there is but one; NaN
        where there are no clips, probabilities are NaN, or none is between these bounds.
    """
    if not len(y) or np.isnan(probabilities).any():
        return np.nan
    found = minimize_scalar(
        lambda logarithm: log_loss(probabilities, y, np.exp(logarithm)),
        bounds=np.log([COLDEST, HOTTEST]),
        method="bounded",
        options={"xatol": 1e-6},
    )
    least = min(log_loss(probabilities, y, bound) for bound in (COLDEST, HOTTEST))
    return float(np.exp(found.x)) if found.fun < least else np.nan


# Clips that a model has not learnt from


def cross_fitted(
    inputs: Inputs,
    groups: NDArray[np.str_],
    artists: NDArray[np.str_],
    models: Sequence[Trained],
    seed: int,
) -> tuple[dict[str, Matrix], NDArray[np.int64]]:
    """Predict each training clip by models that have not learnt from it.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres. Test clips take no part, not even by their features. (The scaling of the
        inputs has seen what the protocol lets it see.)
    groups : NDArray[np.str_], shape (n,)
        Those held out whole.
    artists : NDArray[np.str_], shape (n,)
    models : sequence of Trained
    seed : int
        Of the inner folds.

    Returns
    -------
    probabilities : dict of str to NDArray[np.float64], shape (m, c)
        By name of model, of the m training clips whose genre stood among those learnt from.
    y : NDArray[np.int64], shape (m,)
        Their genres.
    """
    inner = best.training_clips(inputs)
    known = groups[inputs.train], artists[inputs.train]
    found: dict[str, Matrix] = {}
    learnt = np.zeros(len(inner.y), dtype=bool)
    for held_out in best.inner_folds(inner.y, known[0], seed):
        fold = replace(inner, train=~held_out)
        learnt |= held_out & np.isin(inner.y, inner.y[~held_out])
        for train in models:
            for name, probabilities in train(fold, *known).items():
                own = found.setdefault(name, np.empty_like(probabilities))
                own[held_out] = probabilities[held_out]
    return {name: own[learnt] for name, own in found.items()}, inner.y[learnt]


# The models of an experiment, each as its own step trains it


class Network(NamedTuple):
    """GraphSAGE of an experiment, the graph it is on, and what computes it."""

    metric: str
    k: int
    among: str
    settings: graphsage.Settings
    backend: Backend


def networks(network: Network, hearing: best.Hearing) -> Trained:
    """GraphSAGE and its twin, on a graph of the clips at hand."""

    def train(inputs: Inputs, _: object, artists: NDArray[np.str_]) -> dict[str, Matrix]:
        heard, near = inputs.train if hearing.one_by_one else None, (network.metric, network.k)
        graph = (
            of_one_artist(inputs.x, *near, artists, heard)
            if network.among == "artist"
            else adjacency(inputs.x, *near, heard, hearing.exact, hearing.seed)
        )
        settings = replace(network.settings, seed=hearing.seed)
        given = (inputs, graph, settings, network.backend, hearing.one_by_one)
        return {
            "graphsage": graphsage.fit(*given).probabilities,
            "edgeless": graphsage.train_edgeless(*given).probabilities,
        }

    return train


def classifiers(names: Sequence[str], seed: int, one_by_one: bool) -> Trained:
    """Baselines by name."""
    models = baselines.ONE_BY_ONE if one_by_one else baselines.MODELS

    def train(inputs: Inputs, *_: object) -> dict[str, Matrix]:
        return {name: models[name](inputs, seed).probabilities for name in names}

    return train


def chosen(hearing: best.Hearing, models: Mapping[str, Sequence[best.Candidate]]) -> Trained:
    """Models of `learning.best`, chosen anew inside what is left of the training clips.

    Their probabilities are NaN where that is of one group, inside which nothing can be chosen.
    """

    def train(
        inputs: Inputs, groups: NDArray[np.str_], artists: NDArray[np.str_]
    ) -> dict[str, Matrix]:
        if len(np.unique(groups[inputs.train])) < 2:
            return dict.fromkeys(models, np.full((len(inputs.y), len(inputs.genres)), np.nan))
        own = best.chosen_of(best.choose(inputs, groups, artists, hearing, models))
        found = best.all_probabilities(inputs, artists, list(own.values()), hearing)
        return {model: found[candidate.name] for model, candidate in own.items()}

    return train


def ensembles(hearing: best.Hearing) -> Trained:
    """The graph network and its twin."""
    designs = {
        "graph_network": graph_network.DESIGN,
        "graph_network_edgeless": graph_network.EDGELESS,
    }

    def train(inputs: Inputs, _: NDArray[np.str_], artists: NDArray[np.str_]) -> dict[str, Matrix]:
        return {
            name: graph_network.fit(inputs, artists, design, hearing).probabilities
            for name, design in designs.items()
        }

    return train


# The step


def described(found: Mapping[str, Matrix], y: NDArray[np.int64]) -> pd.DataFrame:
    """Temperatures of models, and the log loss of their probabilities before and after.

    Parameters
    ----------
    found, y
        As `cross_fitted` gives them.

    Returns
    -------
    pd.DataFrame
        ``model temperature clips log_loss log_loss_scaled``, a row a model; where there is no
        temperature it is NaN, and a warning says so.
    """
    rows = []
    for model, probabilities in found.items():
        temperature = fitted_temperature(probabilities, y)
        if np.isnan(temperature):
            why = f"of {len(y)} training clips held out, none from {COLDEST} to {HOTTEST} is best"
            if not len(y):
                why = "no genre of the clips held out is among those learnt from"
            elif np.isnan(probabilities).any():
                why = "clips that are not held out are of one group, inside which none is chosen"
            logger.warning("%s: its probabilities stay as they are: %s", model, why)
        before = log_loss(probabilities, y)
        after = before if np.isnan(temperature) else log_loss(probabilities, y, temperature)
        rows.append([model, temperature, len(y), before, after])
    return pd.DataFrame(rows, columns=COLUMNS)


def apply(predictions: pd.DataFrame, temperatures: Mapping[str, float]) -> pd.DataFrame:
    """Predictions of several models, each at its temperature.

    Parameters
    ----------
    predictions : pd.DataFrame
        As `learning.predictions.compared` stacks them.
    temperatures : mapping of str to float
        By name of model; at NaN its probabilities stay as they are.

    Returns
    -------
    pd.DataFrame
        The same rows and columns; what is predicted is as it was.
    """
    genres = predictions.columns.drop(["model", *NAMED])
    tables = []
    for model, temperature in temperatures.items():
        own = predictions[predictions["model"] == model].copy()
        if np.isfinite(temperature):
            own[genres] = scaled(own[genres].to_numpy(), temperature)
        tables.append(own)
    return pd.concat(tables, ignore_index=True)


def learn(
    inputs: Path,
    fold: int,
    predictions: Sequence[pd.DataFrame],
    dealt: pd.DataFrame,
    network: Network,
    hearing: best.Hearing,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit a temperature to each model of a fold inside its training clips, and apply it.

    Parameters
    ----------
    inputs, fold
        As `learning.every_fold` gives them.
    predictions : sequence of pd.DataFrame
        Of all folds, each as `learning.predictions.compared` stacks them.
    dealt : pd.DataFrame
        The folds: ``clip group artist``.
    network : Network
    hearing : best.Hearing
        Its seed is the configuration's.

    Returns
    -------
    temperatures, predictions : pd.DataFrame
        As `described` and `apply` give them.
    """
    data, stacked, own = Inputs.load(inputs), predictions[fold], hearing.of_fold(fold)
    asked = stacked["model"].unique().tolist()
    simple = [name for name in asked if name in baselines.MODELS]
    models = [networks(network, own)]
    models += [classifiers(simple, own.seed, own.one_by_one)] if simple else []
    chooses = {name: candidates for name, candidates in best.MODELS.items() if name in asked}
    models += [chosen(own, chooses)] if chooses else []
    models += [ensembles(own)] if "graph_network" in asked else []
    artists = groups_of(dealt, data.clips, "artist")
    groups = best.held_out_whole(dealt, data.clips, own.apart)
    found, y = cross_fitted(data, groups, artists, models, own.seed)
    table = described({model: found[model] for model in asked}, y)
    logger.info("fold %d\n%s", fold, table.to_string(index=False))
    by_model = dict(zip(asked, table["temperature"], strict=True))
    return table, apply(stacked, by_model)


def main(
    inputs: options.InputsFiles,
    folds: Annotated[Path, typer.Option(help="Folds, which know groups and artists (Parquet).")],
    predictions: Annotated[list[Path], typer.Option(help="GraphSAGE's; once a fold (Parquet).")],
    compared: Annotated[list[Path], typer.Option(help="Other models', of all folds (Parquet).")],
    apart: options.Apart,
    metric: Annotated[str, typer.Option(help="Distance of the graph.")],
    k: Annotated[int, typer.Option(help="Neighbours of a clip.")],
    among: Annotated[str, typer.Option(help="Whom neighbours are sought among: all, or artist.")],
    exact: options.Exact,
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
    backend: options.Backend,
    device: options.Device,
    at_once: options.AtOnce,
    temperatures: Annotated[Path, typer.Option(help="Temperature a model, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="Predictions at these, to be written (Parquet).")],
    jobs: options.Jobs = 1,
) -> None:
    """Fit a temperature to each model inside the training clips of each fold, and apply it."""
    others = [pd.read_parquet(path) for path in compared]
    stacked = [
        pd.concat(
            [
                pd.read_parquet(own).assign(model="graphsage"),
                *(table[table["fold"] == fold].drop(columns="fold") for table in others),
            ],
            ignore_index=True,
        )
        for fold, own in enumerate(predictions)
    ]
    settings = graphsage.Settings(
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
    by = usable_backend(backend, device, at_once)
    train = partial(
        learn,
        predictions=stacked,
        dealt=pd.read_parquet(folds, columns=["clip", "group", "artist"]),
        network=Network(metric, k, among, settings, by),
        hearing=best.Hearing(seed, neighbours == "train", apart, exact),
    )
    found = every_fold(train, inputs, jobs, by.device)
    by_fold([table for table, _ in found]).to_csv(temperatures, index=False)
    by_fold([scaled for _, scaled in found]).to_parquet(output, index=False)
