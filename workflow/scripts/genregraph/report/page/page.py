"""The report: one HTML page that needs no other file, from the results of a dataset."""

import base64
import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from markupsafe import Markup

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.datasets.sheet import locate, read_sheet
from genregraph.datasets.spreadsheet import read_csv
from genregraph.evaluation.outputs import pairs
from genregraph.evaluation.statistics import p_text
from genregraph.report.levels import by_level
from genregraph.report.page.answer import accuracies, answers, sentences
from genregraph.report.page.experiment import Facts, experiment
from genregraph.report.page.tables import Tables, read
from genregraph.report.page.words import AGGREGATIONS, fill, points, table, written
from genregraph.report.provenance import costs, read_records, steps, versions


def page(facts: Mapping[str, Any]) -> str:
    """The page (HTML); whatever is not the template's own is escaped.

    It forbids any other style and script (by Content-Security-Policy), and the network.
    """
    template, style, script = (
        Path(__file__).with_name(f"page.{kind}").read_text("utf-8")
        for kind in ("html.jinja", "css", "js")
    )
    own: dict[str, str] = {}
    for name, text in (("style", style), ("script", script)):
        sha = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        own |= {name: Markup(text), f"{name}_digest": f"sha256-{sha}"}
    return fill(template, {**facts, **own}, autoescape=True, finalize=printable)


def printable(value: Any) -> Any:
    """Text without letters that HTML has no place for; all else as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in value)


def with_sources(shown: Mapping[str, Any], clips: pd.DataFrame, sources: pd.Series) -> Facts:
    """Add to a map the number of each clip's source, and the seconds of a segment in it."""
    own = clips.set_index("clip").loc[shown["clips"]]
    ends = np.stack([own["start"], own["start"] + own["samples"]], axis=1) / SAMPLE_RATE
    segments = (own.index != own["source"]).any()
    return {
        **shown,
        "source": pd.Index(sources).get_indexer(own["source"]).tolist(),
        "times": ends.round(2).tolist() if segments else None,
    }


def _sources(sheet: Path, audio: Path | None, extensions: Sequence[str]) -> pd.DataFrame:
    """Each clip of the sheet: title, artist, and audio file (empty where it is not at hand)."""
    rows = read_sheet(sheet)
    named = {row.path for row in rows}
    paths = [(locate(audio, row.path, extensions, named) if audio else "") or "" for row in rows]
    return pd.DataFrame(rows, dtype=object)[["clip", "title", "artist"]].assign(path=paths)


def _maps(paths: Sequence[Path], tables: Tables, sources: pd.Series) -> Facts:
    """Maps (``<experiment>/<protocol>/map.json``) by experiment, with their sources."""
    maps = {}
    for path in paths:
        protocol, of_experiment = path.parent, path.parents[1]
        cut = tables.config.experiments[of_experiment.name].cut
        clips = pd.read_parquet(of_experiment.parents[1] / cut / "clips.parquet")
        shown = with_sources(json.loads(path.read_text(encoding="utf-8")), clips, sources)
        maps[of_experiment.name] = {"protocol": protocol.name, **shown}
    return maps


def _problems(paths: Sequence[Path]) -> Facts:
    """Rejected and repaired clips, and what was left out of tables, with where it is listed."""
    columns = ["clip", "problem", "what_was_done", "listed_in"]
    lists = [read_csv(path).assign(listed_in=f"{path.parent.name}/{path.name}") for path in paths]
    rows = pd.concat([pd.DataFrame(columns=columns), *lists])[columns]
    return table("Problems of clips", rows.replace({"clip": {"": "(all)"}}))


def _learning(curve: pd.DataFrame | None) -> Facts | None:
    """Accuracy of the learning curve's models by artists and clips."""
    if curve is None:
        return None
    rows = by_level(curve).round({"artists": 0, "clips": 0})
    rows = rows.astype({"artists": int, "clips": int}).assign(series="more " + rows["series"])
    return table("Accuracy by training artists and clips", rows, "series")


def main(
    results: Annotated[list[Path], typer.Argument(help="Tables, named by experiment (CSV).")],
    sheet: Annotated[Path, typer.Option(help="Its sheet.")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    output: Annotated[Path, typer.Option(help="Report, to be written beside (HTML).")],
    maps: Annotated[list[Path] | None, typer.Option("--map", help="Of an experiment.")] = None,
    problems: Annotated[list[Path] | None, typer.Option(help="Lists of problems (CSV).")] = None,
    learning_curve: Annotated[Path | None, typer.Option(help="If there is one (CSV).")] = None,
    audio: Annotated[Path | None, typer.Option(help="Folder of the audio files.")] = None,
    extension: Annotated[list[str] | None, typer.Option(help="Interchangeable extensions.")] = None,
    not_run: Annotated[list[str] | None, typer.Option(help="EXPERIMENT=why not.")] = None,
) -> None:
    """Write the report of a dataset: one page, to be sent as it is."""
    folder = output.parent
    tables = read(results, folder, config, learning_curve)
    names = list(tables.results)
    experiments = [experiment(folder / "experiments" / name, tables) for name in names]
    tested = {
        (e["name"], p["name"]): (p["confusion"]["clips"], len(p["confusion"]["genres"]))
        for e in experiments
        for p in e["protocols"]
    }
    answered = {name: answers(tables, name, tested) for name in AGGREGATIONS}
    sources = _sources(sheet, audio, extension or ())
    records = read_records(folder, names)
    benchmarks = folder.parent / "benchmarks" / folder.name
    one, whole, cost = written("{:,.1f}"), written("{:,.0f}"), costs(benchmarks, names)
    facts = {
        "tables": tables,
        "answers": {
            name: table(f"Answer, {AGGREGATIONS[name]}", rows, difference=points, adjusted_p=p_text)
            for name, rows in answered.items()
            if len(rows)
        },
        "sentences": sentences(tables, answered["none"]),
        "accuracies": accuracies(tables, tested),
        "aggregations": AGGREGATIONS,
        "experiments": experiments,
        "learning": _learning(tables.learning_curve),
        "problems": _problems(problems or []),
        "not_run": pairs(not_run),
        "costs": table("Cost of each step", cost, seconds=one, longest=one, memory=whole),
        "steps": table("Steps", steps(records), code=", ".join),
        "versions": {"python": platform.python_version()} | versions(records),
        "config": json.dumps(json.loads(config), indent=1),
        "map": {
            "dataset": tables.config.dataset,
            # As seen from the page, and from its copy in the folder above.
            "audio": [
                Path(os.path.relpath(audio.resolve(), place)).as_posix()
                for place in (folder.resolve(), folder.resolve().parent)
                if audio
            ],
            "sources": sources.to_dict("records"),
            "maps": _maps(maps or [], tables, sources["clip"]),
        },
    }
    output.write_text(page(facts), encoding="utf-8")
