"""From features of new files' pieces to their genres: tables, and a text."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.datasets.listing import NOT_PREDICTED
from genregraph.datasets.sheet import read_sheet
from genregraph.datasets.spreadsheet import write_csv
from genregraph.features.gather import gather
from genregraph.predict import tables
from genregraph.predict.predictor import UNEVALUATED, Choice, Predictor, predict
from genregraph.preprocessing.fold import join

logger = logging.getLogger(__name__)


def features_of(
    gathered: Mapping[str, tuple[pd.DataFrame, dict[str, str]]], columns: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Features of pieces, by `gather` of each table, and why other pieces have none."""
    pieces = set.intersection(*(set(table["clip"]) for table, _ in gathered.values()))
    joined = join(((name, table) for name, (table, _) in gathered.items()), sorted(pieces), [])
    lacking = [name for name in columns if name not in joined.columns]
    if lacking:
        raise UserError(
            f"{len(lacking)} imported features, such as {lacking[0]!r}, are not computed for new "
            "clips; import a table with the extractor's columns, or leave tables: out"
        )
    rejected = {piece: why for _, of_table in gathered.values() for piece, why in of_table.items()}
    return joined[list(columns)], rejected


def list_problems(
    unnameable: Sequence[str], pieces: pd.DataFrame, rejected: Mapping[str, str]
) -> pd.DataFrame:
    """Files that were rejected or repaired, by names, `predict.pieces`, and pieces' features."""
    why = "its name is not UTF-8: rename the file"
    rows: list[tuple[object, ...]] = [(file, why, NOT_PREDICTED) for file in unnameable]
    for file, of_file in pieces.groupby("file"):
        first = of_file.iloc[0]
        if first["problem"]:
            rows.append((file, first["problem"], first["what_was_done"]))
        lost = [piece for piece in of_file["piece"] if piece in rejected]
        if lost:
            left = len(of_file) - len(lost)
            done = f"its other {left} pieces are used" if left else NOT_PREDICTED
            rows.append((file, f"{len(lost)} piece(s): {rejected[lost[0]]}", done))
    return pd.DataFrame(rows, columns=["file", "problem", "what_was_done"])


def of_model(choice: Choice, experiment: str, dataset: str, clips: int) -> str:
    """Which model predicts, and how it was evaluated."""
    trained = f"Predicted by {choice.model} of {experiment}, trained on {clips} clips of {dataset}."
    if choice.protocol == UNEVALUATED:
        return f"{trained} It was evaluated by {UNEVALUATED}: its accuracy is not known."
    return (
        f"{trained} Under protocol {choice.protocol} its accuracy is {choice.accuracy:.4f}, its "
        f"log loss {choice.log_loss:.4f} nats."
    )


def as_text(
    files: pd.DataFrame, problems: pd.DataFrame, passed_over: Sequence[str], model: str
) -> str:
    """The answer as a terminal shows it, without an end of line in any name."""
    lines = [model, ""]
    problems_of = dict(iter(problems.groupby("file")))
    for row in files.to_dict("records"):
        pieces = "" if row["pieces"] == 1 else f", mean of {row['pieces']} pieces"
        lines += [f"{row['file']} ({row['seconds']:.0f} s{pieces})", f"  {row['genres']}"]
        if row["genre_by_artist"]:
            mean = f"{row['genre_by_artist']} {row['probability_by_artist']:.2f}"
            lines.append(f"  mean of all files of {row['artist']}: {mean}")
        lines.append(f"  nearest: {row['neighbours']}")
        for said in problems_of.get(row["file"], problems[:0]).to_dict("records"):
            lines.append(f"  {said['problem']}: {said['what_was_done']}")
        if row["unlike"]:
            lines.append(
                f"  UNLIKE all training clips: its distance is {row['distance']:.2f}, and 99 % of "
                f"theirs are within {row['threshold']:.2f}: do not rely on its genre"
            )
    if len(files) and np.all(files["threshold"] == 0):
        lines.append("All distances between training clips are 0 by the metric of the graph.")
    rejected = problems[problems["what_was_done"] == NOT_PREDICTED]
    if len(rejected):
        lines += [*([""] if len(files) else []), f"{len(rejected)} file(s) could not be predicted:"]
    lines += [f"  {said['file']}: {said['problem']}" for said in rejected.to_dict("records")]
    lines += [f"passed over: {line}" for line in passed_over]
    return "".join(f"{tables.printable(line)}\n" for line in lines)


def main(
    parts: Annotated[str, typer.Option(help="Names of the parts' folders, apart by blanks.")],
    predictor: Annotated[Path, typer.Option(help="The trained model (safetensors).")],
    sheet: Annotated[Path, typer.Option(help="The dataset's sheet.")],
    table: Annotated[list[str], typer.Option(help="Feature table; may be repeated.")],
    synthesised: Annotated[bool, typer.Option(help="The dataset is no music.")],
    pieces: Annotated[Path, typer.Option(help="A row a piece, to be written beside (CSV).")],
    neighbours: Annotated[Path, typer.Option(help="Their neighbours, to be written (CSV).")],
    problems: Annotated[Path, typer.Option(help="Rejected files, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="The answer in words, to be written.")],
    output: Annotated[Path, typer.Option(help="A row a file, to be written (CSV).")],
    artists: Annotated[Path | None, typer.Option(help="Artists of new files (CSV or TSV).")] = None,
    unnameable: Annotated[list[str] | None, typer.Option(help="Name that is not UTF-8.")] = None,
    passed_over: Annotated[list[str] | None, typer.Option(help="Other files, counted.")] = None,
) -> None:
    """Predict the genres of new files by the mean of their pieces."""
    trained, folder = Predictor.load(predictor), pieces.parent

    def of_parts(name: str) -> list[pd.DataFrame]:
        return [pd.read_parquet(folder / part / f"{name}.parquet") for part in parts.split()]

    cut = pd.concat(of_parts("pieces"))
    gathered = {name: gather(of_parts(name)) for name in table}
    features, rejected = features_of(gathered, trained.preparation.columns)
    good = cut[cut["piece"].isin(features.index)].sort_values(["file", "start"])
    prediction = predict(trained, features.loc[good["piece"]].to_numpy(np.float64))
    of_pieces = tables.of_pieces(good, prediction, trained)
    nearest = tables.nearest_songs(good["file"].tolist(), prediction, trained, read_sheet(sheet))
    files, probabilities = tables.of_files(of_pieces, trained)
    facts = cut.groupby("file").first().loc[files.index]
    names = files.index.tolist()
    stated = tables.read_artists(artists, names) if artists else {}
    named = [stated.get(file) or tag for file, tag in zip(names, facts["artist"], strict=True)]
    columns: list[pd.DataFrame | pd.Series] = [
        (facts["samples"] / SAMPLE_RATE).round(2).rename("seconds"),
        files,
        tables.by_artist(named, probabilities),
        tables.in_words(nearest),
        probabilities.rename(columns="p({})".format),
    ]
    predictions = pd.concat(columns, axis=1).reset_index(names="file")
    odd = list_problems(unnameable or [], cut, rejected)
    model = of_model(trained.choice, predictor.parent.name, output.parent.name, len(trained.x))
    if synthesised:
        model += " That dataset is synthesised, and no music. Name another by dataset=NAME."
    text.write_text(as_text(predictions, odd, passed_over or [], model), encoding="utf-8")
    frames = {output: predictions, pieces: of_pieces, neighbours: nearest, problems: odd}
    for path, frame in frames.items():
        write_csv(frame.round(4), path)
    logger.info("%d files, %d pieces, %d problems", len(files), len(of_pieces), len(odd))
