"""The report: one HTML page that needs nothing beside itself, from the results of a dataset."""

import base64
import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import jinja2
import numpy as np
import pandas as pd
import typer
from markupsafe import Markup

from audio.samples import SAMPLE_RATE
from folds.leaks import KINDS
from report import charts
from report.answer import answer
from report.beside import compared as compared_beside
from report.beside import read_beside, trust
from report.confusion import confuse
from report.cost import costs, read_benchmarks
from report.findings import FILTERS
from report.provenance import read_records, steps, versions
from report.strictness import PROTOCOLS
from report.style import counted
from results.ahead import TOLD_ARTISTS
from results.outputs import folds_of, left_out_of, read_result
from results.summarise import pairs
from settings.sheet import Row, locate, read_sheet
from settings.spreadsheet import read_csv

CONFUSED = 10  # Clips that an experiment shows as most confused,
NEAREST = 3  # and the neighbours of each.
HEALTH = {
    "k": "neighbours of a clip (k)",
    "zero_distance_share": "share of distances that are zero",
    "homophily": "share of neighbours of the same genre",
    "chance_homophily": "the same by chance",
    "components": "connected components",
    "degree_max": "clips that have the most popular one as neighbour",
}
LEAKS = {
    "group": "groups",
    "artist": "artists",
    "song": "songs",
    "md5": "identical files",
    "near_identical": "pairs of nearly identical features",
}
MAIN = ("graphsage", "edgeless")
AMONG = {"all": "", "artist": ", among clips that are known to be of one artist"}

Facts = dict[str, Any]


def page(template: str, style: str, script: str, facts: Mapping[str, Any]) -> str:
    """Fill in the template; whatever is not the template's own is escaped.

    Parameters
    ----------
    template : str
        Jinja2.
    style, script : str
        CSS and JavaScript; the page forbids any other, and the network.
    facts : mapping
        As `main` gathers them; ``map`` goes into the page as JSON.

    Raises
    ------
    jinja2.UndefinedError
        If the template names a fact that there is not.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        finalize=printable,
    )
    environment.filters |= FILTERS | {"counted": counted, "figure": figure}
    own = {"style": style, "script": script}
    return environment.from_string(template).render(
        dict(facts)
        | {name: Markup(text) for name, text in own.items()}
        | {f"{name}_digest": _digest(text) for name, text in own.items()}
        | {"map_json": Markup(as_data(facts["map"]))}
    )


def figure(value: float) -> str:
    """Number with three digits, or with all those before its point; of NaN a dash."""
    if np.isnan(value):
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def printable(value: Any) -> Any:
    """Text without letters that HTML has no place for; all else as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in value)


def as_data(value: Any) -> str:
    """JSON that may stand in a ``script`` element, whatever its texts hold."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _digest(text: str) -> str:
    """What a Content-Security-Policy allows an inline style or script by."""
    sha = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(sha).decode('ascii')}"


def compared(summary: pd.DataFrame) -> list[Facts]:
    """Rows of the summary by experiment and protocol, with places in percent of a common scale."""
    low, high = charts.scale(summary)

    def place(value: float) -> float | None:
        return None if np.isnan(value) else charts.share(value, low, high)

    found: dict[str, Facts] = {}
    for (name, protocol), rows in summary.groupby(["experiment", "protocol"], sort=False):
        models: list[dict[Any, Any]] = rows.to_dict("records")
        for row in models:
            stated = row["paper_test_accuracy"] if protocol == "paper" else np.nan
            row |= {"at": place(row["mean"]), "from": place(row["ci_low"])}
            row |= {"to": place(row["ci_high"]), "paper_at": place(stated)}
            row["kind"] = row["model"] if row["model"] in MAIN else "other"
        of_protocol = {
            "name": protocol,
            "what": PROTOCOLS[str(protocol)],
            "folds": int(rows["n_folds"].iloc[0]),
            "models": models,
            "note": rows["note"].iloc[0],
        }
        found.setdefault(str(name), {"name": name, "protocols": []})["protocols"].append(
            of_protocol
        )
    return list(found.values())


def axis(summary: pd.DataFrame) -> list[tuple[float, str]]:
    """Ticks of the scale of `compared`: place in percent, and text."""
    low, high = charts.scale(summary)
    return [(charts.share(tick, low, high), f"{tick:g}") for tick in charts.ticks(low, high)]


def confusion(predictions: Sequence[pd.DataFrame]) -> Facts:
    """Of each true genre, how many test clips were taken for which, and in which share.

    Parameters
    ----------
    predictions : sequence of pd.DataFrame
        As `learning.predictions` makes them, one of each fold.
    """
    table = confuse(predictions)
    counts = table.to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = [
        {
            "genre": genre,
            "right": shares[i, i],
            "cells": [
                {"count": int(n), "level": int(np.ceil(10 * s)), "share": s, "own": i == j}
                for j, (n, s) in enumerate(zip(counts[i], shares[i], strict=True))
            ],
        }
        for i, genre in enumerate(table.index)
    ]
    return {
        "genres": table.columns.tolist(),
        "rows": rows,
        "right": int(np.trace(counts)),
        "total": int(counts.sum()),
    }


def spread(table: pd.DataFrame, columns: Mapping[str, str]) -> list[Facts]:
    """Mean and range over folds of some columns, by what they are called."""
    return [
        {
            "what": what,
            "mean": float(table[name].mean()),
            "low": float(table[name].min()),
            "high": float(table[name].max()),
        }
        for name, what in columns.items()
        if name in table
    ]


def most_confused(shown: Mapping[str, Any], most: int, neighbours: int) -> list[Facts]:
    """Test clips that GraphSAGE is surest of to be of another genre, the surest first.

    Parameters
    ----------
    shown : mapping
        As `report.map` makes it.
    most, neighbours : int
        How many clips, and how many neighbours of each.

    Returns
    -------
    list of dict
        ``clip true predicted percent fold``, and ``neighbours``, each ``clip genre distance``.
    """
    genres, clips = shown["genres"], shown["clips"]
    own = shown["models"]["graphsage"]
    raw = np.frombuffer(base64.b64decode(own["probabilities"]), dtype=np.uint8)
    percents = raw.reshape(len(clips), len(genres))
    wrong = [
        (-int(percents[i, taken]), i)
        for i, taken in enumerate(own["predicted"])
        if taken not in (-1, shown["genre"][i])
    ]
    return [
        {
            "clip": clips[i],
            "true": genres[shown["genre"][i]],
            "predicted": genres[own["predicted"][i]],
            "percent": -surety,
            "fold": shown["fold"][i],
            "neighbours": [
                {"clip": clips[j], "genre": genres[shown["genre"][j]], "distance": distance}
                for j, distance in zip(shown["neighbours"][i], shown["distances"][i], strict=True)
            ][:neighbours],
        }
        for surety, i in sorted(wrong)[:most]
    ]


def settings_of(experiment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings of an experiment that decide its numbers, each with its value in words."""
    graph, network = experiment["graph"], experiment["graphsage"]
    chosen, reduced = experiment.get("select"), experiment.get("reduce")
    names = {
        "genres": ", ".join(experiment["genres"]) or "all",
        "cut": experiment["cut"],
        "feature tables": ", ".join(experiment["tables"]),
        "scaling": experiment["scale"],
        "selection": f"ControlBurn to {chosen['n_features']} features" if chosen else "none",
        "reduction": f"{reduced['method']} to {reduced['to']}" if reduced else "none",
        "graph": f"{graph['metric']} distance, k {graph['k']}{AMONG[graph['among']]}",
        "GraphSAGE": ", ".join(_setting(name, value) for name, value in network.items()),
    }
    return list(names.items())


def _setting(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    return f"{words} {value}"


def of_source(
    rows: Sequence[Row], audio: Path | None, endings: Sequence[str] = ()
) -> dict[str, Facts]:
    """Title, artist and audio file (empty where it is not at hand) of each clip of the sheet."""
    named = {row.path for row in rows}
    return {
        row.clip: {
            "title": row.title,
            "artist": row.artist,
            "path": (locate(audio, row.path, endings, named) or "") if audio else "",
        }
        for row in rows
    }


def with_sources(shown: Mapping[str, Any], clips: pd.DataFrame, sources: Sequence[str]) -> Facts:
    """A map whose clips know of which of some sources they are, and where they start and end.

    Parameters
    ----------
    shown : mapping
        As `report.map` makes it.
    clips : pd.DataFrame
        Those of its cut, as `audio.clips` lists them.
    sources : sequence of str
    """
    own = clips.set_index("clip").loc[shown["clips"]]
    number = {source: i for i, source in enumerate(sources)}
    times = own["start"].to_numpy() / SAMPLE_RATE
    ends = times + own["samples"].to_numpy() / SAMPLE_RATE
    segments = (own.index != own["source"]).any()
    return {
        **shown,
        "source": [number[source] for source in own["source"]],
        "times": np.stack([times, ends], axis=1).round(2).tolist() if segments else None,
    }


def _protocol(
    folder: Path,
    results: pd.DataFrame,
    paper: float | None,
    beside: Mapping[str, pd.DataFrame],
    of_artists: bool,
) -> Facts:
    """What there is to show of an experiment's protocol."""
    outputs = [fold.outputs for fold in folds_of(folder)]
    own = results[(results["protocol"] == folder.name) & (results["model"] == "graphsage")]
    leaks = pd.read_csv(folder / "leaks.csv")
    return {
        "name": folder.name,
        "what": PROTOCOLS[folder.name],
        "confusion": confusion([pd.read_parquet(o / "predictions.parquet") for o in outputs]),
        "folds": charts.folds(own, paper if folder.name == "paper" else None),
        "history": charts.history([pd.read_csv(o / "history.csv") for o in outputs]),
        "health": spread(pd.read_csv(folder / "graph-health.csv"), HEALTH),
        "leaks": spread(leaks, {kind: LEAKS[kind] for kind in KINDS}),
        "trust": trust(beside, folder.name, of_artists),
    }


def _experiment(
    name: str,
    folder: Path,
    results: pd.DataFrame,
    summary: pd.DataFrame,
    settings: Mapping[str, Any],
    shown: tuple[str, Mapping[str, Any]] | None,
    sources: Mapping[str, Facts],
    of_clip: Mapping[Any, Any],
    beside: Mapping[str, pd.DataFrame],
    variants: Mapping[str, str],
) -> Facts:
    """What there is to show of an experiment; ``shown`` is its map with the map's protocol."""
    stated = summary["paper_test_accuracy"].dropna()
    protocols = [str(protocol) for protocol in summary["protocol"].unique()]
    paper = float(stated.iloc[0]) if len(stated) else None
    of_artists = settings["graph"]["among"] == "artist"
    return {
        "name": name,
        "description": settings["description"],
        "settings": settings_of(settings),
        "protocols": [
            _protocol(folder / protocol, results, paper, beside, of_artists)
            for protocol in protocols
        ],
        "beside": compared_beside(beside, name, variants),
        "left_out": left_out_of(folder / "protocols.json"),
        "map_protocol": shown[0] if shown else "",
        "confused": [
            {**clip, "source": sources[of_clip[clip["clip"]]]}
            for clip in (most_confused(shown[1], CONFUSED, NEAREST) if shown else [])
        ],
    }


def _problems(paths: Sequence[Path]) -> list[Facts]:
    """Refused and repaired clips, and what was left out of tables, with where it is listed."""
    found: list[Any] = []
    for path in paths:
        table = read_csv(path)
        place = f"{path.parent.name}/{path.name}"
        found += table.assign(list=place).to_dict("records")
    return found


def _where(audio: Path | None, folder: Path) -> list[str]:
    """Audio folder as seen from the page in a folder, and its copy above; none without audio."""
    if audio is None:
        return []
    places = (folder.resolve(), folder.resolve().parent)
    return [Path(os.path.relpath(audio.resolve(), place)).as_posix() for place in places]


def main(
    results: Annotated[list[Path], typer.Argument(help="Tables, named by experiment (CSV).")],
    summary: Annotated[Path, typer.Option(help="Summary of all experiments (CSV).")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset.")],
    benchmarks: Annotated[Path, typer.Option(help="Folder of its jobs' benchmarks.")],
    sheet: Annotated[Path, typer.Option(help="Its sheet.")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    template: Annotated[Path, typer.Option(help="The page (Jinja2).")],
    style: Annotated[Path, typer.Option(help="How it looks (CSS).")],
    script: Annotated[Path, typer.Option(help="What its map does (JavaScript).")],
    output: Annotated[Path, typer.Option(help="Report, to be written (HTML).")],
    maps: Annotated[list[Path] | None, typer.Option("--map", help="Of an experiment.")] = None,
    problems: Annotated[list[Path] | None, typer.Option(help="Lists of problems (CSV).")] = None,
    beside: Annotated[
        list[Path] | None, typer.Option(help="More tables, each in its experiment's folder (CSV).")
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="EXPERIMENT.VARIANT=in what it differs.")
    ] = None,
    audio: Annotated[Path | None, typer.Option(help="Folder of the audio files.")] = None,
    ending: Annotated[
        list[str] | None, typer.Option(help="Endings that stand in for each other.")
    ] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Write the report of a dataset: one page, to be sent as it is."""
    table = read_result(summary).fillna({"note": "", "interval": "", "against": ""})
    rows, settings = read_sheet(sheet), json.loads(config)
    tables = {path.stem: read_result(path) for path in results}
    shown = {
        path.parents[1].name: (path.parent.name, json.loads(path.read_text(encoding="utf-8")))
        for path in maps or []
    }
    cuts = sorted({settings["experiments"][name]["cut"] for name in tables})
    clips = {cut: pd.read_parquet(folder / cut / "clips.parquet") for cut in cuts}
    of_sources = of_source(rows, audio, ending or ())
    more, differs = read_beside(beside or []), pairs(variant)
    experiments = [
        _experiment(
            name,
            folder / "experiments" / name,
            own,
            table[table["experiment"] == name],
            settings["experiments"][name],
            shown.get(name),
            of_sources,
            clips[settings["experiments"][name]["cut"]].set_index("clip")["source"].to_dict(),
            more.get(name, {}),
            differs,
        )
        for name, own in tables.items()
    ]
    health = {
        (name, protocol): float(
            pd.read_csv(folder / "experiments" / name / protocol / "graph-health.csv")[
                "zero_distance_share"
            ].mean()
        )
        for name, protocol in table[["experiment", "protocol"]].drop_duplicates().to_numpy()
    }
    records = read_records(folder, list(tables))
    of_artists = [n for n in tables if settings["experiments"][n]["graph"]["among"] == "artist"]
    facts = {
        "dataset": settings["dataset"],
        "synthesised": synthesised,
        "clips": {cut: int((found["status"] != "refused").sum()) for cut, found in clips.items()},
        "genres": sorted({row.genre for row in rows}),
        "sources": of_sources,
        "answer": answer(
            table, health, {n: len(m["genres"]) for n, (_, m) in shown.items()}, of_artists
        ),
        "compared": compared(table),
        "told": TOLD_ARTISTS in table["model"].to_numpy() or bool(of_artists),
        "axis": axis(table),
        "frame": charts,
        "experiments": experiments,
        "problems": _problems(problems or []),
        "not_run": pairs(not_run),
        "costs": costs(read_benchmarks(benchmarks, list(tables))).to_dict("records"),
        "steps": steps(records),
        "versions": {"python": platform.python_version()} | versions(records),
        "config": json.dumps(settings, indent=1),
        "seed": settings["seed"],
        "map": {
            "dataset": settings["dataset"],
            "audio": _where(audio, folder),
            "sources": [{"clip": name, **facts} for name, facts in of_sources.items()],
            "maps": {
                name: {
                    "protocol": protocol,
                    **with_sources(
                        found, clips[settings["experiments"][name]["cut"]], list(of_sources)
                    ),
                }
                for name, (protocol, found) in shown.items()
            },
        },
    }
    own = [path.read_text(encoding="utf-8") for path in (template, style, script)]
    output.write_text(page(own[0], own[1], own[2], facts), encoding="utf-8")
