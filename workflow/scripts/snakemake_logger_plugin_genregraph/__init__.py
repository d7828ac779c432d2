"""Snakemake's output for this workflow: a line of progress, why jobs failed, and the results last.

A logger plugin of Snakemake, which ``profiles/default`` chooses. With ``--dry-run``, ``--verbose``
or ``--printshellcmds`` everything that Snakemake reports is printed.
"""

import logging
import re
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

LINE = "{n_fmt} of {total_fmt} jobs |{bar:20}| {elapsed} elapsed, {remaining} left{postfix}"
SHOWS = "show"  # The rule that copies the results that were asked for.
OVERVIEWS = {"summary.csv", "findings.md", "report.html"}  # The summary is printed for them.
MOST_LINES = 15  # Of a failed job's message.
OF_STEP = re.compile(r"[a-z_]+(\.[a-z_]+)+: .+")  # How the runner of steps words a `UserError`.
PROGRESS = re.compile(r"\d{4}-\d\d-\d\d|.*\d%\|")
KILLED = "it ended without a message: it was killed, perhaps for want of memory, time or disk"
NOTHING = "Nothing to be done"
INTERRUPTED = ("Terminating processes", "Shutting down", "Will exit after")


class LogHandler(LogHandlerBase):
    """The terminal of a run."""

    writes_to_stream = True
    writes_to_file = has_filter = has_formatter = needs_rulegraph = False

    def __post_init__(self) -> None:
        """Start before the first job."""
        asked = self.common_settings
        self.verbose = asked.dryrun or asked.verbose or asked.printshellcmds
        self.stream = sys.stdout if asked.stdout else sys.stderr
        self.jobs: dict[int, Any] = {}
        self.running: set[int] = set()
        self.failed: dict[int, Any] = {}
        self.results: dict[str, Path] = {}
        self.ended = False  # By Ctrl-C: jobs that end after it have not failed.
        self.started = 0.0
        self.done = self.total = self.tenths = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every event pass, to be counted, unless Snakemake reports in its own way."""
        return not self.verbose or bool(super().filter(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Count an event, and print what is to be seen of it."""
        event = getattr(record, "event", None)
        self._count(event, vars(record))
        if str(record.msg).startswith(NOTHING):
            self.results = copies(sys.argv)
        self.ended |= str(record.msg).startswith(INTERRUPTED[0])
        serious = record.levelno > logging.WARNING or str(record.msg).startswith(INTERRUPTED)
        before = not self.started and event in (None, LogEvent.ERROR)  # Such as faults of a sheet.
        if self.verbose or before or (event is None and serious):
            self._print(self.format(record))
        elif event == LogEvent.JOB_ERROR:
            self._print(f"{vars(record)['rule_name']} failed; the reason follows at the end")
        self._draw()

    def _count(self, event: Any, said: dict[str, Any]) -> None:
        if event == LogEvent.JOB_INFO:
            self.started = self.started or time.monotonic()
            self.jobs[said["jobid"]] = said
            self.running.add(said["jobid"])
        elif event == LogEvent.JOB_FINISHED:
            self.running.discard(said["job_id"])
            self.failed.pop(said["job_id"], None)
            job = self.jobs.get(said["job_id"])
            if job and job["rule_name"] == SHOWS:
                self.results[job["output"][0]] = Path(job["input"][0])
        elif event == LogEvent.JOB_ERROR:
            self.running.discard(said["jobid"])
            if not self.ended:
                self.failed[said["jobid"]] = said
        elif event == LogEvent.PROGRESS:
            self.done, self.total = said["done"], said["total"]

    def _draw(self) -> None:
        if self.verbose or not self.started or not self.total:
            return
        counts = Counter(self.jobs[number]["rule_name"] for number in self.running)
        rules = [rule + (f" x {count}" if count > 1 else "") for rule, count in counts.items()]
        on_screen = self.stream.isatty()
        width = shutil.get_terminal_size().columns - 1 if on_screen else 120
        line = tqdm.format_meter(
            n=self.done,
            total=self.total,
            elapsed=time.monotonic() - self.started,
            ncols=width,
            bar_format=LINE,
            postfix="now " + ", ".join(rules) if rules else "",
        )
        if on_screen:
            self.stream.write("\r\x1b[K" + line[:width])
        elif 10 * self.done // self.total > self.tenths:
            self.tenths = 10 * self.done // self.total
            self.stream.write(line + "\n")
        self.stream.flush()

    def _print(self, text: str) -> None:
        clear = "\r\x1b[K" if self.stream.isatty() and self.started else ""
        encoding = self.stream.encoding or "utf-8"
        self.stream.write(clear + text.encode(encoding, "replace").decode(encoding) + "\n")

    def close(self) -> None:
        """Print why jobs failed, and the results."""
        texts = [report(list(self.failed.values())), of_results(self.results)]
        for text in filter(None, texts):
            self._print(f"\n{text}")
        self.failed, self.results = {}, {}
        super().close()


def copies(words: list[str]) -> dict[str, Path]:
    """Results that a command line names, and what each is a copy of."""
    asked = [Path(word) for word in words if word.startswith("results/") and Path(word).is_file()]
    return {
        str(path): source
        for path in asked
        for source in Path("results").glob(f"*/{path.name}")
        if source.read_bytes() == path.read_bytes()
    }


def report(jobs: list[dict[str, Any]]) -> str:
    """Each reason for which jobs failed, once, with a log; empty if none failed."""
    reasons: dict[str, list[dict[str, Any]]] = {}
    for job in jobs:
        reasons.setdefault(reason(job["rule_name"], job["log"]), []).append(job)
    texts = [
        f"{why}\n  log: {', '.join(alike[0]['log']) or 'none'}"
        + (f" (and {len(alike) - 1} more jobs like it)" if len(alike) > 1 else "")
        for why, alike in reasons.items()
    ]
    first = f"{len(jobs)} {'job' if len(jobs) == 1 else 'jobs'} failed:"
    last = "Mend this and run the same command again: what is done is kept."
    return "\n\n".join([first, *texts, last]) if jobs else ""


def reason(rule: str, logs: list[str]) -> str:
    """Why a job failed, by the first of its logs that says so."""
    paths = [Path(log) for log in logs if Path(log).is_file()]
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in paths)
    message = next(filter(None, map(last_message, texts)), KILLED)
    return message if OF_STEP.match(message) else f"{rule}: {message}"


def last_message(text: str) -> str:
    r"""The message in which a log ends: a step's own, else a traceback's, else its last line.

    Examples
    --------
    >>> last_message("2024-05-01 audio.audit: 3 clips\naudio.audit: no such shard;\n  mend it\n")
    'audio.audit: no such shard;\n  mend it'
    >>> last_message("Traceback (most recent call last):\n  File ...\nMemoryError: 8 GB\n")
    'MemoryError: 8 GB'
    """
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    heads = [number for number, line in enumerate(lines) if not line.startswith(" ")]
    own = [number for number in heads if OF_STEP.fullmatch(lines[number])]
    traces = [number for number in heads if lines[number].startswith("Traceback ")]
    if own and own[-1] > max(traces, default=-1):
        start = own[-1]
    elif traces:
        start = next((number for number in heads if number > traces[-1]), traces[-1])
    elif heads and not PROGRESS.match(lines[heads[-1]]):
        start = heads[-1]
    else:
        return ""
    return "\n".join(lines[start:][:MOST_LINES])


def of_results(results: dict[str, Path]) -> str:
    """Results in short, and where they are; of overviews, the summary.

    Parameters
    ----------
    results : dict of str to Path
        What they were copied from, whose text lies beside it, by path.
    """
    texts = [path.with_suffix(".txt") for path in results.values()]
    for path in results.values():
        if path.name in OVERVIEWS:
            texts = [path.with_name("summary.txt")]
    lines = [text.read_text(encoding="utf-8").rstrip() for text in texts if text.is_file()]
    return "\n".join([*lines, *(f"{copy}: copy of {path}" for copy, path in results.items())])
