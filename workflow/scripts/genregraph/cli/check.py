"""All that can be wrong before long work: by configuration, sheet and files' headers."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from logging.handlers import MemoryHandler
from pathlib import Path

import typer
from tqdm import tqdm

from genregraph.audio.read import RejectedClip, decode
from genregraph.audio.samples import SAMPLE_RATE
from genregraph.cli.init import copies_in
from genregraph.cli.project import (
    HOME,
    REPORT,
    TARGET,
    Configfiles,
    Words,
    as_typed_by_hand,
    configured,
    snakemake,
)
from genregraph.common.errors import UserError
from genregraph.config.model import Config
from genregraph.plan.run import Run
from genregraph.plan.runnable import why_no_prediction

LOGGER = logging.getLogger("genregraph")
NAMED = 3  # Files of one fault.


@dataclass
class Findings:
    """Faults, with which a result is missing or less; notes; and what can be made."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    target: str = TARGET


def checked(config: Config, findings: Findings) -> None:
    """Check a dataset and its experiments; a `UserError` if nothing more can be looked at."""
    run = Run(config, HOME)
    run.check()
    folder, files = Path(run.audio), run.files
    if not (run.synthesised or run.fetched or run.without_audio):
        missing = [row.path for row in run.rows if row.clip not in files]
        findings.faults += _named("not in the audio folder", missing)
    for why, paths in headers(folder, files.values(), config.audit.shortest).items():
        findings.faults += _named(why, paths)
    for paths in copies_in(folder, files.values()).values():
        findings.notes.append(f"the same content: {', '.join(map(repr, paths))}")
    if reasons := Counter(row.excluded for row in run.rows if row.excluded):
        some = ", ".join(f"{reason!r} ({count})" for reason, count in reasons.most_common(NAMED))
        findings.notes.append(
            f"{reasons.total()} of {len(run.rows)} clips are excluded: {some}, ..."
        )
    experiments(run, findings)


def headers(folder: Path, files: Iterable[str], shortest: float) -> dict[str, list[str]]:
    """Files that no decoder reads, or that are too short, by what is wrong."""
    wrong: dict[str, list[str]] = {}
    for file in tqdm(sorted(files), desc="headers", unit="file", disable=None):
        if why := header(folder / file, shortest):
            wrong.setdefault(why, []).append(file)
    return wrong


def header(path: Path, shortest: float) -> str:
    """What is wrong with a file as far as its beginning shows; empty if nothing is."""
    try:
        long_enough = decode(path, shortest).samples.size >= shortest * SAMPLE_RATE
        return "" if long_enough else f"shorter than {shortest:g} s"
    except RejectedClip as rejection:
        return str(rejection).partition(";")[0]
    except OSError as error:
        return f"unreadable: {error.strerror}"


def experiments(run: Run, findings: Findings) -> None:
    """What the dataset does not allow of experiments, and what they lack."""
    lacking = [
        file
        for table in run.config.tables.values()
        for file in (table.file, table.file_3s)
        if file is not None and not Path(file).is_file()
    ]
    findings.faults += _named("missing under tables", lacking)
    runnable = run.runnable
    (findings.notes if runnable else findings.faults).extend(run.notes())
    findings.target = TARGET if Path(TARGET).stem in runnable else REPORT
    if run.config.predict:
        findings.faults += filter(None, [run.why_no_prediction])
    elif runnable:
        findings.notes += filter(None, [why_no_prediction(run.config, run.not_runnable)])


def _named(why: str, files: Sequence[str]) -> list[str]:
    """A line for files with one fault; none if there are none."""
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    line = f"{len(files)} {why}: {', '.join(map(repr, files[:NAMED]))}{more}"
    return [line] if files else []


def main(configfile: Configfiles = None, config: Words = None) -> None:
    """Find everything that can be wrong before long work."""
    findings = Findings()
    logged = MemoryHandler(10**6, logging.CRITICAL)
    logged.setLevel(logging.WARNING)
    LOGGER.addHandler(logged)
    LOGGER.propagate = False
    try:
        checked(configured(configfile or [], config or []), findings)
    except UserError as error:
        findings.faults.append(str(error))
    finally:
        LOGGER.removeHandler(logged)
        LOGGER.propagate = True
    notes = [record.getMessage() for record in logged.buffer] + findings.notes
    print(*(f"note: {note}\n" for note in notes), sep="", end="")
    print(*(f"FAULT: {fault}\n" for fault in findings.faults), sep="", end="")
    if findings.faults:
        count = len(findings.faults)
        print(f"{count} fault(s); what they name is left out of results, or stops them")
        raise typer.Exit(1)
    command = snakemake(findings.target, configfile or [], config or [])
    print(
        f"Nothing is wrong that can be seen before the work. Next:\n  {as_typed_by_hand(command)}"
    )
