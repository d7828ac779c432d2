"""Train the model that predicts new clips, once, on all clips that protocol clean takes.

It is the model with the lowest leak-free log loss of an experiment (`predict.choose`), with its
graph and inputs, fitted as in a fold of protocol ``inductive`` whose test part is empty: so what
that protocol says of its accuracy holds for new clips, which it has a few more clips to learn for.
"""

import logging
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy import sparse

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment
from genregraph.config.registry import NETWORKS
from genregraph.features.parquet import named_tables
from genregraph.folds.assign import taken
from genregraph.graph.adjacency import EXACT, adjacency
from genregraph.models.base import Fold, HeldOut
from genregraph.models.classifiers import CLASSIFIERS, COMBINED
from genregraph.models.messages import Backend, usable_backend
from genregraph.models.networks import CPU, GraphModel
from genregraph.models.search import inner_splits
from genregraph.models.temperature import fitted_temperature
from genregraph.predict.choose import Choice, best, candidates, evaluated
from genregraph.predict.predictor import Predictor, Preparation
from genregraph.preprocessing.fold import join
from genregraph.preprocessing.inputs import Inputs
from genregraph.preprocessing.prepare import check_dimensions, principal_components, scaling_of
from genregraph.selection.selection import select

logger = logging.getLogger(__name__)

FOLD = 0  # Whose seed it takes: there is no other.


def prepared(
    features: pd.DataFrame, how: str, reduce_to: int | None, seed: int
) -> tuple[Preparation, NDArray[np.float32]]:
    """Fit scaling and reduction to the training clips.

    Parameters
    ----------
    features : pd.DataFrame, shape (n, d)
    how : {"standard", "minmax", "none"}
    reduce_to : int, optional
        Principal components; without, all features are kept.
    seed : int

    Returns
    -------
    preparation : Preparation
    x : NDArray[np.float32], shape (n, d) or (n, reduce_to)
        What it makes of these clips.

    Raises
    ------
    UserError
        If there are fewer features or clips than components.
    """
    values = features.to_numpy(np.float64)
    centre, width, varies = scaling_of(values, how)
    matrix = np.divide(1, width, out=np.zeros_like(width), where=varies)
    shift = np.zeros_like(matrix)
    if reduce_to:
        check_dimensions(reduce_to, values.shape)
        scaled = (values - centre) * matrix
        found = principal_components(scaled, reduce_to, seed)
        mean, deviation, _ = scaling_of(found.transform(scaled), "standard")
        shift = -(found.components_ @ found.mean_ + mean) / deviation
        matrix = found.components_ * matrix / deviation[:, None]
    preparation = Preparation(features.columns.tolist(), centre, matrix, shift)
    return preparation, np.array([preparation(row) for row in values])


def own_distances(
    x: NDArray[np.float32],
    songs: NDArray[np.str_],
    metric: str,
    k: int,
    exact: int = EXACT,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Mean distance of each training clip to its k nearest ones that are of other songs.

    Parameters
    ----------
    x : NDArray[np.float32], shape (n, d)
    songs : NDArray[np.str_], shape (n,)
        Segments of a song are near each other, as no new clip is near them.
    metric, k, exact, seed
        As `graph.adjacency.adjacency` takes them.

    Returns
    -------
    NDArray[np.float64], shape (n,)
        NaN where there is no clip of another song.
    """
    most = int(np.unique(songs, return_counts=True)[1].max())
    graph = adjacency(x, metric, k + most - 1, exact=exact, seed=seed)
    found = np.full(len(x), np.nan)
    for i in range(len(x)):
        row = slice(*graph.indptr[i : i + 2])
        apart = graph.data[row][songs[graph.indices[row]] != songs[i]]
        if len(apart):
            found[i] = np.sort(apart)[:k].mean()
    return found


class Learnt(NamedTuple):
    """A model that was fitted to all clips: what `predict.predictor.Predictor` holds of it.

    Attributes
    ----------
    held_out : HeldOut or None
        Predictions of clips by the same model, fitted without them.
    """

    held_out: HeldOut | None
    kind: str
    settings: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]
    members: dict[str, dict[str, Any]]


def learn(
    model: str,
    inputs: Inputs,
    graph: sparse.csr_array,
    experiment: Experiment,
    seed: int,
    backend: Backend,
) -> Learnt:
    """Fit a model of an experiment to all clips, with the search of its own kind.

    Parameters
    ----------
    model : str
        As `predict.choose.candidates` names it.
    inputs : Inputs
        All clips are training clips.
    graph : scipy.sparse.csr_array, shape (n, n)
    experiment : Experiment
    seed : int
    backend : Backend
        Of a network.
    """
    splits = inner_splits(inputs, seed)
    fold = Fold(inputs, graph, seed, splits, True, experiment.search, True, backend)
    if model in (networks := experiment.networks()):
        kind, settings, *_ = networks[model]
        fit = GraphModel(kind, settings).fit_predict(fold)
        weights = {name: each.numpy() for name, each in (fit.weights or {}).items()}
        return Learnt(fit.held_out, kind, {**settings.model_dump(), **fit.parameters}, weights, {})
    names = [model] if model in CLASSIFIERS else [n for n in experiment.models if n in CLASSIFIERS]
    fits = {name: CLASSIFIERS[name].fit_predict(fold) for name in names}
    fit = COMBINED[model](fits) if model in COMBINED else fits[model]
    used = [str(fit.parameters["model"])] if model == "selected" else names
    return Learnt(fit.held_out, "", {}, {}, {name: dict(fits[name].parameters) for name in used})


def trained(
    features: pd.DataFrame,
    clips: pd.DataFrame,
    experiment: Experiment,
    choice: Choice,
    seed: int,
    backend: Backend = CPU,
    exact: int = EXACT,
) -> Predictor:
    """Train on all clips.

    Parameters
    ----------
    features : pd.DataFrame, shape (n, d)
        Indexed by clip.
    clips : pd.DataFrame, length n
        Columns ``clip source genre group artist``, in the order of the features.
    experiment : Experiment
        Its scaling, reduction, graph and models.
    choice : Choice
        The model.
    seed : int
    backend : Backend
    exact : int
        As `graph.adjacency.adjacency` takes it.

    Raises
    ------
    UserError
        If there are fewer than two clips, or two genres.
    """
    genres, y = np.unique(clips["genre"].to_numpy(dtype=str), return_inverse=True)
    if len(genres) < 2:
        raise UserError(
            f"{len(clips)} clips of {len(genres)} genre(s) are no choice: two are needed"
        )
    reduce_to = experiment.reduce.to if experiment.reduce else None
    preparation, x = prepared(features, experiment.scale, reduce_to, seed)
    metric, k = experiment.graph.metric, experiment.graph.k
    graph = adjacency(x, metric, k, exact=exact, seed=seed)
    inputs = Inputs(
        x=x,
        y=y.astype(np.int64),
        train=np.ones(len(x), dtype=bool),
        clips=clips["clip"].to_numpy(dtype=str),
        genres=genres,
        features=np.arange(x.shape[1]).astype(str),
        groups=clips["group"].to_numpy(dtype=str),
        artists=clips["artist"].to_numpy(dtype=str),
    )
    learnt = learn(choice.model, inputs, graph, experiment, seed, backend)
    temperature = fitted_temperature(*learnt.held_out) if learnt.held_out else np.nan
    if experiment.select or not np.isfinite(temperature):
        # Where features were selected by the genres of all clips, no clip was held out.
        logger.warning("no temperature can be fitted: probabilities stay as they are")
        temperature = 1.0
    shape = (len(x), graph.nnz // len(x))
    songs = clips["source"].to_numpy(dtype=str)
    usual = own_distances(x, songs, metric, shape[1], exact, seed)
    logger.info("%s, %d clips, %d inputs, temperature %.3f", choice, *x.shape, temperature)
    return Predictor(
        preparation=preparation,
        x=x,
        y=inputs.y,
        clips=inputs.clips.tolist(),
        songs=songs.tolist(),
        genres=genres.tolist(),
        neighbours=graph.indices.astype(np.int64).reshape(shape),
        distances=graph.data.reshape(shape),
        usual=usual[np.isfinite(usual)],
        metric=metric,
        choice=choice,
        temperature=temperature,
        seed=seed,
        kind=learnt.kind,
        settings=learnt.settings,
        weights=learnt.weights,
        members=learnt.members,
    )


def main(
    tables: Annotated[list[Path], typer.Argument(help="The experiment's feature tables.")],
    clips: Annotated[Path, typer.Option(help="Clips that it can use (Parquet).")],
    experiment: Annotated[str, typer.Option(help="The experiment (JSON).")],
    exact: Annotated[int, typer.Option(help="Clips up to which all distances are computed.")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    backend: Annotated[str, typer.Option(help="dgl, torch or auto.")],
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")],
    at_once: Annotated[int, typer.Option(help="Clips above which training is by batches.")],
    output: Annotated[Path, typer.Option(help="The predictor, to be written (safetensors).")],
    imported: Annotated[bool, typer.Option(help="A table is imported.")] = False,
    models: Annotated[
        Path | None, typer.Option(help="Folder models of a protocol without leaks.")
    ] = None,
) -> None:
    """Train the model that predicts new clips on all clips that protocol clean takes."""
    asked = Experiment.model_validate_json(experiment)
    learnt = taken(pd.read_parquet(clips), "clean")
    features = join(named_tables(tables), learnt["clip"].tolist(), asked.drop, imported)
    own, choice = fold_seed(seed, FOLD), Choice(NETWORKS[0])
    if models:
        scores = evaluated(models, candidates(asked))
        logger.info("protocol %s\n%s", models.parent.name, scores.to_string(index=False))
        choice = best(scores, models.parent.name)
    if asked.select:
        genres = learnt["genre"].to_numpy(dtype=str)
        chosen = select(features, genres, asked.select.n_features, own)
        features = features[chosen.loc[chosen["selected"], "feature"].tolist()]
    how = usable_backend(backend, device, at_once)
    trained(features, learnt, asked, choice, own, how, exact).save(output)
