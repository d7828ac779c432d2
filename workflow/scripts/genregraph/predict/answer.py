"""From features of new files' pieces to their genres: tables, and a text."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import read_sheet
from genregraph.datasets.spreadsheet import write_csv
from genregraph.features.gather import gather
from genregraph.predict import neighbours as near
from genregraph.predict.artists import artists_of, by_artist
from genregraph.predict.listing import NOT_PREDICTED
from genregraph.predict.predictor import Prediction, Predictor, predict
from genregraph.predict.text import as_text, of_model
from genregraph.preprocessing.fold import join

logger = logging.getLogger(__name__)

PROBLEM_COLUMNS = ["file", "problem", "what_was_done"]
NOT_UTF8 = "its name is not UTF-8: rename the file"
NAMED = 3  # Genres in a line.
SYNTHESISED = (
    " That dataset is synthesised: its genres are no music's. Name another by dataset=NAME."
)


def features_of(
    tables: Iterable[tuple[str, Sequence[pd.DataFrame]]], columns: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Features of pieces, as the predictor takes them.

    Parameters
    ----------
    tables : iterable of (str, sequence of pd.DataFrame)
        The shards of each table, with its name.
    columns : sequence of str, length d
        Features to take.

    Returns
    -------
    features : pd.DataFrame, shape (m, d)
        Indexed by piece, ordered.
    refused : dict of str to str
        Pieces of which a table has no finite features, and why.

    Raises
    ------
    UserError
        If the tables do not have them all: the training clips' were imported and have others.
    """
    gathered = {name: gather(list(shards)) for name, shards in tables}
    pieces = set.intersection(*(set(table["clip"]) for table, _ in gathered.values()))
    joined = join(((name, table) for name, (table, _) in gathered.items()), sorted(pieces), [])
    lacking = [name for name in columns if name not in joined.columns]
    if lacking:
        raise UserError(
            f"the training clips have {len(lacking)} features that are not computed for new ones, "
            f"the first of them {lacking[0]!r}: their table was imported and has other columns; "
            "import one that has those of the extractor, or leave tables: out"
        )
    refused = {piece: why for _, lost in gathered.values() for piece, why in lost.items()}
    return joined[list(columns)], refused


def of_pieces(pieces: pd.DataFrame, prediction: Prediction, predictor: Predictor) -> pd.DataFrame:
    """A row a piece: where it lies in its file, and its genre.

    Parameters
    ----------
    pieces : pd.DataFrame, length m
        As `predict.pieces` makes it, of those that were predicted.
    prediction : Prediction
    predictor : Predictor

    Returns
    -------
    pd.DataFrame
        ``file start end`` (seconds), ``genre distance unlike``, and a probability a genre.
    """
    distance = prediction.distances.mean(axis=1)
    likeliest = prediction.probabilities.argmax(axis=1)
    table = pd.DataFrame(
        {
            "file": pieces["file"].to_numpy(),
            "start": pieces["start"].to_numpy() / SAMPLE_RATE,
            "end": (pieces["start"] + pieces["length"]).to_numpy() / SAMPLE_RATE,
            "genre": np.array(predictor.genres)[likeliest],
            "distance": distance,
            "unlike": distance > predictor.threshold,
        }
    )
    named = probabilities_of(predictor.genres)
    return table.join(pd.DataFrame(prediction.probabilities, columns=named))


def probabilities_of(genres: Sequence[str]) -> list[str]:
    """Columns of genres' probabilities: a genre may be called as other columns are."""
    return [f"p({genre})" for genre in genres]


def of_files(
    pieces: pd.DataFrame, seconds: Mapping[str, float], predictor: Predictor
) -> pd.DataFrame:
    """A row a file: the mean of its pieces.

    Parameters
    ----------
    pieces : pd.DataFrame
        As `of_pieces` returns them.
    seconds : mapping of str to float
        How much of each file was used.
    predictor : Predictor

    Returns
    -------
    pd.DataFrame
        ``file seconds pieces genre probability genres unlike distance threshold model`` and a
        probability a genre: the mean over pieces. ``distance`` is the median of theirs.
    """
    genres = np.array(predictor.genres, dtype=object)
    grouped = pieces.groupby("file", sort=True)
    means = grouped[probabilities_of(predictor.genres)].mean()
    order = np.argsort(-means.to_numpy(), axis=1, kind="stable")
    distance = grouped["distance"].median().to_numpy()
    table = pd.DataFrame(
        {
            "file": means.index,
            "seconds": [round(seconds[file], 2) for file in means.index],
            "pieces": grouped.size().to_numpy(),
            "genre": genres[order[:, 0]],
            "probability": means.to_numpy().max(axis=1, initial=0),
            "genres": [
                ", ".join(f"{genres[i]} {row[i]:.2f}" for i in likely[:NAMED])
                for row, likely in zip(means.to_numpy(), order, strict=True)
            ],
            "unlike": distance > predictor.threshold,
            "distance": distance,
            "threshold": predictor.threshold,
            "model": predictor.choice.model,
        }
    )
    return table.join(means.reset_index(drop=True))


def list_problems(
    unnameable: Sequence[str], pieces: pd.DataFrame, refused: Mapping[str, str]
) -> pd.DataFrame:
    """Files that were refused, or of which something should be known, with `PROBLEM_COLUMNS`.

    Parameters
    ----------
    unnameable : sequence of str
        Files whose names no table can hold, in ASCII.
    pieces : pd.DataFrame
        As `predict.pieces` makes it.
    refused : dict of str to str
        Pieces without features, and why.
    """
    rows = [[file, NOT_UTF8, NOT_PREDICTED] for file in unnameable]
    for file in sorted(pieces["file"].unique()):
        of_file = pieces[pieces["file"] == file]
        first = of_file.iloc[0]
        if first["problem"]:
            rows.append([file, first["problem"], first["what_was_done"]])
        lost = [piece for piece in of_file["piece"] if piece in refused]
        if lost:
            left = len(of_file) - len(lost)
            done = f"its other {left} pieces are used" if left else NOT_PREDICTED
            rows.append([file, f"{len(lost)} piece(s): {refused[lost[0]]}", done])
    return pd.DataFrame(rows, columns=PROBLEM_COLUMNS)


def main(
    predictor: Annotated[Path, typer.Option(help="What was learnt (safetensors).")],
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    table: Annotated[list[str], typer.Option(help="Feature table; may be repeated.")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    synthesised: Annotated[bool, typer.Option(help="The dataset is no music.")],
    shards: Annotated[
        list[Path], typer.Argument(help="Folders of shards: pieces.parquet, and a file a table.")
    ],
    pieces: Annotated[Path, typer.Option(help="A row a piece, to be written (CSV).")],
    neighbours: Annotated[Path, typer.Option(help="Their neighbours, to be written (CSV).")],
    problems: Annotated[Path, typer.Option(help="What was refused, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="The answer in words, to be written.")],
    output: Annotated[Path, typer.Option(help="A row a file, to be written (CSV).")],
    artists: Annotated[Path | None, typer.Option(help="Artists of new files (CSV or TSV).")] = None,
    unnameable: Annotated[
        list[str] | None, typer.Option(help="File whose name is not UTF-8, in ASCII.")
    ] = None,
    passed_over: Annotated[
        list[str] | None, typer.Option(help="What lies beside the files, counted.")
    ] = None,
) -> None:
    """Predict the genres of new files by the mean of their pieces."""
    learnt = Predictor.load(predictor)
    cut = pd.concat([pd.read_parquet(path / "pieces.parquet") for path in shards])
    tables = (
        (name, [pd.read_parquet(path / f"{name}.parquet") for path in shards]) for name in table
    )
    features, refused = features_of(tables, learnt.preparation.columns)
    good = cut[cut["piece"].isin(features.index)].sort_values(["file", "start"])
    found = predict(learnt, features.loc[good["piece"]].to_numpy(np.float64))
    of_each = of_pieces(good, found, learnt)
    seconds = dict(zip(cut["file"], cut["samples"] / SAMPLE_RATE, strict=True))
    predictions = of_files(of_each, seconds, learnt)
    files = predictions["file"].tolist()
    nearest = near.of_files(good["file"].tolist(), found, learnt, read_sheet(sheet))
    named = artists_of(dict(zip(cut["file"], cut["artist"], strict=True)), artists, files)
    columns = predictions[probabilities_of(learnt.genres)].set_axis(learnt.genres, axis=1)
    beside = by_artist(named, columns).assign(neighbours=near.in_words(files, nearest))
    first = list(predictions.columns).index(probabilities_of(learnt.genres)[0])
    for place, column in enumerate(beside, start=first):
        predictions.insert(place, column, beside[column])
    odd = list_problems(unnameable or [], cut, refused)
    model = of_model(learnt.choice, experiment, dataset, len(learnt.clips))
    model += SYNTHESISED if synthesised else ""
    text.write_text(as_text(predictions, odd, passed_over or [], model), encoding="utf-8")
    for frame, path in ((predictions, output), (of_each, pieces), (nearest, neighbours)):
        write_csv(frame.round(4), path)
    write_csv(odd, problems)
    logger.info("%d files, %d pieces, %d problems", len(predictions), len(of_each), len(odd))
