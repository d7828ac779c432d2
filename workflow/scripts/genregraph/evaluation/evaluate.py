"""Evaluate an experiment: accuracies, calibration and comparisons of its models, by protocol."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from genregraph.audio.problems import of_whole_tables
from genregraph.config.model import Experiment
from genregraph.evaluation import calibration as trust
from genregraph.evaluation.aggregate import KEY, by_artist, by_song, known_artists
from genregraph.evaluation.comparisons import View, of_experiment
from genregraph.evaluation.notes import (
    NOT_MUSIC,
    count_lines,
    graph_line,
    left_out_lines,
    note_of,
    number,
    table_lines,
)
from genregraph.evaluation.outputs import (
    Model,
    counts_of,
    left_out_of,
    model_names,
    read_models,
    songs_of,
    stacked,
)
from genregraph.evaluation.scores import ACCURACIES, accuracies, of_clips, of_folds, of_training
from genregraph.evaluation.statistics import draw_groups

KEYS = "dataset experiment protocol model aggregation".split()
COLUMNS = [
    *KEYS,
    *"repeat fold n_train n_test train_accuracy test_accuracy".split(),
    *"test_macro_f1 test_log_loss epochs seconds".split(),
]
TABLES = {
    "result": COLUMNS,
    "accuracies": [*KEYS, *ACCURACIES],
    "calibration": trust.COLUMNS,
    "reliability": trust.CURVES,
}


class Split(NamedTuple):
    """What a protocol knows of clips.

    Attributes
    ----------
    songs, artists, groups : pd.Series
        By clip: song; known artist (`evaluation.aggregate.known_artists`); group, a category.
    draws : NDArray[np.uint8], shape (d, g)
        Of the groups that are tested.
    """

    songs: pd.Series
    artists: pd.Series
    groups: pd.Series
    draws: NDArray[np.uint8]


def split_of(folds: pd.DataFrame, protocol: str, songs: pd.Series) -> Split:
    """What a protocol knows of clips.

    Parameters
    ----------
    folds : pd.DataFrame
        As `folds.assign` writes them.
    protocol : str
    songs : pd.Series
        Song by clip.
    """
    tested = folds[folds["fold"] >= 0].drop_duplicates("clip").set_index("clip")
    groups = tested["group"].astype("category")
    draws = draw_groups(len(groups.cat.categories))
    return Split(songs, known_artists(folds, protocol), groups, draws)


def evaluate(
    model: Model, split: Split, aggregation: str
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.Series]]:
    """Evaluate a model under a protocol, its predictions aggregated or not.

    Parameters
    ----------
    model : Model
    split : Split
    aggregation : {"none", "artist"}

    Returns
    -------
    tables : dict of str to pd.DataFrame
        Rows of `TABLES`, but dataset, experiment, protocol, model and aggregation.
    tests : dict of str to pd.Series
        ``predicted``, ``right`` and ``songs`` of a `evaluation.comparisons.View`.
    """
    train, units = of_training(model.predictions), split.artists
    scored, curves, tables, tests = [], [], {}, {}
    for scaling, temperature, predictions in trust.scalings(model):
        if aggregation == "artist":
            predictions = by_artist(predictions, split.artists)
        clips = of_clips(predictions)
        clips["group"] = split.groups.loc[clips["clip"]].array
        clips["unit"] = clips["clip"]
        if aggregation == "artist":
            clips["unit"] = clips["clip"].map(units).fillna("clip " + clips["clip"])
        scores, curve = trust.describe(clips, train["n_train"].mean(), split.draws)
        scored.append({"scaling": scaling, "temperature": temperature, **scores})
        curves.append(curve.assign(scaling=scaling))
        if scaling == "none":
            songs = of_clips(by_song(predictions, split.songs))
            own = accuracies(clips, songs, train, split.draws)
            fits = model.fits.set_index(KEY)[["epochs", "seconds"]].round({"seconds": 3})
            tables["result"] = train.join(of_folds(clips)).join(fits).reset_index()
            tables["accuracies"] = pd.DataFrame([own])
            tests = _tests(clips, songs, split)
    return {
        **tables,
        "calibration": pd.DataFrame(scored),
        "reliability": pd.concat(curves, ignore_index=True),
    }, tests


def _tests(clips: pd.DataFrame, songs: pd.DataFrame, split: Split) -> dict[str, pd.Series]:
    of_song = split.groups.groupby(split.songs.loc[split.groups.index].to_numpy()).first()
    songs = songs.rename(columns={"clip": "song"})
    songs["group"] = of_song.loc[songs["song"]].to_numpy()
    indexed = clips.set_index([*KEY, "clip", "group"])
    return {
        "predicted": indexed["predicted"],
        "right": indexed["right"],
        "songs": songs.set_index([*KEY, "song", "group"])["right"],
    }


def of_protocol(
    folder: Path, names: Sequence[str], songs: pd.Series
) -> tuple[dict[str, pd.DataFrame], dict[str, View]]:
    """Evaluate the models of a protocol.

    Parameters
    ----------
    folder : Path
        Folder of the protocol, named like it.
    names : sequence of str
        Models, in order.
    songs : pd.Series
        Song by clip.

    Returns
    -------
    tables : dict of str to pd.DataFrame
        Rows of `TABLES`, but dataset and experiment: by aggregation, then by model.
    views : dict of str to View
        By aggregation.
    """
    split = split_of(pd.read_parquet(folder / "folds.parquet"), folder.name, songs)
    aggregations = ["none"] if split.artists.empty else ["none", "artist"]
    found = {
        (aggregation, model.name): evaluate(model, split, aggregation)
        for model in read_models(folder, names)
        for aggregation in aggregations
    }
    found = {key: found[key] for key in sorted(found, key=lambda key: aggregations.index(key[0]))}
    rows: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for (aggregation, model), (tables, _) in found.items():
        place = {"protocol": folder.name, "model": model, "aggregation": aggregation}
        for name, table in tables.items():
            rows[name].append(table.assign(**place))
    joined = {name: pd.concat(tables, ignore_index=True) for name, tables in rows.items()}
    result, views = joined["result"], {}
    for aggregation in aggregations:
        tests = {
            kind: pd.DataFrame({name: found[aggregation, name][1][kind] for name in names})
            for kind in ("predicted", "right", "songs")
        }
        own = result[result["aggregation"] == aggregation]
        views[aggregation] = View(own, **tests, draws=split.draws)
    return joined, views


def described(result: pd.DataFrame, paper: float | None) -> list[str]:
    """A line a protocol, model and aggregation of a result table.

    Parameters
    ----------
    result : pd.DataFrame
        `COLUMNS`; one experiment.
    paper : float or None
        The paper's test accuracy, which is GraphSAGE's under protocol paper.
    """
    if result.empty:
        return ["no protocol could be evaluated"]
    lines = []
    for key, rows in result.groupby(["protocol", "aggregation", "model"], sort=False):
        (protocol, aggregation, model), test, first = key, rows["test_accuracy"], rows.iloc[0]
        line = {
            "protocol": str(protocol),
            "model": str(model),
            "aggregation": str(aggregation),
            "clips": f"{first['n_train'] + first['n_test']}",
            "folds": f"{len(rows)}",
            "train": f"{rows['train_accuracy'].mean():.4f}",
            "test": f"{test.mean():.4f}",
            "± std": number(test.std(), ".4f"),
        }
        if paper is not None:
            own = key == ("paper", "none", "graphsage")
            line["paper"] = f"{paper:.4f}" if own else "-"
        if (result["aggregation"] == "none").all():
            del line["aggregation"]
        lines.append(line)
    return table_lines(lines, ["protocol", "model", "aggregation"])


def main(
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    name: Annotated[str, typer.Option(help="Name of the experiment.")],
    experiment: Annotated[str, typer.Option(help="Its models and graph (JSON).")],
    clips: Annotated[Path, typer.Option(help="Clips, which know their song (Parquet).")],
    protocols: Annotated[Path, typer.Option(help="Which protocols are left out, and why (JSON).")],
    output: Annotated[Path, typer.Option(help="Result table, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="What it says, to be written.")],
    accuracy: Annotated[Path, typer.Option(help="Means and intervals, to be written (CSV).")],
    calibration: Annotated[
        Path, typer.Option(help="Scores of probabilities, to be written (CSV).")
    ],
    reliability: Annotated[Path, typer.Option(help="Reliability by bins, to be written (CSV).")],
    comparisons: Annotated[Path, typer.Option(help="Comparisons, to be written (CSV).")],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folder of each protocol.")] = None,
    problems: Annotated[list[Path] | None, typer.Option(help="What was amiss (CSV).")] = None,
    paper: Annotated[float | None, typer.Option(help="The paper's test accuracy.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Evaluate the models of an experiment under its protocols, and say what comes out."""
    there, settings = folders or [], Experiment.model_validate_json(experiment)
    songs = songs_of(clips)
    found = {each.name: of_protocol(each, model_names(settings), songs) for each in there}
    outputs = {
        "result": output,
        "accuracies": accuracy,
        "calibration": calibration,
        "reliability": reliability,
    }
    whose = {"dataset": dataset, "experiment": name}
    tables = {
        kind: stacked([rows[kind].assign(**whose) for rows, _ in found.values()], columns)
        for kind, columns in TABLES.items()
    }
    for kind, path in outputs.items():
        tables[kind].to_csv(path, index=False)
    views = {protocol: own for protocol, (_, own) in found.items()}
    of_experiment(views, name, settings, paper).to_csv(comparisons, index=False)
    lines = [
        "",
        f"{name} on {dataset}",
        *described(tables["result"], paper),
        *_notes(there, {path: pd.read_csv(path) for path in problems or []}),
        *count_lines(counts_of(protocols)),
        *left_out_lines({"": left_out_of(protocols)}),
        *([NOT_MUSIC] if synthesised else []),
        f"table: {output}; protocols: {', '.join(map(str, there)) or 'none'}",
    ]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _notes(folders: Sequence[Path], problems: Mapping[Path, pd.DataFrame]) -> list[str]:
    lines = []
    for folder in folders:
        health = pd.read_csv(folder / "graph-health.csv")
        lines.append(f"graph of {folder.name}: {graph_line(health)}")
        lines += [f"  {note}" for note in [note_of(folder)] if note]
    amiss = {path: len(table) for path, table in problems.items() if len(table)}
    lines += [f"{count} problem(s) are listed in {path}" for path, count in amiss.items()]
    return lines + [line for table in problems.values() for line in of_whole_tables(table)]
