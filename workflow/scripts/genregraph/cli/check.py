"""All that can be wrong, found before long work: by configuration, sheet and files' headers."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
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
from genregraph.datasets.row import Row
from genregraph.datasets.sheet import find, read_sheet
from genregraph.features.cuts import files_by_cut
from genregraph.plan import plan
from genregraph.predict.listing import listed

LOGGER = logging.getLogger("genregraph")
NAMED = 3  # Files of one fault.


class Findings(logging.Handler):
    """Faults, without which a result is missing or less; notes, also what is logged; a target."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.target = TARGET

    def emit(self, record: logging.LogRecord) -> None:
        """Note a warning."""
        self.notes.append(record.getMessage())


def checked(config: Config, findings: Findings) -> None:
    """Check a dataset and its experiments; a `UserError` if nothing more can be looked at."""
    rows = read_sheet(Path(config.sheet or find(f"config/datasets/{config.dataset}.tsv", HOME)))
    folder = Path(config.audio or f"resources/{config.dataset}")
    facts = config.facts()
    files = plan.files_there(rows, folder, facts.endings)
    synthesised = not config.audio and facts.synthesised
    fetched = not config.audio and facts.archive is not None
    without_audio = bool(not synthesised and config.tables and not files)
    if not (synthesised or fetched or without_audio):
        plan.check_audio(rows, folder, files)
        missing = [row.path for row in rows if row.clip not in files]
        findings.faults += _named("not in the audio folder", missing)
    for why, paths in headers(folder, files.values(), config.audit.shortest).items():
        findings.faults += _named(why, paths)
    for paths in copies_in(folder, files.values()).values():
        findings.notes.append(f"the same content: {', '.join(map(repr, paths))}")
    if reasons := Counter(row.excluded for row in rows if row.excluded):
        some = ", ".join(f"{reason!r} ({count})" for reason, count in reasons.most_common(NAMED))
        findings.notes.append(f"{reasons.total()} of {len(rows)} clips are excluded: {some}, ...")
    findings.notes += filter(None, [] if synthesised else [plan.prolific(rows)])
    experiments(config, rows, without_audio, findings)


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


def experiments(
    config: Config, rows: Sequence[Row], without_audio: bool, findings: Findings
) -> None:
    """What the dataset does not allow of experiments, and what they lack."""
    plan.check_tables(config)
    lacking = [
        file
        for table in config.tables.values()
        for file in (table.file, table.file_3s)
        if file is not None and not Path(file).is_file()
    ]
    findings.faults += _named("missing under tables", lacking)
    left_out = plan.not_runnable(config, rows, without_audio, files_by_cut(config, rows))
    runnable = [name for name in config.experiments if name not in left_out]
    listed_out = [f"experiment {name} is left out: {reason}" for name, reason in left_out.items()]
    (findings.notes if runnable else findings.faults).extend(listed_out)
    findings.target = TARGET if Path(TARGET).stem in runnable else REPORT
    findings.notes += plan.limits(config, rows, runnable)
    why = plan.why_no_prediction(config, left_out)
    named = [config.predict] if isinstance(config.predict, str) else config.predict
    (findings.faults if named else findings.notes).extend(filter(None, [why]))
    if named:
        listed(named)


def _named(why: str, files: Sequence[str]) -> list[str]:
    """A line for files of which one thing is wrong; none if there are none."""
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    line = f"{len(files)} {why}: {', '.join(map(repr, files[:NAMED]))}{more}"
    return [line] if files else []


def main(configfile: Configfiles = None, config: Words = None) -> None:
    """Find everything that can be wrong before long work."""
    findings = Findings()
    LOGGER.addHandler(findings)
    LOGGER.propagate = False
    try:
        checked(configured(configfile or [], config or []), findings)
    except UserError as error:
        findings.faults.append(str(error))
    finally:
        LOGGER.removeHandler(findings)
        LOGGER.propagate = True
    for note in findings.notes:
        print(f"note: {note}")
    for fault in findings.faults:
        print(f"FAULT: {fault}")
    if findings.faults:
        print(
            f"{len(findings.faults)} fault(s); what they name is left out of results, or stops them"
        )
        raise typer.Exit(1)
    command = snakemake(findings.target, configfile or [], config or [])
    print(
        f"Nothing is wrong that can be seen before the work. Next:\n  {as_typed_by_hand(command)}"
    )
