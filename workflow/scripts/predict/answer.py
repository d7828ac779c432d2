"""From features of new files' pieces to their genres: tables, and what there is to say of them."""

import logging
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from audio.samples import SAMPLE_RATE
from features.gather import gather
from inputs.fold import join
from predict.listing import NOT_PREDICTED
from predict.predictor import Prediction, Predictor, predict
from settings.errors import UserError
from settings.row import Row
from settings.sheet import read_sheet
from settings.spreadsheet import write_csv

logger = logging.getLogger(__name__)

PROBLEM_COLUMNS = ["file", "problem", "what_was_done"]
NEIGHBOUR_COLUMNS = "file rank clip genre artist title distance share".split()
NOT_UTF8 = "its name is not UTF-8: rename the file"
NEIGHBOURS = 10  # Of a file, that are listed.
NAMED = 3  # Of genres, and of neighbours, that are named in a line.


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
    """A row a piece: when it is, and what it is.

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
    named = [probability_of(genre) for genre in predictor.genres]
    return table.join(pd.DataFrame(prediction.probabilities, columns=named))


def probability_of(genre: str) -> str:
    """Column of a genre's probability: a genre may be called as other columns are."""
    return f"p({genre})"


def of_files(
    pieces: pd.DataFrame, seconds: Mapping[str, float], genres: Sequence[str], threshold: float
) -> pd.DataFrame:
    """A row a file: the vote of its pieces.

    Parameters
    ----------
    pieces : pd.DataFrame
        As `of_pieces` gives them.
    seconds : mapping of str to float
        How much of each file was heard.
    genres : sequence of str
    threshold : float
        Distance beyond which a clip is unlike all training clips.

    Returns
    -------
    pd.DataFrame
        ``file seconds_heard pieces genre probability genres unlike distance threshold`` and a
        probability a genre: the mean over pieces. ``distance`` is the median of theirs.
    """
    columns = [probability_of(genre) for genre in genres]
    grouped = pieces.groupby("file", sort=True)
    votes = grouped[columns].mean()
    order = np.argsort(-votes.to_numpy(), axis=1, kind="stable")
    distance = grouped["distance"].median().to_numpy()
    table = pd.DataFrame(
        {
            "file": votes.index,
            "seconds_heard": [round(seconds[file], 2) for file in votes.index],
            "pieces": grouped.size().to_numpy(),
            "genre": np.array(genres, dtype=object)[order[:, 0]],
            "probability": votes.to_numpy().max(axis=1, initial=0),
            "genres": [
                ", ".join(f"{genres[i]} {row[i]:.2f}" for i in likely[:NAMED])
                for row, likely in zip(votes.to_numpy(), order, strict=True)
            ],
            "unlike": distance > threshold,
            "distance": distance,
            "threshold": threshold,
        }
    )
    return table.join(votes.reset_index(drop=True))


def of_neighbours(
    files: Sequence[str], prediction: Prediction, predictor: Predictor, rows: Sequence[Row]
) -> pd.DataFrame:
    """The training clips that each file heard, the nearest first.

    Parameters
    ----------
    files : sequence of str, length m
        File of each piece.
    prediction : Prediction
    predictor : Predictor
    rows : sequence of Row
        The dataset's sheet, which knows artists and titles.

    Returns
    -------
    pd.DataFrame
        `NEIGHBOUR_COLUMNS`, at most `NEIGHBOURS` a file. A song's ``distance`` is that of the piece
        that is nearest to it; its ``share`` of what all pieces hear is a mean over them.
    """
    known = {row.clip: row for row in rows}
    k = prediction.neighbours.shape[1]
    heard = prediction.neighbours.ravel()
    table = pd.DataFrame(
        {
            "file": np.repeat(np.array(files, dtype=object), k),
            "clip": np.array(predictor.songs, dtype=object)[heard],
            "genre": np.array(predictor.genres, dtype=object)[predictor.y[heard]],
            "distance": prediction.distances.ravel(),
            "share": prediction.shares.ravel(),
        }
    )
    pieces = pd.Series(files, dtype=object).value_counts()
    songs = table.groupby(["file", "clip"], as_index=False).agg(
        genre=("genre", "first"), distance=("distance", "min"), share=("share", "sum")
    )
    songs["share"] /= songs["file"].map(pieces)
    songs["artist"] = [known[clip].artist if clip in known else "" for clip in songs["clip"]]
    songs["title"] = [known[clip].title if clip in known else "" for clip in songs["clip"]]
    songs = songs.sort_values(["file", "distance", "clip"], ignore_index=True)
    songs["rank"] = songs.groupby("file").cumcount() + 1
    return songs.loc[songs["rank"] <= NEIGHBOURS, NEIGHBOUR_COLUMNS].reset_index(drop=True)


def nearest(files: Sequence[str], neighbours: pd.DataFrame) -> list[str]:
    """The first neighbours of each file in words, as ``Artist: Title (genre, distance)``.

    Parameters
    ----------
    files : sequence of str
    neighbours : pd.DataFrame
        As `of_neighbours` gives them.
    """
    of_file = {
        file: near.head(NAMED).to_dict("records") for file, near in neighbours.groupby("file")
    }
    return ["; ".join(_neighbour(each) for each in of_file[file]) for file in files]


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


def told(
    files: pd.DataFrame,
    problems: pd.DataFrame,
    passed_over: Sequence[str],
    trained_on: str,
) -> str:
    """The answer as it is read in a terminal, without an end of line in any name.

    Parameters
    ----------
    files : pd.DataFrame
        As `of_files` gives them, with a column ``neighbours`` as `nearest` gives it.
    problems : pd.DataFrame
        As `list_problems` gives them.
    passed_over : sequence of str
        What else lies in the folders, as `predict.listing` counts it.
    trained_on : str
        What has learnt from what.
    """
    lines = [trained_on, ""]
    for row in files.to_dict("records"):
        pieces = "" if row["pieces"] == 1 else f", vote of {row['pieces']} pieces"
        lines.append(f"{printable(row['file'])} ({row['seconds_heard']:.0f} s{pieces})")
        lines.append(f"  {printable(row['genres'])}")
        lines.append(f"  nearest: {row['neighbours']}")
        if row["unlike"]:
            lines.append(
                f"  UNLIKE all training clips: its distance is {row['distance']:.2f}, and 99 % of "
                f"theirs are within {row['threshold']:.2f}: do not rely on its genre"
            )
    if len(files) and files["threshold"].eq(0).all():
        lines.append("All distances between training clips are 0: the metric tells no clips apart.")
    refused = problems[problems["what_was_done"] == NOT_PREDICTED]
    if len(refused):
        lines += [*([""] if len(files) else []), f"{len(refused)} file(s) could not be predicted:"]
        named = zip(refused["file"], refused["problem"], strict=True)
        lines += [f"  {printable(file)}: {printable(problem)}" for file, problem in named]
    lines += [f"passed over: {line}" for line in passed_over]
    return "\n".join(lines) + "\n"


def _neighbour(row: Mapping[Hashable, object]) -> str:
    name = ": ".join(str(row[key]) for key in ("artist", "title") if row[key]) or str(row["clip"])
    return printable(f"{name} ({row['genre']}, {row['distance']:.2f})")


def printable(text: str) -> str:
    """A text without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


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
    text: Annotated[Path, typer.Option(help="What there is to say, to be written.")],
    output: Annotated[Path, typer.Option(help="A row a file, to be written (CSV).")],
    unnameable: Annotated[
        list[str] | None, typer.Option(help="File whose name is not UTF-8, in ASCII.")
    ] = None,
    passed_over: Annotated[
        list[str] | None, typer.Option(help="What lies beside the files, counted.")
    ] = None,
) -> None:
    """Predict the genres of new files by the vote of their pieces."""
    learnt = Predictor.load(predictor)
    heard = pd.concat([pd.read_parquet(path / "pieces.parquet") for path in shards])
    tables = (
        (name, [pd.read_parquet(path / f"{name}.parquet") for path in shards]) for name in table
    )
    features, refused = features_of(tables, learnt.preparation.columns)
    good = heard[heard["piece"].isin(features.index)].sort_values(["file", "start"])
    found = predict(learnt, features.loc[good["piece"]].to_numpy(np.float64))
    of_each = of_pieces(good, found, learnt)
    seconds = dict(zip(heard["file"], heard["samples"] / SAMPLE_RATE, strict=True))
    predictions = of_files(of_each, seconds, learnt.genres, learnt.threshold)
    near = of_neighbours(good["file"].tolist(), found, learnt, read_sheet(sheet))
    before = list(predictions.columns).index(probability_of(learnt.genres[0]))
    predictions.insert(before, "neighbours", nearest(predictions["file"].tolist(), near))
    odd = list_problems(unnameable or [], heard, refused)
    by = f"Trained on {len(learnt.clips)} clips of {dataset} by {experiment}."
    if synthesised:
        by += (
            " That dataset is synthesised: its genres are no music's. Name another by dataset=NAME."
        )
    text.write_text(told(predictions, odd, passed_over or [], by), encoding="utf-8")
    for frame, path in ((predictions, output), (of_each, pieces), (near, neighbours)):
        write_csv(frame.round(4), path)
    write_csv(odd, problems)
    logger.info("%d files, %d pieces, %d problems", len(predictions), len(of_each), len(odd))
