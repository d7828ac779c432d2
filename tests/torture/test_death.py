"""Death: Snakemake, or one of its jobs, killed at random moments, again and again.

GENREGRAPH_TORTURE_KILLS says how often. What is there after the last run must be, byte for byte,
what an undisturbed run makes: no half file is ever taken for a whole one.
"""

import os
import random
import signal
import subprocess
from collections import Counter

import psutil
import pytest
from tests.workflow.conftest import TARGET, Project, finished, forked_steps, unrun

__all__ = ["finished", "forked_steps", "unrun"]  # Fixtures.

KILLS = int(os.environ.get("GENREGRAPH_TORTURE_KILLS", 50))
LATEST = 12.0  # Seconds after its start at which a run is killed; the first ones plan for some.
MADE = [f"results/mine/**/*.{ending}" for ending in ("parquet", "npz", "pt", "json")]

pytestmark = pytest.mark.torture


def start(project: Project) -> subprocess.Popen:
    return subprocess.Popen(
        project.command("--cores", "2", TARGET),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def steps_of(run: subprocess.Popen) -> list[psutil.Process]:
    """Steps that a run has under way."""
    try:
        below = psutil.Process(run.pid).children(recursive=True)
        return [each for each in below if any("workflow/scripts" in a for a in each.cmdline())]
    except psutil.NoSuchProcess:
        return []


def kill_something(run: subprocess.Popen, rng: random.Random) -> str:
    """Kill a step that is under way, or else the run with all it started; says which."""
    steps = steps_of(run)
    if steps and rng.random() < 0.5:
        try:
            rng.choice(steps).kill()
        except psutil.NoSuchProcess:
            return "none: it had ended"
        run.wait()
        return "a step"
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    return "the run"


def test_kills_at_random_moments_leave_nothing_half(
    unrun: Project, finished: Project, tmp_path, capsys
) -> None:
    rng = random.Random(0)
    killed: Counter[str] = Counter()
    whole = finished.bytes_of(*MADE)
    rounds = 0
    while killed["a step"] + killed["the run"] < KILLS:
        project = unrun.copy(tmp_path / f"{rounds}")
        rounds += 1
        done = None
        while done != 0 and killed["a step"] + killed["the run"] < KILLS:
            run = start(project)
            try:
                done = run.wait(rng.uniform(0.5, LATEST))
            except subprocess.TimeoutExpired:
                killed[kill_something(run, rng)] += 1
                project.snakemake("--unlock")
        project.snakemake("--cores", "2", TARGET)
        assert project.planned() == {}
        made = project.bytes_of(*MADE)
        assert made.keys() == whole.keys()
        assert [name for name in made if made[name] != whole[name]] == []
    with capsys.disabled():
        print(f"\nkilled: {dict(killed)}, over {rounds} whole runs; all as undisturbed")
