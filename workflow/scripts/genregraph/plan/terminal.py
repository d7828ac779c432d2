"""What one sees of a run: a calm line of progress, warnings once, and the result last.

Snakemake itself tells of each job twice, and of the result amid it.
"""

import logging
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from tqdm import tqdm

LINE = "{n_fmt} of {total_fmt} jobs |{bar:20}| {elapsed} gone, {remaining} left{postfix}"
OF_ALL = {"summary.csv", "findings.md", "report.html"}  # What is made of all tables.
SHOWS = "show"  # The rule whose outputs are what the user asked for.
# What Snakemake says to who interrupts it.
INTERRUPTED = ("Terminating processes", "Shutting down", "Will exit after")
NOTHING = "Nothing to be done"


class Job(NamedTuple):
    """What is to be known of a job."""

    rule: str
    outputs: tuple[str, ...]


class Terminal(logging.Handler):
    """Tells of a run in Snakemake's place, once it has begun.

    Parameters
    ----------
    stream : TextIO
        A terminal, where the line is written over and over; or a file, which gets a line for each
        tenth of the jobs.
    """

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        super().__init__()
        self.stream = stream
        self.jobs: dict[int, Job] = {}
        self.running: dict[int, str] = {}
        self.shown: list[str] = []
        self.planned, self.nothing_to_do = False, False
        self.warnings: list[str] = []
        self.told: set[str] = set()
        self.done, self.total, self.tenths = 0, 0, 0
        self.started: float | None = None

    def begins(self, formatter: logging.Formatter | None) -> None:
        """Tell of all that happens from now on, and of errors as a formatter words them."""
        self.setFormatter(formatter)
        self.started = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of what has happened, and tell of it where that is due."""
        told = vars(record)
        event = str(getattr(told.get("event"), "value", ""))
        if event == "job_info":
            self.jobs[told["jobid"]] = Job(told["rule_name"], tuple(told["output"]))
            self.running[told["jobid"]] = told["rule_name"]
        elif event == "job_finished":
            self.running.pop(told["job_id"], None)
            job = self.jobs.get(told["job_id"])
            self.shown += job.outputs if job and job.rule == SHOWS else []
        elif event == "job_error":
            self.running.pop(told["jobid"], None)
            self._tell(f"{told['rule_name']} failed: why is told in the end")
        elif event == "progress":
            self.done, self.total = told["done"], told["total"]
        elif event == "run_info":
            self.planned = True
        elif str(record.msg).startswith(NOTHING):
            self.planned = self.nothing_to_do = True
        elif record.levelno == logging.WARNING and (
            self.started or record.name.startswith("genregraph.")
        ):
            self.warnings.append(record.getMessage())
        elif record.levelno > logging.WARNING or str(record.msg).startswith(INTERRUPTED):
            self._tell(self.format(record))
        self._draw()

    def line(self, width: int) -> str:
        """How far the run is: jobs done, time left at this pace, and the rules that run."""
        elapsed = time.monotonic() - self.started if self.started is not None else 0
        counts = Counter(self.running.values())
        rules = [rule + (f" x {count}" if count > 1 else "") for rule, count in counts.items()]
        return str(
            tqdm.format_meter(
                n=self.done,
                total=self.total,
                elapsed=elapsed,
                ncols=width,
                bar_format=LINE,
                postfix="now " + ", ".join(rules) if rules else "",
            )
        )

    def warn(self, lines: Iterable[str]) -> None:
        """Tell of what was not told yet."""
        self._clear()
        for line in lines:
            if line not in self.told:
                self.told.add(line)
                print(f"warning: {line}", file=self.stream, flush=True)

    def ends(self, folder: Path, targets: Iterable[str]) -> None:
        """Tell what there is to say when all is done, of results as they are in a folder.

        Where nothing was to be done, of those that were asked for.
        """
        self.warn(self.warnings)
        self.started = None
        shown = targets if self.nothing_to_do else self.shown
        if told := of_results(shown, folder):
            print(f"\n{told}", flush=True)

    def _draw(self) -> None:
        if self.started is None or not self.total:
            return
        if self.stream.isatty():
            width = shutil.get_terminal_size().columns - 1
            self._clear()
            self.stream.write(self.line(width)[:width])
        else:
            tenths = 10 * self.done // self.total
            if tenths > self.tenths:
                self.stream.write(self.line(120) + "\n")
            self.tenths = tenths  # Fewer than before, where more jobs are known now.
        self.stream.flush()

    def _clear(self) -> None:
        if self.started is not None and self.stream.isatty():
            self.stream.write("\r\x1b[K")

    def _tell(self, text: str) -> None:
        if self.started is not None:
            self._clear()
            self.stream.write(text + "\n")


def takes_over(terminal: Terminal, logger: logging.Logger, settings: Any) -> None:
    """Let a terminal tell of a run in place of Snakemake, whose log file stays as it is.

    Parameters
    ----------
    terminal : Terminal
    logger : logging.Logger
        Snakemake's.
    settings : snakemake.settings.types.OutputSettings
        With ``--verbose`` or ``--printshellcmds`` all that Snakemake has to say is seen, also what
        a profile silences; with ``--quiet progress`` or ``all``, or by another ``--logger``, what
        was asked for.
    """
    seen = [each for each in logger.handlers if each.name == "DefaultStreamHandler"]
    for handler in seen:
        if settings.verbose or settings.printshellcmds:
            for part in (handler.formatter, *handler.filters):
                vars(part)["quiet"] = set()
        elif not {"progress", "all"}.intersection(
            quiet.name.lower() for quiet in settings.quiet or ()
        ):
            logger.removeHandler(handler)
            terminal.begins(handler.formatter)


def of_results(shown: Iterable[str], folder: Path) -> str:
    """The tables that were asked for, in words, and where they are.

    Parameters
    ----------
    shown : iterable of str
        Paths of the copies of tables and texts.
    folder : Path
        Where they are copied from; what there is to say of ``name.csv`` is in its ``name.txt``.

    Returns
    -------
    str
        Where what is made of all tables is among them, the summary's text alone; and all paths.
    """
    paths = sorted({path for path in map(Path, shown) if (folder / path.name).is_file()})
    of_all = OF_ALL.intersection(path.name for path in paths)
    stems = ["summary"] if of_all else [path.stem for path in paths]
    texts = [folder / f"{stem}.txt" for stem in stems]
    return "\n".join(
        [
            *(text.read_text(encoding="utf-8").rstrip() for text in texts if text.is_file()),
            *(f"{path}: copy of {folder / path.name}" for path in paths),
        ]
    )
