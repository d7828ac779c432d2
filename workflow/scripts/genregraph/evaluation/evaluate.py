"""Evaluate an experiment: accuracies, calibration and comparisons of its models, by protocol."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from genregraph.config.experiment import Experiment
from genregraph.datasets.spreadsheet import of_whole_tables
from genregraph.evaluation import calibration as trust
from genregraph.evaluation import outputs, scores
from genregraph.evaluation.comparisons import View, of_experiment
from genregraph.evaluation.outputs import PLACE
from genregraph.evaluation.statistics import draw_groups

COLUMNS = [
    *PLACE,
    *"repeat fold n_train n_test train_accuracy test_accuracy".split(),
    *"test_macro_f1 test_log_loss epochs seconds".split(),
]
TABLES = {
    "result": COLUMNS,
    "accuracies": [*PLACE, *scores.ACCURACIES],
    "calibration": trust.COLUMNS,
    "reliability": trust.CURVES,
}
Table = Annotated[Path, typer.Option(help="Table, to be written (CSV).")]


def facts_of(folder: Path, songs: pd.Series) -> pd.DataFrame:
    """Song, artist label and group (a category) by clip, from the folder of a protocol."""
    folds = pd.read_parquet(folder / "folds.parquet")
    tested = folds[folds["fold"] >= 0].drop_duplicates("clip").set_index("clip")
    artists = scores.artist_labels(folds, folder.name)
    groups = tested["group"].astype("category")
    return pd.DataFrame({"song": songs, "artist": artists, "group": groups})


def evaluate(
    predictions: pd.DataFrame, fits: pd.DataFrame, facts: pd.DataFrame, draws: NDArray[np.uint8]
) -> dict[str, pd.DataFrame]:
    """Evaluate a model under a protocol, averaged over the clips of each artist that has a label.

    The first tables are those of `models.fit`. There are rows of `TABLES` without their place, and
    the ``clips`` and ``songs`` of a `View`. ``draws``, shape (d, g), are of groups.
    """
    artists = facts["artist"].dropna()
    train, scored, curves, tables = scores.of_training(predictions), [], [], {}
    for scaling, temperature, scaled in trust.scalings(predictions, fits):
        averaged = scores.by_artist(scaled, artists) if len(artists) else scaled
        clips = scores.of_clips(averaged)
        clips["group"] = facts.loc[clips["clip"], "group"].array
        clips["unit"] = clips["clip"].map(facts["artist"]).fillna("clip " + clips["clip"])
        probabilities = trust.describe(clips, train["n_train"].mean(), draws)
        scored.append({"scaling": scaling, "temperature": temperature, **probabilities})
        curve = trust.reliability(clips["confidence"].to_numpy(), clips["right"].to_numpy())
        curves.append(curve.assign(scaling=scaling))
        if scaling == "none":
            songs = scores.of_clips(scores.by_song(averaged, facts["song"]))
            of_songs = clips["group"].groupby(facts.loc[clips["clip"], "song"].array).first()
            songs["group"] = of_songs.loc[songs["clip"]].array
            took = fits.set_index(scores.KEY)[["epochs", "seconds"]].round({"seconds": 3})
            tables = {
                "result": train.join(scores.of_folds(clips)).join(took).reset_index(),
                "accuracies": pd.DataFrame([scores.accuracies(clips, songs, train, draws)]),
                "clips": clips,
                "songs": songs,
            }
    return {**tables, "calibration": pd.DataFrame(scored), "reliability": pd.concat(curves)}


def of_protocol(
    folder: Path, names: Sequence[str], facts: pd.DataFrame, aggregation: str
) -> tuple[dict[str, pd.DataFrame], View]:
    """Evaluate the models of a protocol: predictions averaged (``artist``) or not (``none``)."""
    facts = facts if aggregation == "artist" else facts.assign(artist=facts["artist"][:0])
    draws = draw_groups(len(facts["group"].cat.categories))
    rows: dict[str, list[pd.DataFrame]] = {name: [] for name in (*TABLES, "clips", "songs")}
    for name in names:
        path = folder / "models" / name
        predictions, fits = pd.read_parquet(f"{path}.parquet"), pd.read_csv(f"{path}.csv")
        place = {"protocol": folder.name, "model": name, "aggregation": aggregation}
        for kind, table in evaluate(predictions, fits, facts, draws).items():
            rows[kind].append(table.assign(**place))
    own = {kind: pd.concat(parts, ignore_index=True) for kind, parts in rows.items()}
    return own, View(own["result"], own["clips"], own["songs"], draws)


def described(result: pd.DataFrame, paper: float | None) -> list[str]:
    """A line a protocol, aggregation and model of a result table, and GraphSAGE's in the paper."""
    if result.empty:
        return ["no protocol could be evaluated"]
    sized = result.assign(clips=result["n_train"] + result["n_test"])
    groups = sized.groupby(["protocol", "aggregation", "model"], sort=False)
    table = groups.agg(
        clips=("clips", "first"),
        folds=("fold", "size"),
        train=("train_accuracy", "mean"),
        test=("test_accuracy", "mean"),
        std=("test_accuracy", "std"),
    )
    if paper is not None:
        table["paper"] = pd.Series({("paper", "none", "graphsage"): paper})
    numbers = table.columns[2:]
    table[numbers] = table[numbers].map("{:.4f}".format).replace("nan", "-")
    averaged = [] if (result["aggregation"] == "none").all() else ["aggregation"]
    keys = ["protocol", "model", *averaged]
    return outputs.table_lines(table.reset_index()[[*keys, *table.columns]], keys)


def main(
    experiment: Annotated[str, typer.Option(help="Its models and graph (JSON).")],
    clips: Annotated[Path, typer.Option(help="Clips with their songs (Parquet).")],
    protocols: Annotated[Path, typer.Option(help="Protocols left out, and why (JSON).")],
    output: Table,
    text: Annotated[Path, typer.Option(help="The result in words, to be written.")],
    accuracy: Table,
    calibration: Table,
    reliability: Table,
    comparisons: Table,
    folds: Annotated[list[Path] | None, typer.Option(help="Of each protocol (Parquet).")] = None,
    problems: Annotated[list[Path] | None, typer.Option(help="Problems of clips (CSV).")] = None,
    paper: Annotated[float | None, typer.Option(help="The paper's test accuracy.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Evaluate the models of an experiment under its protocols, and say what comes out."""
    settings = Experiment.model_validate_json(experiment)
    songs = pd.read_parquet(clips, columns=["clip", "source"]).set_index("clip")["source"]
    evaluated, views = [], defaultdict[str, dict[str, View]](dict)
    dataset, name = output.parent.name, output.stem
    folders = [path.parent for path in folds or []]
    for folder in folders:
        facts = facts_of(folder, songs)
        for aggregation in ["none", "artist"] if facts["artist"].notna().any() else ["none"]:
            own, view = of_protocol(folder, outputs.model_names(settings), facts, aggregation)
            views[folder.name][aggregation] = view
            evaluated.append(own)
    tables = {}
    for kind, path in zip(TABLES, (output, accuracy, calibration, reliability), strict=True):
        rows = [own[kind].assign(dataset=dataset, experiment=name) for own in evaluated]
        rows = rows or [pd.DataFrame(columns=TABLES[kind])]
        tables[kind] = pd.concat(rows, ignore_index=True)[TABLES[kind]]
        tables[kind].to_csv(path, index=False)
    of_experiment(views, name, settings, paper).to_csv(comparisons, index=False)
    lines = [
        "",
        f"{name} on {dataset}",
        *described(tables["result"], paper),
        *_notes(folders, problems or [], outputs.read_protocols(protocols)),
        *([outputs.NOT_MUSIC] if synthesised else []),
        f"table: {output}; protocols: {', '.join(map(str, folders)) or 'none'}",
    ]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _notes(folders: Sequence[Path], problems: Sequence[Path], how: Mapping[str, Any]) -> list[str]:
    lines = []
    for folder in folders:
        mean = pd.read_csv(folder / "graph-health.csv").mean(numeric_only=True)
        homophily = f"homophily {mean['homophily']:.3f} (chance {mean['chance_homophily']:.3f})"
        zero = f"zero distances {100 * mean['zero_distance_share']:.1f} %"
        lines.append(f"graph of {folder.name}: k {round(mean['k'], 2):g}, {homophily}, {zero}")
        lines += [f"  {note}" for note in [outputs.note_of(folder)] if note]
    tables = {path: pd.read_csv(path) for path in problems}
    lines += [f"{len(t)} problem(s) are listed in {path}" for path, t in tables.items() if len(t)]
    lines += [line for table in tables.values() for line in of_whole_tables(table)]
    for protocol, counts in how["clips"].items():
        counted = [f"{count} {what.replace('_', ' ')}" for what, count in counts.items()]
        lines.append(f"clips of {protocol}: {', '.join(counted)}")
    return lines + outputs.left_out_lines(how["left_out"])
