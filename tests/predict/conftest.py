"""Clips whose features are drawn at random, and small models that have learnt from them."""

from typing import Any

import numpy as np
import pandas as pd

from genregraph.config.experiment import Experiment
from genregraph.graph.adjacency import adjacency
from genregraph.models.base import Fold, inner_splits
from genregraph.predict.predictor import Choice, Predictor
from genregraph.predict.train import trained
from genregraph.preprocessing.inputs import Inputs

SEED = 3
SMALL = {
    "models": ["logistic", "lda", "svm", "blend", "selected"],
    "search": False,
    "graph": {"metric": "euclidean", "k": 5},
    "graphsage": {"hidden": 8, "learning_rate": 0.01, "epochs": 20, "weights": "distance"},
}


def small(**changed: Any) -> Experiment:
    return Experiment.model_validate({**SMALL, **changed})


def drawn(number: int, features: int = 6, seed: int = 0) -> pd.DataFrame:
    """Clips of three genres, each around a place of its own: features, then ``genre``."""
    rng = np.random.default_rng(seed)
    genre = np.arange(number) % 3
    places = np.random.default_rng(9).normal(size=(3, features))
    values = places[genre] + rng.normal(size=(number, features))
    table = pd.DataFrame(values, columns=[f"f{i}" for i in range(features)])
    return table.assign(genre=np.array(["folk", "jazz", "rock"])[genre])


def new_features(number: int, features: int = 6) -> np.ndarray:
    return drawn(number, features, seed=1).drop(columns="genre").to_numpy()


def fold_of(x: np.ndarray, genre: pd.Series, train: np.ndarray, how: Experiment) -> Fold:
    """A fold of inputs, each of a song and a group of its own, under protocol inductive."""
    genres, y = np.unique(genre, return_inverse=True)
    clips, features = np.arange(len(x)).astype(str), np.arange(x.shape[1]).astype(str)
    inputs = Inputs(x.astype(np.float32), y, train, clips, genres, features, clips, clips)
    graph = adjacency(inputs.x, how.graph.metric, how.graph.k, train, seed=SEED)
    return Fold(inputs, graph, SEED, inner_splits(inputs, SEED), True, how.search, True)


def listed(table: pd.DataFrame) -> pd.DataFrame:
    """Such clips as an experiment lists them."""
    clips = [f"{genre}.{i}" for i, genre in enumerate(table["genre"])]
    columns = dict.fromkeys(["clip", "source", "group", "artist"], clips)
    return pd.DataFrame({**columns, "genre": table["genre"]})


def learnt(table: pd.DataFrame, model: str = "graphsage", **changed: Any) -> Predictor:
    """A model trained on such clips, by a small experiment in which some settings differ."""
    features = table.drop(columns="genre")
    return trained(features, listed(table), small(**changed), Choice(model), SEED)
