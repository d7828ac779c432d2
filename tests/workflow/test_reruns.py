"""What is computed again after a change: what depends on it, and nothing else."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import soundfile
from tests.workflow.conftest import BRACED, RATE, TARGET, Project, tune

from genregraph.datasets.sheet import Row, read_sheet, write_sheet

TRAINING = {"models": 1, "evaluate": 1, "show": 1}
EXPERIMENT = {"usable": 1, "folds": 1, "inputs": 1, "adjacency": 1, **TRAINING}
ONE_SHARD = {"audit": 1, "clips": 1, "extract": 2, "gather": 2}
TWO_SHARDS = {"audit": 2, "clips": 1, "extract": 4, "gather": 2}
FIT = "workflow/scripts/genregraph/models/fit.py"
SHEET = "config/datasets/mine.tsv"
PROBLEMS = "results/mine/30s/problems.csv"


def nothing_of_meaning(project: Project) -> None:
    script = project.folder / "workflow/scripts/genregraph/models/networks.py"
    text = script.read_text()
    script.write_text('"""Another docstring."""\n# A comment.\n' + text.split('"""', 2)[2])
    for path in project.folder.glob("workflow/scripts/**/*.py"):
        os.utime(path)


def edited_code(project: Project) -> None:
    project.edit(FIT, '"train", "test"', '"fit", "test"')


def mended_artist(project: Project) -> None:
    sheet = project.folder / SHEET
    write_sheet([replace(row, artist="Somebody") for row in read_sheet(sheet)], sheet)


def older_clip(project: Project) -> None:
    path = project.folder / f"audio/odd/{BRACED[0]}.wav"
    soundfile.write(path, tune(1, 50), RATE)
    os.utime(path, (0, 0))


def clip_more(project: Project) -> None:
    soundfile.write(project.folder / "audio/jazz/jazz.9.wav", tune(1, 9), RATE)
    sheet = project.folder / SHEET
    write_sheet([*read_sheet(sheet), Row("jazz.9", "jazz/jazz.9.wav", "jazz")], sheet)


def test_what_depends_on_a_change_is_computed_and_no_more(project: Project) -> None:
    """One change after the other, each of which concerns more than those before."""
    printed = project.snakemake("--dry-run", TARGET, "--config", "audio=./audio/")
    assert "Nothing to be done" in printed and "double" not in printed
    for change, expected in [
        (nothing_of_meaning, {}),
        (edited_code, TRAINING),
        (mended_artist, {"clips": 1, **EXPERIMENT}),
        (older_clip, {**ONE_SHARD, **EXPERIMENT}),
        (clip_more, {**TWO_SHARDS, **EXPERIMENT}),
    ]:
        change(project)
        assert project.planned() == expected, change.__name__


def test_a_clip_that_has_gone_is_missing_not_fatal(project: Project) -> None:
    gone, rows = project.folder / "audio/jazz/jazz.1.wav", read_sheet(project.folder / SHEET)
    gone.unlink()
    assert project.planned() == {**ONE_SHARD, **EXPERIMENT}
    # Paths that state the whole are found, too.
    whole = [replace(row, path=str(project.folder / "audio" / row.path)) for row in rows]
    write_sheet(whole, project.folder / SHEET)
    project.snakemake("--cores", "2", PROBLEMS)
    listed = (project.folder / PROBLEMS).read_text()
    assert f"jazz.1,{gone},missing" in listed
    assert listed.count("missing") == 1


def test_the_plan_is_whole_and_writes_nothing(fresh: Project) -> None:
    def state() -> dict[Path, int]:
        patterns = ("[!.]*", "results/**/*", "audio/**/*")
        paths = [path for pattern in patterns for path in fresh.folder.glob(pattern)]
        return {path: path.stat().st_mtime_ns for path in paths}

    before = state()
    assert fresh.planned() == {"audit": 3, "clips": 1, "extract": 6, "gather": 2, **EXPERIMENT}
    assert state() == before


def test_an_edit_while_its_job_runs_counts(project: Project) -> None:
    """A dry run after the edit does not make the old code's output count as the new code's."""
    shutil.rmtree(project.folder / "results/mine/experiments/multiclass_compare/paper/models")
    started = project.folder / "started"
    slow = f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(8)\n\n\n"
    project.edit(FIT, "def main(", f"{slow}def main(")
    running = project.start("--cores", "2", TARGET)
    while not started.exists():
        assert running.poll() is None
        time.sleep(0.1)
    project.edit(FIT, "time.sleep(8)", "time.sleep(0)")
    project.planned("--nolock")
    assert running.wait() == 0
    assert project.planned() == TRAINING
