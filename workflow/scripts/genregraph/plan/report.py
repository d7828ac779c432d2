"""Steps of the report."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from genregraph.common.code import SCRIPTS
from genregraph.common.contents import sizes_and_times
from genregraph.datasets.sheet import digest
from genregraph.plan.options import Options
from genregraph.plan.paths import OF_DATASET, OF_EXPERIMENT, OF_PROTOCOL, Paths
from genregraph.plan.run import Run
from genregraph.plan.step import Step

# Texts that steps fill in.
FINDINGS = ["findings.md.jinja"]
PAGE = ["page/page.html.jinja", "page/page.css", "page/page.js"]


def of_report(
    run: Run, paths: Paths, options: Options, selecting: Sequence[dict[str, str]]
) -> dict[str, Step]:
    """Steps of figures, findings, page and crate, by the name of their rule.

    ``selecting`` are the experiments and protocols in which features are selected.
    """
    config = run.config.model_dump_json(exclude={"predict"})
    not_run = [f"{name}={reason}" for name, reason in run.not_runnable.items()]
    said = {"config": config, "not_run": not_run}
    page = {
        **said,
        "audio": None if run.without_audio else run.audio,
        "extension": run.facts.extensions,
    }
    findings, texts = (
        {"texts": [digest_of(SCRIPTS / "report" / name) for name in names]}
        for names in (FINDINGS, PAGE)
    )
    crate = {"config": config, "sheet": run.sheet, "experiment": run.runnable}
    tables = sizes_and_times(Path(), paths.imported_tables().values())
    of_protocol = {"model": options.shown, "seed": run.config.seed}
    draw, figures = "report.figures.draw", f"{OF_DATASET}/figures"
    return {
        "figure": Step(draw, figures, suffix=".{figure}"),
        "importances": Step(draw, OF_PROTOCOL, suffix=".importances", jobs=selecting),
        "protocol_figures": Step("report.figures.protocol_figures", OF_PROTOCOL, of_protocol),
        "experiment_figures": Step(
            "report.figures.experiment_figures", OF_EXPERIMENT, {"paper": options.paper}
        ),
        "findings": Step("report.findings", OF_DATASET, said, findings),
        "page": Step("report.page.page", OF_DATASET, page, {"sheet": digest(run.rows), **texts}),
        "crate": Step(
            *("report.crate", OF_DATASET, crate),
            facts={"sheet": digest_of(Path(run.sheet)), "contents": tables},
        ),
    }


def digest_of(path: Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
