import io
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from genregraph.plan.terminal import Terminal, of_results, takes_over
from snakemake.logging import DefaultFormatter
from snakemake_interface_logger_plugins.common import LogEvent


class Screen(io.StringIO):
    """A terminal of which one can read what was written, and what is left to be seen."""

    def isatty(self) -> bool:
        return True

    def seen(self) -> list[str]:
        lines = self.getvalue().split("\n")
        return [line.rpartition("\r\x1b[K")[2] for line in lines]


def record(event: str | None = None, level: int = logging.INFO, **told) -> logging.LogRecord:
    happened = {"event": LogEvent(event)} if event else {}
    return logging.makeLogRecord({"levelno": level, **happened, **told})


def job(number: int, rule: str, *outputs: str) -> logging.LogRecord:
    return record("job_info", jobid=number, rule_name=rule, output=outputs)


def begun(stream: io.StringIO) -> Terminal:
    terminal = Terminal(stream)
    terminal.begins(DefaultFormatter(set()))
    return terminal


def test_the_line_has_jobs_done_and_rules_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    terminal = begun(screen := Screen())
    for number in (1, 2, 3):
        terminal.handle(job(number, "extract" if number < 3 else "audit"))
    terminal.handle(record("progress", done=6, total=20))
    assert screen.seen()[-1].startswith("6 of 20 jobs |██████              | 00:00 gone, ")
    assert screen.seen()[-1].endswith(" left, now extract x 2, audit")
    terminal.handle(record("job_finished", job_id=1))
    terminal.handle(record("job_error", jobid=3, rule_name="audit"))
    told, line = screen.seen()
    assert told == "audit failed: why is told in the end"
    assert line.endswith(" left, now extract")


def test_a_file_has_a_line_for_each_tenth() -> None:
    terminal = begun(log := io.StringIO())
    for done in range(41):
        terminal.handle(record("progress", done=done, total=40))
    lines = log.getvalue().splitlines()
    assert [line.split(" jobs")[0] for line in lines] == [f"{n} of 40" for n in range(4, 41, 4)]


def test_a_file_has_a_line_for_each_tenth_of_what_is_known_of_by_then() -> None:
    """Behind a checkpoint there are often several times as many jobs."""
    terminal = begun(log := io.StringIO())
    for done in range(1, 41):
        terminal.handle(record("progress", done=done, total=10 if done < 5 else 40))
    lines = [line.split(" jobs")[0] for line in log.getvalue().splitlines()]
    assert lines == [f"{n} of 10" for n in range(1, 5)] + [f"{n} of 40" for n in range(8, 41, 4)]


def test_warnings_are_told_once_and_in_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = begun(log := io.StringIO())
    terminal.warn(["left out"])
    for _ in range(2):
        terminal.handle(record(level=logging.WARNING, msg="odd", name="snakemake.logging"))
    assert log.getvalue() == "warning: left out\n"
    terminal.warn(["left out"])
    terminal.ends(Path(), [])
    assert log.getvalue() == "warning: left out\nwarning: odd\n"
    assert capsys.readouterr().out == ""


def test_before_a_run_snakemake_tells_of_its_warnings_itself_but_not_of_the_sheets() -> None:
    terminal = Terminal(log := io.StringIO())
    terminal.handle(record(level=logging.WARNING, msg="odd", name="snakemake.logging"))
    terminal.handle(record(level=logging.ERROR, msg="no such file"))
    terminal.handle(
        record(level=logging.WARNING, msg="two genres", name="genregraph.datasets.sheet")
    )
    terminal.ends(Path(), [])
    assert log.getvalue() == "warning: two genres\n"


def test_errors_and_what_is_said_to_who_interrupts_are_seen_at_once() -> None:
    terminal = begun(log := io.StringIO())
    terminal.handle(record(level=logging.ERROR, msg="the disk is full"))
    terminal.handle(record(msg="Terminating processes on user request, this might take some time."))
    terminal.handle(record(msg="Select jobs to execute..."))
    assert log.getvalue().splitlines() == [
        "the disk is full",
        "Terminating processes on user request, this might take some time.",
    ]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A dataset's results, two tables with what there is to say of them."""
    for name in ("one", "two", "summary"):
        (tmp_path / f"{name}.csv").touch()
        (tmp_path / f"{name}.txt").write_text(f"{name} is so\n")
    (tmp_path / "findings.md").touch()
    return tmp_path


def test_the_result_is_told_last_of_what_was_shown(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = begun(io.StringIO())
    terminal.handle(job(1, "collect", "results/mine/one.csv"))
    terminal.handle(job(2, "show", "results/one.csv"))
    terminal.handle(job(3, "show", "results/two.csv"))
    for number in (1, 2):
        terminal.handle(record("job_finished", job_id=number))
    terminal.ends(results, ["results/two.csv"])
    assert capsys.readouterr().out == f"\none is so\nresults/one.csv: copy of {results}/one.csv\n"


def test_where_nothing_is_to_be_done_the_result_is_told_again(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(io.StringIO())
    terminal.handle(record(msg="Nothing to be done (all requested files are present)."))
    terminal.ends(results, ["results/two.csv", "results/none.csv", "all"])
    assert capsys.readouterr().out.splitlines()[1:] == [
        "two is so",
        f"results/two.csv: copy of {results}/two.csv",
    ]


@pytest.mark.parametrize("name", ["summary.csv", "findings.md", "report.html"])
def test_of_all_results_the_summary_speaks(results: Path, name: str) -> None:
    (results / name).touch()
    told = of_results(["results/one.csv", f"results/{name}"], results)
    assert told.splitlines()[0] == "summary is so"
    assert set(told.splitlines()[1:]) == {
        f"results/{made}: copy of {results}/{made}" for made in ("one.csv", name)
    }


def settings(quiet: tuple[str, ...] = ("host", "rules"), **differs: bool) -> SimpleNamespace:
    given = {"verbose": False, "printshellcmds": False} | differs
    return SimpleNamespace(quiet=[SimpleNamespace(name=name.upper()) for name in quiet], **given)


@pytest.mark.parametrize(
    ("asked", "takes"),
    [
        (settings(), True),
        (SimpleNamespace(quiet=None, verbose=False, printshellcmds=False), True),
        (settings(quiet=("progress",)), False),
        (settings(quiet=("all",)), False),
        (settings(verbose=True), False),
        (settings(printshellcmds=True), False),
    ],
)
def test_it_takes_over_unless_something_else_was_asked_for(asked, takes: bool) -> None:
    logger = logging.Logger("of Snakemake")
    seen, kept = logging.StreamHandler(io.StringIO()), logging.StreamHandler(io.StringIO())
    seen.name, kept.name = "DefaultStreamHandler", "DefaultLogFileHandler"
    for handler in (seen, kept):
        handler.setFormatter(DefaultFormatter(asked.quiet))
        logger.addHandler(handler)
    terminal = Terminal(io.StringIO())
    takes_over(terminal, logger, asked)
    assert logger.handlers == ([kept] if takes else [seen, kept])
    assert (terminal.started is not None) == takes
    if asked.verbose:
        assert vars(seen.formatter)["quiet"] == set()
