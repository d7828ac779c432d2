"""A model that was trained once, with all that it needs to predict a new clip.

A new clip is scaled and reduced as the training clips were, and gets edges from its nearest ones;
none of them gets one from it (inductive). So its prediction is that of a test clip under protocol
``inductive``, and depends on no other new clip, to the last bit.
"""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genregraph.common.errors import UserError
from genregraph.config.experiment import Network
from genregraph.graph.adjacency import joined
from genregraph.models.base import learnable
from genregraph.models.classifiers import CLASSIFIERS
from genregraph.models.networks import FittedNetwork
from genregraph.models.temperature import scaled

UNEVALUATED = "no protocol without leaks"
WEIGHT = "weight."  # Prefix of a network's weights in the file.
Floats = NDArray[np.float64]


class Preparation(NamedTuple):
    """How d features become inputs: ``matrix (features - centre) + shift``."""

    columns: list[str]  # The features that are taken of the tables.
    centre: Floats  # shape (d,)
    matrix: Floats  # shape (to, d), or the diagonal (d,) where nothing is reduced
    shift: Floats  # shape (to,)

    def __call__(self, features: Floats) -> NDArray[np.float32]:
        """Inputs of m clips, each by itself, of their features, shape (m, d)."""
        matrix, rows = self.matrix, [row - self.centre for row in features]
        products = [matrix * row if matrix.ndim == 1 else matrix @ row for row in rows]
        inputs = np.array(products).reshape(len(rows), len(self.shift)) + self.shift
        return inputs.astype(np.float32)


class Choice(NamedTuple):
    """A model, and its accuracy (of 1) and log loss (nats) on the test clips of a protocol."""

    model: str
    protocol: str = UNEVALUATED
    accuracy: float = np.nan
    log_loss: float = np.nan


class Predictor(NamedTuple):
    """A model that was trained on n clips of c genres.

    ``threshold`` is the distance within which 99 % of the training clips lie from their own nearest
    ones. Classifiers are fitted again when they are used, which takes seconds and no pickle; the
    prediction is the mean of theirs.
    """

    preparation: Preparation
    x: NDArray[np.float32]  # Inputs of the training clips, shape (n, d).
    y: NDArray[np.int64]  # Their genres, as indices into ``genres``.
    songs: list[str]  # Songs that they are cut from.
    genres: list[str]
    neighbours: NDArray[np.int64]  # Of each training clip among them, shape (n, k).
    distances: Floats  # To them.
    threshold: float
    metric: str
    choice: Choice
    temperature: float  # Fitted to training clips that were held out.
    seed: int
    kind: str = ""  # Of a network, one of `config.registry.NETWORKS`; empty for classifiers.
    settings: Mapping[str, Any] = {}  # Of a network (`config.experiment.Network`).
    weights: Mapping[str, NDArray[np.float32]] = {}  # Of a network.
    members: Mapping[str, dict[str, Any]] = {}  # Parameters of classifiers, by name.

    def save(self, path: Path) -> None:
        """Write a safetensors file, which can hold no code."""
        values = self._asdict()
        values |= values.pop("preparation")._asdict()
        values |= {WEIGHT + name: weight for name, weight in values.pop("weights").items()}
        names = [name for name, each in values.items() if isinstance(each, np.ndarray)]
        arrays = {name: np.ascontiguousarray(values.pop(name)) for name in names}
        # One entry: several would have another order each time.
        path.write_bytes(save(arrays, metadata={"predictor": json.dumps(values)}))

    @classmethod
    def load(cls, path: Path) -> "Predictor":
        """Read what `save` wrote; a `UserError` if it is no such file."""
        try:
            with safe_open(path, framework="numpy") as file:
                names = file.keys()
                values: dict[str, Any] = {name: file.get_tensor(name) for name in names}
                values |= json.loads(file.metadata()["predictor"])
        except (SafetensorError, TypeError, KeyError, ValueError) as error:
            said = f"{path} is no predictor ({error}); remove it to have it trained anew"
            raise UserError(said) from error
        weights = [name for name in values if name.startswith(WEIGHT)]
        return cls(
            preparation=Preparation(*(values.pop(name) for name in Preparation._fields)),
            weights={name.removeprefix(WEIGHT): values.pop(name) for name in weights},
            choice=Choice(*values.pop("choice")),
            **values,
        )


class Prediction(NamedTuple):
    """Predictions of m new clips with k neighbours each, the nearest first."""

    probabilities: Floats  # Calibrated, shape (m, c).
    neighbours: NDArray[np.int64]  # Training clips, shape (m, k).
    distances: Floats  # To them.
    shares: Floats  # Of them in what a network aggregates; the clip itself is the rest.


def predict(predictor: Predictor, features: Floats) -> Prediction:
    """Predict new clips, each by itself, of features, shape (m, d)."""
    x, k = predictor.preparation(features), predictor.neighbours.shape[1]
    neighbours, distances = joined(predictor.x, x, predictor.metric, k, predictor.seed)
    if predictor.kind:
        probabilities, shares = _by_network(predictor, x, neighbours, distances)
    else:
        probabilities, shares = _by_classifiers(predictor, x), np.zeros(neighbours.shape)
    order = np.argsort(distances, axis=1, kind="stable")
    edges: list[NDArray[Any]] = [neighbours, distances, shares]
    ordered = (np.take_along_axis(each, order, axis=1) for each in edges)
    return Prediction(scaled(probabilities, predictor.temperature), *ordered)


def _by_network(predictor: Predictor, x: NDArray[np.float32], *edges: Any) -> tuple[Floats, Floats]:
    n, k = predictor.neighbours.shape
    parts = (predictor.distances.ravel(), predictor.neighbours.ravel(), np.arange(n + 1) * k)
    graph = sparse.csr_array(parts, shape=(n, n))
    settings = Network.model_validate(predictor.settings)
    weights = {name: torch.from_numpy(value) for name, value in predictor.weights.items()}
    genres, seed = len(predictor.genres), predictor.seed
    fitted = FittedNetwork(predictor.kind, settings, genres, weights, seed)
    return fitted.predict_new(predictor.x, graph, x, *edges)


def _by_classifiers(predictor: Predictor, x: NDArray[np.float32]) -> Floats:
    """Mean of the members' probabilities, one clip at a time, so that none depends on others."""
    sums = np.zeros((len(x), len(predictor.genres)))
    able = learnable(predictor.y)
    for name, parameters in predictor.members.items():
        own = CLASSIFIERS[name].build(predictor.seed).set_params(**parameters)
        model = make_pipeline(StandardScaler(), own) if able else DummyClassifier()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Genres of few clips; iterations that ran out.
            model.fit(predictor.x.astype(np.float64), predictor.y)
        for i, row in enumerate(x.astype(np.float64)):
            sums[i] += model.predict_proba(row[None])[0] / len(predictor.members)
    return sums
