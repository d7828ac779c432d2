"""Train the model that predicts new clips, once, on all clips that protocol clean takes.

It is the model of an experiment with the lowest log loss on the test clips of the strictest
protocol: by accuracy, models that differ greatly in confidence are often equal. It is fitted as in
a fold of protocol ``inductive`` whose test part is empty, so that its accuracy there holds for new
clips. (Its log loss is a little too low: the same clips choose and evaluate it.)
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment
from genregraph.config.registry import NAMED, NETWORKS, ablation_name
from genregraph.features.parquet import named_tables
from genregraph.folds.assign import taken
from genregraph.graph.adjacency import adjacency
from genregraph.models.base import Fold, HeldOut, inner_splits
from genregraph.models.classifiers import CLASSIFIERS, COMBINED
from genregraph.models.messages import Backend, usable_backend
from genregraph.models.networks import CPU, GraphModel
from genregraph.models.temperature import fitted_temperature, log_loss
from genregraph.predict.predictor import Choice, Predictor, Preparation
from genregraph.preprocessing.fold import join
from genregraph.preprocessing.inputs import Inputs
from genregraph.preprocessing.prepare import check_dimensions, scaling_of
from genregraph.selection.selection import select

logger = logging.getLogger(__name__)

Inputs32 = NDArray[np.float32]


def evaluated(folder: Path, models: Sequence[str]) -> pd.DataFrame:
    """Accuracy and log loss of models on the test clips of a protocol; each test counts once.

    The folder is what `models.fit` wrote for the protocol: ``<model>.parquet`` and ``<model>.csv``.
    Probabilities of a fold are taken at its temperature, if it has one. Rows are `Choice`.
    """
    rows = []
    for model in models:
        table = pd.read_parquet(folder / f"{model}.parquet", filters=[("part", "==", "test")])
        genres = table.columns.drop(NAMED)
        folds = pd.read_csv(folder / f"{model}.csv", index_col=["repeat", "fold"])
        losses, temperatures = 0.0, folds["temperature"].fillna(1.0).to_dict()
        for key, own in table.groupby(["repeat", "fold"]):
            y = pd.Categorical(own["true"], genres).codes.astype(np.int64)
            losses += len(own) * log_loss(own[genres].to_numpy(np.float64), y, temperatures[key])
        right = float((table["true"] == table["predicted"]).mean())
        rows.append(Choice(model, folder.parent.name, right, float(losses / len(table))))
    return pd.DataFrame(rows)


def prepared(features: pd.DataFrame, how: Experiment, seed: int) -> tuple[Preparation, Inputs32]:
    """Scaling and principal components of clips, as an experiment has them, and their inputs."""
    values = features.to_numpy(np.float64)
    centre, width, varies = scaling_of(values, how.scale)
    matrix = np.divide(1, width, out=np.zeros_like(width), where=varies)
    shift = np.zeros_like(matrix)
    if how.reduce:
        check_dimensions(how.reduce.to, values.shape)
        scaled = (values - centre) * matrix
        pca = PCA(how.reduce.to, random_state=seed).fit(scaled)
        mean, deviation, _ = scaling_of(pca.transform(scaled), "standard")
        shift = -(pca.components_ @ pca.mean_ + mean) / deviation
        matrix = pca.components_ * matrix / deviation[:, None]
    preparation = Preparation(features.columns.tolist(), centre, matrix, shift)
    return preparation, preparation(values)


def own_distances(
    x: Inputs32, songs: NDArray[np.str_], metric: str, k: int, seed: int = 0
) -> NDArray[np.float64]:
    """Mean distance of each training clip to its k nearest ones that are of other songs.

    Segments of a song are nearer to each other than any new clip is to them. A clip without a
    neighbour of another song is left out.
    """
    most = int(np.unique(songs, return_counts=True)[1].max())
    graph = adjacency(x, metric, k + most - 1, seed=seed)
    means = []
    for i in range(len(x)):
        row = slice(*graph.indptr[i : i + 2])
        apart = graph.data[row][songs[graph.indices[row]] != songs[i]]
        if len(apart):
            means.append(np.sort(apart)[:k].mean())
    return np.array(means)


def learn(model: str, fold: Fold, experiment: Experiment) -> tuple[HeldOut | None, dict[str, Any]]:
    """Fit a model of an experiment to all clips, with the search of its own kind.

    It returns predictions of clips by the same model fitted without them, and the last fields of a
    predictor: ``kind settings weights`` of a network, else ``members``.
    """
    if model in (networks := experiment.networks()):
        kind, settings, *_ = networks[model]
        fit = GraphModel(kind, settings).fit_predict(fold)
        weights = {name: each.numpy() for name, each in (fit.weights or {}).items()}
        chosen = {**settings.model_dump(), **fit.parameters}
        return fit.held_out, {"kind": kind, "settings": chosen, "weights": weights}
    names = [model] if model in CLASSIFIERS else [n for n in experiment.models if n in CLASSIFIERS]
    fits = {name: CLASSIFIERS[name].fit_predict(fold) for name in names}
    fit = COMBINED[model](fits) if model in COMBINED else fits[model]
    used = [str(fit.parameters["model"])] if model == "selected" else names
    return fit.held_out, {"members": {name: dict(fits[name].parameters) for name in used}}


def trained(
    features: pd.DataFrame,
    clips: pd.DataFrame,
    experiment: Experiment,
    choice: Choice,
    seed: int,
    backend: Backend = CPU,
) -> Predictor:
    """Train a model on all clips: features (n, d); ``clip source genre group artist`` of each."""
    columns = ("clip", "source", "genre", "group", "artist")
    names, songs, genre, groups, artists = (clips[each].to_numpy(dtype=str) for each in columns)
    genres, y = np.unique(genre, return_inverse=True)
    if len(genres) < 2:
        raise UserError(f"{len(clips)} clips of {len(genres)} genre(s): two genres are needed")
    preparation, x = prepared(features, experiment, seed)
    metric = experiment.graph.metric
    graph = adjacency(x, metric, experiment.graph.k, seed=seed)
    every, numbers = np.ones(len(x), dtype=bool), np.arange(x.shape[1]).astype(str)
    inputs = Inputs(x, y.astype(np.int64), every, names, genres, numbers, groups, artists)
    splits = inner_splits(inputs, seed)
    fold = Fold(inputs, graph, seed, splits, True, experiment.search, True, backend)
    held_out, parts = learn(choice.model, fold, experiment)
    temperature = fitted_temperature(*held_out) if held_out else np.nan
    if experiment.select or not np.isfinite(temperature):
        # Where features were selected by the genres of all clips, no clip was held out.
        logger.warning("no temperature can be fitted: probabilities stay as they are")
        temperature = 1.0
    shape = (len(x), graph.nnz // len(x))
    usual = own_distances(x, songs, metric, shape[1], seed)
    logger.info("%s, %d clips, %d inputs, temperature %.3f", choice, *x.shape, temperature)
    return Predictor(
        preparation=preparation,
        x=x,
        y=inputs.y,
        songs=songs.tolist(),
        genres=genres.tolist(),
        neighbours=graph.indices.astype(np.int64).reshape(shape),
        distances=graph.data.reshape(shape),
        threshold=float(np.quantile(usual, 0.99)),
        metric=metric,
        choice=choice,
        temperature=temperature,
        seed=seed,
        **parts,
    )


def main(
    tables: Annotated[list[Path], typer.Argument(help="The experiment's feature tables.")],
    clips: Annotated[Path, typer.Option(help="Clips that it can use (Parquet).")],
    experiment: Annotated[str, typer.Option(help="The experiment (JSON).")],
    seed: Annotated[int, typer.Option(help="The configuration's seed.")],
    backend: Annotated[str, typer.Option(help="dgl, torch or auto.")],
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")],
    output: Annotated[Path, typer.Option(help="The predictor, to be written (safetensors).")],
    imported: Annotated[bool, typer.Option(help="A table is imported.")] = False,
    models: Annotated[Path | None, typer.Option(help="Models of a leak-free protocol.")] = None,
) -> None:
    """Train the model that predicts new clips on all clips that protocol clean takes."""
    asked = Experiment.model_validate_json(experiment)
    usable = taken(pd.read_parquet(clips), "clean")
    features = join(named_tables(tables), usable["clip"].tolist(), asked.drop, imported)
    own, choice = fold_seed(seed, 0), Choice(NETWORKS[0])
    if models:
        # Label propagation predicts no new clip, and variants are there to be compared.
        candidates = [name for kind in asked.kinds for name in (kind, ablation_name(kind))]
        candidates += [name for name in asked.models if name in CLASSIFIERS | COMBINED]
        scores = evaluated(models, candidates)
        logger.info("%s", scores.to_string(index=False))
        choice = Choice(*scores.iloc[scores["log_loss"].argmin()])
    if asked.select:
        genres = usable["genre"].to_numpy(dtype=str)
        chosen = select(features, genres, asked.select.n_features, own)
        features = features[chosen.loc[chosen["selected"], "feature"].tolist()]
    how = usable_backend(backend, device)
    trained(features, usable, asked, choice, own, how).save(output)
