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
OVERVIEWS = {"summary.csv", "findings.md", "report.html"}  # The summary is printed for them.
OF_STEP = re.compile(r"[a-z_]+(\.[a-z_]+)+: .+")  # How the runner of steps words a `UserError`.
PROGRESS = re.compile(r"\d{4}-\d\d-\d\d|.*\d%\|")
KILLED = "it ended without a message: it was killed, perhaps for want of memory, time or disk"
INTERRUPTED = ("Terminating processes", "Shutting down", "Will exit after")


class LogHandler(LogHandlerBase):
    """The terminal of a run."""

    writes_to_stream = True
    writes_to_file = has_filter = has_formatter = needs_rulegraph = False

    def __post_init__(self) -> None:
        asked = self.common_settings
        self.verbose = asked.dryrun or asked.verbose or asked.printshellcmds
        self.stream = sys.stdout if asked.stdout else sys.stderr
        self.stream.reconfigure(errors="replace")  # It may not be able to show a character.
        self.running, self.failed, self.results = {}, {}, {}
        self.ended = False  # By Ctrl-C: jobs that end after it have not failed.
        self.started = self.done = self.total = self.tenths = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every event pass, to be counted, unless Snakemake reports in its own way."""
        return not self.verbose or bool(super().filter(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Count an event, and print what is to be seen of it."""
        event, text = getattr(record, "event", None), str(record.msg)
        self._count(event, vars(record))
        if text.startswith("Nothing to be done"):
            self.results = copies(sys.argv)
        self.ended |= text.startswith(INTERRUPTED[0])
        serious = record.levelno > logging.WARNING or text.startswith(INTERRUPTED)
        own = event == LogEvent.ERROR and not (self.failed or self.ended)  # Such as of a sheet.
        if self.verbose or own or (event is None and (serious or not self.started)):
            said = self.format(record)
            short = "Traceback (" in said and not self.common_settings.verbose
            self._print(f"{last_message(said)} (--verbose shows where)" if short else said)
        elif event == LogEvent.JOB_ERROR:
            self._print(f"{vars(record)['rule_name']} failed; the reason follows at the end")
        if self.total and self.started and not self.verbose:
            self._draw()

    def _count(self, event: Any, said: dict[str, Any]) -> None:
        if event == LogEvent.JOB_INFO:
            self.started = self.started or time.monotonic()
            self.running[said["jobid"]] = said
        elif event == LogEvent.JOB_FINISHED:
            self.failed.pop(said["job_id"], None)
            job = self.running.pop(said["job_id"], None)
            if job and job["rule_name"] == "show":  # It copies results that were asked for.
                self.results[job["output"][0]] = Path(job["input"][0])
        elif event == LogEvent.JOB_ERROR:
            self.running.pop(said["jobid"], None)
            if not self.ended:
                self.failed[said["jobid"]] = said
        elif event == LogEvent.PROGRESS:
            self.done, self.total = said["done"], said["total"]

    def _draw(self) -> None:
        counts = Counter(job["rule_name"] for job in self.running.values())
        rules = [f"{rule} x {count}" if count > 1 else rule for rule, count in counts.items()]
        width = shutil.get_terminal_size().columns - 1 if self.stream.isatty() else 120
        so_far = (self.done, self.total, time.monotonic() - self.started, width)
        now = "now " + ", ".join(rules) if rules else ""
        line = tqdm.format_meter(*so_far, bar_format=LINE, postfix=now)
        if self.stream.isatty():
            self.stream.write("\r\x1b[K" + line[:width])
        elif 10 * self.done // self.total > self.tenths:
            self.tenths = 10 * self.done // self.total
            self.stream.write(line + "\n")
        self.stream.flush()

    def _print(self, text: str) -> None:
        clear = "\r\x1b[K" if self.stream.isatty() and self.started else ""
        self.stream.write(f"{clear}{text}\n")

    def close(self) -> None:
        """Print why jobs failed, and the results."""
        for text in filter(None, [report(list(self.failed.values())), of_results(self.results)]):
            self._print(f"\n{text}")
        self.failed, self.results = {}, {}
        super().close()


def copies(words: list[str]) -> dict[str, Path]:
    """Results that a command line names, and what each is a copy of."""
    asked = [Path(word) for word in words if word.startswith("results/") and Path(word).is_file()]
    sources = [(path, each) for path in asked for each in Path("results").glob(f"*/{path.name}")]
    return {str(path): each for path, each in sources if each.read_bytes() == path.read_bytes()}


def report(jobs: list[dict[str, Any]]) -> str:
    """Each reason for which jobs failed, once, with a log; empty if none failed."""
    reasons: dict[str, list[str]] = {}
    for job in jobs:
        logs = (log.read_text("utf-8", "replace") for log in map(Path, job["log"]) if log.is_file())
        message = next(filter(None, map(last_message, logs)), KILLED)
        why = message if OF_STEP.match(message) else f"{job['rule_name']}: {message}"
        reasons.setdefault(why, []).append(", ".join(job["log"]) or "none")
    said = [f"{len(jobs)} {'job' if len(jobs) == 1 else 'jobs'} failed:"]
    for why, (first, *more) in reasons.items():
        alike = f" (and {len(more)} more jobs like it)" if more else ""
        said.append(f"{why}\n  log: {first}{alike}")
    if (free := shutil.disk_usage(".").free) < 2**24:  # A log may have broken off.
        said.append(f"No space left on device, or hardly any: {free:,} bytes. Free some.")
    said.append("Mend this and run the same command again: what is done is kept.")
    return "\n\n".join(said) if jobs else ""


def last_message(text: str) -> str:
    """The message in which a log ends: a step's own, else a traceback's, else its last line."""
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    heads = [number for number, line in enumerate(lines) if not line.startswith(" ")]
    own = max((n for n in heads if OF_STEP.fullmatch(lines[n])), default=-1)
    trace = max((n for n in heads if lines[n].startswith("Traceback ")), default=-1)
    after = [n for n in heads if n > trace >= 0]
    last = [n for n in heads[-1:] if not PROGRESS.match(lines[n])]
    start = [own] if own > trace else after[:1] or last
    return "\n".join(lines[start[0] :][:15]) if start else ""


def of_results(results: dict[str, Path]) -> str:
    """Results in short, by the text beside each, and what each was copied from."""
    of_all = [path.with_name("summary.txt") for path in results.values() if path.name in OVERVIEWS]
    texts = of_all[-1:] or [path.with_suffix(".txt") for path in results.values()]
    lines = [text.read_text(encoding="utf-8").rstrip() for text in texts if text.is_file()]
    return "\n".join([*lines, *(f"{copy}: copy of {path}" for copy, path in results.items())])
