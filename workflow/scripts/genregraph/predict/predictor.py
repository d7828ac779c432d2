"""A model that was trained once, with all that places a new clip: its file, and how it is used.

A new clip is scaled and reduced as the training clips were, and gets edges from its nearest ones;
none of them gets one from it (inductive). So what is predicted of it is what protocol ``inductive``
predicts of a test clip, and depends on no other new clip, to the last bit.
"""

import json
import warnings
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load, save
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genregraph.common.errors import UserError
from genregraph.config.parts import Network
from genregraph.graph.adjacency import joined
from genregraph.models.classifiers import CLASSIFIERS
from genregraph.models.networks import FittedNetwork
from genregraph.models.search import learnable
from genregraph.models.temperature import scaled
from genregraph.predict.choose import Choice

QUANTILE = 0.99
Floats = NDArray[np.float64]


class Preparation(NamedTuple):
    """How features become inputs: ``matrix (features - centre) + shift``.

    Attributes
    ----------
    columns : list of str, length d
        Features that are taken, of all that the tables have.
    centre : NDArray[np.float64], shape (d,)
    matrix : NDArray[np.float64], shape (to, d) or (d,)
        Of scaling and principal components; a diagonal where nothing is reduced.
    shift : NDArray[np.float64], shape (to,) or (d,)
    """

    columns: list[str]
    centre: Floats
    matrix: Floats
    shift: Floats

    def __call__(self, features: Floats) -> NDArray[np.float32]:
        """Inputs of a clip, of its features in the order of ``columns``, shape (d,)."""
        centred, matrix = features - self.centre, self.matrix
        product = matrix * centred if matrix.ndim == 1 else matrix @ centred
        return (product + self.shift).astype(np.float32)


@dataclass(frozen=True)
class Predictor:
    """What was learnt from n training clips of c genres.

    Attributes
    ----------
    preparation : Preparation
    x : NDArray[np.float32], shape (n, d)
        Their inputs.
    y : NDArray[np.int64], shape (n,)
        Their genres, as indices into ``genres``.
    clips, songs, genres : list of str
        Names; a song is what a clip was cut from.
    neighbours, distances : NDArray, shape (n, k)
        Each training clip's neighbours among them, and how far they are.
    usual : NDArray[np.float64], shape (n,)
        Mean distance of each training clip to its nearest ones, without those of its own song.
    metric : str
    choice : Choice
        The model, and how it was evaluated.
    temperature : float
        Of its probabilities, fitted to training clips that were held out.
    seed : int
        By which it was trained.
    kind : str
        Of a network, one of `config.registry.NETWORKS`; empty for classifiers.
    settings : dict
        Of a network, as `config.model.Network` has them.
    weights : dict of str to NDArray[np.float32]
        Of a network.
    members : dict of str to dict
        Parameters of classifiers, by name. The prediction is the mean of theirs. They are fitted
        again when they are used, which takes seconds and no pickle.
    """

    preparation: Preparation
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    clips: list[str]
    songs: list[str]
    genres: list[str]
    neighbours: NDArray[np.int64]
    distances: Floats
    usual: Floats
    metric: str
    choice: Choice
    temperature: float
    seed: int
    kind: str
    settings: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]
    members: dict[str, dict[str, Any]]

    @property
    def threshold(self) -> float:
        """Distance within which 99 % of the training clips lie from their own nearest ones."""
        return float(np.quantile(self.usual, QUANTILE))

    def save(self, path: Path) -> None:
        """Write a safetensors file, which can hold no code."""
        values = {name: getattr(self, name) for name in OWN} | self.preparation._asdict()
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        plain = {name: value for name, value in values.items() if name not in arrays}
        arrays |= {f"{WEIGHT}{name}": value for name, value in self.weights.items()}
        whole = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        # One entry: several would stand in another order each time.
        path.write_bytes(save(whole, metadata={"predictor": json.dumps(plain)}))

    @classmethod
    def load(cls, path: Path) -> "Predictor":
        """Read what `save` wrote.

        Raises
        ------
        UserError
            If it is no such file.
        """
        content = path.read_bytes()
        try:
            values: dict[str, Any] = dict(load(content))
            size = int.from_bytes(content[:8], "little")
            values |= json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["predictor"])
            return cls(
                preparation=Preparation(*(values[name] for name in Preparation._fields)),
                weights={
                    name.removeprefix(WEIGHT): value
                    for name, value in values.items()
                    if name.startswith(WEIGHT)
                },
                **{name: values[name] for name in OWN} | {"choice": Choice(*values["choice"])},
            )
        except Exception as error:
            raise UserError(
                f"{path} is no predictor ({error}); remove it to have it trained anew"
            ) from error


WEIGHT = "weight."
OWN = [each.name for each in fields(Predictor) if each.name not in ("preparation", "weights")]


class Prediction(NamedTuple):
    """Predictions of m new clips, k training clips being neighbours of each.

    Attributes
    ----------
    probabilities : NDArray[np.float64], shape (m, c)
        Calibrated; rows add up to 1.
    neighbours : NDArray[np.int64], shape (m, k)
        Training clips, the nearest first.
    distances : NDArray[np.float64], shape (m, k)
        How far they are.
    shares : NDArray[np.float64], shape (m, k)
        How much each counts in what a network averages, the clip itself being the rest; 0 for
        models without messages.
    """

    probabilities: Floats
    neighbours: NDArray[np.int64]
    distances: Floats
    shares: Floats


def predict(predictor: Predictor, features: Floats) -> Prediction:
    """Predict new clips, each by itself.

    Parameters
    ----------
    predictor : Predictor
    features : NDArray[np.float64], shape (m, d)
        In the order of its columns.
    """
    new = [predictor.preparation(row) for row in features]
    x = np.array(new, dtype=np.float32).reshape(len(new), predictor.x.shape[1])
    k = predictor.neighbours.shape[1]
    neighbours, distances = joined(predictor.x, x, predictor.metric, k, predictor.seed)
    if predictor.kind:
        probabilities, shares = _by_network(predictor, x, neighbours, distances)
    else:
        probabilities, shares = _by_classifiers(predictor, x), np.zeros(neighbours.shape)
    order = np.argsort(distances, axis=1, kind="stable")
    each = np.arange(len(x))[:, None]
    return Prediction(
        scaled(probabilities, predictor.temperature),
        neighbours[each, order],
        distances[each, order],
        shares[each, order],
    )


def _by_network(
    predictor: Predictor, x: NDArray[np.float32], neighbours: NDArray[np.int64], distances: Floats
) -> tuple[Floats, Floats]:
    n, k = predictor.neighbours.shape
    parts = (predictor.distances.ravel(), predictor.neighbours.ravel(), np.arange(n + 1) * k)
    fitted = FittedNetwork(
        kind=predictor.kind,
        settings=Network.model_validate(predictor.settings),
        genres=len(predictor.genres),
        features=predictor.x.shape[1],
        weights={name: torch.from_numpy(value) for name, value in predictor.weights.items()},
        seed=predictor.seed,
    )
    graph = sparse.csr_array(parts, shape=(n, n))
    return fitted.predict_new(predictor.x, graph, x, neighbours, distances)


def _by_classifiers(predictor: Predictor, x: NDArray[np.float32]) -> Floats:
    """Mean of the members' probabilities; of one clip at a time, so that none depends on others."""
    found = np.zeros((len(x), len(predictor.genres)))
    known = predictor.x.astype(np.float64), predictor.y
    for name, parameters in predictor.members.items():
        own = CLASSIFIERS[name].build(predictor.seed).set_params(**parameters)
        able = learnable(predictor.y)
        model = make_pipeline(StandardScaler(), own) if able else DummyClassifier()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of few clips, and of iterations that ran out.
            model.fit(*known)
        for i, row in enumerate(x.astype(np.float64)):
            found[i] += model.predict_proba(row[None])[0] / len(predictor.members)
    return found
