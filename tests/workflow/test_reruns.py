"""What is computed again after a change: what depends on it, and nothing else."""

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from tests.workflow.conftest import BRACED, RATE, TARGET, Project, tune

from genregraph.datasets.sheet import read_sheet, write_sheet

TRAINING = {"models": 1, "evaluate": 1, "show": 1}
EXPERIMENT = {"usable": 1, "folds": 1, "inputs": 1, "adjacency": 1, **TRAINING}
ONE_SHARD = {"audit": 1, "clips": 1, "extract": 2, "gather": 2}


def test_what_changes_nothing_computes_nothing(project: Project) -> None:
    script = project.folder / "workflow/scripts/genregraph/models/networks.py"
    text = script.read_text()
    script.write_text('"""Another docstring."""\n# A comment.\n' + text.split('"""', 2)[2])
    for path in project.folder.glob("workflow/scripts/**/*.py"):
        os.utime(path)
    assert project.planned() == {}


def older_clip(project: Project) -> None:
    path = project.folder / f"audio/odd/{BRACED[0]}.wav"
    soundfile.write(path, tune(1, 50), RATE)
    os.utime(path, (0, 0))


def clip_more(project: Project) -> None:
    soundfile.write(project.folder / "audio/jazz/jazz.9.wav", tune(1, 9), RATE)
    sheet = project.folder / "config/datasets/mine.tsv"
    sheet.write_text(sheet.read_text() + "jazz.9\tjazz/jazz.9.wav\tjazz\n")


def mended_artist(project: Project) -> None:
    sheet = project.folder / "config/datasets/mine.tsv"
    write_sheet([replace(row, artist="Somebody") for row in read_sheet(sheet)], sheet)


def edited_code(project: Project) -> None:
    script = "workflow/scripts/genregraph/models/fit.py"
    project.edit(script, '"train", "test"', '"fit", "test"')


@pytest.mark.parametrize(
    ("change", "planned"),
    [
        (older_clip, {**ONE_SHARD, **EXPERIMENT}),
        (clip_more, {**ONE_SHARD, **EXPERIMENT}),
        (mended_artist, {"clips": 1, **EXPERIMENT}),
        (edited_code, TRAINING),
    ],
)
def test_what_depends_on_a_change_is_computed(project: Project, change, planned) -> None:
    change(project)
    assert project.planned() == planned


def test_the_audio_folder_is_the_same_however_it_is_written(project: Project) -> None:
    printed = project.snakemake("--dry-run", TARGET, "--config", "audio=./audio/")
    assert "Nothing to be done" in printed and "double" not in printed
    sheet = project.folder / "config/datasets/mine.tsv"
    rows = [
        replace(row, path=str(project.folder / "audio" / row.path)) for row in read_sheet(sheet)
    ]
    write_sheet(rows, sheet)
    assert project.planned()["audit"] > 0  # Paths that state all are found, too.


def test_a_clip_that_has_gone_is_missing_not_fatal(project: Project) -> None:
    (project.folder / "audio/jazz/jazz.1.wav").unlink()
    assert project.planned() == {**ONE_SHARD, **EXPERIMENT}
    project.snakemake("--cores", "2", "results/mine/30s/problems.csv")
    assert (
        "jazz.1,jazz/jazz.1.wav,missing"
        in (project.folder / "results/mine/30s/problems.csv").read_text()
    )


def test_the_plan_is_whole_and_writes_nothing(unrun: Project, tmp_path: Path) -> None:
    project = unrun.copy(tmp_path / "project")

    def state() -> dict[str, int]:
        paths = [*project.folder.glob("[!.]*"), *project.folder.glob("results/**/*")]
        paths += project.folder.glob("audio/**/*")
        return {str(path): path.stat().st_mtime_ns for path in paths}

    before = state()
    assert project.planned() == {"audit": 3, "clips": 1, "extract": 6, "gather": 2, **EXPERIMENT}
    assert state() == before


def test_an_edit_while_its_job_runs_counts(project: Project) -> None:
    """A dry run after the edit does not make the old code's output count as the new code's."""
    script = "workflow/scripts/genregraph/models/fit.py"
    shutil.rmtree(project.folder / "results/mine/experiments/multiclass_compare/paper/models")
    started = project.folder / "started"
    old = "def main("
    slow = f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(8)\n\n\n"
    project.edit(script, old, slow + old)
    running = project.start("--cores", "2", TARGET)
    while not started.exists():
        assert running.poll() is None
        time.sleep(0.1)
    project.edit(script, "time.sleep(8)", "time.sleep(0)")
    project.planned("--nolock")
    assert running.wait() == 0
    assert project.planned() == TRAINING
