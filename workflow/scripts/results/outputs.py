"""What an experiment's steps left: protocols, folds, and what models predicted and took."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from learning.predictions import NAMED

NAMES = "dataset experiment protocol model variant candidate".split()


class Fold(NamedTuple):
    """A fold of a protocol, and the folder of its outputs."""

    repeat: int
    fold: int
    outputs: Path

    @property
    def number(self) -> int:
        """Its number, which goes on over repeats."""
        return int(self.outputs.name.removeprefix("fold-"))

    def read(self, name: str) -> pd.DataFrame:
        """Rows of the fold in a table of models for all folds of its protocol.

        Parameters
        ----------
        name : str
            Of a CSV or Parquet file with a column ``fold``, which is left out.
        """
        path = self.outputs.parent / "models" / name
        if path.suffix == ".parquet":
            rows = pd.read_parquet(path, filters=[("fold", "==", self.number)])
        else:
            rows = read_result(path).query("fold == @self.number")
        return rows.drop(columns="fold").reset_index(drop=True)


class Fitted(NamedTuple):
    """A model's predictions for one fold, and what they took."""

    model: str
    predictions: pd.DataFrame
    epochs: int
    seconds: float


def folds_of(folder: Path) -> list[Fold]:
    """Folds of a protocol in the order of their numbers.

    Parameters
    ----------
    folder : Path
        Folder of the protocol: ``folds.parquet``, and below ``fold-<nn>`` the outputs.
    """
    dealt = pd.read_parquet(folder / "folds.parquet")
    tested = dealt.loc[dealt["fold"] >= 0, ["repeat", "fold"]].drop_duplicates()
    pairs = tested.sort_values(["repeat", "fold"]).to_numpy().tolist()
    return [
        Fold(repeat, fold, folder / f"fold-{number:02d}")
        for number, (repeat, fold) in enumerate(pairs)
    ]


def fitted(fold: Fold, compared: Sequence[str]) -> Iterator[Fitted]:
    """Models of a fold: GraphSAGE, and others.

    Parameters
    ----------
    fold : Fold
    compared : sequence of str
        Tables of other models: ``edgeless``, ``baselines``. Only these are read, so that a file
        which a former configuration left counts for nothing.
    """
    history = pd.read_csv(fold.outputs / "history.csv")
    predictions = pd.read_parquet(fold.outputs / "predictions.parquet")
    last = history.iloc[-1]
    yield Fitted("graphsage", predictions, int(last["epoch"]), float(last["seconds"]))
    for name in compared:
        yield from _each(fold.read(f"{name}.parquet"), fold.read(f"{name}.csv"))


def _each(predictions: pd.DataFrame, times: pd.DataFrame) -> Iterator[Fitted]:
    tables = predictions.groupby("model")
    for row in times.to_dict("records"):
        table = tables.get_group(row["model"]).drop(columns="model").reset_index(drop=True)
        yield Fitted(row["model"], table, int(row["epochs"]), float(row["seconds"]))


def genres_of(predictions: pd.DataFrame) -> list[str]:
    """Genres that a table of predictions has a column of probabilities for."""
    return [column for column in predictions.columns if column not in NAMED]


def left_out_of(protocols: Path) -> dict[str, str]:
    """Why an experiment is not evaluated under some protocols.

    Parameters
    ----------
    protocols : Path
        The experiment's ``protocols.json``.

    Returns
    -------
    dict of str to str
        Reason by protocol.
    """
    return json.loads(protocols.read_text(encoding="utf-8"))["left_out"]


def counts_of(protocols: Path) -> dict[str, dict[str, int]]:
    """What became of an experiment's clips, by protocol, as `folds.usable` counted them."""
    return json.loads(protocols.read_text(encoding="utf-8")).get("clips", {})


def read_result(path: Path) -> pd.DataFrame:
    """A CSV table of results, in which a name is a text, though it be ``001`` or ``null``."""
    empty = {name: [""] for name in pd.read_csv(path, nrows=0).columns if name not in NAMES}
    texts = dict.fromkeys(NAMES, str)
    return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=empty)


def read_tables(paths: Sequence[Path]) -> pd.DataFrame:
    """CSV tables of the same columns, one below the other; some may have no rows."""
    tables = [read_result(path) for path in paths]
    filled = [table for table in tables if not table.empty]
    return pd.concat(filled or tables[:1], ignore_index=True)
