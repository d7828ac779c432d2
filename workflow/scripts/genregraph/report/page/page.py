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
from genregraph.datasets.sheet import locate, read_sheet
from genregraph.datasets.spreadsheet import read_csv
from genregraph.evaluation.outputs import pairs
from genregraph.evaluation.statistics import p_text
from genregraph.report.figures.dataset import levels
from genregraph.report.figures.style import counted
from genregraph.report.page.accuracies import accuracies
from genregraph.report.page.answer import answers, sentences
from genregraph.report.page.cost import costs
from genregraph.report.page.experiment import Facts, experiment
from genregraph.report.page.tables import read
from genregraph.report.page.words import AGGREGATIONS, FILTERS, points, table, written
from genregraph.report.provenance import read_records, steps, versions


def page(template: str, style: str, script: str, facts: Mapping[str, Any]) -> str:
    """Fill in a Jinja2 template; whatever is not the template's own is escaped.

    The page forbids any other style and script (by Content-Security-Policy), and the network.

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
    environment.filters |= FILTERS | {"counted": counted}
    own = {"style": style, "script": script}
    return environment.from_string(template).render(
        dict(facts)
        | {name: Markup(text) for name, text in own.items()}
        | {f"{name}_digest": _digest(text) for name, text in own.items()}
        | {"map_json": Markup(as_data(facts["map"]))}
    )


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


def with_sources(shown: Mapping[str, Any], clips: pd.DataFrame, sources: Sequence[str]) -> Facts:
    """Add to a map the number of each clip's source, and the seconds of a segment in it.

    Clips are those of the map's segment length, as `audio.clips` lists them.
    """
    own = clips.set_index("clip").loc[shown["clips"]]
    number = {source: i for i, source in enumerate(sources)}
    starts = own["start"].to_numpy() / SAMPLE_RATE
    ends = starts + own["samples"].to_numpy() / SAMPLE_RATE
    segments = (own.index != own["source"]).any()
    return {
        **shown,
        "source": [number[source] for source in own["source"]],
        "times": np.stack([starts, ends], axis=1).round(2).tolist() if segments else None,
    }


def _sources(sheet: Path, audio: Path | None, extensions: Sequence[str]) -> dict[str, Facts]:
    """Title, artist and audio file (empty where it is not at hand) of each clip of the sheet."""
    rows = read_sheet(sheet)
    named = {row.path for row in rows}
    return {
        row.clip: {
            "title": row.title,
            "artist": row.artist,
            "path": (locate(audio, row.path, extensions, named) or "") if audio else "",
        }
        for row in rows
    }


def _problems(paths: Sequence[Path]) -> Facts:
    """Rejected and repaired clips, and what was left out of tables, with where it is listed."""
    columns = ["clip", "problem", "what_was_done", "listed_in"]
    lists = [
        read_csv(path).assign(listed_in=f"{path.parent.name}/{path.name}").reindex(columns=columns)
        for path in paths
    ]
    rows = pd.concat(lists) if lists else pd.DataFrame(columns=columns)
    return table("Problems of clips", rows.replace({"clip": {"": "(all)"}}))


def _learning(curve: pd.DataFrame | None) -> tuple[str, Facts] | None:
    """Experiment of the learning curve, and accuracy of its models by artists and clips."""
    if curve is None:
        return None
    at = ["series", "level"]
    means = levels(curve)
    sizes = means.groupby(at, sort=False)[["artists", "clips"]].mean().round().astype(int)
    rows = sizes.join(means.pivot(index=at, columns="model", values="mean"))
    rows = rows.reset_index().assign(series=lambda t: "more " + t["series"]).drop(columns="level")
    return curve["experiment"].iloc[0], table(
        "Accuracy by training artists and clips", rows, "series"
    )


def _places(audio: Path | None, folder: Path) -> list[str]:
    """Audio folder as seen from the page in a folder, and its copy above; none without audio."""
    if audio is None:
        return []
    places = (folder.resolve(), folder.resolve().parent)
    return [Path(os.path.relpath(audio.resolve(), place)).as_posix() for place in places]


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values)) or "-"


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
    extension: Annotated[
        list[str] | None, typer.Option(help="File extensions that replace each other.")
    ] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
) -> None:
    """Write the report of a dataset: one page, to be sent as it is."""
    settings = json.loads(config)
    tables = read(results, folder, settings, learning_curve)
    names = list(tables.results)
    shown = {
        path.parents[1].name: (path.parent.name, json.loads(path.read_text(encoding="utf-8")))
        for path in maps or []
    }
    clips = {
        name: pd.read_parquet(folder / tables.experiments[name].cut / "clips.parquet")
        for name in names
    }
    sources = _sources(sheet, audio, extension or ())
    experiments = [experiment(folder / "experiments" / name, tables) for name in names]
    tested = {
        (e["name"], p["name"]): (p["confusion"]["clips"], len(p["confusion"]["genres"]))
        for e in experiments
        for p in e["protocols"]
    }
    answered = {name: answers(tables, name, tested) for name in AGGREGATIONS}
    records = read_records(folder, names)
    one, hundreds = written("{:,.1f}"), written("{:,.0f}")
    facts = {
        "dataset": tables.dataset,
        "synthesised": tables.facts.synthesised,
        "answers": {
            name: table(f"Answer, {AGGREGATIONS[name]}", rows, difference=points, adjusted_p=p_text)
            for name, rows in answered.items()
            if len(rows)
        },
        "sentences": sentences(tables, answered["none"]),
        "accuracies": accuracies(tables, tested),
        "aggregations": AGGREGATIONS,
        "notes": tables.notes(),
        "experiments": experiments,
        "learning": _learning(tables.learning_curve),
        "problems": _problems(problems or []),
        "not_run": pairs(not_run),
        "costs": table(
            "Cost of each step",
            costs(benchmarks, names),
            seconds=one,
            longest=one,
            memory=hundreds,
        ),
        "steps": table("Steps", pd.DataFrame(steps(records)), code=", ".join, seeds=_listed),
        "versions": {"python": platform.python_version()} | versions(records),
        "config": json.dumps(settings, indent=1),
        "seed": settings["seed"],
        "map": {
            "dataset": tables.dataset,
            "audio": _places(audio, folder),
            "sources": [{"clip": name, **facts} for name, facts in sources.items()],
            "maps": {
                name: {"protocol": protocol, **with_sources(each, clips[name], list(sources))}
                for name, (protocol, each) in shown.items()
            },
        },
    }
    texts = [path.read_text(encoding="utf-8") for path in (template, style, script)]
    output.write_text(page(texts[0], texts[1], texts[2], facts), encoding="utf-8")
