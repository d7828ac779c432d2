"""Train the network that predicts new clips, once, on all clips that protocol clean takes.

It is the network, the graph and the inputs of an experiment, fitted as in a fold of protocol
``inductive`` whose test part is empty: so what that protocol says of its accuracy holds for new
clips, but for the clips more that it has learnt from.
"""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from features.parquet import named_tables
from folds.assign import taken
from graph.adjacency import EXACT, adjacency, neighbours_of_each
from inputs.fold import join
from inputs.inputs import Inputs
from inputs.prepare import check_dimensions, principal_components, scaling_of
from inputs.selection import select
from learning import options
from learning.graphsage import CPU, Settings, train
from learning.messages import Backend, usable_backend
from predict.predictor import Predictor, Preparation, Reduction
from settings.errors import UserError
from settings.seeds import fold_seed

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
    scaling, reduction = scaling_of(values, how), None
    if reduce_to:
        check_dimensions(reduce_to, values.shape)
        scaled = scaling(values)
        found = principal_components(scaled, reduce_to, seed)
        mean, components = found.mean_, found.components_
        reduction = Reduction(
            mean, components, scaling_of((scaled - mean) @ components.T, "standard")
        )
    preparation = Preparation(features.columns.tolist(), scaling, reduction)
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


def trained(
    features: pd.DataFrame,
    clips: pd.DataFrame,
    settings: Settings,
    metric: str,
    k: int,
    scaling: str = "standard",
    reduce_to: int | None = None,
    backend: Backend = CPU,
    exact: int = EXACT,
) -> Predictor:
    """Train on all clips.

    Parameters
    ----------
    features : pd.DataFrame, shape (n, d)
        Indexed by clip.
    clips : pd.DataFrame, length n
        Columns ``clip source genre``, in the order of the features.
    settings : Settings
        Of the network.
    metric, k
        As `graph.adjacency.adjacency` takes them.
    scaling, reduce_to
        As `prepared` takes them.
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
    preparation, x = prepared(features, scaling, reduce_to, settings.seed)
    graph = adjacency(x, metric, k, exact=exact, seed=settings.seed)
    inputs = Inputs(
        x=x,
        y=y.astype(np.int64),
        train=np.ones(len(x), dtype=bool),
        clips=clips["clip"].to_numpy(dtype=str),
        genres=genres,
        features=np.arange(x.shape[1]).astype(str),
    )
    model, history, _ = train(inputs, graph, settings, backend)
    logger.info("%d clips, %d inputs; last epoch: %s", *x.shape, history.iloc[-1].to_dict())
    shape = (len(x), neighbours_of_each(len(x), k))
    songs = clips["source"].to_numpy(dtype=str)
    usual = own_distances(x, songs, metric, shape[1], exact, settings.seed)
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
        settings=settings,
        weights={name: value.numpy() for name, value in model.state_dict().items()},
    )


def main(
    tables: Annotated[list[Path], typer.Argument(help="The experiment's feature tables.")],
    clips: Annotated[Path, typer.Option(help="Clips that it can use (Parquet).")],
    scaling: Annotated[str, typer.Option(help="standard, minmax or none.")],
    metric: Annotated[str, typer.Option(help="Of the graph.")],
    k: Annotated[int, typer.Option(help="Neighbours of a clip.")],
    exact: Annotated[int, typer.Option(help="Clips up to which all distances are computed.")],
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
    output: Annotated[Path, typer.Option(help="The predictor, to be written (safetensors).")],
    drop: Annotated[list[str] | None, typer.Option(help="Column to leave out.")] = None,
    n_features: Annotated[
        int | None, typer.Option(help="How many features ControlBurn chooses; by default all.")
    ] = None,
    to: Annotated[int | None, typer.Option(help="Principal components; by default none.")] = None,
) -> None:
    """Train the network that predicts new clips on all clips that protocol clean takes."""
    learnt = taken(pd.read_parquet(clips), "clean")
    features = join(named_tables(tables), learnt["clip"].tolist(), drop or [])
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
        seed=fold_seed(seed, FOLD),
    )
    if n_features:
        chosen = select(features, learnt["genre"].to_numpy(dtype=str), n_features, settings.seed)
        features = features[chosen.loc[chosen["selected"], "feature"].tolist()]
    how = usable_backend(backend, device, at_once)
    trained(features, learnt, settings, metric, k, scaling, to, how, exact).save(output)
