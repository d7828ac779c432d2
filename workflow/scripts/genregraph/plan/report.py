"""Steps of the report, and the texts that they fill in."""

import hashlib
from pathlib import Path

from genregraph.common.contents import sizes_and_times
from genregraph.datasets.sheet import digest, find
from genregraph.plan.jobs import JobsOf
from genregraph.plan.options import Options
from genregraph.plan.paths import OF_DATASET, OF_EXPERIMENT, OF_PROTOCOL, Paths
from genregraph.plan.run import Run
from genregraph.plan.step import Step

REPORT = "workflow/scripts/genregraph/report"
# Texts of which the page is made.
PAGE = {"template": "page.html.jinja", "style": "page.css", "script": "page.js"}


def of_report(run: Run, paths: Paths, jobs: JobsOf, options: Options) -> dict[str, Step]:
    """Steps of figures, findings, page and crate, by the name of their rule."""
    config = run.config.model_dump_json(exclude={"predict"})
    not_run = [f"{name}={reason}" for name, reason in run.not_runnable.items()]
    said = {"config": config, "not_run": not_run}
    page = {
        **said,
        "audio": None if run.without_audio else run.audio,
        "extension": run.facts.extensions,
    }
    texts = {name: digest_of(run, f"page/{file}") for name, file in PAGE.items()}
    crate = {"config": config, "sheet": run.sheet, "experiment": run.runnable}
    tables = sizes_and_times(Path(), paths.imported_tables().values())
    figures, protocol = "report.figures", {"model": options.shown, "seed": run.config.seed}
    of_dataset = f"{OF_DATASET}/figures"
    return {
        "figure": Step(f"{figures}.draw", of_dataset, suffix=".{figure}", jobs=jobs.once),
        "learning_curve_figure": Step(
            f"{figures}.draw", of_dataset, suffix=".learning-curve", jobs=jobs.once
        ),
        "protocol_figures": Step(
            f"{figures}.protocol_figures", OF_PROTOCOL, protocol, jobs=jobs.protocols
        ),
        "importances": Step(
            *(f"{figures}.draw", OF_PROTOCOL),
            suffix=".importances",
            jobs=jobs.with_selection,
        ),
        "experiment_figures": Step(
            *(f"{figures}.experiment_figures", OF_EXPERIMENT, {"paper": options.paper}),
            jobs=jobs.experiments,
        ),
        "findings": Step(
            *("report.findings", OF_DATASET, said),
            facts={"template": digest_of(run, "findings.md.jinja")},
            jobs=jobs.once,
        ),
        "page": Step(
            *("report.page.page", OF_DATASET, page),
            facts={"sheet": digest(run.rows), **texts},
            jobs=jobs.once,
        ),
        "crate": Step(
            *("report.crate", OF_DATASET, crate),
            facts={"sheet": _digest(Path(run.sheet)), "contents": tables},
            jobs=jobs.once,
        ),
    }


def text_of(run: Run, name: str) -> str:
    """Path of a text that a step fills in."""
    return str(find(f"{REPORT}/{name}", run.home))


def digest_of(run: Run, name: str) -> str:
    """Digest of such a text."""
    return _digest(Path(text_of(run, name)))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
