"""A network that was trained once, with all that places a new clip: its file, and how it is used.

A new clip is scaled and reduced as the training clips were, joins their graph by its nearest ones,
and hears them; none of them hears it. So what becomes of it is what protocol ``inductive`` makes of
a test clip, and depends on no other new clip, to the last bit.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load, save
from scipy import sparse
from torch import Tensor

from graph.adjacency import joined
from inputs.prepare import Scaling
from learning.graphsage import GraphSage, Settings, averages, connected
from learning.messages import Backend, Messages
from settings.errors import UserError
from training.reproducible import reproducibly

QUANTILE = 0.99
Floats = NDArray[np.float64]


class Reduction(NamedTuple):
    """Principal components of scaled features, each then scaled to variance 1.

    Attributes
    ----------
    mean : NDArray[np.float64], shape (d,)
    components : NDArray[np.float64], shape (to, d)
    scaling : Scaling
    """

    mean: Floats
    components: Floats
    scaling: Scaling


class Preparation(NamedTuple):
    """How features become inputs.

    Attributes
    ----------
    columns : list of str, length d
        Features that are taken, of all that the tables have.
    scaling : Scaling
    reduction : Reduction or None
    """

    columns: list[str]
    scaling: Scaling
    reduction: Reduction | None

    def __call__(self, features: Floats) -> NDArray[np.float32]:
        """Inputs of a clip, of its features in the order of ``columns``, shape (d,)."""
        x = self.scaling(features)
        if self.reduction:
            mean, components, scaling = self.reduction
            x = scaling(components @ (x - mean))
        return x.astype(np.float32)


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
    settings : Settings
        Of the network.
    weights : dict of str to NDArray[np.float32]
        The network's parameters.
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
    settings: Settings
    weights: dict[str, NDArray[np.float32]]

    @property
    def threshold(self) -> float:
        """Distance within which 99 % of the training clips lie from their own nearest ones."""
        return float(np.quantile(self.usual, QUANTILE))

    def save(self, path: Path) -> None:
        """Write a safetensors file, which can hold no code."""
        arrays = {name: np.ascontiguousarray(value) for name, value in self._arrays().items()}
        said = {
            "columns": self.preparation.columns,
            "clips": self.clips,
            "songs": self.songs,
            "genres": self.genres,
            "metric": self.metric,
            "settings": vars(self.settings),
        }
        # One entry: several would stand in another order each time.
        path.write_bytes(save(arrays, metadata={"predictor": json.dumps(said)}))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        scaling, reduction = self.preparation.scaling, self.preparation.reduction
        names = ("x", "y", "neighbours", "distances", "usual")
        found = {name: getattr(self, name) for name in names}
        found |= {f"scaling.{name}": value for name, value in scaling._asdict().items()}
        if reduction:
            found |= {
                "reduction.mean": reduction.mean,
                "reduction.components": reduction.components,
            }
            scales = reduction.scaling._asdict()
            found |= {f"reduction.scaling.{name}": value for name, value in scales.items()}
        return found | {f"network.{name}": value for name, value in self.weights.items()}

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
            arrays = load(content)
            size = int.from_bytes(content[:8], "little")
            said = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["predictor"])
        except Exception as error:
            raise UserError(
                f"{path} is no predictor ({error}); remove it to have it trained anew"
            ) from error

        def below(name: str) -> dict[str, NDArray[Any]]:
            return {
                key.removeprefix(name): value
                for key, value in arrays.items()
                if key.startswith(name)
            }

        reduction = None
        if "reduction.mean" in arrays:
            scaling = Scaling(**below("reduction.scaling."))
            reduction = Reduction(arrays["reduction.mean"], arrays["reduction.components"], scaling)
        preparation = Preparation(said["columns"], Scaling(**below("scaling.")), reduction)
        return cls(
            preparation=preparation,
            x=arrays["x"],
            y=arrays["y"],
            clips=said["clips"],
            songs=said["songs"],
            genres=said["genres"],
            neighbours=arrays["neighbours"],
            distances=arrays["distances"],
            usual=arrays["usual"],
            metric=said["metric"],
            settings=Settings(**said["settings"]),
            weights=below("network."),
        )


class Prediction(NamedTuple):
    """What becomes of m new clips, k training clips being neighbours of each.

    Attributes
    ----------
    probabilities : NDArray[np.float64], shape (m, c)
        Rows add up to 1.
    neighbours : NDArray[np.int64], shape (m, k)
        Training clips, the nearest first.
    distances : NDArray[np.float64], shape (m, k)
        How far they are.
    shares : NDArray[np.float64], shape (m, k)
        How much each counts in what the clip hears: a clip hears itself, too.
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
    neighbours, distances = joined(predictor.x, x, predictor.metric, k)
    heard = _heard(predictor, neighbours, distances)
    n, c = len(predictor.x), len(predictor.genres)
    probabilities, shares = np.empty((len(x), c)), np.zeros(neighbours.shape)
    with reproducibly(predictor.settings.seed), torch.no_grad():
        model = _network(predictor)
        known = _values_of_layers(predictor, model, heard[:n, :n])
        for i, row in enumerate(x):
            weights = heard[[n + i]].toarray()[0]
            shares[i], own = weights[neighbours[i]], weights[n + i]
            scores = _scores(model, row, own, neighbours[i], shares[i], known)
            probabilities[i] = torch.softmax(scores.double(), dim=0).numpy()
    order = np.argsort(distances, axis=1, kind="stable")
    each = np.arange(len(x))[:, None]
    return Prediction(
        probabilities, neighbours[each, order], distances[each, order], shares[each, order]
    )


def _heard(
    predictor: Predictor, neighbours: NDArray[np.int64], distances: Floats
) -> sparse.csr_array:
    """What training clips, and behind them new ones, hear: shape (n + m, n + m)."""
    columns = np.concatenate([predictor.neighbours, neighbours])
    values = np.concatenate([predictor.distances, distances])
    n, k = columns.shape
    starts = np.arange(n + 1) * k
    graph = sparse.csr_array((values.ravel(), columns.ravel(), starts), shape=(n, n))
    settings = predictor.settings
    if not settings.messages:
        return sparse.eye_array(n, format="csr")
    return averages(connected(graph, settings.weights), settings.aggregator)


def _network(predictor: Predictor) -> GraphSage:
    settings = predictor.settings
    shape = (predictor.x.shape[1], len(predictor.genres), settings.layers, settings.hidden)
    model = GraphSage(*shape, settings.normalise)
    model.load_state_dict({name: torch.from_numpy(w) for name, w in predictor.weights.items()})
    return model


def _values_of_layers(
    predictor: Predictor, model: GraphSage, heard: sparse.csr_array
) -> list[Tensor]:
    """What each layer of the network sees of the training clips."""
    messages = Messages(sparse.csr_array(heard), Backend())
    values = [torch.from_numpy(predictor.x)]
    for convolution in list(model.convolutions)[:-1]:
        values.append(model.activated(convolution(values[-1], messages(values[-1]))))
    return values


def _scores(
    model: GraphSage,
    row: NDArray[np.float32],
    own: float,
    neighbours: NDArray[np.int64],
    shares: Floats,
    known: list[Tensor],
) -> Tensor:
    """Scores of one new clip, shape (c,), which hears itself and training clips."""
    x, weights = torch.from_numpy(row)[None], torch.from_numpy(shares).float()
    chosen = torch.from_numpy(neighbours)
    for layer, (convolution, values) in enumerate(zip(model.convolutions, known, strict=True)):
        x = model.activated(x) if layer else x
        x = convolution(x, float(own) * x + weights @ values[chosen])
    return x[0]
