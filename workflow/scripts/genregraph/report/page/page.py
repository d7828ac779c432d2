"""The report: one HTML page that needs no other file, from the results of a dataset."""

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

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.config.registry import EDGELESS, NETWORKS
from genregraph.datasets.sheet import Row as SheetRow
from genregraph.datasets.sheet import locate, read_sheet
from genregraph.datasets.spreadsheet import read_csv
from genregraph.folds.leaks import KINDS
from genregraph.report.figures.protocol_figures import confuse
from genregraph.report.figures.style import counted
from genregraph.report.page import answer, charts
from genregraph.report.page.cost import costs, read_benchmarks
from genregraph.report.page.tables import Row, Tables, pairs, read
from genregraph.report.page.words import AGGREGATIONS, FILTERS
from genregraph.report.provenance import read_records, steps, versions
from genregraph.report.strictness import PROTOCOLS

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
MAIN = (NETWORKS[0], EDGELESS)
AMONG = {"all": "", "artist": ", among clips of one artist by the sheet"}
QUESTIONS = {
    "messages": "a network and the same without messages",
    "baseline": "graph models and the best model that uses no other test clip",
    "variant": "variants and the network that they vary",
    "protocol": "protocol clean and another protocol, of one model",
    "paper": "GraphSAGE and the paper's number",
}

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


def accuracies(summary: pd.DataFrame) -> list[Facts]:
    """Rows of the summary by experiment, protocol and aggregation.

    Returns
    -------
    list of dict
        ``name`` of the experiment and its ``parts``, whose ``models`` have places in percent of a
        common scale.
    """
    low, high = charts.scale(summary)

    def place(value: float) -> float | None:
        return None if np.isnan(value) else charts.share(value, low, high)

    found: dict[str, Facts] = {}
    parts = summary.groupby(["experiment", "protocol", "aggregation"], sort=False)
    for (name, protocol, aggregation), rows in parts:
        models: list[Row] = rows.to_dict("records")
        for row in models:
            stated = protocol == "paper" and aggregation == "none"
            paper = row["paper_test_accuracy"] if stated else np.nan
            row |= {"at": place(row["mean"]), "from": place(row["ci_low"])}
            row |= {"to": place(row["ci_high"]), "paper_at": place(paper)}
            row["kind"] = row["model"] if row["model"] in MAIN else "other"
        part = {
            "name": protocol,
            "aggregation": aggregation,
            "what": PROTOCOLS[str(protocol)],
            "folds": int(rows["n_folds"].iloc[0]),
            "models": models,
        }
        found.setdefault(str(name), {"name": name, "parts": []})["parts"].append(part)
    return list(found.values())


def axis(summary: pd.DataFrame) -> list[tuple[float, str]]:
    """Ticks of the scale of `accuracies`: place in percent, and text."""
    low, high = charts.scale(summary)
    return [(charts.share(tick, low, high), f"{tick:g}") for tick in charts.ticks(low, high)]


def confusion(predictions: pd.DataFrame) -> Facts:
    """Of each true genre, how many tests of its clips gave which genre, and in which share.

    Parameters
    ----------
    predictions : pd.DataFrame
        Of one model, all folds; a clip that is tested several times counts each time.
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
        "clips": int(predictions.loc[predictions["part"] == "test", "clip"].nunique()),
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
    """Test clips to which GraphSAGE gives another genre with the highest confidence.

    Parameters
    ----------
    shown : mapping
        As `report.page.map` makes it.
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
            "percent": -confidence,
            "fold": shown["fold"][i],
            "neighbours": [
                {"clip": clips[j], "genre": genres[shown["genre"][j]], "distance": distance}
                for j, distance in zip(shown["neighbours"][i], shown["distances"][i], strict=True)
            ][:neighbours],
        }
        for confidence, i in sorted(wrong)[:most]
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
        "network": ", ".join(_setting(name, value) for name, value in network.items()),
        "weight decay and dropout": "searched inside the training clips"
        if experiment["search"]
        else "as stated",
    }
    return list(names.items())


def _setting(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    if value is None:
        return "all neighbours"
    if isinstance(value, bool):
        return words if value else f"no {words}"
    return f"{words} {value}"


def of_source(
    rows: Sequence[SheetRow], audio: Path | None, endings: Sequence[str] = ()
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
        As `report.page.map` makes it.
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


def comparisons_of(found: Tables, name: str) -> list[Facts]:
    """Comparisons of an experiment by question, protocol and aggregation.

    Returns
    -------
    list of dict
        ``question`` in words, ``protocol``, ``aggregation`` and ``rows``.
    """
    parts: dict[tuple[str, str, str], list[Row]] = {}
    for question in QUESTIONS:
        for row in found.compared(question):
            if row["experiment"] == name:
                key = question, row["protocol"], row["aggregation"]
                row["settings"] = found.settings_of(name, row["model"])
                parts.setdefault(key, []).append(row)
    return [
        {"question": QUESTIONS[question], "protocol": p, "aggregation": a, "rows": rows}
        for (question, p, a), rows in parts.items()
    ]


def calibrated(found: Tables, name: str) -> list[Facts]:
    """How calibrated an experiment's models are, by protocol and aggregation.

    Returns
    -------
    list of dict
        ``protocol``, ``aggregation`` and ``rows`` of all models; ``least``: the lowest log loss;
        ``own``: GraphSAGE's row at no temperature; ``lines``: its reliability, as
        `charts.reliability` places it.
    """
    tables = [t[t["experiment"] == name] for t in (found.calibration, found.reliability)]
    scores, curves = tables
    parts = []
    for (protocol, aggregation), rows in scores.groupby(["protocol", "aggregation"], sort=False):
        own = curves.query("protocol == @protocol and aggregation == @aggregation")
        records: list[Row] = rows.to_dict("records")
        parts.append(
            {
                "protocol": protocol,
                "aggregation": aggregation,
                "rows": records,
                "least": rows["log_loss"].min(),
                "own": next(
                    r for r in records if (r["model"], r["scaling"]) == (NETWORKS[0], "none")
                ),
                "lines": charts.reliability(own[own["model"] == NETWORKS[0]]),
            }
        )
    return parts


def _protocol(folder: Path, found: Tables, name: str) -> Facts:
    """What there is to show of an experiment's protocol."""
    protocol = folder.name
    results = found.results[name]
    own = results.query("protocol == @protocol and model == 'graphsage' and aggregation == 'none'")
    graphsage = found.row(name, protocol, NETWORKS[0], "none") or {}
    paper = graphsage.get("paper_test_accuracy", np.nan)
    leaks = found.leaks[name, protocol]
    return {
        "name": protocol,
        "what": PROTOCOLS[protocol],
        "confusion": confusion(pd.read_parquet(folder / "models/graphsage.parquet")),
        "folds": charts.folds(own, None if protocol != "paper" or np.isnan(paper) else paper),
        "history": charts.history(pd.read_csv(folder / "models/graphsage.history.csv")),
        "health": spread(found.health[name, protocol], HEALTH),
        "leaks": spread(leaks, {kind: LEAKS[kind] for kind in KINDS}),
    }


def _experiment(
    name: str,
    folder: Path,
    found: Tables,
    settings: Mapping[str, Any],
    shown: tuple[str, Mapping[str, Any]] | None,
    sources: Mapping[str, Facts],
    of_clip: Mapping[Any, Any],
) -> Facts:
    """What there is to show of an experiment; ``shown`` is its map with the map's protocol."""
    own = found.summary[found.summary["experiment"] == name]
    trusted = calibrated(found, name)
    return {
        "name": name,
        "description": settings["description"],
        "settings": settings_of(settings),
        "protocols": [_protocol(folder / p, found, name) for p in own["protocol"].unique()],
        "comparisons": comparisons_of(found, name),
        "calibrated": trusted,
        "scaled": any(row["scaling"] == "temperature" for p in trusted for row in p["rows"]),
        "left_out": found.left_out[name],
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
    folder: Annotated[Path, typer.Option(help="Folder of the dataset, with its other tables.")],
    benchmarks: Annotated[Path, typer.Option(help="Folder of its jobs' benchmarks.")],
    sheet: Annotated[Path, typer.Option(help="Its sheet.")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    template: Annotated[Path, typer.Option(help="The page (Jinja2).")],
    style: Annotated[Path, typer.Option(help="How it looks (CSS).")],
    script: Annotated[Path, typer.Option(help="What its map does (JavaScript).")],
    output: Annotated[Path, typer.Option(help="Report, to be written (HTML).")],
    maps: Annotated[list[Path] | None, typer.Option("--map", help="Of an experiment.")] = None,
    problems: Annotated[list[Path] | None, typer.Option(help="Lists of problems (CSV).")] = None,
    learning_curve: Annotated[Path | None, typer.Option(help="If there is one (CSV).")] = None,
    audio: Annotated[Path | None, typer.Option(help="Folder of the audio files.")] = None,
    ending: Annotated[
        list[str] | None, typer.Option(help="File extensions that replace each other.")
    ] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
) -> None:
    """Write the report of a dataset: one page, to be sent as it is."""
    settings = json.loads(config)
    found = read(results, folder, settings, learning_curve)
    shown = {
        path.parents[1].name: (path.parent.name, json.loads(path.read_text(encoding="utf-8")))
        for path in maps or []
    }
    cut_of = {name: found.experiments[name].cut for name in found.results}
    clips = {
        cut: pd.read_parquet(folder / cut / "clips.parquet") for cut in sorted({*cut_of.values()})
    }
    sources = of_source(read_sheet(sheet), audio, ending or ())
    experiments = [
        _experiment(
            name,
            folder / "experiments" / name,
            found,
            settings["experiments"][name],
            shown.get(name),
            sources,
            clips[cut_of[name]].set_index("clip")["source"].to_dict(),
        )
        for name in found.results
    ]
    genres = {
        e["name"]: len(e["protocols"][0]["confusion"]["genres"])
        for e in experiments
        if e["protocols"]
    }
    strict = {aggregation: answer.rows(found, aggregation, genres) for aggregation in AGGREGATIONS}
    tested = {
        (e["name"], p["name"]): p["confusion"]["clips"] for e in experiments for p in e["protocols"]
    }
    records = read_records(folder, list(found.results))
    curve = found.learning_curve
    facts = {
        "dataset": found.dataset,
        "synthesised": found.facts.synthesised,
        "sources": sources,
        "strict": {aggregation: rows for aggregation, rows in strict.items() if rows},
        "tested": tested,
        "sentences": answer.sentences(found, strict["none"]),
        "accuracies": accuracies(found.summary),
        "aggregations": AGGREGATIONS,
        "notes": found.notes(),
        "axis": axis(found.summary),
        "frame": charts,
        "experiments": experiments,
        "learning": None
        if curve is None
        else {"of": curve["experiment"].iloc[0], "series": charts.learning_curve(curve)},
        "problems": _problems(problems or []),
        "not_run": pairs(not_run),
        "costs": costs(read_benchmarks(benchmarks, list(found.results))).to_dict("records"),
        "steps": steps(records),
        "versions": {"python": platform.python_version()} | versions(records),
        "config": json.dumps(settings, indent=1),
        "seed": settings["seed"],
        "map": {
            "dataset": found.dataset,
            "audio": _where(audio, folder),
            "sources": [{"clip": name, **facts} for name, facts in sources.items()],
            "maps": {
                name: {
                    "protocol": protocol,
                    **with_sources(each, clips[cut_of[name]], list(sources)),
                }
                for name, (protocol, each) in shown.items()
            },
        },
    }
    own = [path.read_text(encoding="utf-8") for path in (template, style, script)]
    output.write_text(page(own[0], own[1], own[2], facts), encoding="utf-8")
