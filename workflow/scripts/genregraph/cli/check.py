"""All that can be wrong, found before long work: by configuration, sheet and files' headers."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer
from tqdm import tqdm

from genregraph.audio.content import Content
from genregraph.audio.decoders import Unreadable, ffmpeg, libsndfile
from genregraph.cli.init import REPORT, TARGET, copies_in
from genregraph.cli.project import HOME, Configfiles, Words, as_typed_by_hand, configured, snakemake
from genregraph.common.errors import UserError
from genregraph.config.model import Config
from genregraph.datasets.row import Row
from genregraph.datasets.sheet import find, read_sheet
from genregraph.features.cuts import files_by_cut
from genregraph.plan import plan
from genregraph.predict.listing import listed

SETTINGS = logging.getLogger("genregraph")
NAMED = 3  # Files of one fault.


class Findings(logging.Handler):
    """Faults, without mending which a result is missing or less; notes; and what can be made.

    A context manager in which what settings warn of is noted, and not logged.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.target = TARGET

    def __enter__(self) -> "Findings":
        SETTINGS.addHandler(self)
        SETTINGS.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        SETTINGS.removeHandler(self)
        SETTINGS.propagate = True

    def emit(self, record: logging.LogRecord) -> None:
        """Note a warning."""
        self.notes.append(record.getMessage())


def checked(config: Config, found: Findings) -> None:
    """Check a dataset and its experiments.

    Parameters
    ----------
    config : Config
    found : Findings
        To be filled.

    Raises
    ------
    UserError
        If something is wrong that leaves nothing to be looked at.
    """
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
        found.faults += _named("not in the audio folder", missing)
    for why, paths in headers(folder, files.values(), config.audit.shortest).items():
        found.faults += _named(why, paths)
    for paths in copies_in(folder, files.values()).values():
        found.notes.append(f"the same content: {', '.join(map(repr, paths))}")
    found.notes += filter(None, [] if synthesised else [plan.prolific(rows)])
    experiments(config, rows, without_audio, found)


def headers(folder: Path, files: Iterable[str], shortest: float) -> dict[str, list[str]]:
    """Files that no decoder opens, or that state to be too short, by what is wrong."""
    found: dict[str, list[str]] = {}
    for file in tqdm(sorted(files), desc="headers", unit="file", disable=None):
        why = header(folder / file, shortest)
        if why:
            found.setdefault(why, []).append(file)
    return found


def header(path: Path, shortest: float) -> str:
    """What is wrong with a file as far as its header tells; empty if nothing is."""
    try:
        with Content(path) as content:
            if not content.whole:
                return "empty"
            for decoder in (libsndfile, ffmpeg):
                try:
                    with decoder(content) as reading:
                        short = reading.stated is not None and 0 < reading.stated < shortest
                        return f"shorter than {shortest:g} s" if short else ""
                except Unreadable as error:
                    why = f"unreadable: {error}"
            return why
    except OSError as error:
        return f"unreadable: {error.strerror}"


def experiments(config: Config, rows: Sequence[Row], without_audio: bool, found: Findings) -> None:
    """What the dataset does not allow of experiments, and what they lack."""
    plan.check_tables(config)
    lacking = [
        file
        for table in config.tables.values()
        for file in (table.file, table.file_3s)
        if file is not None and not Path(file).is_file()
    ]
    found.faults += _named("missing under tables", lacking)
    left_out = plan.not_runnable(config, rows, without_audio, files_by_cut(config, rows))
    runnable = [name for name in config.experiments if name not in left_out]
    listed_out = [f"experiment {name} is left out: {reason}" for name, reason in left_out.items()]
    (found.notes if runnable else found.faults).extend(listed_out)
    found.target = TARGET if Path(TARGET).stem in runnable else REPORT
    found.notes += plan.limits(config, rows, runnable)
    why = plan.why_no_prediction(config, left_out)
    named = [config.predict] if isinstance(config.predict, str) else config.predict
    if named:
        found.faults += filter(None, [why])
        listed(named)
    else:
        found.notes += filter(None, [why])


def _named(why: str, files: Sequence[str]) -> list[str]:
    """A line for files of which one thing is wrong; none if there are none."""
    if not files:
        return []
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return [f"{len(files)} {why}: {', '.join(map(repr, files[:NAMED]))}{more}"]


def main(configfile: Configfiles = None, config: Words = None) -> None:
    """Find everything that can be wrong before long work."""
    with Findings() as found:
        try:
            checked(configured(configfile or [], config or []), found)
        except UserError as error:
            found.faults.append(str(error))
    for note in found.notes:
        print(f"note: {note}")
    for fault in found.faults:
        print(f"FAULT: {fault}")
    if found.faults:
        print(f"{len(found.faults)} fault(s); what they name is left out of results, or stops them")
        raise typer.Exit(1)
    command = snakemake(found.target, configfile or [], config or [])
    print(
        f"Nothing is wrong that can be seen before the work. Next:\n  {as_typed_by_hand(command)}"
    )
