"""What is seen of a run in the terminal."""

import io
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_genregraph import KILLED, LogHandler, last_message, report

OWN = "2024-05-01 audio.audit: 3 clips\naudio.audit: no such shard;\n  mend it\n"
ENDED = "Terminating processes on user request"
SHUTTING_DOWN = "Shutting down, this might take some time."
TRACE = "Traceback (most recent call last):\n  File x\nMemoryError: 8 GB\n"
ASKED = {"quiet": (), **dict.fromkeys(("dryrun", "verbose", "printshellcmds", "stdout"), False)}


def handler(started: bool = True, **differs: bool) -> LogHandler:
    """Of a run whose job of rule audit may have started."""
    made = LogHandler(SimpleNamespace(**ASKED | differs), None)
    made.setFormatter(logging.Formatter("%(message)s"))
    made.stream = io.StringIO()
    if started:
        job(made, 0, "audit")
    return made


def send(made: LogHandler, event: LogEvent | None = None, msg: str = "", **said) -> None:
    record = logging.LogRecord("snakemake", said.pop("level", 20), "", 0, msg, None, None)
    vars(record).update(said, **({"event": event} if event else {}))
    made.handle(record)


def job(made: LogHandler, number: int, rule: str, **said) -> None:
    said = {"jobid": number, "rule_name": rule, "input": [], "output": [], "log": [], **said}
    send(made, LogEvent.JOB_INFO, **said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OWN, "audio.audit: no such shard;\n  mend it"),
        (TRACE, "MemoryError: 8 GB"),
        (OWN + TRACE, "MemoryError: 8 GB"),
        (TRACE + OWN, "audio.audit: no such shard;\n  mend it"),
        ("a\nbash: python: command not found\n", "bash: python: command not found"),
        ("2024-05-01 audio.audit: 3 clips\n 40%|####  | 2/5\r", ""),
        ("", ""),
    ],
)
def test_last_message_of_a_log(text: str, message: str) -> None:
    assert last_message(text) == message


def test_report_names_each_reason_once(tmp_path: Path) -> None:
    logs = {"audit": OWN, "clips": "2024-05-01 audio.clips: 3 clips\n"}
    for rule, text in logs.items():
        (tmp_path / rule).write_text(text)
    rules = [*["audit"] * 15, "clips"]
    text = report([{"rule_name": rule, "log": [str(tmp_path / rule)]} for rule in rules])
    assert text.startswith("16 jobs failed:")
    assert text.count("no such shard") == 1
    assert "(and 14 more jobs like it)" in text
    assert f"clips: {KILLED}" in text
    assert report([]) == ""


def test_progress_in_a_file_has_a_line_a_tenth() -> None:
    made = handler()
    for done in range(101):
        send(made, LogEvent.PROGRESS, done=done, total=100)
    lines = made.stream.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("100 of 100 jobs |")
    assert "now audit" in lines[0]


def test_results_come_last_with_their_text(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("accuracy 0.5\n")
    made = handler(False)
    job(made, 0, "show", output=["results/x.csv"], input=[str(tmp_path / "x.csv")])
    send(made, LogEvent.JOB_FINISHED, job_id=0)
    made.close()
    last = f"accuracy 0.5\nresults/x.csv: copy of {tmp_path}/x.csv\n"
    assert made.stream.getvalue().endswith(last)


def test_a_job_that_succeeds_when_tried_again_has_not_failed() -> None:
    made = handler()
    send(made, LogEvent.JOB_ERROR, jobid=0, rule_name="audit", log=[])
    assert "audit failed" in made.stream.getvalue()
    send(made, LogEvent.JOB_FINISHED, job_id=0)
    made.close()
    assert "1 job failed" not in made.stream.getvalue()


@pytest.mark.parametrize(
    ("msg", "first", "reported"),
    [(ENDED, False, False), (ENDED, True, True), (SHUTTING_DOWN, False, True)],
)
def test_failures_of_a_run_that_is_ended(msg: str, first: bool, reported: bool) -> None:
    """A job that ends after Ctrl-C has not failed; what failed before is still reported."""
    made = handler()
    for fails in (first, not first):
        if fails:
            send(made, LogEvent.JOB_ERROR, jobid=0, rule_name="audit", log=[])
        else:
            send(made, msg=msg, level=logging.WARNING)
    made.close()
    assert ("1 job failed" in made.stream.getvalue()) == reported


@pytest.mark.parametrize(
    ("differs", "msg", "level", "seen"),
    [
        ({}, "a warning of Snakemake", logging.WARNING, False),
        ({}, "an error", logging.ERROR, True),
        ({}, ENDED, logging.WARNING, True),
        ({"verbose": True}, "a detail", logging.INFO, True),
    ],
)
def test_messages_while_jobs_run(differs, msg, level, seen) -> None:
    made = handler(not differs, **differs)
    send(made, msg=msg, level=level)
    assert (msg in made.stream.getvalue()) == seen


def test_characters_that_a_stream_cannot_show_are_replaced(monkeypatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    made = LogHandler(SimpleNamespace(**ASKED | {"stdout": True}), None)
    send(made, msg="┬Beyoncé", level=logging.ERROR)
    made.stream.flush()
    assert b"?Beyonc?" in raw.getvalue()


@pytest.mark.parametrize(
    ("started", "verbose", "msg", "printed"),
    [
        (False, False, "sede: unknown key", "sede: unknown key\n"),
        (True, False, "sede: unknown key", "sede: unknown key\n"),
        (False, False, f"{TRACE}\n", "MemoryError: 8 GB (--verbose shows where)\n"),
        (False, True, f"{TRACE}\n", f"{TRACE}\n\n"),
    ],
)
def test_errors_are_printed_and_of_a_traceback_the_end(started, verbose, msg, printed) -> None:
    made = handler(started, verbose=verbose)
    send(made, LogEvent.ERROR, msg=msg, level=logging.ERROR)
    assert made.stream.getvalue() == printed
