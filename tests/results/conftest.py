"""The folder of a protocol, with two repeats of two folds."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

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
GROUPS = ["a", "b", "c", "a", "a", "b", "c"]
COLUMNS = ["true", "predicted", "part", "blues", "jazz", "rock"]


@pytest.fixture
def predicted() -> pd.DataFrame:
    table = pd.DataFrame(ROWS, columns=COLUMNS)
    table.insert(0, "clip", [f"clip{i}" for i in range(len(table))])
    return table


@pytest.fixture
def protocol(tmp_path: Path, predicted: pd.DataFrame) -> Callable[[str], Path]:
    """Write a protocol's outputs; GraphSAGE leaves out the last i test clips of fold i."""

    def write(name: str) -> Path:
        folder = tmp_path / name
        for number in range(4):
            outputs = folder / f"fold-{number:02d}"
            outputs.mkdir(parents=True)
            (folder / "models").mkdir(exist_ok=True)
            predicted[: len(predicted) - number].to_parquet(outputs / "predictions.parquet")
            history = pd.DataFrame({"epoch": [1, 2, 3], "seconds": [0.1, 0.2, number + 0.12345]})
            history.to_csv(outputs / "history.csv", index=False)
        twin = [predicted.assign(model="edgeless", fold=number) for number in range(4)]
        pd.concat(twin).to_parquet(folder / "models/edgeless.parquet", index=False)
        times = {"fold": range(4), "model": "edgeless", "epochs": 40, "seconds": 1.5}
        pd.DataFrame(times).to_csv(folder / "models/edgeless.csv", index=False)
        clips = predicted[["clip"]].assign(genre=predicted["true"], group=GROUPS)
        dealt = [clips.assign(repeat=repeat, fold=clips.index % 2) for repeat in (1, 0)]
        pd.concat(dealt).to_parquet(folder / "folds.parquet")
        health = pd.DataFrame(
            {
                "k_asked": 5,
                "k": 5,
                "homophily": [0.5, 0.6, 0.7, 0.6],
                "chance_homophily": 0.25,
                "zero_distance_share": 0.0,
            }
        )
        health.to_csv(folder / "graph-health.csv", index=False)
        return folder

    return write


@pytest.fixture
def add_baselines(predicted: pd.DataFrame) -> Callable[[Path], None]:
    """Write a baseline of a protocol's folds that is always right."""

    def add(folder: Path) -> None:
        right = predicted.assign(predicted=predicted["true"], model="svm")
        for genre in ("blues", "jazz", "rock"):
            right[genre] = (right["true"] == genre).astype(float)
        pd.concat([right.assign(fold=fold) for fold in range(4)]).to_parquet(
            folder / "models/baselines.parquet"
        )
        fits = pd.DataFrame({"fold": range(4), "model": "svm", "epochs": 0})
        fits.assign(seconds=fits["fold"] + 0.25).to_csv(
            folder / "models/baselines.csv", index=False
        )

    return add
