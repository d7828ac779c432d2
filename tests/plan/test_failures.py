import logging
from types import SimpleNamespace

import pytest
from genregraph.plan.failures import KILLED, MOST_LINES, Failed, Failures, report, why

TRACE = "Traceback (most recent call last):\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ""),
        ("one\ntwo\n\n", "two"),
        ("12:00 audio.audit: 3 clips\naudio.audit: gone; mend it\n", "audio.audit: gone; mend it"),
        ("a.b: x:\n  - one\n  - two\n", "a.b: x:\n  - one\n  - two"),
        ("2024-05-01 12:00:00,123 audio.audit: 3 clips\n", ""),
        ("2024-05-01 a.b: Warning: did not converge\n  n_iter = check(\n", ""),
        ("00:  50%|#####     | 1/2 [00:01<00:01]", ""),
        ("50%|#####\r100%|##########\nmodels.fit: no clips", "models.fit: no clips"),
        (
            "Traceback (most recent call last):\n  File x\n    raise\nOSError: full\n",
            "OSError: full",
        ),
        (
            f"a.b: first try\n{TRACE}  x\nValueError: a\nThis was at 'c'.",
            "ValueError: a\nThis was at 'c'.",
        ),
        (
            f"{TRACE}  x\nKeyError: 1\n\nDuring handling of it:\n\n{TRACE}  y\nMemoryError\n",
            "MemoryError",
        ),
    ],
)
def test_a_log_ends_in_its_message(text, message) -> None:
    assert why(text) == message


def test_a_long_message_is_cut() -> None:
    assert len(why("a.b: many\n" + "  - one\n" * 100).splitlines()) == MOST_LINES


def test_each_reason_is_told_once_with_its_log(tmp_path) -> None:
    jobs = []
    for i, text in enumerate(["audio.audit: gone", "audio.audit: gone", "", "MemoryError"]):
        log = tmp_path / f"{i}.log"
        log.write_text(text)
        jobs.append(Failed("audit", (str(log),), (f"out{i}",)))
    assert report([*jobs, Failed("graph", ("none.log",), ("out",))]).split("\n\n") == [
        "5 jobs failed:",
        f"audio.audit: gone\n  log: {tmp_path}/0.log (and 1 more jobs like it)",
        f"audit: {KILLED}\n  log: {tmp_path}/2.log",
        f"audit: MemoryError\n  log: {tmp_path}/3.log",
        f"graph: {KILLED}\n  log: none.log",
        "Mend this and run the same command again: what is done is kept.",
    ]
    assert report([]) == ""


def record(**extra) -> logging.LogRecord:
    return logging.makeLogRecord({"event": None, **extra})


def test_jobs_are_those_that_snakemake_tells_of_but_for_those_that_did_better(tmp_path) -> None:
    (tmp_path / "there").touch()
    failures = Failures()
    job = {"rule_name": "audit", "log": ["a.log"], "output": ["out"]}
    failures.handle(record(event=SimpleNamespace(value="job_error"), **job))
    better = {**job, "output": [str(tmp_path / "there")]}
    failures.handle(record(event=SimpleNamespace(value="job_error"), **better))
    failures.handle(record(event=SimpleNamespace(value="job_info"), **{**job, "output": ["other"]}))
    failures.handle(record())
    both = [{**job, "output": ["one"]}, {**job, "output": ["two"]}]
    failures.handle(record(event=SimpleNamespace(value="group_error"), job_error_info=both))
    assert [job.outputs for job in failures.jobs.values()] == [
        *(("out",), (str(tmp_path / "there"),), ("one",), ("two",))
    ]
    assert "3 jobs failed" in failures.report()
