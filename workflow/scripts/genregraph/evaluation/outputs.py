"""What an experiment's steps left: protocols, predictions of models, and tables of results."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from genregraph.config.model import Experiment
from genregraph.config.registry import NAMED, NETWORKS

# Columns that are texts, whatever they look like.
TEXTS = (
    "dataset experiment protocol model aggregation scaling reference question series interval note"
).split()


class Model(NamedTuple):
    """What a model made of all folds of a protocol.

    Attributes
    ----------
    name : str
    predictions : pd.DataFrame
        ``clip repeat fold part true predicted`` and a probability a genre: a row a fold and clip.
    fits : pd.DataFrame
        ``repeat fold epochs seconds inner_log_loss temperature parameters``: a row a fold.
    """

    name: str
    predictions: pd.DataFrame
    fits: pd.DataFrame


def model_names(experiment: Experiment) -> list[str]:
    """Models of an experiment: networks, their ablations and variants, then all others."""
    others = [name for name in experiment.models if name not in NETWORKS]
    return [*experiment.networks(), *others]


def read_models(folder: Path, names: Iterable[str] | None = None) -> Iterator[Model]:
    """Models of a protocol, each read when it is its turn.

    Parameters
    ----------
    folder : Path
        Folder of the protocol.
    names : iterable of str, optional
        Which, in which order; by default all that are there, by name.
    """
    models = folder / "models"
    for name in names or sorted(path.stem for path in models.glob("*.parquet")):
        predictions = pd.read_parquet(models / f"{name}.parquet")
        yield Model(name, predictions, pd.read_csv(models / f"{name}.csv"))


def genres_of(predictions: pd.DataFrame) -> list[str]:
    """Genres that a table of predictions has a column of probabilities for."""
    return [column for column in predictions.columns if column not in NAMED]


def songs_of(clips: Path) -> pd.Series:
    """Song of each clip, as `audio.clips` lists them (Parquet)."""
    listed = pd.read_parquet(clips, columns=["clip", "source"])
    return listed.set_index("clip")["source"]


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
    empty = {name: [""] for name in pd.read_csv(path, nrows=0).columns if name not in TEXTS}
    texts = dict.fromkeys(TEXTS, str)
    return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=empty)


def read_tables(paths: Sequence[Path]) -> pd.DataFrame:
    """CSV tables of the same columns, one below the other; some may have no rows."""
    return stacked([read_result(path) for path in paths])


def stacked(tables: Sequence[pd.DataFrame], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Tables one below the other; some may have no rows, or, with ``columns``, be none."""
    filled = [table for table in tables if not table.empty] or list(tables[:1])
    if not filled:
        return pd.DataFrame(columns=list(columns or []))
    joined = pd.concat(filled, ignore_index=True)
    return joined if columns is None else joined[list(columns)]
