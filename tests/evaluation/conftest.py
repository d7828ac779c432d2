"""Folders of protocols, made by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

GENRES = ["blues", "jazz", "rock"]
HEALTH = {"k_asked": 5, "k": 5, "homophily": [0.5, 0.7], "chance_homophily": 0.25}
HEALTH |= {"zero_distance_share": 0.0, "degenerate": False}
# Of one fold: true, predicted, part, and the probabilities of blues, jazz and rock.
ROWS = [
    ("blues", "blues", "train", 0.8, 0.1, 0.1),
    ("jazz", "jazz", "train", 0.1, 0.8, 0.1),
    ("rock", "blues", "train", 0.5, 0.1, 0.4),
    ("blues", "blues", "test", 0.5, 0.25, 0.25),
    ("blues", "jazz", "test", 0.25, 0.5, 0.25),
    ("jazz", "jazz", "test", 0.125, 0.75, 0.125),
    ("rock", "rock", "test", 0.25, 0.25, 0.5),
]


@pytest.fixture
def predicted() -> pd.DataFrame:
    """Predictions of one fold."""
    table = pd.DataFrame(ROWS, columns=["true", "predicted", "part", *GENRES])
    table.insert(0, "clip", [f"clip{i}" for i in range(len(table))])
    return table.assign(repeat=0, fold=0)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write the folder of a protocol, with models' predictions, as the steps before leave it."""

    def written(
        protocol: str,
        folds: pd.DataFrame,
        models: Mapping[str, pd.DataFrame],
        temperatures: float = np.nan,
        experiment: str = "multiclass_a",
        **health: object,
    ) -> Path:
        folder = tmp_path / experiment / protocol
        (folder / "models").mkdir(parents=True)
        folds.to_parquet(folder / "folds.parquet", index=False)
        pd.DataFrame({**HEALTH, **health}).to_csv(folder / "graph-health.csv", index=False)
        for name, table in models.items():
            table.to_parquet(folder / f"models/{name}.parquet", index=False)
            keys = table[["repeat", "fold"]].drop_duplicates()
            fits = keys.assign(epochs=40, seconds=1.5, temperature=temperatures, parameters="{}")
            fits.to_csv(folder / f"models/{name}.csv", index=False)
        return folder

    return written
