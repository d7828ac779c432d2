"""Clips whose features are drawn at random, and a small network that has learnt from them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from learning.graphsage import Settings
from predict.predictor import Predictor
from predict.train import trained

SETTINGS = Settings(
    layers=1,
    hidden=8,
    learning_rate=0.01,
    epochs=20,
    messages=True,
    weights="distance",
    aggregator="mean",
    normalise=False,
    adjacency_as_features=False,
    seed=3,
)


def drawn(number: int, features: int = 6, seed: int = 0) -> pd.DataFrame:
    """Clips of three genres, each around a place of its own: features, then ``genre``."""
    rng = np.random.default_rng(seed)
    genre = np.arange(number) % 3
    places = np.random.default_rng(9).normal(size=(3, features))
    values = places[genre] + rng.normal(size=(number, features))
    table = pd.DataFrame(values, columns=[f"f{i}" for i in range(features)])
    return table.assign(genre=np.array(["folk", "jazz", "rock"])[genre])


def listed(table: pd.DataFrame) -> pd.DataFrame:
    """Such clips as an experiment lists them."""
    clips = [f"{genre}.{i}" for i, genre in enumerate(table["genre"])]
    return pd.DataFrame({"clip": clips, "source": clips, "genre": table["genre"]})


@pytest.fixture(scope="session")
def learnt() -> Callable[..., Predictor]:
    """What is learnt from such clips."""

    def learn(table: pd.DataFrame, **how: object) -> Predictor:
        how = {"settings": SETTINGS, "metric": "euclidean", "k": 5, **how}
        return trained(table.drop(columns="genre"), listed(table), **how)

    return learn
