"""All that can be wrong before long work: by configuration, sheet and files' headers."""

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from logging.handlers import MemoryHandler
from pathlib import Path

import typer
from tqdm import tqdm

from genregraph.audio.read import RejectedClip, decode
from genregraph.audio.samples import SAMPLE_RATE
from genregraph.cli import project
from genregraph.cli.init import copies_in
from genregraph.cli.project import Configfiles, Words
from genregraph.common.errors import UserError, first_few
from genregraph.plan.run import Run
from genregraph.plan.runnable import why_no_prediction

LOGGER = logging.getLogger("genregraph")
NAMED = 3  # Files of one fault.


def check(run: Run) -> tuple[list[str], list[str]]:
    """Faults, by which a result is missing or less, and notes; a `UserError` if it cannot go on."""
    run.check()
    folder, files = Path(run.audio), run.files
    faults, notes = [], []
    if not (run.synthesised or run.fetched or run.without_audio):
        missing = [row.path for row in run.rows if row.clip not in files]
        faults += _named("not in the audio folder", missing)
    wrong = defaultdict(list)
    for file in tqdm(sorted(files.values()), desc="headers", unit="file", disable=None):
        wrong[header(folder / file, run.config.audit.shortest)].append(file)
    for why, paths in wrong.items():
        faults += _named(why, paths) if why else []
    for paths in copies_in(folder, files.values()).values():
        notes.append(f"the same content: {', '.join(map(repr, paths))}")
    if reasons := Counter(row.excluded for row in run.rows if row.excluded):
        some = ", ".join(f"{reason!r} ({count})" for reason, count in reasons.most_common(NAMED))
        notes.append(f"{reasons.total()} of {len(run.rows)} clips are excluded: {some}")
    tables = run.config.tables.values()
    stated = [file for table in tables for file in (table.file, table.file_3s) if file]
    faults += _named("missing under tables", [file for file in stated if not Path(file).is_file()])
    (notes if run.runnable else faults).extend(run.notes())
    if run.config.predict:
        faults += filter(None, [run.why_no_prediction])
    elif run.runnable:
        notes += filter(None, [why_no_prediction(run.config, run.not_runnable)])
    return faults, notes


def header(path: Path, shortest: float) -> str:
    """What is wrong with a file as far as its beginning shows; empty if nothing is."""
    try:
        long_enough = decode(path, shortest).samples.size >= shortest * SAMPLE_RATE
        return "" if long_enough else f"shorter than {shortest:g} s"
    except RejectedClip as rejection:
        return str(rejection).partition(";")[0]
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _named(why: str, files: Sequence[str]) -> list[str]:
    """A line for files with one fault; none if there are none."""
    return [f"{len(files)} {why}: {first_few(list(map(repr, files)), NAMED)}"] if files else []


def main(configfile: Configfiles = None, config: Words = None) -> None:
    """Find everything that can be wrong before long work."""
    logged = MemoryHandler(10**6, logging.CRITICAL)
    logged.setLevel(logging.WARNING)
    LOGGER.addHandler(logged)
    try:
        run = Run(project.configured(configfile or [], config or []), project.HOME)
        faults, notes = check(run)
    except UserError as error:
        faults, notes = [str(error)], []
    finally:
        LOGGER.removeHandler(logged)
    said = [record.getMessage() for record in logged.buffer]
    lines = [*(f"note: {note}" for note in said + notes), *(f"FAULT: {fault}" for fault in faults)]
    print("".join(f"{line}\n" for line in lines), end="")
    if faults:
        print(f"{len(faults)} fault(s); what they name is left out of results, or stops them")
        raise typer.Exit(1)
    target = project.TARGET if Path(project.TARGET).stem in run.runnable else project.REPORT
    command = project.as_typed_by_hand(project.snakemake(target, configfile or [], config or []))
    print(f"Nothing is wrong that can be seen before the work. Next:\n  {command}")
