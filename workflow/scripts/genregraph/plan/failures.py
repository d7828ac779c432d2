"""Why jobs failed, to be told where it is seen: last.

Snakemake tells of failed jobs amid its progress, with the whole of their logs, or not at all.
"""

import logging
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

MOST_LINES = 15  # Of one message.
OF_STEP = re.compile(r"[a-z_]+\.[a-z_]+: .+")  # How `__main__` words what the user can mend.
PROGRESS = re.compile(r"\d{4}-\d\d-\d\d|.*\d%\|")
KILLED = "it ended without a word: it was killed, as happens for want of memory, time or disk"


class Failed(NamedTuple):
    """A job that failed."""

    rule: str
    logs: tuple[str, ...]
    outputs: tuple[str, ...]


class Failures(logging.Handler):
    """Collects the jobs that fail from what Snakemake logs."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[tuple[str, ...], Failed] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the job or jobs of an error."""
        told = vars(record)
        if str(getattr(told.get("event"), "value", "")) not in ("job_error", "group_error"):
            return
        for job in told.get("job_error_info") or [told]:
            failed = Failed(job["rule_name"], tuple(job["log"]), tuple(job["output"]))
            self.jobs[failed.outputs] = failed

    def ends(self) -> None:
        """Say why jobs failed, if any did."""
        if told := self.report():
            print(f"\n{told}", file=sys.stderr)

    def report(self) -> str:
        """What is to be told of the jobs that failed and did not do better when tried again."""
        left = [job for job in self.jobs.values() if not all(map(_is_there, job.outputs))]
        return report(left)


def _is_there(path: str) -> bool:
    return Path(path).exists()


def report(jobs: Iterable[Failed]) -> str:
    """Each reason once, with the log of a job that has it, and what to do.

    Parameters
    ----------
    jobs : iterable of Failed

    Returns
    -------
    str
        Empty if none failed.
    """
    reasons: dict[str, list[Failed]] = {}
    for job in jobs:
        reasons.setdefault(reason(job), []).append(job)
    if not reasons:
        return ""
    told = [
        f"{why}\n  log: {', '.join(alike[0].logs) or 'none'}"
        + (f" (and {len(alike) - 1} more jobs like it)" if len(alike) > 1 else "")
        for why, alike in reasons.items()
    ]
    count = sum(map(len, reasons.values()))
    return "\n\n".join(
        [
            f"{count} {'job' if count == 1 else 'jobs'} failed:",
            *told,
            "Mend this and run the same command again: what is done is kept.",
        ]
    )


def reason(job: Failed) -> str:
    """Why a job failed, by the first of its logs that says so."""
    texts = (
        Path(log).read_text(encoding="utf-8", errors="replace")
        for log in job.logs
        if Path(log).is_file()
    )
    found = next(filter(None, map(why, texts)), KILLED)
    return found if OF_STEP.match(found) else f"{job.rule}: {found}"


def why(text: str) -> str:
    r"""The message in which a log ends: a step's own, else a traceback's, else its last line.

    Lines that are indented belong to the one above. Empty if the last tells of progress, as where a
    job was killed.

    Examples
    --------
    >>> why("2024-05-01 audio.audit: 3 clips\naudio.audit: no such shard;\n  mend it\n")
    'audio.audit: no such shard;\n  mend it'
    >>> why("Traceback (most recent call last):\n  File ...\nMemoryError: 8 GB\n")
    'MemoryError: 8 GB'
    >>> why("2024-05-01 audio.audit: 3 clips\n")
    ''
    """
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    unindented = [i for i, line in enumerate(lines) if not line.startswith(" ")]
    own = [i for i, line in enumerate(lines) if OF_STEP.fullmatch(line)]
    traces = [i for i, line in enumerate(lines) if line.startswith("Traceback ")]
    if own and (not traces or own[-1] > traces[-1]):
        start = own[-1]
    elif traces:
        raised = (i for i in range(traces[-1] + 1, len(lines)) if not lines[i].startswith(" "))
        start = next(raised, traces[-1])
    elif unindented and not PROGRESS.match(lines[unindented[-1]]):
        start = unindented[-1]
    else:
        return ""
    return "\n".join(lines[start:][:MOST_LINES])
